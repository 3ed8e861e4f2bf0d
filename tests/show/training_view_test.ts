import { ok, strictEqual } from "node:assert";
import type { StepLog } from "bert/training/history.ts";
import { accuracyChart, lossCurves, progressNote } from "bert/show/training_view.ts";

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
  tokensPerSecond: 999, // of this step alone; the note is about the run
  seconds: 20,
};

Deno.test("the note of a run: 30 steps in 20 s leave 70 steps for 46.7 s", () => {
  const note = progressNote(LOG, 100);
  strictEqual(note, "step 30 of 100: MLM 6.13, NSP 0.69 nats, 1,500 tokens/s, 0:47 left");
  ok(progressNote(LOG, 3000).endsWith("33:00 left"));
  ok(progressNote(LOG, 30).endsWith("1,500 tokens/s"), "nothing is left at the end");
});

Deno.test("curves are smoothed by a running mean that starts with what there is", () => {
  const steps = [1, 2, 3].map((step) => ({ ...LOG, step, mlmLoss: step }));
  const [line] = lossCurves(steps).data as { y: number[] }[];
  strictEqual(`${line.y}`, "1,1.5,2");
});

Deno.test("charts name their axes and their unit", () => {
  const { layout } = accuracyChart([LOG]);
  const title = (axis: unknown) => (axis as { title: { text: string } }).title.text;
  strictEqual(title(layout.xaxis), "step");
  strictEqual(title(layout.yaxis), "share of right answers");
});

Deno.test("a run without sentence pairs shows no curve and no figure of them", () => {
  const steps = [{ ...LOG, nspLoss: 0 }, { ...LOG, step: 31, nspLoss: 0 }];
  const names = (logs: StepLog[]) => lossCurves(logs).data.map(({ name }) => name);
  strictEqual(`${names(steps)}`, "masked words");
  strictEqual(`${names([LOG])}`, "masked words,sentence pairs,a coin (ln 2)");
  ok(progressNote(steps[0], 100).startsWith("step 30 of 100: MLM 6.13 nats, "));
});
