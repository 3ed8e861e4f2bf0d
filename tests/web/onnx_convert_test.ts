import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { saveClassifier } from "bert/use/classifier_folder.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
import { convertToOnnx } from "bert/web/onnx_convert.ts";
import { assertClose } from "../support/assert_close.ts";
import { asInputs, atTokens, idBatch, runOnnx } from "../support/onnx.ts";

await useBackend();
const FIXTURES = new URL("../fixtures/pretrained", import.meta.url).pathname;
const TOKENIZER = new BertTokenizer(
  new Vocab([...SPECIAL_TOKENS, ...Array.from({ length: 35 }, (_, i) => `w${i}`)]),
);
const ROOT = await Deno.makeTempDir({ prefix: "convert-" });
const OUT = `${ROOT}/out`;
globalThis.addEventListener("unload", () => Deno.removeSync(ROOT, { recursive: true }));

/** Copies a fixture into a folder and saves a tokenizer beside it. */
async function copyOf(name: string): Promise<string> {
  const folder = `${OUT}-${name}`;
  await TOKENIZER.save(folder);
  for (const file of Deno.readDirSync(`${FIXTURES}/${name}`)) {
    await Deno.copyFile(`${FIXTURES}/${name}/${file.name}`, `${folder}/${file.name}`);
  }
  return folder;
}

async function configOf(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
}

Deno.test("convertToOnnx() gives a bare encoder a vector for each text, and no heads", async () => {
  const from = await copyOf("encoder");
  await Deno.writeTextFile(
    `${from}/modules.json`,
    JSON.stringify([
      { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
      { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
      { idx: 2, name: "2", path: "2_Normalize", type: "sentence_transformers.models.Normalize" },
    ]),
  );
  await Deno.mkdir(`${from}/1_Pooling`);
  await Deno.writeTextFile(`${from}/1_Pooling/config.json`, '{"pooling_mode_cls_token": true}');
  const report = await convertToOnnx(from, OUT, ["fp32"]);
  ok(report[0].endsWith("gives vectors: of tokens, and of texts (cls, length 1)"), report[0]);
  deepStrictEqual((await configOf(OUT)).architectures, ["BertModel"]);
  const { model } = await loadModel(from, { seed: 1 });
  const batch = idBatch(model.config, 2, 9);
  const found = await runOnnx(`${OUT}/onnx/model.onnx`, batch);
  deepStrictEqual(Object.keys(found), ["last_hidden_state", "sentence_embedding"]);
  const { hidden } = model.bert.forward(asInputs(batch));
  const wanted = atTokens(await hidden.data(), batch);
  assertClose(atTokens(found.last_hidden_state.data, batch), wanted, { atol: 1e-5 });
  const { data } = found.sentence_embedding;
  ok(Math.abs(Math.hypot(...data.subarray(0, data.length / 2)) - 1) < 1e-5);
  hidden.dispose();
  model.dispose();
});

Deno.test("convertToOnnx() names the weights of a head that it does not know", async () => {
  const from = `${OUT}-question`;
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 40 }), { seed: 1 });
  await saveModel(from, model, TOKENIZER);
  model.dispose();
  const path = `${from}/model.safetensors`;
  const { tensors } = readSafetensors(await Deno.readFile(path));
  const own = { shape: [2], data: Float32Array.of(1, 2) };
  const answers = new Map([...tensors, ["qa_outputs.bias", own] as const]);
  await Deno.writeFile(path, writeSafetensors(answers));
  const report = await convertToOnnx(from, `${OUT}-answers`, ["fp32"]);
  deepStrictEqual(report.filter((line) => line.startsWith("Not written")), [
    "Not written: qa_outputs.bias",
  ]);
});

