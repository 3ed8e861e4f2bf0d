import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { type Batch } from "bert/data/batch.ts";
import { toTensors } from "bert/training/batch_tensors.ts";
import { type MaskedExample } from "bert/data/example.ts";
import { evaluate } from "bert/training/evaluate.ts";
import { meanInterval, shareInterval, wilson } from "bert/training/statistics.ts";
import type { BertPretrainHead } from "bert/model/bert.ts";
import { together, toyBatches, toyModel } from "../support/toy_model.ts";

await useBackend();

const EXAMPLES = toyBatches(3, 8).flatMap((batch) => batch.examples);

function near(actual: number, expected: number, tolerance = 1e-5): void {
  ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

/** Log-probabilities at every position, and of both NSP answers, from a plain forward pass. */
function logProbabilities(model: BertPretrainHead, batch: Batch) {
  return tf.tidy(() => {
    const tensors = toTensors(batch);
    const { mlmLogits, nspLogits } = model.forward(tensors);
    const words = tf.reshape(tf.logSoftmax(mlmLogits), [-1, model.config.vocabSize]);
    return {
      words: words.arraySync() as number[][],
      pairs: tf.logSoftmax(nspLogits).arraySync() as number[][],
    };
  });
}

Deno.test("evaluate() gives the means over all predictions and pairs, split by what the model saw", async () => {
  using model = toyModel(0.5); // dropout has to be off
  const batch = together(EXAMPLES);
  const { words, pairs } = logProbabilities(model, batch);
  const found = await evaluate(model, [batch]);
  const sums = { masked: [0, 0], random: [0, 0], kept: [0, 0] };
  for (const [i, label] of batch.mlmLabels.entries()) {
    if (label < 0) continue;
    const shown = batch.tokenIds[i];
    const kind = shown === 4 ? "masked" : shown === label ? "kept" : "random";
    sums[kind][0] -= words[i][label];
    sums[kind][1]++;
  }
  for (const kind of ["masked", "random", "kept"] as const) {
    const [loss, count] = sums[kind];
    ok(count > 0, `no ${kind} token among the examples`);
    strictEqual(found.byKind[kind].count, count);
    near(found.byKind[kind].loss, loss / count);
  }
  const all = Object.values(sums).reduce(([a, b], [c, d]) => [a + c, b + d]);
  near(found.mlmLoss, all[0] / all[1]);
  near(found.perplexity, Math.exp(found.mlmLoss));
  strictEqual(found.predictions, all[1]);
  const nsp = [...batch.nspLabels].map((label, i) => -pairs[i][label]);
  near(found.nspLoss, nsp.reduce((a, b) => a + b) / nsp.length);
  strictEqual(found.pairs, EXAMPLES.length);
  const right = [...batch.nspLabels].filter((label, i) => pairs[i][label] > pairs[i][1 - label]);
  strictEqual(found.nspAccuracy, right.length / nsp.length);
});

Deno.test("evaluate() gives the intervals of means over sequences and pairs", async () => {
  using model = toyModel();
  const { intervals, pairs } = await evaluate(model, [together(EXAMPLES)]);
  const scores = await Promise.all(EXAMPLES.map((one) => evaluate(model, [together([one])])));
  const words = scores.map(({ mlmLoss, mlmAccuracy, predictions: count }) => ({
    loss: { sum: mlmLoss * count, count },
    hits: { sum: mlmAccuracy * count, count },
  }));
  const [low, high] = meanInterval(words.map(({ loss }) => loss));
  near(intervals.mlmLoss[0], low);
  near(intervals.mlmLoss[1], high);
  near(intervals.perplexity[1], Math.exp(high), 1e-3);
  const share = shareInterval(words.map(({ hits }) => hits));
  near(intervals.mlmAccuracy[0], share[0]);
  near(intervals.mlmAccuracy[1], share[1]);
  const right = scores.reduce((sum, { nspAccuracy }) => sum + nspAccuracy, 0);
  const alone = wilson(right / pairs, pairs); // pairs do not come in sequences
  near(intervals.nspAccuracy[0], alone[0]);
  near(intervals.nspAccuracy[1], alone[1]);
});

Deno.test("evaluate() does not depend on how the examples are batched", async () => {
  using model = toyModel();
  const cut = (sizes: number[]): Batch[] => {
    let at = 0;
    return sizes.map((size) => together(EXAMPLES.slice(at, at += size)));
  };
  const whole = await evaluate(model, cut([24]));
  const parts = await evaluate(model, cut([1, 20, 3]));
  near(parts.mlmLoss, whole.mlmLoss);
  near(parts.nspLoss, whole.nspLoss);
  strictEqual(parts.mlmAccuracy, whole.mlmAccuracy);
  strictEqual(parts.predictions, whole.predictions);
});

Deno.test("evaluate() counts right answers of both tasks", async () => {
  using model = toyModel();
  const bias = [...model.weights].find(([name]) => name === "cls.predictions.bias")![1];
  bias.assign(
    tf.oneHot(tf.scalar(9, "int32"), bias.shape[0]).cast("float32").mul(100) as tf.Tensor1D,
  );
  const nine = (e: MaskedExample) => ({
    ...e,
    labels: e.labels.map((l, i) => l < 0 ? l : i % 2 ? 9 : 8),
  });
  const batch = together(EXAMPLES.map(nine));
  const labels = batch.predictedLabels.filter((label) => label >= 0);
  const found = await evaluate(model, [batch]);
  near(found.mlmAccuracy, labels.filter((label) => label === 9).length / labels.length);
  ok(found.mlmAccuracy > 0.2 && found.mlmAccuracy < 0.8);
});

Deno.test("evaluate() of batches without pairs or predictions gives 0, not NaN", async () => {
  using model = toyModel();
  const blank = (e: MaskedExample) => ({
    ...e,
    nspLabel: -1 as const,
    labels: e.labels.map(() => -1),
  });
  const found = await evaluate(model, [together(EXAMPLES.map(blank))]);
  deepStrictEqual([found.mlmLoss, found.nspLoss, found.mlmAccuracy, found.nspAccuracy], [
    0,
    0,
    0,
    0,
  ]);
  deepStrictEqual([found.perplexity, found.predictions, found.pairs], [0, 0, 0]);
});

Deno.test("evaluate() stops at the signal, and leaves no tensor behind", async () => {
  using model = toyModel();
  const [a, b] = [together(EXAMPLES.slice(0, 4)), together(EXAMPLES.slice(4, 8))];
  await evaluate(model, [a]);
  const before = tf.memory().numTensors;
  const found = await evaluate(model, [a, b], { signal: AbortSignal.abort() });
  strictEqual(found.pairs, 4);
  strictEqual(tf.memory().numTensors, before);
});
