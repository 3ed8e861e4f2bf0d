/** The newest step of `deno task pretrain`, as one line. */
import { count, duration, percent } from "../format.ts";
import type { StepLog } from "../training/history.ts";
import type { Output } from "./terminal_output.ts";
import { StatusLine } from "./status_line.ts";

/** Options of a `PretrainLine`. */
export interface PretrainLineOptions {
  /** The steps of the whole run; `null` if only the clock ends it. */
  readonly plannedSteps: number | null;
  /** Seconds after which the clock ends the run. Default: never. */
  readonly maxSeconds?: number;
  /** Whether to show the scores of sentence pairs. Default true. */
  readonly pairs?: boolean;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** The shown speed is an exponential moving mean, which keeps this share of its value at each step. */
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

  /** Shows a step, unless the line was drawn a moment ago. */
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

  /** The time left, estimated from the speed since this process began. */
  #remaining({ step, seconds }: StepLog): string {
    const { plannedSteps, maxSeconds = Infinity } = this.#options;
    const progress = Math.max(step / (plannedSteps ?? Infinity), seconds / maxSeconds);
    this.#firstSeconds ??= { seconds, progress };
    const done = progress - this.#firstSeconds.progress;
    if (done <= 0) return "…";
    return duration((1 - progress) * (seconds - this.#firstSeconds.seconds) / done);
  }
}
