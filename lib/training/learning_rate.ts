/** The learning-rate schedule: linear warm-up, then linear decay. */
import { checkOptions } from "../checks.ts";

/**
 * The learning rate at a point of the run: it rises linearly from 0 to the peak, then falls linearly
 * to 0.
 *
 * @param progress The share of the run that is done, 0 to 1; more counts as 1.
 * @param options `peak`: the highest rate; `warmupShare`: the share of the run in which it rises.
 *
 * @example
 * ```ts
 * import { learningRateAt } from "bert/training/learning_rate.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(learningRateAt(0.05, { peak: 1, warmupShare: 0.1 }), 0.5);
 * strictEqual(learningRateAt(0.1, { peak: 1, warmupShare: 0.1 }), 1);
 * strictEqual(learningRateAt(1, { peak: 1, warmupShare: 0.1 }), 0);
 * ```
 *
 * Source: `create_optimizer` in google-research/bert. There the decay counts from step 0, so that the
 * rate jumps down at the end of the warm-up. Here, as in `get_linear_schedule_with_warmup` of
 * transformers, the decay starts at the end of the warm-up.
 */
export function learningRateAt(
  progress: number,
  options: { readonly peak: number; readonly warmupShare: number },
): number {
  checkOptions("learningRateAt()", options, ["peak", "warmupShare"]);
  const { peak, warmupShare } = options;
  const done = Math.min(Math.max(progress, 0), 1);
  if (done < warmupShare) return peak * done / warmupShare;
  return warmupShare < 1 ? peak * (1 - done) / (1 - warmupShare) : peak;
}
