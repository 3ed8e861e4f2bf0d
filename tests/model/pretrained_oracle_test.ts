/** Loaded folders against transformers; fixtures/make_pretrained_fixtures.py made them, as the oracle. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { pretrainLoss } from "bert/training/loss.ts";
import { type HostTensor, readSafetensors } from "bert/files/safetensors.ts";
import { assertClose } from "../support/assert_close.ts";
import { testOnBackends } from "../support/backends.ts";

const FOLDER = new URL("../fixtures/pretrained", import.meta.url).pathname;
const WITH_HEADS = ["sharded", "one_segment", "four_segments", "half", "brain"];
const ENCODERS = ["encoder", "classifier"];

type Tensors = ReadonlyMap<string, HostTensor>;

async function expected(name: string): Promise<Tensors> {
  return readSafetensors(await Deno.readFile(`${FOLDER}/${name}/expected.safetensors`)).tensors;
}

function tensor(oracle: Tensors, name: string): tf.Tensor {
  const { shape, data } = oracle.get(name)!;
  return tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

/** The oracle's batch, with segments numbered from 1 and 0 at padding, as here. */
function inputsOf(oracle: Tensors) {
  const [tokenIds, attentionMask, segmentIds] = ["tokenIds", "attentionMask", "segmentIds"].map((
    name,
  ) => tensor(oracle, `input.${name}`));
  return { tokenIds, attentionMask, segmentIds: tf.mul(tf.add(segmentIds, 1), attentionMask) };
}

/** Rows of the positions that hold a token. */
function atTokens(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const kept = [...mask.dataSync()].flatMap((one, i) => one === 1 ? [i] : []);
  return tf.gather(tf.reshape(x, [mask.size, -1]), tf.tensor1d(kept, "int32"));
}

/** [B, A, T, T] -> [B, T, A, T]: one row for each attending position. */
function byQuery(attention: tf.Tensor): tf.Tensor {
  return tf.transpose(attention, [0, 2, 1, 3]);
}

function assertEncoder(bert: BertModel, oracle: Tensors): void {
  const inputs = inputsOf(oracle);
  const mask = inputs.attentionMask;
  const output = bert.forward(inputs, { outputAttentions: true, outputHiddenStates: true });
  const { hiddenStates = [], attentions = [] } = output;
  ok(oracle.has(`hiddenState.${bert.config.numHiddenLayers}`));
  strictEqual(hiddenStates.length, bert.config.numHiddenLayers + 1);
  hiddenStates.forEach((state, i) => {
    const there = atTokens(tensor(oracle, `hiddenState.${i}`), mask);
    assertClose(atTokens(state, mask), there, { atol: 1e-5 }, `hidden state ${i}`);
  });
  attentions.forEach((attention, i) => {
    const there = atTokens(byQuery(tensor(oracle, `attention.${i}`)), mask);
    assertClose(atTokens(byQuery(attention), mask), there, { atol: 1e-5 }, `attention ${i}`);
  });
}

function targetsOf(oracle: Tensors) {
  const labels = oracle.get("input.mlmLabels")!.data;
  const asked = [...labels.keys()].filter((i) => labels[i] >= 0);
  return {
    predictedPositions: tf.tensor1d(asked, "int32"),
    predictedLabels: tf.tensor1d(asked.map((i) => labels[i]), "int32"),
    nspLabels: tensor(oracle, "input.nspLabels"),
  };
}

function assertHeads(model: BertPretrainHead, oracle: Tensors): void {
  const inputs = inputsOf(oracle);
  const { mlmLogits, nspLogits } = model.forward(inputs);
  const mask = inputs.attentionMask;
  const there = atTokens(tensor(oracle, "output.mlmLogits"), mask);
  assertClose(atTokens(mlmLogits, mask), there, { atol: 1e-5 }, "MLM logits");
  assertClose(nspLogits, tensor(oracle, "output.nspLogits"), { atol: 1e-5 }, "NSP logits");
  const { predictedPositions, ...labels } = targetsOf(oracle);
  const losses = pretrainLoss(model.forward(inputs, { predictedPositions }), labels);
  assertClose(losses.mlmLoss, tensor(oracle, "output.mlmLoss"), { rtol: 1e-4 }, "MLM loss");
  assertClose(losses.nspLoss, tensor(oracle, "output.nspLoss"), { rtol: 1e-4 }, "NSP loss");
}

