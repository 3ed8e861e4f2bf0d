/** A run on a terminal: one line that is drawn over, or, where nobody looks, one line now and then. */
import type { StepLog } from "../training/history.ts";

/** Where lines go, and how often. */
export interface ProgressOptions {
  readonly terminal: boolean;
  readonly write: (text: string) => void;
  /** `null`: only the clock ends the run. */
  readonly plannedSteps: number | null;
  readonly maxSeconds?: number;
  /** Whether there are sentence pairs to tell of; true by default. */
  readonly pairs?: boolean;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

const CLEAR = "\r\x1b[K";
const OFTEN = 200; // milliseconds between two drawings on a terminal
const RARELY = 30_000; // and between two lines elsewhere
const SMOOTHING = 0.95;

/** Shows steps as they come. */
export class ProgressLine {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  #shownAt = -Infinity;
  #line = "";
  #speed?: number;
  #firstSeconds?: { readonly seconds: number; readonly progress: number };

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Shows a step, unless the last one was shown a moment ago. */
  step(log: StepLog): void {
    const rate = log.tokensPerSecond;
    this.#speed = this.#speed === undefined
      ? rate
      : SMOOTHING * this.#speed + (1 - SMOOTHING) * rate;
    this.#line = this.#describe(log);
    const { terminal, write } = this.#options;
    if (this.#now() - this.#shownAt < (terminal ? OFTEN : RARELY)) return;
    this.#shownAt = this.#now();
    write(terminal ? `${CLEAR}${this.#line}` : `${this.#line}\n`);
  }

  /** A line that stays, above the one that is drawn over. */
  say(text: string): void {
    const { terminal, write } = this.#options;
    write(terminal ? `${CLEAR}${text}\n${this.#line}` : `${text}\n`);
  }

  /** Leaves the last line where it is. */
  end(): void {
    if (this.#line !== "" && this.#options.terminal) this.#options.write(`${CLEAR}${this.#line}\n`);
    this.#line = "";
  }

  #describe(log: StepLog): string {
    const { plannedSteps, pairs = true } = this.#options;
    const of = plannedSteps === null ? "" : `/${plannedSteps}`;
    const share = (value: number) => `${(100 * value).toFixed(1)} %`;
    return [
      `step ${log.step}${of}`,
      `MLM ${log.mlmLoss.toFixed(3)} (${share(log.mlmAccuracy)})`,
      ...(pairs ? [`NSP ${log.nspLoss.toFixed(3)} (${share(log.nspAccuracy)})`] : []),
      `${Math.round(this.#speed ?? 0).toLocaleString("en-US")} tokens/s`,
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

/**
 * Seconds as one reads them: `12 s`, `5 min`, `3 h 20 min`.
 *
 * @example
 * ```ts
 * import { duration } from "bert/cli/progress_line.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(duration(12_000), "3 h 20 min");
 * ```
 */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
