import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { baselines, tokenCounts } from "bert/training/baselines.ts";
import { collate } from "bert/data/batch.ts";
import { dataConfig } from "bert/config.ts";
import { batches } from "bert/data/epochs.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

function batch(labels: number[], nspLabel: 0 | 1 | -1) {
  const [tokenIds, segmentIds] = [labels.map(() => 5), labels.map(() => 1)];
  const first = { document: "a", start: 0, end: 1 };
  return collate([{ tokenIds, segmentIds, labels, nspLabel, first, truncated: false }]);
}

Deno.test("tokenCounts() counts the pieces of the documents", () => {
  const documents = [{ name: "a", sentences: ["the red ship .", "the sea ."] }];
  const counts = tokenCounts(documents, TOY_TOKENIZER);
  strictEqual(counts.length, TOY_TOKENIZER.vocab.size);
  strictEqual(counts[TOY_TOKENIZER.vocab.idOf("the")], 2);
  strictEqual(counts[TOY_TOKENIZER.vocab.idOf("sea")], 1);
  strictEqual(counts.reduce((a, b) => a + b), 7);
});

Deno.test("baselines() scores the held-out labels by the training text's counts", () => {
  const counts = Float64Array.of(0, 6, 2, 0); // with one added to each: 1, 7, 3 and 1 of 12
  const found = baselines(counts, [batch([1, 1, -1, 2], 0), batch([0, -1], 1), batch([-1], 0)]);
  const expected = -(2 * Math.log(7 / 12) + Math.log(3 / 12) + Math.log(1 / 12)) / 4;
  ok(Math.abs(found.unigramLoss - expected) < 1e-12);
  strictEqual(found.unigramAccuracy, 2 / 4);
  strictEqual(found.uniformLoss, Math.log(4));
  strictEqual(found.nspMajority, 2 / 3);
  strictEqual(found.nspUniformLoss, Math.LN2);
});

Deno.test("baselines() without data are 0, except those that need no data", () => {
  const { unigramLoss, unigramAccuracy, nspMajority } = baselines(new Float64Array(8), [
    batch([-1], -1),
  ]);
  deepStrictEqual([unigramLoss, unigramAccuracy, nspMajority], [0, 0, 0]);
});

Deno.test("baselines() of real batches have a unigram loss below ln V", () => {
  const [documents, heldOut] = [toyDocuments(40), toyDocuments(10, 8, 2)];
  const options = { data: dataConfig({ maxLength: 32 }), batchSize: 8, seed: 1, epoch: 0 };
  const list = batches(heldOut, TOY_TOKENIZER, options);
  const found = baselines(tokenCounts(documents, TOY_TOKENIZER), list);
  ok(found.unigramLoss < found.uniformLoss - 0.3);
  ok(found.unigramAccuracy > 0.15 && found.unigramAccuracy < 0.4); // "the", two words in eight
  ok(found.nspMajority >= 0.5 && found.nspMajority < 0.7);
});