/** The oracle's gradients in our layout: transposed, side by side, with a row for padding. */
function theirGradient(name: string, oracle: Tensors): tf.Tensor {
  const names = name.includes(".qkv.")
    ? ["query", "key", "value"].map((part) => name.replace("qkv", part))
    : [name];
  const parts = names.map((part) => tensor(oracle, `gradient.${part}`));
  const dense = parts[0].rank === 2 && !name.includes("embeddings");
  const joined = tf.concat(dense ? parts.map((part) => tf.transpose(part)) : parts, -1);
  if (!name.includes("token_type_embeddings")) return joined;
  return tf.concat([tf.zeros([1, joined.shape[1]!]), joined], 0);
}

function assertGradients(model: BertPretrainHead, oracle: Tensors): void {
  const { predictedPositions, ...labels } = targetsOf(oracle);
  const { grads } = tf.variableGrads(
    () => pretrainLoss(model.forward(inputsOf(oracle), { predictedPositions }), labels).totalLoss,
    [...model.weights.values()],
  );
  for (const [name, weight] of model.weights) {
    const there = theirGradient(name, oracle);
    const scale = tf.max(tf.abs(there)).dataSync()[0];
    assertClose(grads[weight.name], there, { atol: 1e-4 * scale + 1e-7 }, `gradient of ${name}`);
  }
}

for (const name of WITH_HEADS) {
  testOnBackends(`the folder ${name} opens and gives the results of transformers`, async () => {
    const oracle = await expected(name);
    const model = await BertPretrainHead.fromPretrained(`${FOLDER}/${name}`);
    deepStrictEqual(model.notes, []);
    assertEncoder(model.bert, oracle);
    assertHeads(model, oracle);
    assertGradients(model, oracle);
    model.dispose();
  });
}

for (const name of ENCODERS) {
  testOnBackends(
    `the folder ${name} without heads of pre-training opens as an encoder`,
    async () => {
      const oracle = await expected(name);
      const bert = await BertModel.fromPretrained(`${FOLDER}/${name}`);
      assertEncoder(bert, oracle);
      bert.dispose();
      const model = await BertPretrainHead.fromPretrained(`${FOLDER}/${name}`, { seed: 1 });
      assertEncoder(model.bert, oracle);
      deepStrictEqual(model.notes.map((note) => note.split(": ")[1]), [
        "the masked-language-model head",
        "the next-sentence head",
        ...(name === "classifier" ? ["classifier.bias, classifier.weight"] : []),
      ]);
      model.dispose();
    },
  );
}

Deno.test("a published model gives the oracle's hidden states at padding, too", async () => {
  await useBackend();
  const oracle = await expected("sharded");
  const bert = await BertModel.fromPretrained(`${FOLDER}/sharded`);
  const { hidden } = bert.forward(inputsOf(oracle));
  assertClose(hidden, tensor(oracle, "hiddenState.2"), { atol: 1e-5 }, "last hidden state");
  bert.dispose();
});

Deno.test("every folder that is loaded and saved again opens to the same weights, bit for bit", async () => {
  await useBackend();
  for (const name of [...WITH_HEADS, ...ENCODERS]) {
    const folder = await Deno.makeTempDir();
    const model = await BertPretrainHead.fromPretrained(`${FOLDER}/${name}`, { seed: 1 });
    await model.save(folder);
    const again = await BertPretrainHead.fromPretrained(folder);
    deepStrictEqual(again.config, model.config);
    for (const [key, weight] of model.weights) {
      deepStrictEqual(again.weights.get(key)!.dataSync(), weight.dataSync(), `${name} ${key}`);
    }
    [model, again].forEach((one) => one.dispose());
    await Deno.remove(folder, { recursive: true });
  }
});
