/** Doing something at most once in an interval, such as showing progress. */

/**
 * Limits how often something happens: `isDue()` says whether an interval has passed since the last time.
 *
 * @example
 * ```ts
 * import { Throttle } from "bert/throttle.ts";
 * import { strictEqual } from "node:assert";
 * let time = 0;
 * const throttle = new Throttle(200, () => time);
 * strictEqual(throttle.isDue(), false); // the first interval has just begun
 * time = 250;
 * strictEqual(throttle.isDue(), true); // the next interval begins
 * strictEqual(throttle.isDue(), false);
 * ```
 */
export class Throttle {
  readonly #interval: number;
  readonly #now: () => number;
  #began: number;

  /**
   * Begins the first interval.
   *
   * @param interval Its length in milliseconds.
   * @param now A clock in milliseconds, which tests replace. Default `performance.now()`.
   */
  constructor(interval: number, now: () => number = () => performance.now()) {
    this.#interval = interval;
    this.#now = now;
    this.#began = now();
  }

  /** Whether the interval is over. If it is, the next one begins. */
  isDue(): boolean {
    if (this.#now() - this.#began < this.#interval) return false;
    this.restart();
    return true;
  }

  /** Begins a new interval now. */
  restart(): void {
    this.#began = this.#now();
  }
}