Deno.test("convertToOnnx() reports the steps of a sentence model that ONNX cannot represent, and keeps its length", async () => {
  const from = await copyOf("encoder");
  const cased = new BertTokenizer(TOKENIZER.vocab, { lowercase: false });
  await cased.save(from);
  await Deno.writeTextFile(
    `${from}/modules.json`,
    JSON.stringify([
      { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
      { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
    ]),
  );
  await Deno.mkdir(`${from}/1_Pooling`, { recursive: true });
  const pooling = { "pooling_mode_mean_tokens": true, "include_prompt": false };
  await Deno.writeTextFile(`${from}/1_Pooling/config.json`, JSON.stringify(pooling));
  const prompts = { "prompts": { query: "w1: " }, "default_prompt_name": "query" };
  await Deno.writeTextFile(
    `${from}/config_sentence_transformers.json`,
    JSON.stringify(prompts),
  );
  const transformer = { "max_seq_length": 9, "do_lower_case": true };
  await Deno.writeTextFile(`${from}/sentence_bert_config.json`, JSON.stringify(transformer));
  const report = await convertToOnnx(from, OUT, ["fp32"]);
  const lacks = report.filter((line) => line.startsWith("Not in these files"));
  strictEqual(lacks.length, 3);
  for (const words of ["Lower-case each text", '"w1: " before each text', "include_prompt"]) {
    ok(lacks.some((line) => line.includes(words)), words);
  }
  const settings = JSON.parse(await Deno.readTextFile(`${OUT}/tokenizer_config.json`));
  strictEqual(settings["model_max_length"], 9);
});

Deno.test("convertToOnnx() keeps a classifier's head and the names of its classes", async () => {
  const from = await copyOf("classifier");
  const config = { ...await configOf(from), "id2label": { "0": "ham", "1": "spam" } };
  await Deno.writeTextFile(`${from}/config.json`, JSON.stringify(config));
  const report = await convertToOnnx(from, OUT, ["fp32"]);
  ok(report[0].endsWith("classifies texts: 2 classes"), report[0]);
  const json = await configOf(OUT);
  deepStrictEqual(json.architectures, ["BertForSequenceClassification"]);
  deepStrictEqual(json["id2label"], { "0": "ham", "1": "spam" });
  const { model } = await loadModel(from, { seed: 1 });
  const batch = idBatch(model.config, 3, 8);
  const { logits } = await runOnnx(`${OUT}/onnx/model.onnx`, batch);
  const { hidden } = model.bert.forward(asInputs(batch));
  const stored = readSafetensors(await Deno.readFile(`${from}/model.safetensors`)).tensors;
  const weight = (name: string) => stored.get(name)!.data;
  const dense = (x: number[], name: string) =>
    Array.from(
      weight(`${name}.bias`),
      (bias, row) =>
        x.reduce(
          (sum, value, i) => sum + value * weight(`${name}.weight`)[row * x.length + i],
          bias,
        ),
    );
  const wanted = (await hidden.array()).map(([first]) =>
    dense(dense(first, "bert.pooler.dense").map(Math.tanh), "classifier")
  );
  assertClose(logits.data, wanted.flat(), { atol: 1e-5 });
  hidden.dispose();
  model.dispose();
});

Deno.test("convertToOnnx() keeps a classifier of words, with the names of its classes", async () => {
  const from = `${OUT}-words`;
  const config = bertConfig("smoke", { vocabSize: 40, initializerRange: 0.3 });
  const model = new BertTokenClassifier(config, { classes: 3, seed: 1 });
  await saveTokenClassifier(from, model, TOKENIZER, { labels: ["O", "B", "I"] });
  const report = await convertToOnnx(from, OUT, ["fp32"]);
  ok(report[0].endsWith("classifies words: 3 classes"), report[0]);
  deepStrictEqual(report.filter((line) => line.startsWith("Not written")), []);
  const json = await configOf(OUT);
  deepStrictEqual(json.architectures, ["BertForTokenClassification"]);
  deepStrictEqual(json["id2label"], { "0": "O", "1": "B", "2": "I" });
  const batch = idBatch(config, 3, 8);
  const { logits } = await runOnnx(`${OUT}/onnx/model.onnx`, batch);
  const wanted = model.forward(asInputs(batch));
  assertClose(atTokens(logits.data, batch), atTokens(await wanted.data(), batch), { atol: 1e-5 });
  wanted.dispose();
  model.dispose();
});

Deno.test("convertToOnnx() keeps the pooling and the problem type of a classifier", async () => {
  const from = `${OUT}-mean`;
  const config = bertConfig("smoke", { vocabSize: 40, initializerRange: 0.3 });
  const model = new BertClassifier(config, { classes: 3, seed: 1, pooling: "mean" });
  await saveClassifier(from, model, TOKENIZER, { labels: ["a", "b", "c"] });
  const json = { ...await configOf(from), "problem_type": "multi_label_classification" };
  await Deno.writeTextFile(`${from}/config.json`, JSON.stringify(json));
  await convertToOnnx(from, OUT, ["fp32"]);
  strictEqual((await configOf(OUT))["problem_type"], "multi_label_classification");
  const batch = idBatch(config, 3, 8);
  const { logits } = await runOnnx(`${OUT}/onnx/model.onnx`, batch);
  const wanted = model.forward(asInputs(batch));
  assertClose(logits.data, wanted, { atol: 1e-5 });
  wanted.dispose();
  model.dispose();
});

Deno.test("convertToOnnx() names the class of a model with the next-sentence head alone", async () => {
  const from = `${OUT}-pairs`;
  using model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 40 }), { seed: 1 });
  const { config, weights } = model;
  const kept = [...weights].filter(([name]) => !name.startsWith("cls.predictions."));
  await saveModel(from, { config, weights: new Map(kept) }, TOKENIZER);
  await convertToOnnx(from, OUT, ["fp32"]);
  const found = await runOnnx(`${OUT}/onnx/model.onnx`, idBatch(config, 1, 5));
  deepStrictEqual(Object.keys(found), ["seq_relationship_logits"]);
  deepStrictEqual((await configOf(OUT)).architectures, ["BertForNextSentencePrediction"]);
});

