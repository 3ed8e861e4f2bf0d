import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { bertConfig } from "bert/config.ts";
import { fineTuneStep } from "bert/use/fine_tune.ts";
import { labelledBatches } from "bert/use/labelled_texts.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { testOnBackends } from "../support/backends.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const CONFIG = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size, initializerRange: 0.2 });
const ROWS = [[2, 7, 9, 12, 3], [2, 8, 10, 3, 0]];
const OPTIONS = { classes: 3, seed: 1 };

testOnBackends("forward() is the backbone's [CLS] through tanh and one dense layer", () => {
  const model = new BertClassifier(CONFIG, OPTIONS);
  const found = tf.tidy(() => model.forward({ tokenIds: ROWS }).arraySync());
  const { hidden } = model.bert.forward({ tokenIds: ROWS });
  const values = hidden.arraySync();
  const [w, b, c, d] = [
    "bert.pooler.dense.weight",
    "bert.pooler.dense.bias",
    "classifier.weight",
    "classifier.bias",
  ].map((name) => model.weights.get(name)!.arraySync());
  for (const [row, [cls]] of values.entries()) {
    const pooled = times(cls, w as number[][]).map((x, i) => Math.tanh(x + (b as number[])[i]));
    const expected = times(pooled, c as number[][]).map((x, i) => x + (d as number[])[i]);
    assertClose(found[row], expected, { atol: 1e-4 });
  }
  hidden.dispose();
  model.dispose();
});

function times(vector: readonly number[], matrix: readonly (readonly number[])[]): number[] {
  return matrix[0].map((_, j) => vector.reduce((sum, x, i) => sum + x * matrix[i][j], 0));
}

testOnBackends(
  "gradients of the head equal central differences, and every weight has a gradient",
  () => {
    const model = new BertClassifier(CONFIG, OPTIONS);
    const labels = tf.tensor1d([2, 0], "int32");
    const loss = () =>
      tf.tidy(() => {
        const chosen = tf.mul(
          tf.logSoftmax(model.forward({ tokenIds: ROWS })),
          tf.oneHot(labels, 3),
        );
        return tf.neg(tf.sum(chosen)).asScalar();
      });
    const variables = [...model.weights.values()] as tf.Variable[];
    const { value, grads } = tf.variableGrads(loss, variables);
    for (const name of ["classifier.weight", "classifier.bias", "bert.pooler.dense.weight"]) {
      const weight = model.weights.get(name)!;
      const gradient = grads[weight.name].dataSync().slice();
      const values = weight.dataSync<"float32">().slice();
      for (const i of [0, values.length - 1]) {
        const [up, down] = [1e-2, -1e-2].map((change) => {
          const moved = values.slice();
          moved[i] += change;
          set(weight, moved);
          return tf.tidy(() => loss().dataSync()[0]);
        });
        assertClose((up - down) / 2e-2, gradient[i], { atol: 2e-3, rtol: 1e-2 }, `${name}[${i}]`);
      }
      set(weight, values);
    }
    deepStrictEqual(Object.keys(grads).length, model.weights.size);
    tf.dispose([value, grads, labels]);
    model.dispose();
  },
);

function set(weight: tf.Variable, values: Float32Array): void {
  const tensor = tf.tensor(values.slice(), weight.shape);
  weight.assign(tensor);
  tensor.dispose();
}

Deno.test("from() copies backbone and pooler of the pre-trained model, and none of its heads", () => {
  using pretrained = toyModel(0, 5);
  using model = BertClassifier.from(pretrained, OPTIONS);
  for (const [name, weight] of model.weights) {
    const known = pretrained.weights.get(name);
    if (known) deepStrictEqual(weight.dataSync(), known.dataSync(), name);
    else ok(name.startsWith("classifier."), name);
  }
  strictEqual(model.weights.size, pretrained.bert.weights.size + 4);
  using other = BertClassifier.from(pretrained, { ...OPTIONS, seed: 2 });
  const output = (of: BertClassifier) => of.weights.get("classifier.weight")!.dataSync();
  notDeepStrictEqual(output(other), output(model));
});

