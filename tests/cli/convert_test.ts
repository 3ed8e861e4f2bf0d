import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel } from "bert/model/folder.ts";
import { bertConfig } from "bert/config.ts";
import { convertFolder } from "bert/cli/convert.ts";
import { checkEmpty } from "bert/cli/out_folder.ts";
import { several } from "bert/format.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { saveClassifier } from "bert/use/classifier_folder.ts";
import { snapshot } from "../support/toy_model.ts";

const FIXTURES = new URL("../fixtures/pretrained", import.meta.url).pathname;
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

Deno.test("convertFolder() writes nothing if the folder cannot be read", async () => {
  const from = await copyOf("encoder");
  await rejects(convertFolder(from, `${from}/out`), {
    name: "FormatError",
    message: /no weights of the masked-.*: add --seed 1 to start them from random numbers/,
  });
  strictEqual([...Deno.readDirSync(from)].some(({ name }) => name === "out"), false);
  await Deno.remove(from, { recursive: true });
});

Deno.test("convertFolder() says that a classifier becomes ONNX only", async () => {
  const from = await Deno.makeTempDir();
  const config = bertConfig("smoke", { vocabSize: 6 });
  const model = new BertClassifier(config, { classes: 2, seed: 1 });
  const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call"]));
  await saveClassifier(from, model, tokenizer, { labels: ["a", "b"] });
  await rejects(convertFolder(from, `${from}/out`), {
    name: "FormatError",
    message: /it is a classifier, which becomes ONNX only: add --to onnx/,
  });
  model.dispose();
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
