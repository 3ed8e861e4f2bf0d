import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { configFromJson, configToJson, loadModel, saveModel } from "bert/checkpoint.ts";
import { bertConfig } from "bert/config.ts";
import { readSafetensors, writeSafetensors } from "bert/safetensors.ts";
import { BertTokenizer } from "bert/wordpiece.ts";
import { TOY_TOKENIZER } from "./support/toy.ts";
import { snapshot, toyModel } from "./support/toy_model.ts";

await useBackend();

/** Runs a test in a folder of its own that holds a saved model. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const model = toyModel(0.1, 7);
  try {
    await saveModel(`${folder}/model`, model, TOY_TOKENIZER);
    await test(`${folder}/model`);
  } finally {
    model.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

async function editJson(path: string, changes: Record<string, unknown>): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...json, ...changes }));
}

const FILES = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"];

Deno.test("saveModel() and loadModel() are inverse, bit for bit", async () => {
  await inFolder(async (folder) => {
    deepStrictEqual(names(folder), FILES);
    const [saved, { model, tokenizer }] = [toyModel(0.1, 7), await loadModel(folder)];
    deepStrictEqual(snapshot(model), snapshot(saved));
    deepStrictEqual(model.config, saved.config);
    deepStrictEqual(tokenizer.vocab.tokens, TOY_TOKENIZER.vocab.tokens);
    deepStrictEqual(tokenizer.options, TOY_TOKENIZER.options);
    const logits = (m: typeof model) =>
      tf.tidy(() =>
        m.forward({ tokenIds: tf.tensor2d([[2, 9, 3]], [1, 3], "int32") }).mlmLogits.dataSync()
      );
    deepStrictEqual(logits(model), logits(saved));
    model.dispose();
    saved.dispose();
  });
});

Deno.test("saveModel() keeps the tokenizer's options", async () => {
  await inFolder(async (folder) => {
    const model = toyModel();
    const cased = new BertTokenizer(TOY_TOKENIZER.vocab, { lowercase: false, stripAccents: true });
    await saveModel(folder, model, cased);
    deepStrictEqual((await loadModel(folder)).tokenizer.options, cased.options);
    model.dispose();
  });
});

Deno.test("saveModel() into a folder replaces the model and leaves other files alone", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/metrics.csv`, "mine");
    const [before, model] = [await Deno.readFile(`${folder}/model.safetensors`), toyModel(0, 8)];
    await saveModel(folder, model, TOY_TOKENIZER);
    deepStrictEqual(names(folder), [...FILES, "metrics.csv"].sort());
    notDeepStrictEqual(await Deno.readFile(`${folder}/model.safetensors`), before);
    deepStrictEqual(snapshot((await loadModel(folder)).model), snapshot(model));
    model.dispose();
  });
});

Deno.test("saveModel() that fails leaves the older model whole, and nothing beside it", async () => {
  await inFolder(async (folder) => {
    const before = await Deno.readFile(`${folder}/model.safetensors`);
    const model = toyModel(0, 8);
    const broken = { ...TOY_TOKENIZER, vocab: undefined } as unknown as BertTokenizer;
    await rejects(saveModel(folder, model, broken));
    deepStrictEqual(names(folder), FILES);
    deepStrictEqual(await Deno.readFile(`${folder}/model.safetensors`), before);
    model.dispose();
  });
});

Deno.test("loadModel() and saveModel() leave no tensor behind but the model's", async () => {
  await inFolder(async (folder) => {
    const before = tf.memory().numTensors;
    const { model, tokenizer } = await loadModel(folder);
    strictEqual(tf.memory().numTensors, before + model.weights.size);
    await saveModel(folder, model, tokenizer);
    model.dispose();
    strictEqual(tf.memory().numTensors, before);
  });
});

Deno.test("saveModel() marks the file so that loaders of another layout refuse it", async () => {
  await inFolder(async (folder) => {
    const { metadata } = readSafetensors(await Deno.readFile(`${folder}/model.safetensors`));
    ok(!["pt", "tf", "flax", "mlx"].includes(metadata.format), metadata.format);
  });
});

Deno.test("configToJson() uses Hugging Face's names, and configFromJson() reads them", () => {
  const config = bertConfig("tiny", { vocabSize: 99 });
  const json = configToJson(config);
  strictEqual(json["num_hidden_layers"], 2);
  strictEqual(json["hidden_act"], "gelu");
  strictEqual(json["model_type"], "bert");
  deepStrictEqual(configFromJson({ ...json, transformers_version: "5" }), config);
  throws(() => configFromJson({ ...json, hidden_size: undefined }), {
    name: "ConfigError",
    message: /hidden_size = undefined: it must be a number/,
  });
  throws(() => configFromJson({ ...json, hidden_dropout_prob: "0.1" }), { name: "ConfigError" });
});

Deno.test("loadModel() names the file and what is wrong with it", async () => {
  await inFolder(async (folder) => {
    const fails = (message: RegExp) => rejects(loadModel(folder), { name: "FormatError", message });
    const weights = await Deno.readFile(`${folder}/model.safetensors`);
    const { tensors, metadata } = readSafetensors(weights);
    const rewrite = (changed: Parameters<typeof writeSafetensors>[0], format = metadata) =>
      Deno.writeFile(`${folder}/model.safetensors`, writeSafetensors(changed, format));
    const [name, tensor] = [...tensors].find(([n]) => n.endsWith("word_embeddings.weight"))!;
    const before = tf.memory().numTensors;

    await rewrite(new Map([...tensors, ["extra.weight", tensor]]));
    await fails(/model\.safetensors: the model of config\.json has no weight "extra\.weight"/);
    await rewrite(new Map([...tensors].filter(([n]) => n !== name)));
    await fails(/expected a weight "bert\.embeddings\.word_embeddings\.weight", found none/);
    await rewrite(new Map([...tensors, [name, { ...tensor, shape: [...tensor.shape].reverse() }]]));
    await fails(/of shape \[\d+,32\] as config\.json says, found \[32,\d+\]/);
    const whole = { shape: tensor.shape, data: new Int32Array(tensor.data.length) };
    await rewrite(new Map([...tensors, [name, whole]]));
    await fails(/word_embeddings\.weight" as F32, found I32/);
    await rewrite(tensors, { format: "pt" });
    await fails(/expected format ".*", found pt/);
    await Deno.writeFile(`${folder}/model.safetensors`, weights.subarray(0, weights.length - 4));
    await fails(/model\.safetensors: its tensors end at byte.*cut off/);
    strictEqual(tf.memory().numTensors, before);

    const config = await Deno.readTextFile(`${folder}/config.json`);
    await editJson(`${folder}/config.json`, { "num_attention_heads": 5 });
    await fails(/config\.json: Invalid numAttentionHeads = 5: it must divide hiddenSize/);
    await editJson(`${folder}/config.json`, { "num_attention_heads": 2, "vocab_size": 500 });
    await fails(/vocab\.txt: expected 500 tokens as config\.json says, found \d+/);
    await Deno.writeTextFile(`${folder}/config.json`, "[");
    await fails(/config\.json: expected JSON/);
    await Deno.writeTextFile(`${folder}/config.json`, "[]");
    await fails(/config\.json: expected a JSON object/);
    await Deno.writeTextFile(`${folder}/config.json`, config);
    await editJson(`${folder}/tokenizer_config.json`, { "do_lower_case": "yes" });
    await fails(/tokenizer_config\.json: expected do_lower_case/);
    await Deno.remove(`${folder}/config.json`);
    await fails(/config\.json: there is no such file/);
  });
});
