/** The model against transformers' BertForPreTraining; fixtures/make_model_fixtures.py is the oracle. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual } from "node:assert";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { pretrainLoss } from "bert/training/loss.ts";
import { readSafetensors } from "bert/files/safetensors.ts";
import { assertClose } from "../support/assert_close.ts";
import { testOnBackends } from "../support/backends.ts";

const file = new URL("../fixtures/model.safetensors", import.meta.url);
const { tensors } = readSafetensors(await Deno.readFile(file));

function fixture(name: string): tf.Tensor {
  const { shape, data } = tensors.get(name)!;
  return tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

/** The names of a weight in the oracle: three for query, key and value, which lie side by side here. */
function partsOf(name: string): string[] {
  if (!name.includes(".qkv.")) return [name];
  return ["query", "key", "value"].map((part) => name.replace("qkv", part));
}

/** The oracle's weight or gradient in our layout: dense layers transposed, one more segment row. */
function inOurLayout(kind: "weight" | "gradient", name: string): tf.Tensor {
  const parts = partsOf(name).map((part) => fixture(`${kind}.${part}`));
  const dense = parts[0].rank === 2 && !name.includes("embeddings");
  const joined = tf.concat(dense ? parts.map((part) => tf.transpose(part)) : parts, -1);
  if (!name.includes("token_type_embeddings")) return joined;
  const paddingRow = tf.fill([1, joined.shape[1]!], kind === "weight" ? 3 : 0); // an arbitrary value, which must not matter
  return tf.concat([paddingRow, joined], 0);
}

const config = bertConfig("smoke", {
  vocabSize: 50,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 64,
  maxPositionEmbeddings: 12,
});
const model = new BertPretrainHead(config, { seed: 1 });
for (const [name, weight] of model.weights) weight.assign(inOurLayout("weight", name));

const attentionMask = fixture("input.attentionMask");
const [batch, length] = attentionMask.shape as [number, number];
const kept = [...attentionMask.dataSync().keys()].filter((i) => attentionMask.dataSync()[i] === 1);
const inputs = {
  tokenIds: fixture("input.tokenIds"),
  segmentIds: tf.mul(tf.add(fixture("input.segmentIds"), 1), attentionMask), // segments are 0 and 1 there, 1 and 2 here
  attentionMask,
};

/** The rows of the positions that hold a token: what a model computes at padding does not matter. */
function atTokens(x: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [batch * length, -1]);
  return tf.gather(rows, tf.tensor1d(kept, "int32"));
}

/** [B, A, T, T] -> [B*T, A*T]: one row for each attending position. */
function byQuery(attention: tf.Tensor): tf.Tensor {
  return tf.transpose(attention, [0, 2, 1, 3]);
}

function forward() {
  return model.forward(inputs, { outputAttentions: true, outputHiddenStates: true });
}

testOnBackends("BertPretrainHead.forward() gives every hidden state of transformers", () => {
  const { hiddenStates = [] } = forward();
  deepStrictEqual(hiddenStates.map(({ shape }) => shape), Array(3).fill([3, 10, 16]));
  hiddenStates.forEach((state, i) => {
    const expected = atTokens(fixture(`hiddenState.${i}`));
    assertClose(atTokens(state), expected, { atol: 1e-5 }, `hidden state ${i}`);
  });
});

testOnBackends("BertPretrainHead.forward() gives every attention weight of transformers", () => {
  const { attentions = [] } = forward();
  deepStrictEqual(attentions.map(({ shape }) => shape), Array(2).fill([3, 2, 10, 10]));
  attentions.forEach((attention, i) => {
    const expected = atTokens(byQuery(fixture(`attention.${i}`)));
    assertClose(atTokens(byQuery(attention)), expected, { atol: 1e-6 }, `attention ${i}`);
  });
});

testOnBackends("BertPretrainHead.forward() gives both logits of transformers", () => {
  const { mlmLogits, nspLogits } = forward();
  const expected = atTokens(fixture("output.mlmLogits"));
  assertClose(atTokens(mlmLogits), expected, { atol: 1e-5 }, "MLM logits");
  assertClose(nspLogits, fixture("output.nspLogits"), { atol: 1e-5 }, "NSP logits");
});

/** The labels, and the positions that have one, as training passes them to the model. */
function targets() {
  const labels = fixture("input.mlmLabels").dataSync();
  const predicted = [...labels.keys()].filter((i) => labels[i] >= 0);
  return {
    predictedPositions: tf.tensor1d([...predicted, 0], "int32"), // one row of padding
    predictedLabels: tf.tensor1d([...predicted.map((i) => labels[i]), -1], "int32"),
    nspLabels: fixture("input.nspLabels"),
  };
}

testOnBackends("pretrainLoss() of the model gives both losses of transformers", () => {
  const { predictedPositions, ...labels } = targets();
  const losses = pretrainLoss(model.forward(inputs, { predictedPositions }), labels);
  assertClose(losses.mlmLoss, fixture("output.mlmLoss"), { rtol: 1e-6 }, "MLM loss");
  assertClose(losses.nspLoss, fixture("output.nspLoss"), { rtol: 1e-6 }, "NSP loss");
});

testOnBackends("every gradient is the gradient of transformers, by name", () => {
  const { predictedPositions, ...labels } = targets();
  const { grads } = tf.variableGrads(
    () => pretrainLoss(model.forward(inputs, { predictedPositions }), labels).totalLoss,
    [...model.weights.values()],
  );
  for (const [name, weight] of model.weights) {
    const expected = inOurLayout("gradient", name);
    const scale = tf.max(tf.abs(expected)).dataSync()[0];
    assertClose(grads[weight.name], expected, { atol: 1e-4 * scale + 1e-7 }, name);
  }
});

Deno.test("our weights are those of transformers, each exactly once", () => {
  const theirs = [...tensors.keys()].filter((name) => name.startsWith("weight."))
    .map((name) => name.slice("weight.".length));
  deepStrictEqual([...model.weights.keys()].flatMap(partsOf).sort(), theirs.sort());
});
