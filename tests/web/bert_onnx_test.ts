import { deepStrictEqual, ok, strictEqual } from "node:assert";
import * as tf from "@tensorflow/tfjs";
import onnxProto from "onnx-proto";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig, HIDDEN_ACTS } from "bert/config.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { bertGraph } from "bert/web/bert_onnx.ts";
import type { GraphOptions } from "bert/web/bert_onnx.ts";
import type { OnnxModel } from "bert/web/onnx_folder.ts";
import { assertClose } from "../support/assert_close.ts";
import { asInputs, atTokens, idBatch, runOnnx } from "../support/onnx.ts";

await useBackend();
const CONFIG = bertConfig("smoke", {
  vocabSize: 97,
  maxPositionEmbeddings: 512,
  initializerRange: 0.1, // so large that every part changes the output
});
const SHAPES = [[1, 1], [1, 7], [3, 16], [2, 128], [8, 512]] as const;
const PATH = `${await Deno.makeTempDir()}/model.onnx`;
globalThis.addEventListener("unload", () => Deno.removeSync(PATH));

/** Writes the graph of a model. */
async function write(
  { config, weights }: OnnxModel,
  options: Partial<GraphOptions> = {},
): Promise<void> {
  await bertGraph(config, weights, { dtype: "fp32", ...options }).write(PATH);
}

/** Changes biases and LayerNorms, which are all 0 or 1 before training, and returns the model. */
function shaken<Model extends OnnxModel>(model: Model): Model {
  for (const [i, weight] of [...model.weights.values()].entries()) {
    if (weight instanceof tf.Variable && weight.rank === 1) {
      weight.assign(tf.tidy(() => tf.add(weight, tf.sin(tf.range(i, i + weight.size)).mul(0.2))));
    }
  }
  return model;
}

Deno.test("the graph gives the library's logits of words and pairs, for 1 x 1 to 8 x 512 ids", async () => {
  const model = shaken(new BertPretrainHead(CONFIG, { seed: 1 }));
  await write(model);
  for (const [rows, length] of SHAPES) {
    const batch = idBatch(CONFIG, rows, length);
    const found = await runOnnx(PATH, batch);
    const wanted = model.forward(asInputs(batch));
    deepStrictEqual(found.logits.dims, [rows, length, CONFIG.vocabSize]);
    const words = atTokens(await wanted.mlmLogits.data(), batch);
    assertClose(atTokens(found.logits.data, batch), words, { atol: 1e-5 }, `${rows} x ${length}`);
    const pairs = found.seq_relationship_logits;
    deepStrictEqual(pairs.dims, [rows, 2]);
    assertClose(pairs.data, wanted.nspLogits, { atol: 1e-5 }, "pairs");
    tf.dispose([wanted.mlmLogits, wanted.nspLogits]);
  }
  model.dispose();
});

for (const hiddenAct of HIDDEN_ACTS) {
  Deno.test(`the graph has the library's activation ${hiddenAct}`, async () => {
    const config = { ...CONFIG, hiddenAct };
    const model = shaken(new BertPretrainHead(config, { seed: 2 }));
    await write(model);
    const batch = idBatch(config, 2, 9);
    const { logits } = await runOnnx(PATH, batch);
    const { mlmLogits, nspLogits } = model.forward(asInputs(batch));
    const wanted = atTokens(await mlmLogits.data(), batch);
    assertClose(atTokens(logits.data, batch), wanted, { atol: 1e-5 });
    tf.dispose([mlmLogits, nspLogits]);
    model.dispose();
  });
}

Deno.test("the graph of an encoder gives the vectors of tokens, and a pooled one for each text", async () => {
  const model = shaken(new BertModel(CONFIG, { seed: 3 }));
  const batch = idBatch(CONFIG, 3, 11);
  const { hidden } = model.forward(asInputs(batch));
  const vectors = await hidden.array();
  const counts = [11, 8, 5]; // tokens of each row
  const mean = vectors.map((row, b) =>
    row[0].map((_, h) => row.slice(0, counts[b]).reduce((sum, v) => sum + v[h], 0) / counts[b])
  );
  const length = (vector: number[]) => Math.hypot(...vector);
  const unit = (rows: number[][]) => rows.map((row) => row.map((x) => x / length(row)));
  const cases = [
    ["mean", false, mean],
    ["mean", true, unit(mean)],
    ["cls", true, unit(vectors.map(([first]) => first))],
  ] as const;
  for (const [pooling, normalize, wanted] of cases) {
    await write(model, { sentence: { pooling, normalize } });
    const found = await runOnnx(PATH, batch);
    const tokens = atTokens(await hidden.data(), batch);
    assertClose(atTokens(found.last_hidden_state.data, batch), tokens, { atol: 1e-5 });
    assertClose(found.sentence_embedding.data, wanted.flat(), { atol: 1e-5 }, pooling);
  }
  hidden.dispose();
  model.dispose();
});

