import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BERT_DEFAULTS, bertConfig } from "bert/config.ts";
import { configFromJson, configToJson } from "bert/model/config_json.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { pretrainShapes } from "bert/model/weights.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

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

const FILES = [
  "config.json",
  "model.safetensors",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "vocab.txt",
];

Deno.test("saveModel() and loadModel() are inverse, bit for bit", async () => {
  await inFolder(async (folder) => {
    deepStrictEqual(names(folder), FILES);
    const saved = toyModel(0.1, 7);
    const { model, tokenizer } = await loadModel(folder);
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

Deno.test("saveModel() refuses a tokenizer of another size before it writes anything", async () => {
  const folder = await Deno.makeTempDir();
  const vocabSize = TOY_TOKENIZER.vocab.size + 1;
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize }), { seed: 1 });
  await rejects(saveModel(`${folder}/new`, model, TOY_TOKENIZER), {
    name: "ConfigError",
    message: new RegExp(
      `tokenizer's vocabulary = ${vocabSize - 1}: it must be the model's vocabSize, ${vocabSize}`,
    ),
  });
  deepStrictEqual([...Deno.readDirSync(folder)], []);
  model.dispose();
  await Deno.remove(folder);
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

Deno.test("saveModel() into a folder replaces the model and keeps other files", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/metrics.csv`, "mine");
    const before = await Deno.readFile(`${folder}/model.safetensors`);
    const model = toyModel(0, 8);
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

Deno.test("saveModel() writes the names, layouts and format of transformers", async () => {
  await inFolder(async (folder) => {
    const { metadata, tensors } = readSafetensors(
      await Deno.readFile(`${folder}/model.safetensors`),
    );
    strictEqual(metadata.format, "pt");
    const saved = snapshot(toyModel(0.1, 7));
    const [H, I] = [32, 128];
    const qkv = saved["bert.encoder.layer.0.attention.self.qkv.weight"]; // [H, 3H]
    const key = tensors.get("bert.encoder.layer.0.attention.self.key.weight")!; // [out, in]
    deepStrictEqual(key.shape, [H, H]);
    strictEqual(key.data[5 * H + 3], qkv[3 * (3 * H) + H + 5]);
    const inner = tensors.get("bert.encoder.layer.0.intermediate.dense.weight")!;
    deepStrictEqual(inner.shape, [I, H]);
    strictEqual(
      inner.data[7 * H + 2],
      saved["bert.encoder.layer.0.intermediate.dense.weight"][2 * I + 7],
    );
    const segments = saved["bert.embeddings.token_type_embeddings.weight"]; // [3, H]
    deepStrictEqual(
      tensors.get("bert.embeddings.token_type_embeddings.weight"),
      { shape: [2, H], data: segments.slice(H) },
    );
    ok(!tensors.has("cls.predictions.decoder.weight"));
  });
});

Deno.test("the segment row of padding is kept in config.json; without it the first row is used", async () => {
  await inFolder(async (folder) => {
    const name = "bert.embeddings.token_type_embeddings.weight";
    const saved = snapshot(toyModel(0.1, 7))[name];
    const json = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    deepStrictEqual(
      new Float32Array(Uint8Array.fromBase64(json["padding_segment_embedding"]).buffer),
      saved.slice(0, 32),
    );
    await editJson(`${folder}/config.json`, { "padding_segment_embedding": undefined });
    const { model } = await loadModel(folder);
    const table = snapshot(model)[name];
    deepStrictEqual(table.slice(0, 32), table.slice(32, 64));
    deepStrictEqual(table.slice(32), saved.slice(32));
    model.dispose();
    for (const wrong of ["AAAA", 3, "?"]) {
      await editJson(`${folder}/config.json`, { "padding_segment_embedding": wrong });
      await rejects(loadModel(folder), /padding_segment_embedding to be 32 float32 numbers/);
    }
  });
});

Deno.test("configToJson() uses Hugging Face's names, and configFromJson() reads them", () => {
  const config = bertConfig("tiny", { vocabSize: 99 });
  const json = configToJson(config);
  strictEqual(json["num_hidden_layers"], 2);
  strictEqual(json["hidden_act"], "gelu");
  strictEqual(json["model_type"], "bert");
  deepStrictEqual(configFromJson({ ...json, transformers_version: "5" }), config);
  strictEqual(json["type_vocab_size"], 2); // 3 here
  throws(() => configFromJson({ ...json, hidden_size: "64" }), {
    name: "ConfigError",
    message: /hidden_size = "64": it must be a number/,
  });
  throws(() => configFromJson({ ...json, hidden_dropout_prob: null }), { name: "ConfigError" });
});

Deno.test("configFromJson() gives missing fields the defaults of transformers", () => {
  deepStrictEqual(configFromJson({}), BERT_DEFAULTS);
  deepStrictEqual(configFromJson({ pad_token_id: null, pruned_heads: {} }), BERT_DEFAULTS);
});

Deno.test("configFromJson() refuses every option that makes another model, by name", () => {
  const others: Record<string, unknown> = {
    "model_type": "roberta",
    "position_embedding_type": "relative_key",
    "is_decoder": true,
    "add_cross_attention": true,
    "is_encoder_decoder": true,
    "tie_word_embeddings": false,
    "pruned_heads": { "1": [0] },
    "quantization_config": { bits: 4 },
    "num_hidden_layers": 1e9,
    "hidden_act": "xielu",
  };
  for (const [key, value] of Object.entries(others)) {
    const name = key === "hidden_act" ? "hiddenAct" : key;
    const message = new RegExp(`^Invalid ${name} = `);
    throws(() => configFromJson({ [key]: value }), { name: "ConfigError", message }, key);
  }
  throws(
    () => configFromJson({ "tie_word_embeddings": false }),
    /the decoder here is .*tie_weights/,
  );
});

Deno.test("loadModel() names the file and what is wrong with it", async () => {
  await inFolder(async (folder) => {
    const fails = (message: RegExp) => rejects(loadModel(folder), { name: "FormatError", message });
    const weights = await Deno.readFile(`${folder}/model.safetensors`);
    const { tensors, metadata } = readSafetensors(weights);
    const rewrite = (changed: Parameters<typeof writeSafetensors>[0]) =>
      Deno.writeFile(`${folder}/model.safetensors`, writeSafetensors(changed, metadata));
    const [name, tensor] = [...tensors].find(([n]) => n.endsWith("word_embeddings.weight"))!;
    const before = tf.memory().numTensors;

    await rewrite(new Map([...tensors].filter(([n]) => n !== name)));
    await fails(/expected a weight "bert\.embeddings\.word_embeddings\.weight", found none/);
    await rewrite(new Map([...tensors].filter(([n]) => n !== "cls.predictions.bias")));
    await fails(/expected a weight "cls\.predictions\.bias", found none/);
    await rewrite(new Map([...tensors, [name, { ...tensor, shape: [...tensor.shape].reverse() }]]));
    await fails(/of shape \[\d+,32\] as config\.json says, found \[32,\d+\]/);
    const whole = { shape: tensor.shape, data: new Int32Array(tensor.data.length) };
    await rewrite(new Map([...tensors, [name, whole]]));
    await fails(/word_embeddings\.weight" as floats, found I32/);
    await rewrite(new Map([...tensors, ["embeddings.word_embeddings.weight", tensor]]));
    await fails(/are the same weight/);
    const other = { ...tensor, data: tensor.data.map((x) => x + 1) };
    await rewrite(new Map([...tensors, ["cls.predictions.decoder.weight", other]]));
    await fails(
      /expected "cls\.predictions\.decoder\.weight" to be equal to .*model\.tie_weights\(\)/,
    );
    await Deno.writeFile(`${folder}/model.safetensors`, weights.subarray(0, weights.length - 4));
    await fails(/model\.safetensors: its tensors end at byte.*cut off/);
    strictEqual(tf.memory().numTensors, before);

    await Deno.writeFile(`${folder}/model.safetensors`, weights);
    const config = await Deno.readTextFile(`${folder}/config.json`);
    await editJson(`${folder}/config.json`, { "num_attention_heads": 5 });
    await fails(/config\.json: Invalid numAttentionHeads = 5: it must divide hiddenSize/);
    await editJson(`${folder}/config.json`, { "num_attention_heads": 2, "vocab_size": 500 });
    await fails(/word_embeddings\.weight" of shape \[500,32\]/);
    await Deno.writeTextFile(`${folder}/config.json`, "[");
    await fails(/config\.json: expected JSON/);
    await Deno.writeTextFile(`${folder}/config.json`, "[]");
    await fails(/config\.json: expected a JSON object/);
    await Deno.writeTextFile(`${folder}/config.json`, config);
    await Deno.remove(`${folder}/config.json`);
    await fails(/config\.json: there is no such file/);
    await Deno.writeTextFile(`${folder}/config.json`, config);
    await Deno.remove(`${folder}/model.safetensors`);
    await fails(/model\.safetensors: there is no such file/);
    await Deno.writeTextFile(`${folder}/pytorch_model.bin`, "");
    await fails(
      /only pytorch_model\.bin, weights of PyTorch, which cannot be read here: load it in Python/,
    );
  });
});

Deno.test("loadModel() gives names to rows beyond the vocabulary, and refuses too large a vocabulary", async () => {
  await inFolder(async (folder) => {
    const lines = [...TOY_TOKENIZER.vocab.tokens];
    await Deno.remove(`${folder}/tokenizer.json`);
    await Deno.writeTextFile(`${folder}/vocab.txt`, lines.slice(0, -2).join("\n"));
    const { model, tokenizer, notes } = await loadModel(folder);
    strictEqual(tokenizer.vocab.size, model.config.vocabSize);
    strictEqual(tokenizer.vocab.tokenOf(lines.length - 1), `[spare${lines.length - 1}]`);
    ok(notes[0].includes("2 rows beyond its vocabulary"), notes[0]);
    model.dispose();
    const before = tf.memory().numTensors;
    await Deno.writeTextFile(`${folder}/vocab.txt`, [...lines, "more"].join("\n"));
    const message =
      /vocab\.txt: expected \d+ tokens as config\.json says, found \d+: are both files/;
    await rejects(loadModel(folder), { name: "FormatError", message });
    strictEqual(tf.memory().numTensors, before);
  });
});

Deno.test("loadModel() takes the padding token from the vocabulary if config.json names another one", async () => {
  await inFolder(async (folder) => {
    const original = (await loadModel(folder)).model;
    const { maskId, padId } = TOY_TOKENIZER.vocab;
    await editJson(`${folder}/config.json`, { "pad_token_id": maskId });
    const { model, notes } = await loadModel(folder);
    strictEqual(model.config.padTokenId, padId);
    deepStrictEqual(notes, [
      `config.json says that padding is token ${maskId}: [PAD] of the vocabulary, token ${padId}, is used instead`,
    ]);
    const [expected, found] = [original, model].map((one) =>
      one.forward({ tokenIds: [[2, 9, maskId, 7, 3]] }).mlmLogits.dataSync()
    );
    deepStrictEqual(found, expected);
    original.dispose();
    model.dispose();
  });
});

Deno.test("loadModel() initialises missing heads from the given seed, with notes, and refuses without a seed", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/model.safetensors`;
    const { tensors } = readSafetensors(await Deno.readFile(path));
    const encoder = new Map(
      [...tensors].filter(([name]) => /^bert\.(embeddings|encoder)/.test(name)),
    );
    const extra = { shape: [2], data: Float32Array.of(1, 2) };
    await Deno.writeFile(path, writeSafetensors(encoder.set("classifier.bias", extra)));
    const message = /no weights of the pooler, .*model head, .*sentence head: pass \{ seed \}/;
    await rejects(loadModel(folder), { name: "FormatError", message });
    const { model, notes } = await loadModel(folder, { seed: 5 });
    deepStrictEqual(notes, [
      "Not in the folder, and started from random numbers (seed 5): the pooler",
      "Not in the folder, and started from random numbers (seed 5): the masked-language-model head",
      "Not in the folder, and started from random numbers (seed 5): the next-sentence head",
      "In the folder, and not used: classifier.bias",
    ]);
    const [saved, fresh, loaded] = [toyModel(0.1, 7), toyModel(0.1, 5), model].map(snapshot);
    for (const name of Object.keys(loaded)) {
      const isHead = !/^bert\.(embeddings|encoder)/.test(name);
      deepStrictEqual(loaded[name], (isHead ? fresh : saved)[name], name);
    }
    const bert = await BertModel.fromPretrained(folder);
    strictEqual(bert.config.hiddenSize, 32);
    bert.dispose();
    model.dispose();
  });
});

