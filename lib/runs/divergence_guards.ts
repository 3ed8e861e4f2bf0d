/**
 * Checks during a run: for jumps of the loss, for steps that diverge, and for held-out losses that
 * are not finite.
 */
import type { HostTensor } from "../files/safetensors.ts";
import { notFinite } from "../model/finite_values.ts";
import type { DivergedError } from "../training/train_step.ts";

/** The number of past steps with which a loss is compared. */
const REMEMBERED = 50;
/** The fewest past steps with which a jump can be found. */
const NEEDED = 20;
/** A rise above the median by up to this many median absolute deviations is not a jump. */
const DEVIATIONS = 8;
/** A rise by up to this many nats is not a jump. */
const LEAST = 0.5;

/** Finds losses that are far above those of the last 50 steps. */
export class SpikeDetector {
  /** The number of past steps that a loss is compared with. */
  static readonly remembered = REMEMBERED;
  #recent: number[] = [];
  #reportedAt = -Infinity;

  /**
   * Compares the loss of a step with the median `m` of the last 50 losses. It is a jump if it is above
   * `m + max(8 · d, 0.5)`, where `d` is the median of `|loss - m|`.
   *
   * @returns A description of the jump; undefined if there is none. In the 50 steps after a jump no
   * other is reported.
   *
   * @example
   * ```ts
   * import { SpikeDetector } from "bert/runs/divergence_guards.ts";
   * import { ok, strictEqual } from "node:assert";
   * const detector = new SpikeDetector();
   * for (let step = 1; step <= 30; step++) strictEqual(detector.watch(step, 5), undefined);
   * ok(detector.watch(31, 7)?.includes("7.00"));
   * ```
   */
  watch(step: number, loss: number): string | undefined {
    const recent = this.#recent;
    const middle = median(recent);
    const deviation = median(recent.map((value) => Math.abs(value - middle)));
    const high = loss > middle + Math.max(DEVIATIONS * deviation, LEAST);
    const known = recent.length;
    const enough = known >= NEEDED && step > this.#reportedAt + REMEMBERED;
    recent.push(loss);
    if (recent.length > REMEMBERED) recent.shift();
    if (!high || !enough) return undefined;
    this.#reportedAt = step;
    return `the loss jumped to ${loss.toFixed(2)} at step ${step}; the median of the last ` +
      `${known} steps is ${middle.toFixed(2)}`;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The number of diverged batches in a row that ends a run. */
const MOST_IN_A_ROW = 10;

/**
 * Counts diverged batches that are skipped, and throws when ten follow each other.
 *
 * @example
 * ```ts
 * import { SkipCounter } from "bert/runs/divergence_guards.ts";
 * import { DivergedError } from "bert/training/train_step.ts";
 * import { throws } from "node:assert";
 * const counter = new SkipCounter();
 * const error = new DivergedError(5, [], "the loss is NaN", 0.001); // step 5 is tried again and again
 * for (let i = 0; i < 9; i++) counter.count(error);
 * throws(() => counter.count(error), /^Error: 10 batches in a row diverged/);
 * ```
 */
export class SkipCounter {
  #last = -1;
  #inARow = 0;

  /**
   * Counts a batch. A skipped batch is followed by another try of the same step.
   *
   * @throws {Error} At the tenth batch in a row, as then the weights are at fault and not a batch. Its
   * `cause` is the given error.
   */
  count(error: DivergedError): void {
    this.#inARow = error.step === this.#last ? this.#inARow + 1 : 1;
    this.#last = error.step;
    if (this.#inARow < MOST_IN_A_ROW) return;
    const message = `${MOST_IN_A_ROW} batches in a row diverged. ${error.message}`;
    throw new Error(message, { cause: error });
  }
}

/**
 * The held-out loss or a weight is NaN or infinite: an update has spoilt the weights, so the run cannot
 * go on.
 */
export class SpoiltWeightsError extends Error {
  override readonly name = "SpoiltWeightsError";
  /** The step after which it was found. */
  readonly step: number;

  constructor(step: number, found: string) {
    super(
      `Stopped after step ${step}: ${found}, so the weights of this step are useless and are not ` +
        "saved. Begin another run with a lower --lr, a longer --warmup or a smaller --clip",
    );
    this.step = step;
  }
}

/**
 * Checks that a held-out loss is finite.
 *
 * @throws {SpoiltWeightsError} If it is NaN or infinite. An earlier update has then spoilt the weights,
 * so that skipping a batch would not help.
 *
 * @example
 * ```ts
 * import { checkHeldOut } from "bert/runs/divergence_guards.ts";
 * import { throws } from "node:assert";
 * checkHeldOut(500, 6.5);
 * throws(() => checkHeldOut(1000, NaN), /Stopped after step 1000: the held-out loss is NaN/);
 * ```
 */
export function checkHeldOut(step: number, loss: number): void {
  if (Number.isFinite(loss)) return;
  throw new SpoiltWeightsError(step, `the held-out loss is ${loss}`);
}

/**
 * Checks that the weights of a checkpoint are finite, so that spoilt ones never take the place of older
 * checkpoints.
 *
 * @throws {SpoiltWeightsError} If one is NaN or infinite. The message names it.
 */
export function checkWeights(step: number, weights: ReadonlyMap<string, HostTensor>): void {
  for (const [name, { data }] of weights) {
    const wrong = notFinite(data as Float32Array);
    if (!wrong) continue;
    const found = `${name} is ${wrong.first} at ${wrong.count} of ${data.length} places`;
    throw new SpoiltWeightsError(step, found);
  }
}
