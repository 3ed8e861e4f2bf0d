import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { crossEntropyLoss } from "bert/training/loss.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { testOnBackends } from "../support/backends.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const CONFIG = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size, initializerRange: 0.2 });
const ROWS = [[2, 7, 9, 12, 3], [2, 8, 10, 3, 0]];
const OPTIONS = { classes: 3, seed: 1 };

testOnBackends("forward() is one dense layer on the backbone's vector of each token", () => {
  const model = new BertTokenClassifier(CONFIG, OPTIONS);
  set(model.weights.get("classifier.bias")!, Float32Array.of(1, -2, 0.5));
  const found = tf.tidy(() => model.forward({ tokenIds: ROWS }).arraySync());
  const { hidden } = model.bert.forward({ tokenIds: ROWS });
  const matrix = model.weights.get("classifier.weight")!.arraySync() as number[][];
  for (const [b, row] of hidden.arraySync().entries()) {
    for (const [t, vector] of row.entries()) {
      const wanted = [1, -2, 0.5].map((bias, c) =>
        vector.reduce((sum, x, i) => sum + x * matrix[i][c], bias)
      );
      assertClose(found[b][t], wanted, { atol: 1e-4 }, `token ${t} of row ${b}`);
    }
  }
  hidden.dispose();
  model.dispose();
});

/** The loss of the labelled tokens, by default two of ten; the others are ignored. */
function lossOf(model: BertTokenClassifier, labels = [-1, 2, -1, 0, -1, -1, -1, -1, -1, -1]) {
  return tf.tidy(() => {
    const logits = tf.reshape(model.forward({ tokenIds: ROWS }), [10, 3]);
    const wanted = tf.tensor1d(labels, "int32");
    return crossEntropyLoss(logits, wanted, { reduction: "mean" }).asScalar();
  });
}

testOnBackends("gradients equal central differences, and every weight has a gradient", () => {
  const model = new BertTokenClassifier(CONFIG, OPTIONS);
  const variables = [...model.weights.values()] as tf.Variable[];
  const { value, grads } = tf.variableGrads(() => lossOf(model), variables);
  const inner = "bert.encoder.layer.0.output.dense.weight";
  for (const name of ["classifier.weight", "classifier.bias", inner]) {
    const weight = model.weights.get(name)!;
    const gradient = grads[weight.name].dataSync().slice();
    const values = weight.dataSync<"float32">().slice();
    for (const i of [0, values.length - 1]) {
      const [up, down] = [1e-2, -1e-2].map((change) => {
        const moved = values.slice();
        moved[i] += change;
        set(weight, moved);
        return tf.tidy(() => lossOf(model).dataSync()[0]);
      });
      assertClose((up - down) / 2e-2, gradient[i], { atol: 2e-3, rtol: 1e-2 }, `${name}[${i}]`);
    }
    set(weight, values);
  }
  deepStrictEqual(Object.keys(grads).length, model.weights.size);
  tf.dispose([value, grads]);
  model.dispose();
});

testOnBackends(
  "ignored tokens give no gradient: that of two tokens is the mean of theirs",
  () => {
    const model = new BertTokenClassifier(CONFIG, OPTIONS);
    const gradient = (labels: number[]) => {
      const weight = model.weights.get("classifier.weight")!;
      const { value, grads } = tf.variableGrads(() => lossOf(model, labels), [weight]);
      const values = grads[weight.name].dataSync().slice();
      tf.dispose([value, grads]);
      return values;
    };
    const none = new Array<number>(10).fill(-1);
    deepStrictEqual(gradient(none), new Float32Array(96));
    const [one, other] = [gradient(none.with(1, 2)), gradient(none.with(3, 0))];
    const mean = one.map((value, i) => (value + other[i]) / 2);
    assertClose(gradient(none.with(1, 2).with(3, 0)), mean, { atol: 1e-5 });
    model.dispose();
  },
);

function set(weight: tf.Variable, values: Float32Array): void {
  const tensor = tf.tensor(values.slice(), weight.shape);
  weight.assign(tensor);
  tensor.dispose();
}

