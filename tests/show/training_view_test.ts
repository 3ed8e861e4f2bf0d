// deno-lint-ignore-file no-console -- outside a notebook a view prints its content
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { StepLog } from "bert/training/history.ts";
import {
  endNote,
  mlmAccuracyChart,
  mlmLossChart,
  progressNote,
  trainingView,
} from "bert/show/training_view.ts";

const LOG: StepLog = {
  step: 30,
  epoch: 1,
  mlmLoss: 6.126,
  nspLoss: 0.69,
  totalLoss: 6.816,
  mlmAccuracy: 0.1,
  nspAccuracy: 0.5,
  learningRate: 1e-3,
  gradientNorm: 1,
  tokens: 30_000,
  tokensPerSecond: 999, // the speed of this step alone, which the note does not use
  seconds: 20,
};

Deno.test("progressNote() estimates the time left: after 30 steps in 20 s, 70 steps take 47 s", () => {
  const note = progressNote(LOG, 100);
  strictEqual(
    note,
    "step 30 of 100, last batch: MLM 6.13, NSP 0.69 nats, 1,500 tokens/s, 47 s left",
  );
  ok(progressNote(LOG, 3000).endsWith("33 min left"));
  ok(progressNote(LOG, 30).endsWith("1,500 tokens/s"), "nothing is left at the end");
});

Deno.test("curves are smoothed by a moving mean, which averages fewer steps at the beginning", () => {
  const steps = [1, 2, 3].map((step) => ({ ...LOG, step, mlmLoss: step }));
  const [line] = mlmLossChart(steps).data as { y: number[] }[];
  strictEqual(`${line.y}`, "1,1.5,2");
});

Deno.test("charts name their axes and their unit", () => {
  const { layout } = mlmAccuracyChart([LOG]);
  const title = (axis: unknown) => (axis as { title: { text: string } }).title.text;
  strictEqual(title(layout.xaxis), "step");
  strictEqual(title(layout.yaxis), "share of right answers");
});

Deno.test("trainingView() draws each task of the run in a chart of its own", async () => {
  const titles = async (log: StepLog) => {
    const printed: string[] = [];
    const { log: print } = console;
    console.log = (text: string) => printed.push(text.split("\n")[0]);
    try {
      const view = trainingView("it", 100);
      await view.onStep(log);
      await view.finish();
    } finally {
      console.log = print;
    }
    return printed.slice(1);
  };
  deepStrictEqual(await titles(LOG), ["Masked words: loss", "Sentence pairs: loss"]);
  deepStrictEqual(await titles({ ...LOG, nspLoss: 0 }), ["Masked words: loss"]);
  const noPairs = progressNote({ ...LOG, nspLoss: 0 }, 100);
  ok(noPairs.startsWith("step 30 of 100, last batch: MLM 6.13 nats, "));
});

Deno.test("endNote() says where a run was stopped, without times and speeds", () => {
  strictEqual(endNote(LOG, 100), "stopped at step 30 of 100, last batch: MLM 6.13, NSP 0.69 nats");
  strictEqual(endNote(LOG, 30), "step 30 of 30, last batch: MLM 6.13, NSP 0.69 nats");
});

Deno.test("level lines of word frequencies have the same colour in every chart", () => {
  const baselines = {
    uniformLoss: 9,
    unigramLoss: 6,
    unigramAccuracy: 0.1,
    nspUniformLoss: Math.LN2,
    nspMajority: 0.5,
  };
  const colours = [mlmLossChart([LOG], baselines), mlmAccuracyChart([LOG], baselines)]
    .map(({ data }) => data.slice(1).map((one) => (one as { line: { color: string } }).line.color));
  deepStrictEqual(colours, [["#999999", "#cc79a7"], ["#cc79a7"]]);
});
