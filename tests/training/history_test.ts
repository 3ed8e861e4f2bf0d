import { deepStrictEqual } from "node:assert";
import { averageSteps, type EpochLog, type StepLog } from "bert/training/history.ts";

const STEP: StepLog = {
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

Deno.test("averageSteps() is the mean over the steps; tokens and seconds are where the run stands", () => {
  const next = { ...STEP, step: 8, mlmLoss: 4, nspLoss: 0.25, totalLoss: 4.25, tokens: 1500 };
  const log = averageSteps([STEP, { ...next, tokensPerSecond: 100, seconds: 9, nspAccuracy: 0 }]);
  const expected: EpochLog = {
    epoch: 2,
    steps: 2,
    mlmLoss: 5,
    nspLoss: 0.375,
    totalLoss: 5.375,
    mlmAccuracy: 0.25,
    nspAccuracy: 0.5,
    tokens: 1500,
    tokensPerSecond: 150,
    seconds: 9,
  };
  deepStrictEqual(log, expected);
});
