import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { ConfigError, ShapeError } from "bert/errors.ts";
import { encoderLayer } from "bert/model/layers.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { MlmHead, NspHead } from "bert/model/heads.ts";
import type { ForwardOptions, ModelInputs } from "bert/model/inputs.ts";
import { softmaxCrossEntropy } from "bert/training/loss.ts";
import { mixSeed } from "bert/model/ops/dropout.ts";
import { encoderLayerWeights } from "bert/model/weights.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { BACKENDS, testOnBackends } from "../support/backends.ts";

await useBackend(BACKENDS[0]);

const config = bertConfig("smoke", { vocabSize: 50, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const FIRST = [2, 10, 11, 3, 12, 3];
const SECOND = [2, 20, 3, 21, 3, 0]; // one position of padding
const SEGMENTS = [[1, 1, 1, 1, 2, 2], [1, 1, 1, 2, 2, 0]];

function logits(inputs: ModelInputs, options: ForwardOptions = {}, of = model) {
  const { mlmLogits, nspLogits } = of.forward(inputs, options);
  return { mlm: mlmLogits.dataSync().slice(), nsp: nspLogits.dataSync().slice() };
}

Deno.test("forward() gives a score for each word at each position and two for each pair", () => {
  const { mlmLogits, nspLogits, ...rest } = model.forward({ tokenIds: [FIRST, SECOND] });
  deepStrictEqual([mlmLogits.shape, nspLogits.shape], [[2, 6, 50], [2, 2]]);
  deepStrictEqual(rest, {});
});

testOnBackends("forward() gives the same on every backend", async () => {
  const inputs = { tokenIds: [FIRST, SECOND], segmentIds: SEGMENTS };
  const here = logits(inputs);
  const backend = tf.getBackend();
  await useBackend("cpu");
  const there = logits(inputs);
  await useBackend(backend);
  assertClose(here.mlm, there.mlm, { atol: 1e-5 });
  assertClose(here.nsp, there.nsp, { atol: 1e-5 });
});

testOnBackends("forward() gives the same at the other positions with and without padding", () => {
  const short = logits({ tokenIds: [SECOND.slice(0, 5)], segmentIds: [SEGMENTS[1].slice(0, 5)] });
  for (const padding of [1, 3, 11]) {
    const row = [...SECOND.slice(0, 5), ...Array(padding).fill(0)];
    const segments = [...SEGMENTS[1].slice(0, 5), ...Array(padding).fill(0)];
    const long = logits({ tokenIds: [row], segmentIds: [segments] });
    assertClose(long.mlm.slice(0, 5 * 50), short.mlm, { atol: 1e-5 });
    assertClose(long.nsp, short.nsp, { atol: 1e-6 });
  }
});

testOnBackends("forward() does not depend on the ids at padding, to the last bit", () => {
  const attentionMask = [[1, 1, 1, 0, 0, 0]];
  const one = logits({ tokenIds: [[2, 9, 3, 0, 0, 0]], attentionMask });
  const other = logits({ tokenIds: [[2, 9, 3, 40, 41, 42]], attentionMask });
  deepStrictEqual(one.mlm.slice(0, 150), other.mlm.slice(0, 150));
  deepStrictEqual(one.nsp, other.nsp);
});

testOnBackends("forward() of one sequence is its row of the batch", () => {
  const both = logits({ tokenIds: [FIRST, SECOND], segmentIds: SEGMENTS });
  const second = logits({ tokenIds: [SECOND], segmentIds: [SEGMENTS[1]] });
  assertClose(both.mlm.slice(6 * 50), second.mlm, { atol: 1e-5 });
  assertClose(both.nsp.slice(2), second.nsp, { atol: 1e-6 });
});

testOnBackends("forward() at chosen positions gives the logits that forward() gives there", () => {
  const inputs = { tokenIds: [FIRST, SECOND] };
  const { mlm: everywhere, nsp } = logits(inputs);
  const predictedPositions = tf.tensor1d([7, 0, 7], "int32");
  const { mlmLogits, nspLogits } = model.forward(inputs, { predictedPositions });
  assertClose(nspLogits.dataSync(), nsp, { atol: 1e-6 });
  const asked = { predictedPositions, outputHiddenStates: true }; // computes the whole last layer
  assertClose(model.forward(inputs, asked).mlmLogits.dataSync(), mlmLogits.dataSync(), {
    atol: 1e-5,
  });
  deepStrictEqual(mlmLogits.shape, [3, 50]);
  const expected = [7, 0, 7].flatMap((row) => [...everywhere.slice(row * 50, (row + 1) * 50)]);
  assertClose(mlmLogits.dataSync(), expected, { atol: 1e-5 });
});

Deno.test("forward() takes rows of numbers or tensors, and fills in what is missing", () => {
  const tensor = (rows: number[][]) => tf.tensor2d(rows, undefined, "int32");
  const all = {
    tokenIds: tensor([FIRST, SECOND]),
    segmentIds: tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]]),
    positionIds: tensor([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]),
    attentionMask: tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]]),
  };
  deepStrictEqual(logits({ tokenIds: [FIRST, SECOND] }), logits(all));
});