testOnBackends("training a classifier leaves the pre-trained model as it was", async () => {
  const pretrained = toyModel();
  const before = snapshot(pretrained);
  const model = BertClassifier.from(pretrained, { classes: 2, seed: 1 });
  const texts = [{ text: "the red ship", label: 0 }, { text: "the green sea", label: 1 }];
  const [batch] = labelledBatches(texts, TOY_TOKENIZER, { batchSize: 2, maxLength: 8 });
  using optimizer = new AdamW(model.weights);
  for (const seed of [1, 2]) await fineTuneStep(model, optimizer, batch, { learningRate: 1, seed });
  deepStrictEqual(snapshot(pretrained), before);
});

Deno.test("from() can change the dropout, and refuses to change sizes", () => {
  using pretrained = toyModel();
  const before = tf.memory().numTensors;
  const dropped = BertClassifier.from(pretrained, {
    ...OPTIONS,
    overrides: { hiddenDropoutProb: 0.5 },
  });
  const run = (seed: number) =>
    tf.tidy(() => dropped.forward({ tokenIds: ROWS }, { training: true, seed }).dataSync());
  deepStrictEqual(run(1), run(1));
  notDeepStrictEqual(run(1), run(2));
  throws(() => dropped.forward({ tokenIds: ROWS }, { training: true }), { name: "ConfigError" });
  dropped.dispose();
  const wide = { overrides: { intermediateSize: 5 } };
  throws(() => BertClassifier.from(pretrained, { ...OPTIONS, ...wide }), {
    name: "ConfigError",
    message: /intermediate.dense.weight its shape \[32,128\]/,
  });
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("forward() applies dropout to the pooled vector", () => {
  const rates = { hiddenDropoutProb: 0.5, attentionProbsDropoutProb: 0 };
  using model = new BertClassifier({ ...CONFIG, ...rates }, { classes: 2, seed: 1 });
  for (const weight of model.bert.weights.values()) set(weight, new Float32Array(weight.size));
  set(model.weights.get("bert.pooler.dense.bias")!, new Float32Array(32).fill(1));
  const run = (seed: number) =>
    tf.tidy(() => model.forward({ tokenIds: ROWS }, { training: true, seed }).dataSync().slice());
  notDeepStrictEqual(run(1), run(2)); // the backbone gives zeros, so only this dropout can differ
});

Deno.test("forward() leaves no tensor but its result", async () => {
  using model = new BertClassifier(CONFIG, OPTIONS);
  await assertNoLeak(() => model.forward({ tokenIds: ROWS }).dispose());
  await assertNoLeak(() => new BertClassifier(CONFIG, OPTIONS).dispose());
  await assertNoLeak(() => {
    using _ = new BertClassifier(CONFIG, OPTIONS);
  });
});

testOnBackends("with mean pooling, padding does not change the logits", () => {
  const model = new BertClassifier(CONFIG, { ...OPTIONS, pooling: "mean" });
  const run = (rows: number[][]) => tf.tidy(() => model.forward({ tokenIds: rows }).arraySync());
  const { hidden } = model.bert.forward({ tokenIds: ROWS });
  const [, short] = hidden.arraySync();
  const mean = short[0].map((_, i) => short.slice(0, 4).reduce((sum, row) => sum + row[i] / 4, 0));
  const matrix = model.weights.get("classifier.weight")!.arraySync() as number[][];
  assertClose(run(ROWS)[1], times(mean, matrix), { atol: 1e-4 }); // the bias is still 0
  assertClose(run([ROWS[1].slice(0, 4)])[0], run(ROWS)[1], { atol: 1e-4 });
  hidden.dispose();
  model.dispose();
});

Deno.test("a new classifier has at least two classes", () => {
  for (const classes of [0, 1, 2.5]) {
    throws(() => new BertClassifier(CONFIG, { classes, seed: 1 }), {
      name: "ConfigError",
      message: /classes = .*at least 2/,
    });
  }
});
