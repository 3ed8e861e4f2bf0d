import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { decodeTensor, encodeValues } from "bert/files/safetensors.ts";
import { SafetensorsFile } from "bert/files/safetensors_file.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { onBrokenDisk } from "../support/broken_disk.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const CASED = new BertTokenizer(TOY_TOKENIZER.vocab, { lowercase: false });

/** A text that identifies what a folder holds: the tokenizer's options and some numbers of a weight. */
async function contents(folder: string): Promise<string> {
  const { model, tokenizer } = await loadModel(folder);
  const bias = snapshot(model)["cls.predictions.transform.dense.weight"];
  model.dispose();
  return JSON.stringify([tokenizer.options, model.config.hiddenDropoutProb, ...bias.slice(0, 3)]);
}

Deno.test("a kill or a failure at any moment of saveModel() leaves the old model or the new, never a mixture", async () => {
  const older = toyModel(0.1, 7);
  const newer = toyModel(0, 8);
  const root = await Deno.makeTempDir();
  await saveModel(`${root}/older`, older, TOY_TOKENIZER);
  await saveModel(`${root}/newer`, newer, CASED);
  const [old, fresh] = [await contents(`${root}/older`), await contents(`${root}/newer`)];
  notDeepStrictEqual(old, fresh);
  for (const how of ["once", "for good"] as const) {
    const ends = new Set<string>();
    for (let call = 1, reached = true; reached; call++) {
      const folder = `${root}/${how} ${call}`;
      await saveModel(folder, older, TOY_TOKENIZER);
      const result = await onBrokenDisk({ call, how }, () => saveModel(folder, newer, CASED));
      const end = await contents(folder);
      ok([old, fresh].includes(end), end);
      if (how === "once") deepStrictEqual(end, result.done ? fresh : old);
      ends.add(end);
      reached = result.calls >= call;
    }
    deepStrictEqual(ends, new Set([old, fresh]));
  }
  older.dispose();
  newer.dispose();
  await Deno.remove(root, { recursive: true });
});

Deno.test("saveModel() writes 16-bit floats, rounded to nearest, that load again", async () => {
  const model = toyModel(0, 7);
  const folder = await Deno.makeTempDir();
  const values = snapshot(model)["cls.predictions.transform.dense.weight"];
  for (const [dtype, type] of [["float16", "F16"], ["bfloat16", "BF16"]] as const) {
    await saveModel(folder, model, TOY_TOKENIZER, { dtype });
    using file = await SafetensorsFile.open(`${folder}/model.safetensors`);
    const types = new Set([...file.header.tensors.values()].map((place) => place.dtype));
    deepStrictEqual(types, new Set([type]));
    strictEqual(JSON.parse(await Deno.readTextFile(`${folder}/config.json`)).dtype, dtype);
    const loaded = await loadModel(folder);
    deepStrictEqual(loaded.notes, []);
    const found = snapshot(loaded.model)["cls.predictions.transform.dense.weight"];
    const bound = dtype === "float16" ? 2 ** -11 : 2 ** -8;
    found.forEach((value, i) => {
      const off = Math.abs(value - values[i]);
      ok(off <= bound * Math.abs(values[i]) + 2 ** -25, `${value} for ${values[i]}`);
    });
    if (dtype === "float16") deepStrictEqual(found, new Float32Array(new Float16Array(values)));
    loaded.model.dispose();
  }
  await rejects(saveModel(folder, model, TOY_TOKENIZER, { dtype: "int8" as "float16" }), {
    name: "ConfigError",
    field: "dtype",
  });
  model.weights.get("cls.predictions.bias")!.assign(tf.fill([TOY_TOKENIZER.vocab.size], 7e4));
  const message = /dtype = "float16": it cannot hold 70000, which is in cls\.predictions\.bias/;
  await rejects(saveModel(folder, model, TOY_TOKENIZER, { dtype: "float16" }), { message });
  model.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a weight that is NaN, infinite or too large is not saved, by its name, and the older model stays", async () => {
  const folder = await Deno.makeTempDir();
  const older = toyModel(0, 7);
  const spoilt = toyModel(0, 8);
  await saveModel(folder, older, TOY_TOKENIZER);
  const before = await contents(folder);
  const bias = spoilt.weights.get("cls.predictions.bias")!;
  const { size } = TOY_TOKENIZER.vocab;
  const onlyOne = (value: number) =>
    Float32Array.from({ length: size }, (_, i) => i === 2 ? value : 0);
  const cases: [number, "float32" | "bfloat16", RegExp][] = [
    [
      NaN,
      "float32",
      new RegExp(`^Invalid weight cls\\.predictions\\.bias = NaN: .* 1 of ${size} values`),
    ],
    [-Infinity, "float32", /^Invalid weight cls\.predictions\.bias = -Infinity: .*diverged/],
    [
      3.4e38,
      "bfloat16",
      /^Invalid dtype = "bfloat16": .*, which is in cls\.predictions\.bias: take float32/,
    ],
  ];
  for (const [value, dtype, message] of cases) {
    bias.assign(tf.tensor1d(onlyOne(value)));
    const saving = saveModel(folder, spoilt, TOY_TOKENIZER, { dtype });
    await rejects(saving, { name: "ConfigError", message });
    strictEqual(await contents(folder), before);
  }
  for (const model of [older, spoilt]) model.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("bfloat16 is rounded to nearest, halves to even, and NaN stays NaN", () => {
  const values = Float32Array.of(
    1,
    1 + 2 ** -8,
    1 + 3 * 2 ** -8,
    -1 - 2 ** -9,
    NaN,
    -Infinity,
    3.4e38,
    0,
  );
  const bytes = encodeValues(values, "BF16");
  const place = { dtype: "BF16", shape: [8], begin: 0, end: 16 };
  const { data } = decodeTensor(place, Uint8Array.from(bytes).buffer);
  const expected = [1, 1, 1 + 2 ** -6, -1, NaN, -Infinity, Infinity, 0];
  deepStrictEqual(Array.from(data), expected); // PyTorch's .bfloat16() gives the same
});
