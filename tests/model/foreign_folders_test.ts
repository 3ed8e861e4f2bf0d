/** Folders that hold no model in a format that is read here, and weights that cannot be used. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const MODEL = toyModel(0, 7);

/** Runs a test in the folder of a saved model. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await saveModel(`${root}/model`, MODEL, TOY_TOKENIZER);
    await test(`${root}/model`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const OTHERS: Readonly<Record<string, RegExp>> = {
  "bert_model.ckpt.index": /only bert_model\.ckpt\.index, a checkpoint of google-research\/bert/,
  "flax_model.msgpack": /only flax_model\.msgpack, weights of Flax, .*from_flax=True/,
  "tf_model.h5": /only tf_model\.h5, weights of TensorFlow, .*save_pretrained/,
  "pytorch_model.bin": /only pytorch_model\.bin, weights of PyTorch, .*load it in Python/,
  "pytorch_model-00001-of-00002.bin": /only pytorch_model-00001-of-00002\.bin, weights of PyTorch/,
  "model.onnx": /only model\.onnx, a model in ONNX, .*take the folder that it was made from/,
  "adapter_model.safetensors": /an adapter of PEFT, .*merge_and_unload\(\)/,
  "weights.pth": /weights\.pth, weights that were pickled/,
  "model.gguf": /a model of llama\.cpp/,
};

Deno.test("weights of another program are named, with the way to convert them", () =>
  inFolder(async (folder) => {
    await Deno.remove(`${folder}/model.safetensors`);
    for (const [name, message] of Object.entries(OTHERS)) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
      await rejects(loadModel(folder), { name: "FormatError", message });
      await Deno.remove(`${folder}/${name}`);
    }
    await rejects(loadModel(folder), /model\.safetensors: there is no such file/);
  }));

Deno.test("weights in other formats are ignored if there are weights that can be read", () =>
  inFolder(async (folder) => {
    for (const name of Object.keys(OTHERS)) await Deno.writeTextFile(`${folder}/${name}`, "");
    const { model, notes } = await loadModel(folder);
    deepStrictEqual(notes, []);
    model.dispose();
    await Deno.remove(`${folder}/vocab.txt`);
    await Deno.remove(`${folder}/tokenizer.json`);
    await rejects(loadModel(folder), /vocab\.txt: there is neither this file nor tokenizer\.json/);
  }));

Deno.test("a name of the hub, a file, a run and the hub's cache are recognised", () =>
  inFolder(async (folder) => {
    const says = async (path: string, message: RegExp) => {
      await rejects(loadModel(path), { name: "FormatError", message });
      await rejects(BertModel.fromPretrained(path), { name: "FormatError", message });
      await rejects(BertTokenizer.fromPretrained(path), { name: "FormatError", message });
    };
    const hub =
      /there is no folder \/.*\/google-bert\/bert-base-uncased\. .*hf download google-bert\/b/;
    await says("google-bert/bert-base-uncased", hub);
    await says("bert-base-cased", /"hf download bert-base-cased --local-dir FOLDER"/);
    await says(`${folder}/none`, /there is no folder .*\/none: check the path/);
    await says(`${folder}/model.safetensors`, /expected a folder, found a file/);
    await Deno.mkdir(`${folder}/run/checkpoints`, { recursive: true });
    await Deno.writeTextFile(`${folder}/run/metrics.csv`, "");
    await says(`${folder}/run`, /the folder is that of a run: name a model in it, final or best/);
    await Deno.mkdir(`${folder}/cache/snapshots`, { recursive: true });
    await Deno.mkdir(`${folder}/cache/blobs`);
    await says(`${folder}/cache`, /Hugging Face cache: name a folder under snapshots\//);
    await Deno.mkdir(`${folder}/prepared`);
    for (const name of ["prepared.json", "train.bin"]) {
      await Deno.writeTextFile(`${folder}/prepared/${name}`, "");
    }
    await says(`${folder}/prepared`, /is that of a prepared corpus and holds no model: train one/);
    await Deno.mkdir(`${folder}/sentences/0_Transformer`, { recursive: true });
    await says(`${folder}/sentences`, /the model lies in 0_Transformer, .*: name that folder/);
  }));

Deno.test("a pointer of Git LFS is named in every file of a model", () =>
  inFolder(async (folder) => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17\n";
    const files = ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"];
    for (const file of [...files, "vocab.txt"]) {
      const before = await Deno.readFile(`${folder}/${file}`);
      await Deno.writeTextFile(`${folder}/${file}`, pointer);
      const message = new RegExp(`${file}: it is a pointer of Git LFS.*"git lfs pull"`);
      await rejects(loadModel(folder), { name: "FormatError", message });
      await Deno.writeFile(`${folder}/${file}`, before);
    }
  }));

type Tensors = Parameters<typeof writeSafetensors>[0];

/** Changes the stored tensors of a folder. */
async function edit(folder: string, change: (tensors: Tensors) => Tensors): Promise<void> {
  const path = `${folder}/model.safetensors`;
  const { tensors, metadata } = readSafetensors(await Deno.readFile(path));
  await Deno.writeFile(path, writeSafetensors(change(tensors), metadata));
}

