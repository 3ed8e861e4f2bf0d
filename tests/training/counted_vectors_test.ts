import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { ConfigError } from "bert/errors.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { countedStart } from "bert/training/counted_start.ts";
import { countedVectors } from "bert/training/counted_vectors.ts";
import { truncatedSvd } from "bert/training/truncated_svd.ts";
import { countedText, expected } from "../support/counted_text.ts";

await useBackend();

const { window, contexts, vocabSize: V, singularValues } = expected;
const SIZE = singularValues.length;

Deno.test("truncatedSvd() gives numpy's singular values and orthogonal vectors, and leaves no tensor", async () => {
  const matrix = tf.tensor2d(expected.pmi);
  const before = tf.memory().numTensors;
  const svd = await truncatedSvd(matrix, SIZE, 1);
  strictEqual(tf.memory().numTensors, before);
  for (const [i, value] of singularValues.entries()) {
    ok(Math.abs(svd.singularValues[i] / value - 1) < 1e-4, `${svd.singularValues[i]}: ${value}`);
  }
  for (const [i, a] of svd.left.entries()) {
    for (const [j, b] of svd.left.entries()) {
      const product = a.reduce((sum, value, row) => sum + value * b[row], 0);
      ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-5);
    }
  }
  matrix.dispose();
});

Deno.test("truncatedSvd() of a matrix of lower rank gives singular values of 0, and no NaN", async () => {
  const { singularValues, left } = await truncatedSvd(tf.ones([6, 4]), 3, 1);
  ok(Math.abs(singularValues[0] - Math.sqrt(24)) < 1e-4);
  ok(singularValues[1] < 1e-2 && singularValues[2] < 1e-2);
  ok(left.every((column) => column.every(Number.isFinite)));
});

for (const passages of [0, expected.passages]) {
  Deno.test(`countedVectors() gives the dot products of numpy's exact vectors, with ${passages} passages`, async () => {
    const right = passages === 0 ? expected.products : expected.productsWithPassages;
    const options = { window, contexts, passages };
    const vectors = await countedVectors(countedText(), SIZE, 1, options);
    const row = (id: number) => vectors.subarray(id * SIZE, (id + 1) * SIZE);
    for (let a = 0; a < V; a++) {
      for (let b = 0; b < V; b++) {
        const product = row(a).reduce((sum, value, i) => sum + value * row(b)[i], 0);
        const found = `${a}, ${b}: ${product}, numpy ${right[a][b]}`;
        ok(Math.abs(product - right[a][b]) < 5e-4, found);
      }
    }
  });
}

Deno.test("countedVectors() refuses a text in which no word has a neighbour", async () => {
  const text = { ids: Int32Array.of(0), starts: Int32Array.of(0, 1), vocabSize: 2 };
  await rejects(countedVectors(text, 2, 1), ConfigError);
});

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d", "unseen"]));
const documents = [{ name: "x", sentences: ["a b a c", "d a b b"] }];

Deno.test("countedStart() keeps the usual length and the vectors of unseen pieces, and sets the bias to log frequencies", async () => {
  const config = bertConfig("smoke", { vocabSize: 10, hiddenSize: 4, initializerRange: 0.06 });
  const model = new BertPretrainHead(config, { seed: 1 });
  const words = () => model.bert.wordEmbeddings.arraySync() as number[][];
  const before = words();
  await countedStart(model, documents, tokenizer, { seed: 1 });
  const after = words();
  for (const id of [0, 4, 9]) deepStrictEqual(after[id], before[id]); // [PAD], [MASK], unseen
  for (const id of [5, 6, 7, 8]) {
    ok(Math.abs(Math.hypot(...after[id]) - 0.88 * 0.06 * 2) < 1e-6);
  }
  const bias = model.weights.get("cls.predictions.bias")!.dataSync<"float32">();
  ok(Math.abs(bias[5] - Math.log(3.5 / 13)) < 1e-6); // 3 of 8 occurrences, after ½ is added for each of 10 pieces
  ok(Math.abs(bias.reduce((sum, value) => sum + Math.exp(value), 0) - 1) < 1e-6);
  model.dispose();
});

Deno.test("countedStart() refuses the tokenizer of another vocabulary", async () => {
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 11 }), { seed: 1 });
  await rejects(countedStart(model, documents, tokenizer, { seed: 1 }), ConfigError);
  model.dispose();
});