Deno.test("forward() depends on segment, position and mask", () => {
  const plain = logits({ tokenIds: [FIRST] });
  notDeepStrictEqual(logits({ tokenIds: [FIRST], segmentIds: [SEGMENTS[0]] }), plain);
  notDeepStrictEqual(logits({ tokenIds: [FIRST], positionIds: [[5, 4, 3, 2, 1, 0]] }), plain);
  notDeepStrictEqual(logits({ tokenIds: [FIRST], attentionMask: [[1, 1, 1, 1, 1, 0]] }), plain);
});

testOnBackends(
  "forward() drops only in training, and by the seed",
  () => {
    const inputs = { tokenIds: [FIRST] };
    const still = logits(inputs, { seed: 5 });
    deepStrictEqual(logits(inputs, { seed: 6 }), still);
    const one = logits(inputs, { training: true, seed: 5 });
    deepStrictEqual(logits(inputs, { training: true, seed: 5 }), one);
    notDeepStrictEqual(one, still);
    notDeepStrictEqual(logits(inputs, { training: true, seed: 6 }), one);
  },
);

Deno.test("forward() gives each layer its own part of the seed", () => {
  const options = { training: true, seed: 5, outputHiddenStates: true };
  const { hiddenStates = [] } = model.bert.forward({ tokenIds: [FIRST] }, options);
  const layer = encoderLayerWeights(model.weights, 0);
  const dropout = { hidden: 0.1, attention: 0.1, seed: mixSeed(5, 1) }; // the embeddings have number 0
  const x = tf.reshape<tf.Rank.R2>(hiddenStates[0], [6, 32]);
  const expected = encoderLayer(x, tf.ones([1, 6]), layer, { heads: 2, epsilon: 1e-12, dropout });
  assertClose(hiddenStates[1].dataSync(), expected.dataSync(), { atol: 1e-5 });
});

Deno.test("forward() gives attention and hidden states when asked", () => {
  const inputs = { tokenIds: [FIRST, SECOND] };
  const asked = model.forward(inputs, { outputAttentions: true, outputHiddenStates: true });
  deepStrictEqual(asked.attentions!.map(({ shape }) => shape), [[2, 2, 6, 6]]);
  deepStrictEqual(asked.hiddenStates!.map(({ shape }) => shape), [[2, 6, 32], [2, 6, 32]]);
  const { hidden } = model.bert.forward(inputs);
  assertClose(asked.hiddenStates![1], hidden, { atol: 1e-6 });
});

Deno.test("BertModel, MlmHead and NspHead can be used one by one", () => {
  const bert = new BertModel(config, { seed: 1 });
  const mlm = new MlmHead(config, bert.wordEmbeddings, { seed: 1 });
  const nsp = new NspHead(config, { seed: 1 });
  const rows = tf.reshape<tf.Rank.R2>(bert.forward({ tokenIds: [FIRST] }).hidden, [6, 32]);
  const expected = logits({ tokenIds: [FIRST] });
  assertClose(mlm.forward(rows).dataSync(), expected.mlm, { atol: 1e-6 });
  assertClose(nsp.forward(rows, 6).dataSync(), expected.nsp, { atol: 1e-6 });
  [bert, mlm, nsp].forEach((part) => part.dispose());
});

Deno.test("the weights of a model depend on its seed alone", () => {
  const [same, other] = [1, 2].map((seed) => new BertPretrainHead(config, { seed }));
  deepStrictEqual(logits({ tokenIds: [FIRST] }, {}, same), logits({ tokenIds: [FIRST] }));
  notDeepStrictEqual(logits({ tokenIds: [FIRST] }, {}, other), logits({ tokenIds: [FIRST] }));
  same.dispose();
  other.dispose();
});

Deno.test("the decoder is the table of word embeddings: changing the table changes the logits", () => {
  const tied = new BertPretrainHead(config, { seed: 1 });
  const table = tied.weights.get("bert.embeddings.word_embeddings.weight")!;
  const before = logits({ tokenIds: [FIRST] }, {}, tied).mlm;
  const values = table.dataSync().slice();
  values[44 * 32] += 0.5; // word 44 does not occur in the input
  table.assign(tf.tensor(values, table.shape));
  const after = logits({ tokenIds: [FIRST] }, {}, tied).mlm;
  const moved = [...after.keys()].filter((i) => Math.abs(after[i] - before[i]) > 1e-6);
  ok(moved.length > 0 && moved.every((i) => i % 50 === 44), `${moved}`);
  strictEqual([...tied.weights.values()].filter(({ shape }) => shape[0] === 50).length, 2);
  tied.dispose();
});

