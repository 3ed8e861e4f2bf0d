import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { collate } from "bert/data/batch.ts";
import { toTensors } from "bert/training/batch_tensors.ts";
import { pretrain } from "bert/training/pretrain.ts";
import { fillMask, isNext } from "bert/use/predict.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";
import { TOY_DATA, toyModel } from "../support/toy_model.ts";

await useBackend();

const { vocab } = TOY_TOKENIZER;

Deno.test("fillMask() gives a trained model's guesses, the most probable first", async () => {
  using model = toyModel();
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
});

Deno.test("fillMask() attends to a typed [PAD], as training does", async () => {
  using model = toyModel(0.5);
  const text = "the red [PAD] [MASK]";
  const { tokenIds, segmentIds } = TOY_TOKENIZER.encode(text);
  const first = { document: "x", start: 0, end: 1 };
  const labels = tokenIds.map((id) => id === vocab.maskId ? 5 : -1);
  const example = { tokenIds, segmentIds, labels, nspLabel: -1 as const, first, truncated: false };
  using tensors = toTensors(collate([example]));
  const expected = tf.tidy(() => {
    const { predictedPositions } = tensors;
    const { mlmLogits } = model.forward(tensors, { predictedPositions });
    return tf.softmax(mlmLogits).dataSync();
  });
  const [guesses] = await fillMask(model, TOY_TOKENIZER, text, { topK: vocab.size });
  for (const { id, probability } of guesses) ok(Math.abs(probability - expected[id]) < 1e-6);
});

Deno.test("isNext() is the probability of label 0", async () => {
  using model = toyModel();
  const ids = TOY_TOKENIZER.encode("the red ship", "the sea .");
  const expected = tf.tidy(() => {
    const tokenIds = tf.tensor2d([ids.tokenIds], undefined, "int32");
    const segmentIds = tf.tensor2d([ids.segmentIds], undefined, "int32");
    const { nspLogits } = model.forward({ tokenIds, segmentIds });
    return tf.softmax(nspLogits).dataSync()[0];
  });
  const found = await isNext(model, TOY_TOKENIZER, "the red ship", "the sea .");
  ok(Math.abs(found - expected) < 1e-6);
});

Deno.test("fillMask() and isNext() leave no tensor behind", async () => {
  using model = toyModel();
  const before = tf.memory().numTensors;
  await fillMask(model, TOY_TOKENIZER, "the [MASK]");
  await isNext(model, TOY_TOKENIZER, "the", "sea");
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("fillMask() refuses a text without [MASK] and one that is too long", async () => {
  using model = toyModel();
  await rejects(fillMask(model, TOY_TOKENIZER, "the sea"), {
    name: "ConfigError",
    message: /text = "the sea": it must have at least one \[MASK\]/,
  });
  await rejects(fillMask(model, TOY_TOKENIZER, "[MASK] ".repeat(600)), {
    name: "ConfigError",
    message: /must be at most 512 tokens with \[CLS\] and \[SEP\], and is 602/,
  });
});
