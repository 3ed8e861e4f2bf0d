/** The steps of a run on a terminal: one line that is drawn over; elsewhere a line now and then. */
import { count, duration, percent } from "../format.ts";
import type { StepLog } from "../training/history.ts";
import type { Output } from "./output.ts";

/** What a progress line has to know of its run. */
export interface ProgressOptions {
  /** The steps of the whole run; `null` if only the clock ends it. */
  readonly plannedSteps: number | null;
  /** Seconds after which the clock ends the run. Default: never. */
  readonly maxSeconds?: number;
  /** Whether there are sentence pairs to show scores of. Default: true. */
  readonly pairs?: boolean;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** Milliseconds between two drawings on a terminal, and between two lines elsewhere. */
const OFTEN = 200;
const RARELY = 30_000;
/** How much of the shown speed stays with each step. */
const SMOOTHING = 0.95;

/** Shows steps as they come. The caller calls `close()`, or declares it with `using`. */
export class ProgressLine {
  readonly #output: Output;
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  #shownAt = -Infinity;
  #last?: StepLog;
  #speed?: number;
  #firstSeconds?: { readonly seconds: number; readonly progress: number };

  /** Prints to `output`. */
  constructor(output: Output, options: ProgressOptions) {
    this.#output = output;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Shows a step, unless the last one was shown a moment ago. */
  step(log: StepLog): void {
    const rate = log.tokensPerSecond;
    this.#speed = this.#speed === undefined
      ? rate
      : SMOOTHING * this.#speed + (1 - SMOOTHING) * rate;
    this.#last = log;
    const interval = this.#output.terminal ? OFTEN : RARELY;
    if (this.#now() - this.#shownAt < interval) return;
    this.#shownAt = this.#now();
    this.#output.draw(this.#describe(log));
  }

  /** At a terminal, leaves a line of the last step where it is. */
  close(): void {
    if (!this.#output.terminal || !this.#last) return;
    this.#output.draw(this.#describe(this.#last));
    this.#output.keepLine();
    this.#last = undefined;
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #describe(log: StepLog): string {
    const { plannedSteps, pairs = true } = this.#options;
    const of = plannedSteps === null ? "" : `/${plannedSteps}`;
    return [
      `step ${log.step}${of}`,
      `MLM ${log.mlmLoss.toFixed(3)} (${percent(log.mlmAccuracy)})`,
      ...(pairs ? [`NSP ${log.nspLoss.toFixed(3)} (${percent(log.nspAccuracy)})`] : []),
      `${count(Math.round(this.#speed ?? 0))} tokens/s`,
      `ETA ${this.#remaining(log)}`,
    ].join("  ");
  }

  /** How long it will take, at the pace since this process began. */
  #remaining({ step, seconds }: StepLog): string {
    const { plannedSteps, maxSeconds = Infinity } = this.#options;
    const progress = Math.max(step / (plannedSteps ?? Infinity), seconds / maxSeconds);
    this.#firstSeconds ??= { seconds, progress };
    const done = progress - this.#firstSeconds.progress;
    if (done <= 0) return "…";
    return duration((1 - progress) * (seconds - this.#firstSeconds.seconds) / done);
  }
}