/** Loads a folder in a process of its own; by how many bytes its memory grew at the peak. */
async function peakOfLoading(folder: string): Promise<number> {
  const code = `import { useBackend } from "${import.meta.resolve("bert/backend/choose.ts")}";
    import { BertPretrainHead } from "${import.meta.resolve("bert/model/bert.ts")}";
    const status = () => Deno.readTextFileSync("/proc/self/status");
    const read = (key) => 1024 * Number(status().split(key + ":")[1].trim().split(" ")[0]);
    await useBackend("simd");
    const before = read("VmRSS");
    await BertPretrainHead.fromPretrained(${JSON.stringify(folder)});
    console.log(read("VmHWM") - before);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
  return Number(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "loading takes less memory than 1.3 times the file, the model itself included",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const sizes = { hiddenSize: 512, numHiddenLayers: 10, intermediateSize: 2048, vocabSize: 1000 };
    const config = bertConfig("smoke", sizes);
    const weights = new Map(
      [...pretrainShapes(config)].map(([name, shape]) =>
        [name, tf.tidy(() => tf.variable(tf.zeros([...shape])))] as const
      ),
    );
    const model = new BertPretrainHead(config, { weights });
    const folder = await Deno.makeTempDir();
    await model.save(folder);
    model.dispose();
    const { size } = await Deno.stat(`${folder}/model.safetensors`);
    const ratio = await peakOfLoading(folder) / size;
    await Deno.remove(folder, { recursive: true });
    ok(ratio > 0.9 && ratio < 1.3, `${ratio} times the file of ${size} bytes`);
  },
});