function renamed(rename: (name: string) => string): (tensors: Tensors) => Tensors {
  return (tensors) => new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

Deno.test("a prefix that a wrapper put before the names of weights is removed, with a note", () =>
  inFolder(async (folder) => {
    for (
      const prefix of ["module.", "_orig_mod.", "model.", "_orig_mod.module.", "0.auto_model."]
    ) {
      await saveModel(folder, MODEL, TOY_TOKENIZER);
      await edit(folder, renamed((name) => prefix + name));
      const { model, notes } = await loadModel(folder);
      deepStrictEqual(snapshot(model), snapshot(MODEL));
      deepStrictEqual(notes, [
        `The names of the weights begin with "${prefix}", which is left out`,
      ]);
      model.dispose();
      // also if the names of the encoder do not begin with `bert.`
      await edit(folder, renamed((name) => name.replace(`${prefix}bert.`, prefix)));
      const again = await loadModel(folder);
      deepStrictEqual(snapshot(again.model), snapshot(MODEL));
      again.model.dispose();
    }
  }));

Deno.test("an error about missing weights shows the unknown names in the file", () =>
  inFolder(async (folder) => {
    await edit(folder, renamed((name) => `student.${name.replace("word_embeddings", "words")}`));
    for (const options of [{}, { seed: 1 }]) {
      const message =
        /expected a weight "bert\.embeddings\.word_embeddings\.weight", found none; it has /;
      await rejects(loadModel(folder, options), { name: "FormatError", message });
    }
    await saveModel(folder, MODEL, TOY_TOKENIZER);
    const twice = (tensors: Tensors) =>
      new Map(["a.", "b."].flatMap((prefix) => [...renamed((name) => prefix + name)(tensors)]));
    await edit(folder, twice);
    await rejects(loadModel(folder), /it has a\.bert\.embeddings.* and \d+ more/);
  }));

Deno.test("a weight that is NaN or infinite is refused by name, and nothing is left behind", () =>
  inFolder(async (folder) => {
    for (const [value, shown] of [[NaN, "NaN"], [-Infinity, "-Infinity"]] as const) {
      for (const name of ["bert.embeddings.word_embeddings.weight", "cls.predictions.bias"]) {
        await saveModel(folder, MODEL, TOY_TOKENIZER);
        await edit(folder, (tensors) => {
          (tensors.get(name)!.data as Float32Array)[3] = value;
          return tensors;
        });
        await rejects(loadModel(folder), (error: Error) => {
          strictEqual(error.name, "FormatError");
          match(error.message, new RegExp(`model\\.safetensors: expected numbers in "${name}"`));
          ok(error.message.includes("found NaN or infinity at 1 of"), error.message);
          ok(error.message.includes(`places, first ${shown}:`), error.message);
          return true;
        });
      }
    }
  }));

Deno.test("a warning names a field of config.json that looks misspelt", () =>
  inFolder(async (folder) => {
    const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    const { "layer_norm_eps": _, ...rest } = config;
    const edited = { ...rest, "layernorm_eps": 1e-7, "num_labels": 2, "_name_or_path": "x" };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(edited));
    const model = await BertPretrainHead.fromPretrained(folder);
    deepStrictEqual(model.notes, [
      'config.json has "layernorm_eps", which nothing reads: is it meant to be "layer_norm_eps"?',
    ]);
    model.dispose();
  }));
