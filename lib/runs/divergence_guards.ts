/**
 * Checks during a run: for jumps of the loss, for steps that diverge, and for held-out losses that
 * are not finite.
 */
import type { DivergedError } from "../training/train_step.ts";

const REMEMBERED = 50; // steps

const NEEDED = 20; // steps before anything can be called a jump

const DEVIATIONS = 8; // times the median deviation

const LEAST = 0.5; // nats: a smaller rise is never called a jump

/** Finds losses that are far above those of the last 50 steps. */
export class SpikeDetector {
  /** The number of past steps that a loss is compared with. */
  static readonly remembered = REMEMBERED;
  #recent: number[] = [];
  #reportedAt = -Infinity;

  /**
   * @returns A description of the jump; undefined if there is none. After a report the next 50 steps
   * get none.
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
    const usual = median(recent.map((value) => Math.abs(value - middle)));
    const high = loss > middle + Math.max(DEVIATIONS * usual, LEAST);
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

const MOST_IN_A_ROW = 10;

/**
 * Counts diverged steps that are skipped, and throws when too many follow each other.
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
   * @throws {DivergedError} At the tenth in a row, as then the weights are at fault and not a batch.
   */
  count(error: DivergedError): void {
    this.#inARow = error.step === this.#last ? this.#inARow + 1 : 1;
    this.#last = error.step;
    if (this.#inARow < MOST_IN_A_ROW) return;
    const message = `${MOST_IN_A_ROW} batches in a row diverged. ${error.message}`;
    throw new Error(message, { cause: error });
  }
}

/** The held-out loss is NaN or infinite: an update has spoilt the weights, so the run cannot go on. */
export class SpoiltWeightsError extends Error {
  override readonly name = "SpoiltWeightsError";
  /** The step after which the loss was computed. */
  readonly step: number;

  constructor(step: number, loss: number) {
    super(
      `Stopped after step ${step}: the held-out loss is ${loss}, so the weights of this step are ` +
        "useless and are not saved. Begin another run with a lower --lr, a longer --warmup or a smaller --clip",
    );
    this.step = step;
  }
}

/**
 * Checks that a held-out loss is finite.
 *
 * @throws {SpoiltWeightsError} If it is NaN or infinite. No single batch is to blame, so there is
 * none to skip.
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
  if (!Number.isFinite(loss)) throw new SpoiltWeightsError(step, loss);
}
