import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { readSafetensors } from "bert/files/safetensors.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { convertFolder } from "bert/cli/convert.ts";
import { checkEmpty } from "bert/cli/out_folder.ts";
import { several } from "bert/format.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { loadClassifier, saveClassifier } from "bert/use/classifier_folder.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { loadTokenClassifier, saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
import { snapshot } from "../support/toy_model.ts";

const FIXTURES = new URL("../fixtures/pretrained", import.meta.url).pathname;
const SIX_PIECES = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call"]));
await useBackend();

/** Copies a fixture into a folder and saves a tokenizer beside it. */
async function copyOf(name: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const file of Deno.readDirSync(`${FIXTURES}/${name}`)) {
    await Deno.copyFile(`${FIXTURES}/${name}/${file.name}`, `${folder}/${file.name}`);
  }
  const words = Array.from({ length: 35 }, (_, i) => `w${i}`);
  await new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...words])).save(folder);
  return folder;
}

Deno.test("convertFolder() writes every kind of folder as one with the same weights", async () => {
  for (const name of ["sharded", "four_segments", "half", "encoder"]) {
    const from = await copyOf(name);
    const report = await convertFolder(from, `${from}/out`, { seed: 4 });
    const original = await BertPretrainHead.fromPretrained(from, { seed: 4 });
    const { model, notes } = await loadModel(`${from}/out`);
    deepStrictEqual(snapshot(model), snapshot(original));
    deepStrictEqual(notes, []);
    deepStrictEqual(report.slice(1, -1), original.notes); // the parts that were replaced are named
    ok(
      report[0].startsWith(`${several(model.config.numHiddenLayers, "layer")}, 8 wide`),
      report[0],
    );
    [model, original].forEach((one) => one.dispose());
    await Deno.remove(from, { recursive: true });
  }
});

/** The architecture and the names of the weights in a folder. */
async function inside(folder: string): Promise<{ architectures: unknown; names: string[] }> {
  const { architectures } = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  const { tensors } = readSafetensors(await Deno.readFile(`${folder}/model.safetensors`));
  return { architectures, names: [...tensors.keys()] };
}

Deno.test("convertFolder() without a seed writes an encoder as an encoder, in any type", async () => {
  const from = await copyOf("encoder");
  const report = await convertFolder(from, `${from}/out`, { dtype: "bfloat16" });
  const { architectures, names } = await inside(`${from}/out`);
  deepStrictEqual(architectures, ["BertModel"]);
  deepStrictEqual(names.filter((name) => name.startsWith("cls.")), []);
  ok(report.at(-1)!.includes("In Python: BertModel.from_pretrained("), report.join("\n"));
  await convertFolder(from, `${from}/out`, { replace: true });
  using original = await BertModel.fromPretrained(from);
  using written = await BertModel.fromPretrained(`${from}/out`);
  deepStrictEqual(snapshot(written), snapshot(original));
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() says how an encoder without a pooler is opened, and what of a sentence model is left out", async () => {
  const from = await Deno.makeTempDir();
  using model = new BertModel(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });
  const { config } = model;
  const weights = new Map([...model.weights].filter(([name]) => !name.includes("pooler")));
  await saveModel(from, { config, weights }, SIX_PIECES);
  const plain = await convertFolder(from, `${from}/plain`);
  strictEqual(plain.length, 2);
  ok(plain[1].endsWith('/plain", add_pooling_layer=False)'), plain[1]);
  await Deno.writeTextFile(`${from}/modules.json`, "[]");
  const report = await convertFolder(from, `${from}/sentences`);
  ok(report[1].startsWith("Not written: modules.json, which says how texts become"), report[1]);
  strictEqual((await convertFolder(from, from, { replace: true })).length, 2); // the file is there
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() without a seed keeps the one head that a model has, and its pooler", async () => {
  const from = await Deno.makeTempDir();
  using model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });
  const parts = [
    ["BertForMaskedLM", /pooler|seq_relationship/],
    ["BertForMaskedLM", /seq_relationship/],
    ["BertForNextSentencePrediction", /predictions/],
    ["BertForPreTraining", /^$/],
    ["BertModel", /^cls/],
  ] as const;
  for (const [architecture, left] of parts) {
    const weights = new Map([...model.weights].filter(([name]) => !left.test(name)));
    await saveModel(from, { config: model.config, weights }, SIX_PIECES);
    const report = await convertFolder(from, `${from}/out`, { replace: true });
    const { architectures, names } = await inside(`${from}/out`);
    deepStrictEqual(architectures, [architecture]);
    deepStrictEqual(names, (await inside(from)).names);
    strictEqual(report.length, 2); // nothing was missing
  }
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() writes classifiers of texts and of words as what they are, and takes no seed for them", async () => {
  const from = await Deno.makeTempDir();
  const to = `${from}/out`;
  const config = bertConfig("smoke", { vocabSize: 6 });
  const labels = ["a", "b"];
  for (const pooling of ["cls", "mean"] as const) {
    using texts = new BertClassifier(config, { classes: 2, seed: 1, pooling });
    await saveClassifier(from, texts, SIX_PIECES, { labels });
    const report = await convertFolder(from, to, { replace: true });
    const name = pooling === "cls" ? "BertForSequenceClassification.from" : "loadClassifier()";
    ok(report.at(-1)!.includes(name), report.join("\n"));
    const loaded = await loadClassifier(to);
    deepStrictEqual([loaded.labels, loaded.model.pooling], [labels, pooling]);
    deepStrictEqual(snapshot(loaded.model), snapshot(texts));
    loaded.model.dispose();
  }
  await rejects(convertFolder(from, to, { replace: true, seed: 1 }), {
    name: "ConfigError",
    field: "--seed",
    message: /it must be left out: IN is a classifier, and is written as one/,
  });
  using words = new BertTokenClassifier(config, { classes: 2, seed: 1 });
  await saveTokenClassifier(from, words, SIX_PIECES, { labels });
  await convertFolder(from, to, { replace: true });
  deepStrictEqual((await inside(to)).architectures, ["BertForTokenClassification"]);
  const loaded = await loadTokenClassifier(to);
  deepStrictEqual(loaded.labels, labels);
  deepStrictEqual(snapshot(loaded.model), snapshot(words));
  loaded.model.dispose();
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() writes nothing if the folder cannot be read", async () => {
  const from = await copyOf("encoder");
  await Deno.truncate(`${from}/model.safetensors`, 3000);
  await rejects(convertFolder(from, `${from}/out`), { name: "FormatError" });
  strictEqual([...Deno.readDirSync(from)].some(({ name }) => name === "out"), false);
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() replaces a model in the other folder only with `replace`", async () => {
  const from = await copyOf("sharded");
  const to = `${from}/out`;
  await convertFolder(from, to);
  const before = await Deno.readTextFile(`${to}/vocab.txt`);
  for (const folder of [to, from]) {
    await rejects(convertFolder(from, folder), {
      name: "ConfigError",
      field: "OUT",
      message: /holds config\.json: choose a new folder, or add --replace/,
    });
  }
  await Deno.writeTextFile(`${to}/vocab.txt`, "spoilt");
  await convertFolder(from, to, { replace: true });
  strictEqual(await Deno.readTextFile(`${to}/vocab.txt`), before);
  await Deno.remove(from, { recursive: true });
});

