import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { pretrain } from "bert/training/pretrain.ts";
import { fillMask, isNext } from "bert/use/predict.ts";
import { attentionMaps, cosine, nearestWords } from "bert/use/explore.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";
import { TOY_DATA, toyModel } from "../support/toy_model.ts";

await useBackend();

const { vocab } = TOY_TOKENIZER;

Deno.test("fillMask() gives a trained model's guesses, the most probable first", async () => {
  const model = toyModel();
  await pretrain(model, {
    documents: toyDocuments(60),
    tokenizer: TOY_TOKENIZER,
    data: TOY_DATA,
    train: { batchSize: 16, epochs: 2, learningRate: 0.02 },
    seed: 1,
  });
  const text = "[MASK] red ship sees the [MASK] house .";
  const [article, colour] = await fillMask(model, TOY_TOKENIZER, text, { topK: 4 });
  deepStrictEqual([article.length, colour.length], [4, 4]);
  strictEqual(article[0].token, "the");
  ok(article[0].probability > 0.8, `${article[0].probability}`);
  ok(["red", "green", "blue", "black"].includes(colour[0].token), colour[0].token);
  const all = await fillMask(model, TOY_TOKENIZER, text, { topK: vocab.size });
  for (const guesses of all) {
    const probabilities = guesses.map(({ probability }) => probability);
    ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-5);
    deepStrictEqual(probabilities, [...probabilities].sort((a, b) => b - a));
    ok(guesses.every(({ id, token }) => vocab.tokenOf(id) === token));
  }
  model.dispose();
});

Deno.test("isNext() is the probability of label 0", async () => {
  const model = toyModel();
  const ids = TOY_TOKENIZER.encode("the red ship", "the sea .");
  const expected = tf.tidy(() => {
    const tokenIds = tf.tensor2d([ids.tokenIds], undefined, "int32");
    const segmentIds = tf.tensor2d([ids.segmentIds], undefined, "int32");
    const { nspLogits } = model.forward({ tokenIds, segmentIds });
    return tf.softmax(nspLogits).dataSync()[0];
  });
  const found = await isNext(model, TOY_TOKENIZER, "the red ship", "the sea .");
  ok(Math.abs(found - expected) < 1e-6);
  model.dispose();
});

Deno.test("nearestWords() orders the vocabulary by cosine", async () => {
  const model = toyModel();
  const table = model.weights.get("bert.embeddings.word_embeddings.weight")!;
  const rows = table.arraySync() as number[][];
  const set = (word: string, ...start: number[]) => {
    rows[vocab.idOf(word)] = [...start, ...Array(rows[0].length - start.length).fill(0)];
  };
  for (const row of rows) row.fill(0).splice(2, 1, 1);
  set("ship", 1, 0);
  set("sea", 10, 1); // longer, nearly the same way
  set("whale", 0.1, 0.1);
  set("tree", -1, 0);
  set("[MASK]", 1, 0); // not text
  const values = tf.tensor2d(rows);
  table.assign(values);
  const [sea, whale, ...others] = await nearestWords(model, TOY_TOKENIZER, "Ship", 100);
  deepStrictEqual([sea.token, whale.token, others.at(-1)!.token], ["sea", "whale", "tree"]);
  ok(Math.abs(sea.similarity - 10 / Math.sqrt(101)) < 1e-6);
  ok(Math.abs(whale.similarity - Math.SQRT1_2) < 1e-6);
  ok(Math.abs(others.at(-1)!.similarity + 1) < 1e-6);
  strictEqual(others.length, vocab.size - 5 - 1 - 2);
  strictEqual((await nearestWords(model, TOY_TOKENIZER, "ship", 2)).length, 2);
  const mean = await nearestWords(model, TOY_TOKENIZER, "ships", 1); // ship ##s
  strictEqual(mean[0].token !== "ship" && mean[0].token !== "##s", true);
  model.dispose();
});

Deno.test("cosine() measures directions, not lengths", () => {
  ok(Math.abs(cosine([3, 4], [6, 8]) - 1) < 1e-12);
  ok(Math.abs(cosine([1, 0], [-5, 0]) + 1) < 1e-12);
  deepStrictEqual([cosine([1, 0], [0, 2]), cosine([0, 0], [1, 1])], [0, 0]);
});

Deno.test("attentionMaps() gives each layer's and head's weights, rows of sum 1", async () => {
  const model = toyModel(0.5);
  const { tokens, layers } = await attentionMaps(model, TOY_TOKENIZER, "the red ship", "the sea");
  deepStrictEqual(tokens, ["[CLS]", "the", "red", "ship", "[SEP]", "the", "sea", "[SEP]"]);
  const { numHiddenLayers, numAttentionHeads } = model.config;
  deepStrictEqual([layers.length, layers[0].length], [numHiddenLayers, numAttentionHeads]);
  for (const head of layers.flat()) {
    strictEqual(head.length, tokens.length);
    for (const row of head) ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
  }
  model.dispose();
});

Deno.test("the probes leave no tensor behind", async () => {
  const model = toyModel();
  const before = tf.memory().numTensors;
  await fillMask(model, TOY_TOKENIZER, "the [MASK]");
  await isNext(model, TOY_TOKENIZER, "the", "sea");
  await nearestWords(model, TOY_TOKENIZER, "sea");
  await attentionMaps(model, TOY_TOKENIZER, "the sea");
  strictEqual(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("the probes say what they need", async () => {
  const model = toyModel();
  await rejects(fillMask(model, TOY_TOKENIZER, "the sea"), {
    name: "ConfigError",
    message: /text = "the sea": it must have at least one \[MASK\]/,
  });
  await rejects(fillMask(model, TOY_TOKENIZER, "[MASK] ".repeat(600)), {
    name: "ConfigError",
    message: /must be at most 512 tokens with \[CLS\] and \[SEP\], and is 602/,
  });
  await rejects(nearestWords(model, TOY_TOKENIZER, "xyzzy"), {
    name: "ConfigError",
    message: /word = "xyzzy": it must be made of pieces of the vocabulary/,
  });
  model.dispose();
});
