/**
 * What a run reports: an entry a step, an entry an epoch, and `metrics.csv`, which grows while the
 * run goes on, so that a run that is killed has its curve on disk.
 */
import { dirname } from "node:path";
import type { Evaluation } from "./evaluate.ts";
import { stringify } from "./std_csv.ts";

/** One optimisation step. Losses are means in nats; a loss or accuracy of nothing is 0. */
export interface StepLog {
  /** The update, from 1. */
  readonly step: number;
  /** The pass over the documents, from 1. */
  readonly epoch: number;
  readonly mlmLoss: number;
  readonly nspLoss: number;
  readonly totalLoss: number;
  readonly mlmAccuracy: number;
  readonly nspAccuracy: number;
  readonly learningRate: number;
  /** Length of the whole gradient before clipping. */
  readonly gradientNorm: number;
  /** Tokens seen since the run began, without padding. */
  readonly tokens: number;
  /** Tokens a second in this step, making its batches included. */
  readonly tokensPerSecond: number;
  /** Seconds since the run began. */
  readonly seconds: number;
}

/** One pass over the documents: means over its steps, and the held-out scores at its end. */
export interface EpochLog {
  readonly epoch: number;
  /** Steps in this epoch. */
  readonly steps: number;
  readonly mlmLoss: number;
  readonly nspLoss: number;
  readonly totalLoss: number;
  readonly mlmAccuracy: number;
  readonly nspAccuracy: number;
  /** Tokens seen since the run began. */
  readonly tokens: number;
  /** Mean over the epoch's steps, evaluation excluded. */
  readonly tokensPerSecond: number;
  /** Seconds since the run began, this epoch's evaluation excluded. */
  readonly seconds: number;
  /** Missing if nothing is held out, or the run was aborted. */
  readonly heldOut?: Evaluation;
}

/** A whole run. `stopped` says why it ended: all done, the signal, or the clock. */
export interface History {
  readonly steps: readonly StepLog[];
  readonly epochs: readonly EpochLog[];
  readonly stopped: "finished" | "aborted" | "time";
}

/** The means of an epoch's steps. */
export function averageSteps(steps: readonly StepLog[]): EpochLog {
  const { epoch, tokens, seconds } = steps[steps.length - 1];
  const mean = (value: (step: StepLog) => number) =>
    steps.reduce((sum, step) => sum + value(step), 0) / steps.length;
  return {
    epoch,
    steps: steps.length,
    mlmLoss: mean((step) => step.mlmLoss),
    nspLoss: mean((step) => step.nspLoss),
    totalLoss: mean((step) => step.totalLoss),
    mlmAccuracy: mean((step) => step.mlmAccuracy),
    nspAccuracy: mean((step) => step.nspAccuracy),
    tokens,
    tokensPerSecond: mean((step) => step.tokensPerSecond),
    seconds,
  };
}

/** The columns of `metrics.csv`; `split` is `train` in a step's row, `held-out` in an evaluation's. */
const COLUMNS = [
  "split",
  "epoch",
  "step",
  "mlm_loss",
  "nsp_loss",
  "total_loss",
  "mlm_accuracy",
  "nsp_accuracy",
  "learning_rate",
  "gradient_norm",
  "tokens",
  "tokens_per_second",
  "seconds",
];

/** `metrics.csv`, open for appending. Each row is on disk when its method returns. */
export class MetricsFile {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Starts the file anew, with its header; makes its folder. The caller calls `close()`. */
  static create(path: string): MetricsFile {
    Deno.mkdirSync(dirname(path), { recursive: true });
    const file = new MetricsFile(
      Deno.openSync(path, { write: true, create: true, truncate: true }),
    );
    file.#write(COLUMNS);
    return file;
  }

  writeStep(log: StepLog): void {
    this.#write([
      "train",
      log.epoch,
      log.step,
      log.mlmLoss,
      log.nspLoss,
      log.totalLoss,
      log.mlmAccuracy,
      log.nspAccuracy,
      log.learningRate,
      log.gradientNorm,
      log.tokens,
      log.tokensPerSecond,
      log.seconds,
    ]);
  }

  /** The held-out scores of an epoch that ended after `step` steps; nothing if it has none. */
  writeEpoch({ epoch, tokens, seconds, heldOut }: EpochLog, step: number): void {
    if (!heldOut) return;
    const { mlmLoss, nspLoss, mlmAccuracy, nspAccuracy } = heldOut;
    const scores = [mlmLoss, nspLoss, mlmLoss + nspLoss, mlmAccuracy, nspAccuracy];
    this.#write(["held-out", epoch, step, ...scores, "", "", tokens, "", seconds]);
  }

  close(): void {
    this.#file.close();
  }

  #write(row: readonly (string | number)[]): void {
    const bytes = new TextEncoder().encode(stringify([row], { headers: false }));
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}