Deno.test("the task convert names what it leaves in the folder that may be of another model", async () => {
  const from = await copyOf("encoder");
  const to = `${from}/out`;
  const convert = async (...args: string[]) => {
    const cli = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;
    const options = { args: ["run", "-A", cli, "convert", ...args] };
    const { stdout } = await new Deno.Command(Deno.execPath(), options).output();
    return new TextDecoder().decode(stdout).match(/Left as it was: .*/)?.[0];
  };
  const onnx = ["--to", "onnx", "--dtype", "fp32", "--replace"];
  strictEqual(await convert(from, to), undefined);
  strictEqual(
    await convert(from, to, ...onnx),
    `Left as it was: ${to}/model.safetensors. If it is not of the same model, delete it, or convert ` +
      "without --to onnx as well",
  );
  strictEqual(
    await convert(from, to, "--replace"),
    `Left as it was: ${to}/onnx. If it is not of the same model, delete it, or convert with --to onnx ` +
      "as well",
  );
  strictEqual(await convert(to, to, ...onnx), undefined, "one model, in its own folder");
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() names the file that did not fit on a full disk, and leaves no folder", async () => {
  const from = await copyOf("sharded");
  const { open } = Deno;
  Deno.open = (path, options) => {
    if (!`${path}`.endsWith("new/model.safetensors")) return open(path, options);
    return Promise.reject(Object.assign(new Error("No space left on device"), { code: "ENOSPC" }));
  };
  try {
    const message = `Cannot write ${from}/out/model.safetensors: the disk is full. ` +
      "Free some room there";
    await rejects(convertFolder(from, `${from}/out`), { message });
  } finally {
    Deno.open = open;
  }
  await rejects(Deno.lstat(`${from}/out`), { name: "NotFound" });
  await Deno.remove(from, { recursive: true });
});

Deno.test("what a killed save has left does not make a folder count as filled, unless it was complete", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/.saving/new`, { recursive: true });
  await Deno.writeTextFile(`${folder}/.saving/new/config.json`, "{");
  await checkEmpty("OUT", folder);
  await Deno.writeTextFile(`${folder}/.saving/plan.json`, "{}");
  await rejects(checkEmpty("OUT", folder), /it holds \.saving: choose a new folder/);
  await Deno.remove(folder, { recursive: true });
});