Deno.test("the graph of a classifier gives its logits, with either pooling", async () => {
  const batch = idBatch(CONFIG, 4, 13);
  for (const pooling of ["cls", "mean"] as const) {
    const model = shaken(new BertClassifier(CONFIG, { classes: 5, seed: 4, pooling }));
    await write(model, { classifierPooling: pooling });
    const { logits } = await runOnnx(PATH, batch);
    const wanted = model.forward(asInputs(batch));
    deepStrictEqual(logits.dims, [4, 5]);
    assertClose(logits.data, wanted, { atol: 1e-5 }, pooling);
    wanted.dispose();
    model.dispose();
  }
});

Deno.test("the graph of a classifier of words gives the logits of every token", async () => {
  const batch = idBatch(CONFIG, 4, 13);
  const model = shaken(new BertTokenClassifier(CONFIG, { classes: 5, seed: 4 }));
  await write(model, { classifierPooling: "none" });
  const { logits } = await runOnnx(PATH, batch);
  const wanted = model.forward(asInputs(batch));
  deepStrictEqual(logits.dims, [4, 13, 5]);
  assertClose(atTokens(logits.data, batch), atTokens(await wanted.data(), batch), { atol: 1e-5 });
  wanted.dispose();
  model.dispose();
});

Deno.test("with `attentions` the graph gives the attention weights of every layer", async () => {
  const model = shaken(new BertPretrainHead(CONFIG, { seed: 5 }));
  await write(model, { attentions: true });
  const batch = idBatch(CONFIG, 1, 10);
  const found = await runOnnx(PATH, batch);
  const { attentions, mlmLogits, nspLogits } = model.forward(asInputs(batch), {
    outputAttentions: true,
  });
  for (const [layer, wanted] of attentions!.entries()) {
    assertClose(found[`attentions.${layer}`].data, wanted.flatten(), { atol: 1e-6 });
  }
  tf.dispose([...attentions!, mlmLogits, nspLogits]);
  model.dispose();
});

Deno.test("with `lastHiddenState` the graph of a classifier also gives the vectors of the last layer", async () => {
  const model = shaken(new BertClassifier(CONFIG, { classes: 3, seed: 6 }));
  const batch = idBatch(CONFIG, 2, 9);
  await write(model);
  deepStrictEqual(Object.keys(await runOnnx(PATH, batch)), ["logits"]);
  await write(model, { lastHiddenState: true });
  const found = await runOnnx(PATH, batch);
  deepStrictEqual(Object.keys(found), ["logits", "last_hidden_state"]);
  const { hidden } = model.bert.forward(asInputs(batch));
  const wanted = atTokens(await hidden.data(), batch);
  assertClose(atTokens(found.last_hidden_state.data, batch), wanted, { atol: 1e-5 });
  hidden.dispose();
  model.dispose();
});

Deno.test("16 and 8 bits give nearly the same logits, in a half and a quarter of the bytes", async () => {
  const config = bertConfig("tiny", { vocabSize: 8000 });
  const model = new BertPretrainHead(config, { seed: 6 });
  const batch = idBatch(config, 2, 24);
  const { mlmLogits, nspLogits } = model.forward(asInputs(batch));
  const wanted = atTokens(await mlmLogits.data(), batch);
  const most = wanted.reduce((max, value) => Math.max(max, Math.abs(value)));
  const numbers = [...model.weights.values()].reduce((sum, { size }) => sum + size, 0);
  for (const [dtype, share, error] of [["fp16", 0.5, 2e-3], ["q8", 0.25, 0.1]] as const) {
    await write(model, { dtype });
    const { logits } = await runOnnx(PATH, batch);
    assertClose(atTokens(logits.data, batch), wanted, { atol: error * most }, dtype);
    const { size } = await Deno.stat(PATH);
    const full = 4 * numbers;
    ok(size > share * full && size < (share + 0.02) * full, `${dtype}: ${size} of ${full}`);
  }
  tf.dispose([mlmLogits, nspLogits]);
  model.dispose();
});

Deno.test("every weight is in the file once, and the decoder uses the table of words", async () => {
  const model = new BertPretrainHead(CONFIG, { seed: 7 });
  await write(model);
  const { graph, opsetImport } = onnxProto.onnx.ModelProto.decode(await Deno.readFile(PATH));
  const named = new Map(graph!.initializer!.map((tensor) => [tensor.name!, tensor]));
  strictEqual(named.size, graph!.initializer!.length);
  deepStrictEqual([...model.weights.keys()].filter((name) => !named.has(name)), []);
  const words = named.get("bert.embeddings.word_embeddings.weight")!;
  deepStrictEqual(words.dims!.map(Number), [97, CONFIG.hiddenSize]);
  const table = new Float32Array(words.rawData!.slice().buffer);
  deepStrictEqual(table, await model.bert.wordEmbeddings.data());
  const segments = named.get("bert.embeddings.token_type_embeddings.weight")!;
  deepStrictEqual(Number(segments.dims![0]), 2); // the row for padding is left out
  strictEqual(Number(opsetImport![0].version), 17);
  const operators = new Set(graph!.node!.map(({ opType }) => opType));
  for (const operator of ["LayerNormalization", "Erf", "Softmax"]) ok(operators.has(operator));
  model.dispose();
});
