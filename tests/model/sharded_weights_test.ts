import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { type HostTensor, readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { StoredWeights } from "bert/model/sharded_weights.ts";

const SHARDED = new URL("../fixtures/pretrained/sharded", import.meta.url).pathname;
const INDEX = "model.safetensors.index.json";

/** Runs a test in a copy of the fixture that is stored in three files. */
async function inFolder(test: (folder: string, index: Json) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { name } of Deno.readDirSync(SHARDED)) {
      await Deno.copyFile(`${SHARDED}/${name}`, `${folder}/${name}`);
    }
    await test(folder, JSON.parse(await Deno.readTextFile(`${folder}/${INDEX}`))["weight_map"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Json = Record<string, unknown>;

const writeIndex = (folder: string, map: unknown) =>
  Deno.writeTextFile(`${folder}/${INDEX}`, JSON.stringify({ "weight_map": map }));

const fails = (folder: string, message: RegExp) =>
  rejects(StoredWeights.open(folder), { name: "FormatError", message });

Deno.test("StoredWeights finds each tensor of an index in its file", () =>
  inFolder(async (folder, index) => {
    using stored = await StoredWeights.open(folder);
    deepStrictEqual([...stored.names].sort(), Object.keys(index).sort());
    for (const name of stored.names) {
      ok(stored.fileOf(name).endsWith(`/${index[name]}`));
      const { tensors } = readSafetensors(await Deno.readFile(stored.fileOf(name)));
      deepStrictEqual(stored.read(name), tensors.get(name)!.data);
      deepStrictEqual(stored.shapeOf(name), tensors.get(name)!.shape);
    }
  }));

Deno.test("a single file is preferred to an index, as in transformers", () =>
  inFolder(async (folder) => {
    const only = { shape: [1], data: Float32Array.of(4) };
    const bytes = writeSafetensors(new Map([["embeddings.x", only], ["other", only]]));
    await Deno.writeFile(`${folder}/model.safetensors`, bytes);
    using stored = await StoredWeights.open(folder);
    deepStrictEqual([...stored.names].sort(), ["bert.embeddings.x", "other"]);
  }));

Deno.test("an index with wrong names, or with paths out of the folder, is refused", () =>
  inFolder(async (folder, index) => {
    const [name, file] = Object.entries(index)[0];
    await writeIndex(folder, { ...index, [name]: "../elsewhere.safetensors" });
    await fails(folder, /expected the file of ".*" beside this one, found "\.\.\/elsewhere/);
    await writeIndex(folder, { ...index, [name]: `/${file}` });
    await fails(folder, /beside this one/);
    await writeIndex(folder, { ...index, [name]: 7 });
    await fails(folder, /beside this one, found 7/);
    await writeIndex(folder, { ...index, "bert.more": file });
    await fails(
      folder,
      /expected "bert\.more" as model\.safetensors\.index\.json says, found none/,
    );
    await writeIndex(folder, { ...index, [name]: "gone.safetensors" });
    await fails(folder, /gone\.safetensors: expected a safetensors file, found nothing/);
    await writeIndex(folder, {});
    await fails(folder, /expected weights in weight_map, found none/);
    await writeIndex(folder, ["x"]);
    await fails(folder, /expected an object weight_map/);
  }));

Deno.test("buffers are ignored, and a bias is found that is only stored under the decoder's name", async () => {
  const folder = await Deno.makeTempDir();
  const tensor = (...values: number[]): HostTensor => ({
    shape: [values.length],
    data: Float32Array.from(values),
  });
  const tensors = new Map([
    ["bert.embeddings.position_ids", { shape: [2], data: Int32Array.of(0, 1) }],
    ["cls.predictions.decoder.bias", tensor(1, 2)],
    ["pooler.dense.bias", tensor(3)],
  ]);
  await Deno.writeFile(`${folder}/model.safetensors`, writeSafetensors(tensors));
  using stored = await StoredWeights.open(folder);
  deepStrictEqual(stored.read("cls.predictions.bias"), Float32Array.of(1, 2));
  deepStrictEqual(stored.read("bert.pooler.dense.bias"), Float32Array.of(3));
  strictEqual(stored.has("bert.embeddings.position_ids"), false);
  await Deno.remove(folder, { recursive: true });
});
