/** One line about work under way: at a terminal it is drawn over, elsewhere a new line comes now and then. */
import { Throttle } from "../throttle.ts";
import type { Output } from "./terminal_output.ts";

/** Milliseconds between two drawings on a terminal, and between two lines elsewhere. */
const OFTEN = 200;
const RARELY = 30_000;

/** Shows the state of some work as it changes. The caller calls `close()`, or declares it with `using`. */
export abstract class StatusLine<T> implements Disposable {
  readonly #output: Output;
  readonly #throttle: Throttle;
  #last?: T;

  /**
   * Prints to `output`.
   *
   * @param now A clock in milliseconds, for tests.
   */
  constructor(output: Output, now?: () => number) {
    this.#output = output;
    this.#throttle = new Throttle(output.terminal ? OFTEN : RARELY, now);
  }

  /** What the line says of a state. */
  protected abstract describe(state: T): string;

  /**
   * Shows a state, unless another one was shown a moment ago. The first state is always shown.
   *
   * @param atOnce Whether this state is always shown, too.
   */
  show(state: T, atOnce = false): void {
    const isShown = this.#throttle.isDue() || atOnce || this.#last === undefined;
    this.#last = state;
    if (!isShown) return;
    this.#throttle.restart();
    this.#output.draw(this.describe(state));
  }

  /** At a terminal, leaves a line with the last state. */
  close(): void {
    if (!this.#output.terminal || this.#last === undefined) return;
    this.#output.draw(this.describe(this.#last));
    this.#output.keepLine();
    this.#last = undefined;
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