Deno.test("from() copies the backbone of the pre-trained model, and neither its pooler nor its heads", () => {
  using pretrained = toyModel(0, 5);
  const before = snapshot(pretrained);
  using model = BertTokenClassifier.from(pretrained, OPTIONS);
  for (const [name, weight] of model.weights) {
    const known = pretrained.bert.weights.get(name);
    if (known) deepStrictEqual(weight.dataSync(), known.dataSync(), name);
    else ok(name.startsWith("classifier."), name);
  }
  strictEqual(model.weights.size, pretrained.bert.weights.size + 2);
  using other = BertTokenClassifier.from(pretrained, { ...OPTIONS, seed: 2 });
  const output = (of: BertTokenClassifier) => of.weights.get("classifier.weight")!.dataSync();
  notDeepStrictEqual(output(other), output(model));
  for (const weight of model.weights.values()) set(weight, new Float32Array(weight.size));
  deepStrictEqual(snapshot(pretrained), before);
});

Deno.test("from() can change the dropout, and refuses to change sizes", () => {
  using pretrained = toyModel();
  const before = tf.memory().numTensors;
  const overrides = { hiddenDropoutProb: 0.5 };
  const dropped = BertTokenClassifier.from(pretrained, { ...OPTIONS, overrides });
  const run = (seed: number) =>
    tf.tidy(() => dropped.forward({ tokenIds: ROWS }, { training: true, seed }).dataSync());
  deepStrictEqual(run(1), run(1));
  notDeepStrictEqual(run(1), run(2));
  throws(() => dropped.forward({ tokenIds: ROWS }, { training: true }), { name: "ConfigError" });
  dropped.dispose();
  const wide = { overrides: { intermediateSize: 5 } };
  throws(() => BertTokenClassifier.from(pretrained, { ...OPTIONS, ...wide }), {
    name: "ConfigError",
    message: /intermediate.dense.weight its shape \[32,128\]/,
  });
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("forward() applies dropout to the vectors of the tokens", () => {
  const rates = { hiddenDropoutProb: 0.5, attentionProbsDropoutProb: 0 };
  using model = new BertTokenClassifier({ ...CONFIG, ...rates }, OPTIONS);
  const { bert } = model;
  for (const weight of bert.weights.values()) set(weight, new Float32Array(weight.size));
  const last = `bert.encoder.layer.${CONFIG.numHiddenLayers - 1}.output.LayerNorm.bias`;
  set(bert.weights.get(last)!, new Float32Array(32).fill(1)); // the backbone gives ones, whatever is dropped
  const run = (seed: number) =>
    tf.tidy(() => model.forward({ tokenIds: ROWS }, { training: true, seed }).dataSync().slice());
  notDeepStrictEqual(run(1), run(2));
});

Deno.test("padding does not change the logits of the tokens", () => {
  using model = new BertTokenClassifier(CONFIG, OPTIONS);
  const run = (rows: number[][]) => tf.tidy(() => model.forward({ tokenIds: rows }).arraySync());
  const alone = run([ROWS[1].slice(0, 4)])[0];
  assertClose(alone.flat(), run(ROWS)[1].slice(0, 4).flat(), { atol: 1e-4 });
});

Deno.test("a classifier of words leaves no tensor but its result", async () => {
  using model = new BertTokenClassifier(CONFIG, OPTIONS);
  await assertNoLeak(() => model.forward({ tokenIds: ROWS }).dispose());
  await assertNoLeak(() => new BertTokenClassifier(CONFIG, OPTIONS).dispose());
  await assertNoLeak(() => {
    using _ = new BertTokenClassifier(CONFIG, OPTIONS);
  });
});

Deno.test("a new classifier of words has at least two classes", () => {
  for (const classes of [0, 1, 2.5]) {
    throws(() => new BertTokenClassifier(CONFIG, { classes, seed: 1 }), {
      name: "ConfigError",
      message: /classes = .*at least 2/,
    });
  }
});
