import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { basename, dirname } from "node:path";
import { env, pipeline } from "npm:@huggingface/transformers@4.3.2";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { classify } from "bert/use/classify.ts";
import { classifyWords } from "bert/use/classify_words.ts";
import { fillMask } from "bert/use/predict.ts";
import { sentenceEmbeddings } from "bert/use/sentence_embeddings.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { saveOnnx } from "bert/web/onnx_folder.ts";
import { assertClose } from "../support/assert_close.ts";
import { findPython, runPython } from "../support/python.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot } from "../support/toy_model.ts";

await useBackend();
const CONFIG = bertConfig("smoke", {
  vocabSize: TOY_TOKENIZER.vocab.size,
  initializerRange: 0.2,
});
const folder = await Deno.makeTempDir({ prefix: "onnx-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
env.allowRemoteModels = false;
env.localModelPath = `${dirname(folder)}/`;

const TEXTS = ["the red ship sees the sea.", "Once", "the birds like unknown green trees"];

Deno.test("transformers.js fills blanks as fillMask() does", async () => {
  const model = new BertPretrainHead(CONFIG, { seed: 1 });
  await saveOnnx(model, TOY_TOKENIZER, folder);
  const fill = await pipeline("fill-mask", basename(folder), { dtype: "fp32" });
  for (const text of ["the [MASK] ship", "[MASK] follows the [UNK]", "Blue [MASK]."]) {
    const [wanted] = await fillMask(model, TOY_TOKENIZER, text, { topK: 4 });
    const found = await fill(text, { "top_k": 4 }) as { score: number; token_str: string }[];
    deepStrictEqual(found.map((guess) => guess.token_str), wanted.map(({ token }) => token));
    const scores = found.map(({ score }) => score);
    assertClose(scores, wanted.map(({ probability }) => probability), { atol: 1e-5 });
  }
  await fill.dispose();
  model.dispose();
});

Deno.test("transformers.js gives the vectors of sentenceEmbeddings()", async () => {
  const model = new BertModel(CONFIG, { seed: 2 });
  await saveOnnx(model, TOY_TOKENIZER, folder, { dtypes: ["fp32"] });
  const extract = await pipeline("feature-extraction", basename(folder), { dtype: "fp32" });
  for (const pooling of ["mean", "cls"] as const) {
    const found = await extract(TEXTS, { pooling, normalize: true });
    const options = { pooling, normalize: true };
    const wanted = await sentenceEmbeddings(model, TOY_TOKENIZER, TEXTS, options);
    assertClose(found.data as Float32Array, wanted.flatMap((row) => [...row]), { atol: 1e-5 });
  }
  await extract.dispose();
  model.dispose();
});

Deno.test("transformers.js classifies texts as classify() does, with the names of the classes", async () => {
  const model = new BertClassifier(CONFIG, { classes: 3, seed: 3 });
  const labels = ["sea", "land", "air"];
  await saveOnnx(model, TOY_TOKENIZER, folder, { dtypes: ["fp32"], labels });
  const sort = await pipeline("text-classification", basename(folder), { dtype: "fp32" });
  for (const text of TEXTS) {
    const wanted = await classify(model, TOY_TOKENIZER, text);
    const found = await sort(text, { "top_k": null }) as { label: string; score: number }[];
    const scores = labels.map((label) => found.find((one) => one.label === label)?.score ?? NaN);
    assertClose(scores, wanted, { atol: 1e-5 });
  }
  await sort.dispose();
  model.dispose();
});

Deno.test("transformers.js labels words as classifyWords() does, with the names of the classes", async () => {
  const model = new BertTokenClassifier(CONFIG, { classes: 3, seed: 3 });
  const labels = ["O", "B-SHIP", "B-SEA"];
  await saveOnnx(model, TOY_TOKENIZER, folder, { dtypes: ["fp32"], labels });
  const tag = await pipeline("token-classification", basename(folder), { dtype: "fp32" });
  const words = ["the", "red", "ship", "sees", "whale", "."]; // of one piece each
  const [wanted] = await classifyWords(model, TOY_TOKENIZER, [words]);
  const found = await tag(words.join(" "), { "ignore_labels": [] }) as {
    entity: string;
    score: number;
    word: string;
  }[];
  deepStrictEqual(found.map(({ word }) => word), words);
  deepStrictEqual(found.map(({ entity }) => entity), wanted.map(({ label }) => labels[label]));
  const scores = wanted.map(({ label, probabilities }) => probabilities[label]);
  assertClose(found.map(({ score }) => score), scores, { atol: 1e-5 });
  await tag.dispose();
  model.dispose();
});

Deno.test("saveOnnx() into the folder of saveModel() leaves that model as it was", async () => {
  const model = new BertPretrainHead(CONFIG, { seed: 4 });
  const own = `${folder}/own`;
  await saveModel(own, model, TOY_TOKENIZER);
  const before = await Deno.readTextFile(`${own}/config.json`);
  await saveOnnx(model, TOY_TOKENIZER, own, { dtypes: ["q8"] });
  strictEqual(await Deno.readTextFile(`${own}/config.json`), before);
  const again = await loadModel(own);
  deepStrictEqual(snapshot(again.model), snapshot(model));
  deepStrictEqual([...Deno.readDirSync(`${own}/onnx`)].map(({ name }) => name), [
    "model_quantized.onnx",
  ]);
  [model, again.model].forEach((one) => one.dispose());
});

Deno.test("saveOnnx() that is refused writes nothing", async () => {
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 5 });
  await rejects(saveOnnx(model, TOY_TOKENIZER, `${folder}/none`), { name: "ConfigError" });
  ok(![...Deno.readDirSync(folder)].some(({ name }) => name === "none"));
  model.dispose();
});

