import { deepStrictEqual, strictEqual } from "node:assert";
import type { Evaluation } from "bert/training/evaluate.ts";
import { MetricsFile } from "bert/training/metrics_file.ts";
import { averageSteps } from "bert/training/history.ts";
import { parse } from "bert/files/csv.ts";
import { STEP } from "../support/step_log.ts";

const SCORE = { loss: 4, accuracy: 0.5, count: 2 };
const EVALUATION: Evaluation = {
  mlmLoss: 4,
  mlmAccuracy: 0.5,
  nspLoss: 0.25,
  nspAccuracy: 0.75,
  perplexity: Math.exp(4),
  predictions: 6,
  pairs: 4,
  byKind: { masked: SCORE, random: SCORE, kept: SCORE },
  intervals: {
    mlmLoss: [3, 5],
    mlmAccuracy: [0.4, 0.6],
    nspLoss: [0.2, 0.3],
    nspAccuracy: [0.6, 0.9],
    perplexity: [20, 148],
  },
};

Deno.test("MetricsFile has handed over each row to the system when its method returns", async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  await Deno.writeTextFile(path, "something older\n".repeat(100));
  const rows = async () => parse(await Deno.readTextFile(path));
  const file = MetricsFile.create(path);
  const [header] = await rows();
  strictEqual((await rows()).length, 1);
  file.writeStep(STEP);
  const train = "train 2 7 6 0.5 6.5 0.25 1 1e-7 3 1000 200 5".split(" ");
  deepStrictEqual((await rows()).slice(1), [train]);
  file.writeEpoch({ ...averageSteps([STEP]), heldOut: EVALUATION }, 7);
  const heldOut = ["held-out", "2", "7", "4", "0.25", "4.25", "0.5", "0.75"];
  deepStrictEqual((await rows())[2], [...heldOut, "", "", "1000", "", "5"]);
  file.writeEpoch(averageSteps([STEP]), 7);
  file.close();
  strictEqual((await rows()).length, 3);
  strictEqual(
    header.join(),
    "split,epoch,step,mlm_loss,nsp_loss,total_loss,mlm_accuracy,nsp_accuracy," +
      "learning_rate,gradient_norm,tokens,tokens_per_second,seconds",
  );
  await Deno.remove(path);
});
