/** The report of one training step, for tests of functions that take one. */
import type { StepLog } from "bert/training/history.ts";

/** The report of a step, whose fields have different values. */
export const STEP: StepLog = {
  step: 7,
  epoch: 2,
  mlmLoss: 6,
  nspLoss: 0.5,
  totalLoss: 6.5,
  mlmAccuracy: 0.25,
  nspAccuracy: 1,
  learningRate: 1e-7,
  gradientNorm: 3,
  tokens: 1000,
  tokensPerSecond: 200,
  seconds: 5,
};
