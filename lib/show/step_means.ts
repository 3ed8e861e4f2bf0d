/** The steps of a run of any length as a bounded number of means, for curves. */
import type { StepLog } from "../training/history.ts";

const MOST = 800; // twice what a chart shows

/**
 * Takes steps one by one; keeps each until there are 800, then means of two neighbours, of four, and
 * so on.
 *
 * @example
 * ```ts
 * import { stepIn } from "bert/training/metrics_file.ts";
 * import { StepMeans } from "bert/show/step_means.ts";
 * import { ok, strictEqual } from "node:assert";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * const means = new StepMeans();
 * for (let i = 1; i <= 5000; i++) means.add({ ...step, step: i });
 * ok(means.steps.length <= 800);
 * strictEqual(means.last?.step, 5000);
 * ```
 */
export class StepMeans {
  #means: StepLog[] = [];
  #open: StepLog[] = [];
  #width = 1;

  /** The last step, as it was. */
  last?: StepLog;

  add(step: StepLog): void {
    this.last = step;
    if (this.#open.push(step) < this.#width) return;
    this.#means.push(mean(this.#open));
    this.#open = [];
    if (this.#means.length < MOST) return;
    this.#means = this.#means.flatMap((first, i, all) =>
      i % 2 === 0 ? [mean([first, all[i + 1]])] : []
    );
    this.#width *= 2;
  }

  /** Means of neighbouring steps, in order; the last may be of fewer than the others. */
  get steps(): readonly StepLog[] {
    return this.#open.length > 0 ? [...this.#means, mean(this.#open)] : this.#means;
  }
}

function mean(steps: readonly StepLog[]): StepLog {
  if (steps.length === 1) return steps[0];
  const keys = Object.keys(steps[0]) as (keyof StepLog)[];
  const entries = keys.map((key) =>
    [key, steps.reduce((sum, step) => sum + step[key], 0) / steps.length] as const
  );
  return Object.fromEntries(entries) as unknown as StepLog;
}
