/** The newest step of `deno task pretrain`, as one line. */
import { count, duration, percent } from "../format.ts";
import type { StepLog } from "../training/history.ts";
import type { Output } from "./terminal_output.ts";
import { StatusLine } from "./status_line.ts";

/** What the line has to know of its run. */
export interface PretrainLineOptions {
  /** The steps of the whole run; `null` if only the clock ends it. */
  readonly plannedSteps: number | null;
  /** Seconds after which the clock ends the run. Default: never. */
  readonly maxSeconds?: number;
  /** Whether there are sentence pairs to show scores of. Default: true. */
  readonly pairs?: boolean;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** How much of the shown speed stays with each step. */
const SMOOTHING = 0.95;

/** Shows the steps of a run. The caller calls `close()`, or declares it with `using`. */
export class PretrainLine extends StatusLine<StepLog> {
  readonly #options: PretrainLineOptions;
  #speed?: number;
  #firstSeconds?: { readonly seconds: number; readonly progress: number };

  /** Prints to `output`. */
  constructor(output: Output, options: PretrainLineOptions) {
    super(output, options.now);
    this.#options = options;
  }

  /** Shows a step, unless the last one was shown a moment ago. */
  override show(log: StepLog): void {
    const rate = log.tokensPerSecond;
    this.#speed = this.#speed === undefined
      ? rate
      : SMOOTHING * this.#speed + (1 - SMOOTHING) * rate;
    super.show(log);
  }

  protected override describe(log: StepLog): string {
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