Deno.test("a model frees all its weights, and only its own", () => {
  const before = tf.memory().numTensors;
  const other = new BertPretrainHead(config, { seed: 2 });
  strictEqual(tf.memory().numTensors - before, other.weights.size);
  other.dispose();
  strictEqual(tf.memory().numTensors, before);
  ok(logits({ tokenIds: [FIRST] }).mlm.every(Number.isFinite));
});

testOnBackends("forward() and its gradient leave no tensor behind", async () => {
  const tokenIds = tf.tensor2d([FIRST, SECOND], undefined, "int32");
  const predictedPositions = tf.tensor1d([1, 7], "int32");
  const labels = tf.tensor1d([4, 5], "int32");
  await assertNoLeak(() => {
    const asked = { outputAttentions: true, outputHiddenStates: true };
    const { attentions, hiddenStates, ...logits } = model.forward({ tokenIds }, asked);
    tf.dispose([...Object.values(logits), ...attentions!, ...hiddenStates!]);
  });
  const loss = (): tf.Scalar => {
    const options = { training: true, seed: 3, predictedPositions };
    const { mlmLogits, nspLogits } = model.forward({ tokenIds }, options);
    const words = softmaxCrossEntropy(mlmLogits as tf.Tensor2D, labels);
    return tf.add(tf.sum(words), tf.sum(nspLogits)).asScalar();
  };
  await assertNoLeak(() => {
    const { value, grads } = tf.variableGrads(loss, [...model.weights.values()]);
    strictEqual(Object.keys(grads).length, model.weights.size);
    tf.dispose([value, ...Object.values(grads)]);
  });
});

testOnBackends("forward() that fails leaves no tensor behind", async () => {
  await assertNoLeak(() => throws(() => model.forward({ tokenIds: [[2, 50, 3]] })));
});

function refuses(inputs: ModelInputs, message: RegExp | Error, options?: ForwardOptions): void {
  throws(() => model.forward(inputs, options), message);
}

Deno.test("forward() names an id that has no row: where, which, and how many there are", () => {
  const tokenIds = [FIRST, [2, 50, 3, 0, 0, 0]];
  const message = "Cannot use tokenIds: [1, 1] is 50, and must be 0 to 49 (vocabSize 50)";
  refuses({ tokenIds }, { name: "RangeError", message });
  refuses({ tokenIds: [[-1]] }, /tokenIds: \[0, 0\] is -1/);
  refuses(
    { tokenIds: [FIRST], segmentIds: [[1, 1, 1, 1, 3, 2]] },
    /segmentIds: \[0, 4\] is 3.*typeVocabSize 3/,
  );
  refuses({ tokenIds: [[2]], positionIds: [[16]] }, /positionIds.* 16.*maxPositionEmbeddings 16/);
  refuses({ tokenIds: [[2]], attentionMask: [[-10000]] }, /attentionMask.*-10000.*either 0 or 1/);
});

Deno.test("forward() says what to do about a sequence that is too long", () => {
  refuses({ tokenIds: [Array(17).fill(5)] }, /17 tokens.*for 16\. Cut them.*maxPositionEmbeddings/);
});

Deno.test("forward() refuses inputs of other shapes", () => {
  const expected = new ShapeError("forward() from segmentIds", [1, 6], [1, 5]);
  refuses({ tokenIds: [FIRST], segmentIds: [[1, 1, 1, 1, 1]] }, expected);
  const flat = new ShapeError("forward() from tokenIds", ["B", "T"], [6]);
  refuses({ tokenIds: tf.tensor1d(FIRST, "int32") }, flat);
  const positions = { predictedPositions: tf.tensor1d([6], "int32") };
  refuses({ tokenIds: [FIRST] }, /predictedPositions: \[0\] is 6, and must be 0 to 5/, positions);
});

Deno.test("forward() in training requires a seed, unless nothing is dropped", () => {
  const advice = "must be an integer when training with dropout, one a step";
  refuses({ tokenIds: [FIRST] }, new ConfigError("seed", undefined, advice), { training: true });
  const rates = { hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 };
  const undropped = new BertPretrainHead({ ...config, ...rates }, { seed: 1 });
  deepStrictEqual(
    logits({ tokenIds: [FIRST] }, { training: true }, undropped),
    logits({ tokenIds: [FIRST] }),
  );
  undropped.dispose();
});

Deno.test("an impossible configuration is refused before any weight is made", () => {
  const before = tf.memory().numTensors;
  throws(() => new BertPretrainHead({ ...config, numAttentionHeads: 3 }, { seed: 1 }), ConfigError);
  strictEqual(tf.memory().numTensors, before);
});
