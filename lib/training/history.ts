/** Records of training: of each step, of each epoch, and of a whole run. */
import { ConfigError } from "../errors.ts";
import { ARRAY, checkArguments, checkEntries, having, type Kind } from "../checks.ts";
import type { Evaluation } from "./evaluate.ts";

/**
 * One optimisation step. Losses are means in nats. Without predictions or pairs their loss and
 * accuracy are 0.
 */
export interface StepLog {
  /** The update, from 1. */
  readonly step: number;
  /** The pass over the documents, from 1. */
  readonly epoch: number;
  /** Mean over the predicted words, in nats. */
  readonly mlmLoss: number;
  /** Mean over the pairs, in nats. */
  readonly nspLoss: number;
  /** Their sum. */
  readonly totalLoss: number;
  /** Share of words that were predicted right, 0 to 1. */
  readonly mlmAccuracy: number;
  /** Share of pairs that were predicted right, 0 to 1. */
  readonly nspAccuracy: number;
  /** The learning rate of the update. */
  readonly learningRate: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Tokens seen since the run began, without padding. */
  readonly tokens: number;
  /** Tokens per second in this step. The time includes making its batches. */
  readonly tokensPerSecond: number;
  /** Seconds since the run began. */
  readonly seconds: number;
}

/** One pass over the documents: means over its steps, and the held-out scores at its end. */
export interface EpochLog {
  /** The pass over the documents, from 1. */
  readonly epoch: number;
  /** Steps in this epoch. */
  readonly steps: number;
  /** Mean of the steps, over the predicted words, in nats. */
  readonly mlmLoss: number;
  /** Mean of the steps, over the pairs, in nats. */
  readonly nspLoss: number;
  /** Their sum. */
  readonly totalLoss: number;
  /** Share of words that were predicted right, 0 to 1. */
  readonly mlmAccuracy: number;
  /** Share of pairs that were predicted right, 0 to 1. */
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

/** The records of a whole run. */
export interface History {
  /** One entry for each step, in order. */
  readonly steps: readonly StepLog[];
  /** One entry for each epoch, in order. */
  readonly epochs: readonly EpochLog[];
  /** Why the run ended: all steps were done, its signal was aborted, or its time was up. */
  readonly stopped: "finished" | "aborted" | "time";
}

const STEP: Kind = having("a step of a history", "epoch", "tokens", "mlmLoss");

/**
 * Averages the steps of an epoch. The epoch, its tokens and its seconds are those of the last step.
 *
 * @param steps The steps of one epoch, at least one.
 *
 * @example
 * ```ts
 * import { stepIn } from "bert/training/metrics_file.ts";
 * import { averageSteps } from "bert/training/history.ts";
 * import { strictEqual } from "node:assert";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * strictEqual(averageSteps([step, { ...step, step: 2, mlmLoss: 5.5 }]).mlmLoss, 6);
 * ```
 */
export function averageSteps(steps: readonly StepLog[]): EpochLog {
  checkArguments("averageSteps(steps)", [["steps", steps, ARRAY]]);
  if (steps.length === 0) throw new ConfigError("steps", steps, "must be at least one step");
  checkEntries("averageSteps(steps)", "steps", steps, STEP);
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