Deno.test("saveOnnx() that fails midway leaves no folder that it has made, and no file", async () => {
  const model = new BertPretrainHead(CONFIG, { seed: 6 });
  const weight = model.weights.get("cls.predictions.transform.dense.weight")!;
  weight.assign(tf.fill(weight.shape, 7e4)); // too large for fp16, which is the second file
  await rejects(saveOnnx(model, TOY_TOKENIZER, `${folder}/no/where`), { name: "ConfigError" });
  await rejects(Deno.lstat(`${folder}/no`), { name: "NotFound" });
  const own = `${folder}/taken`;
  await Deno.mkdir(`${own}/config.json`, { recursive: true });
  const dtypes = ["fp32"] as const;
  await rejects(saveOnnx(model, TOY_TOKENIZER, own, { dtypes }), /config\.json: there is a folder/);
  deepStrictEqual([...Deno.readDirSync(own)].map(({ name }) => name), ["config.json"]);
  model.dispose();
});

const python = await findPython(
  ["onnxruntime", "onnx", "transformers", "torch"],
  "ONNX files in Python",
);

Deno.test("saveOnnx() refuses NaN, and what is too large for fp16, by the weight's name, and keeps the older files", async () => {
  const own = await Deno.makeTempDir();
  const model = new BertPretrainHead(CONFIG, { seed: 6 });
  await saveOnnx(model, TOY_TOKENIZER, own);
  const read = () => Deno.readFile(`${own}/onnx/model.onnx`);
  const before = await read();
  const weight = model.weights.get("cls.predictions.transform.dense.weight")!;
  const cases: [number, RegExp][] = [
    [NaN, /^Invalid weight cls\.predictions\.transform\.dense\.weight = NaN: it must be finite/],
    [
      7e4,
      /^Invalid dtypes = "fp16": it cannot hold 70000, which is in cls\.predictions\.transform\.dense/,
    ],
  ];
  for (const [value, message] of cases) {
    weight.assign(tf.fill(weight.shape, value));
    await rejects(saveOnnx(model, TOY_TOKENIZER, own), { name: "ConfigError", message });
    deepStrictEqual(await read(), before);
  }
  await saveOnnx(model, TOY_TOKENIZER, own, { dtypes: ["fp32", "q8"] });
  model.dispose();
  await Deno.remove(own, { recursive: true });
});

Deno.test({
  name: "onnx.checker accepts every file, and onnxruntime gives the outputs of transformers' BERT",
  ignore: !python,
  fn: async () => {
    const heads = new BertPretrainHead(CONFIG, { seed: 6 });
    await saveModel(`${folder}/heads`, heads, TOY_TOKENIZER);
    await saveOnnx(heads, TOY_TOKENIZER, `${folder}/heads`);
    const script = new URL("../fixtures/check_onnx.py", import.meta.url).pathname;
    const found = await runPython(python!, [script], { folder: `${folder}/heads`, texts: TEXTS });
    const { checked, differences } = found as {
      checked: string[];
      differences: Record<string, number>;
    };
    deepStrictEqual(checked, ["model.onnx", "model_fp16.onnx", "model_quantized.onnx"]);
    deepStrictEqual(Object.keys(differences), ["logits", "seq_relationship_logits"]);
    for (const [name, value] of Object.entries(differences)) ok(value < 1e-5, `${name}: ${value}`);
    heads.dispose();
  },
});
