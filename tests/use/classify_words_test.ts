import { deepStrictEqual, notDeepStrictEqual, rejects } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { classifyWords, evaluateTokenClassifier } from "bert/use/classify_words.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { softmax } from "bert/use/vectors.ts";
import { windowsOf, wordPieces } from "bert/use/word_rows.ts";
import { assertClose } from "../support/assert_close.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

await useBackend();

const { vocab } = TOY_TOKENIZER;
const CONFIG = bertConfig("smoke", {
  vocabSize: vocab.size,
  initializerRange: 0.4,
  maxPositionEmbeddings: 16,
});
const MODEL = new BertTokenClassifier(CONFIG, { classes: 3, seed: 1 });

const SENTENCES = [
  ["the", "red", "ships", "sees", "the", "birds"],
  ["once"],
  [],
  ["Ships", "", "follows", "unknown", "seas", "."],
  ["the", "sea"],
];

/** The probabilities of each word of one row, from `forward()` on ids that are put together by hand. */
function byHand(words: readonly string[]): number[][] {
  const pieces = wordPieces(words, TOY_TOKENIZER);
  const logits = MODEL.forward({ tokenIds: [[vocab.clsId, ...pieces.flat(), vocab.sepId]] });
  const [rows] = logits.arraySync();
  logits.dispose();
  const before = (word: number) => pieces.slice(0, word).flat().length;
  return words.map((_, word) => [...softmax(rows[1 + before(word)])]);
}

Deno.test("classifyWords() gives each word the probabilities of its first piece, in the order of the words", async () => {
  for (const batchSize of [1, 2, 32]) {
    const found = await classifyWords(MODEL, TOY_TOKENIZER, SENTENCES, { batchSize });
    deepStrictEqual(found.map((one) => one.map(({ word }) => word)), SENTENCES);
    for (const [i, words] of SENTENCES.entries()) {
      const wanted = byHand(words);
      assertClose(found[i].flatMap((one) => one.probabilities), wanted.flat(), { atol: 1e-4 });
      const labels = wanted.map((shares) => shares.indexOf(Math.max(...shares)));
      deepStrictEqual(found[i].map(({ label }) => label), labels);
    }
  }
  deepStrictEqual(await classifyWords(MODEL, TOY_TOKENIZER, []), []);
});

Deno.test("classifyWords() answers every word of a long sentence, each from its window", async () => {
  const words = Array.from({ length: 40 }, (_, i) => ["the", "red", "ships", "sea", "."][i % 5]);
  const [found] = await classifyWords(MODEL, TOY_TOKENIZER, [words], { maxLength: 10 });
  deepStrictEqual(found.map(({ word }) => word), words);
  const windows = windowsOf(wordPieces(words, TOY_TOKENIZER), 8);
  for (const { start, end, from, to } of windows) {
    const wanted = byHand(words.slice(start, end)).slice(from - start, to - start);
    const own = found.slice(from, to).flatMap((one) => one.probabilities);
    assertClose(own, wanted.flat(), { atol: 1e-4 }, `words ${from} to ${to}`);
  }
  const [whole] = await classifyWords(MODEL, TOY_TOKENIZER, [words]);
  notDeepStrictEqual(whole, found); // the windows of the model's 16 tokens are others
});

Deno.test("evaluateTokenClassifier() gives the scores that follow from classifyWords()", async () => {
  const sentences = SENTENCES.map((words, i) => ({
    words,
    labels: words.map((_, word) => (word + i) % 4 - 1), // every fourth word has no label
  }));
  const options = { batchSize: 2, maxLength: 5 };
  const answers = await classifyWords(MODEL, TOY_TOKENIZER, SENTENCES, options);
  const confusion = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
  let loss = 0;
  let count = 0;
  for (const [i, { labels }] of sentences.entries()) {
    for (const [word, label] of labels.entries()) {
      if (label < 0) continue;
      const { probabilities, label: predicted } = answers[i][word];
      loss -= Math.log(probabilities[label]);
      confusion[label][predicted]++;
      count++;
    }
  }
  const found = await evaluateTokenClassifier(MODEL, sentences, TOY_TOKENIZER, options);
  assertClose(found.loss, loss / count, { atol: 1e-5 });
  deepStrictEqual([found.count, found.confusion], [count, confusion]);
  const right = confusion[0][0] + confusion[1][1] + confusion[2][2];
  assertClose(found.accuracy, right / count, { atol: 1e-12 });
  const given = (label: number) => confusion.reduce((sum, row) => sum + row[label], 0);
  for (const [label, { precision }] of found.classes.entries()) {
    assertClose(precision, confusion[label][label] / Math.max(1, given(label)), { atol: 1e-12 });
  }
});

Deno.test("classifyWords() refuses a length that the model cannot read", async () => {
  const run = (maxLength: number) => classifyWords(MODEL, TOY_TOKENIZER, SENTENCES, { maxLength });
  await rejects(run(17), {
    name: "ConfigError",
    message: "Invalid maxLength = 17: it must be at most 16, the model's positions",
  });
  await rejects(run(2), /maxLength = 2: it must be a whole number of at least 3/);
});
