import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { attentionMaps, cosine, nearestWords } from "bert/use/explore.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { toyModel } from "../support/toy_model.ts";

await useBackend();

const { vocab } = TOY_TOKENIZER;

Deno.test("nearestWords() orders the vocabulary by cosine", async () => {
  using model = toyModel();
  const table = model.weights.get("bert.embeddings.word_embeddings.weight")!;
  const rows = table.arraySync() as number[][];
  const set = (word: string, ...start: number[]) => {
    rows[vocab.idOf(word)] = [...start, ...Array(rows[0].length - start.length).fill(0)];
  };
  for (const row of rows) row.fill(0).splice(2, 1, 1);
  set("ship", 1, 0);
  set("sea", 10, 1); // longer, in nearly the same direction
  set("whale", 0.1, 0.1);
  set("tree", -1, 0);
  set("[MASK]", 1, 0); // a special token, which must not be found
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
});

Deno.test("cosine() measures directions, not lengths", () => {
  ok(Math.abs(cosine([3, 4], [6, 8]) - 1) < 1e-12);
  ok(Math.abs(cosine([1, 0], [-5, 0]) + 1) < 1e-12);
  deepStrictEqual([cosine([1, 0], [0, 2]), cosine([0, 0], [1, 1])], [0, 0]);
  throws(() => cosine([1, 0], [1]), { name: "ShapeError" });
  throws(() => cosine([1], [1, 0]), { name: "ShapeError" });
});

Deno.test("attentionMaps() gives the weights of each layer and head, whose rows sum to 1", async () => {
  using model = toyModel(0.5);
  const { tokens, layers } = await attentionMaps(model, TOY_TOKENIZER, "the red ship", "the sea");
  deepStrictEqual(tokens, ["[CLS]", "the", "red", "ship", "[SEP]", "the", "sea", "[SEP]"]);
  const { numHiddenLayers, numAttentionHeads } = model.config;
  deepStrictEqual([layers.length, layers[0].length], [numHiddenLayers, numAttentionHeads]);
  for (const head of layers.flat()) {
    strictEqual(head.length, tokens.length);
    for (const row of head) ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
  }
});

Deno.test("nearestWords() refuses a word of which the vocabulary has no piece", async () => {
  using model = toyModel();
  await rejects(nearestWords(model, TOY_TOKENIZER, "xyzzy"), {
    name: "ConfigError",
    message: /word = "xyzzy": it must be made of pieces of the vocabulary/,
  });
});

Deno.test("nearestWords() and attentionMaps() leave no tensor behind", async () => {
  using model = toyModel();
  const before = tf.memory().numTensors;
  await nearestWords(model, TOY_TOKENIZER, "sea");
  await attentionMaps(model, TOY_TOKENIZER, "the sea");
  strictEqual(tf.memory().numTensors, before);
});
