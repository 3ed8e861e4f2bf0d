/** A line with the state of some work. It is overwritten at a terminal, and printed anew elsewhere. */
import { Throttle } from "../throttle.ts";
import type { Output } from "./terminal_output.ts";

/** The times between two drawings on a terminal, and between two lines elsewhere, in milliseconds. */
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

  /** Returns the line for a state. */
  protected abstract describe(state: T): string;

  /**
   * Shows a state, unless the line was drawn a moment ago. The first state is always shown.
   *
   * @param atOnce Whether to show this state in any case. Default false.
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

  /** Calls `close()` at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }
}