Deno.test("convertToOnnx() leaves out the one head that a folder does not have", async () => {
  const from = `${OUT}-words`;
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 40 }), { seed: 1 });
  const { config, weights } = model;
  const kept = [...weights].filter(([name]) => !/pooler|seq_relationship/.test(name));
  await saveModel(from, { config, weights: new Map(kept) }, TOKENIZER);
  await Deno.writeTextFile(`${from}/modules.json`, "[]");
  const report = await convertToOnnx(from, OUT, ["fp32"]);
  ok(report.some((line) => /^Not in these files: .* that modules\.json asks for/.test(line)));
  const found = await runOnnx(`${OUT}/onnx/model.onnx`, idBatch(config, 1, 5));
  deepStrictEqual(Object.keys(found), ["logits"]);
  deepStrictEqual((await configOf(OUT)).architectures, ["BertForMaskedLM"]);
  model.dispose();
});

Deno.test("convertToOnnx() takes the best model of a run, and refuses a run without a model", async () => {
  const run = `${OUT}-run`;
  await Deno.mkdir(run);
  await Deno.writeTextFile(`${run}/metrics.csv`, "");
  await rejects(convertToOnnx(run, OUT), {
    name: "FormatError",
    message: `Cannot read ${run}: the run has no model yet, neither best nor final: wait for its ` +
      "first evaluation, or go on with it by --resume",
  });
  const models = [1, 2].map((seed) =>
    new BertPretrainHead(bertConfig("smoke", { vocabSize: 40 }), { seed })
  );
  await saveModel(`${run}/final`, models[0], TOKENIZER);
  await saveModel(`${run}/best`, models[1], TOKENIZER);
  await convertToOnnx(run, OUT, ["fp32"]);
  const batch = idBatch(models[1].config, 1, 5);
  const { logits } = await runOnnx(`${OUT}/onnx/model.onnx`, batch);
  const wanted = models[1].forward(asInputs(batch)).mlmLogits;
  assertClose(logits.data, wanted.flatten(), { atol: 1e-5 });
  models.forEach((model) => model.dispose());
});
