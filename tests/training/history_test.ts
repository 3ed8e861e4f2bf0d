import { deepStrictEqual } from "node:assert";
import { averageSteps, type EpochLog } from "bert/training/history.ts";
import { STEP } from "../support/step_log.ts";

Deno.test("averageSteps() is the mean over the steps; tokens and seconds are those of the last step", () => {
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
