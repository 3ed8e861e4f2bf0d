import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { dataConfig } from "bert/config.ts";
import { corpus, readAll } from "bert/data/corpus.ts";
import { type Document } from "bert/data/document.ts";
import { batches } from "bert/data/epochs.ts";
import { dataReport, formatReport, type ReportOptions } from "bert/data/report.ts";
import { saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c"]));
const TEXTS: Document[] = [
  { name: "x", sentences: ["a b c", "a what", "a b c"] },
  { name: "y", sentences: ["b", "a b c"] },
];
const options = (data = {}, more = {}): ReportOptions => ({
  data: dataConfig({ maxLength: 16, ...data }),
  seed: 3,
  ...more,
});

const sha = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

Deno.test("dataReport() equals a count by hand", async () => {
  const report = await dataReport(TEXTS, tokenizer, options());
  const { documents, sentences, duplicateSentences, tokens, unkRate, sentenceTokens } = report;
  deepStrictEqual([documents, sentences, duplicateSentences, tokens], [2, 5, 2, 12]);
  strictEqual(unkRate, 1 / 12);
  deepStrictEqual(sentenceTokens, { least: 1, median: 3, mean: 12 / 5, most: 3 });
});

Deno.test("dataReport() counts the examples on which the epoch trains", async () => {
  const documents = toyDocuments(30);
  const dynamic = dataConfig({ maxLength: 24, packing: false });
  const fixed = dataConfig({ ...dynamic, masking: "static" });
  for (const [data, epoch] of [[dynamic, 1], [dynamic, 2], [fixed, 2]] as const) {
    const settings = { data, batchSize: 8, seed: 5, epoch };
    const examples = [...batches(documents, TOY_TOKENIZER, settings)].flatMap((b) => b.examples);
    const report = await dataReport(documents, TOY_TOKENIZER, { data, seed: 5, epoch });
    const masked = examples.map(({ labels }) => labels.filter((label) => label !== -1).length);
    const histogram = Array.from(
      { length: Math.max(...masked) + 1 },
      (_, n) => masked.filter((m) => m === n).length,
    );
    deepStrictEqual(report.maskedHistogram, histogram);
    strictEqual(report.examples, examples.length);
    strictEqual(
      report.notNextShare,
      examples.filter(({ nspLabel }) => nspLabel === 1).length / examples.length,
    );
    strictEqual(
      report.truncatedShare,
      examples.filter(({ truncated }) => truncated).length / examples.length,
    );
    const lengths = examples.map(({ tokenIds }) => tokenIds.length).sort((a, b) => a - b);
    deepStrictEqual(report.exampleTokens, {
      least: lengths[0],
      median: lengths[Math.ceil(lengths.length / 2) - 1],
      mean: lengths.reduce((a, b) => a + b) / lengths.length,
      most: lengths[lengths.length - 1],
    });
  }
});

Deno.test("digests.examples is the digest of the examples of the epoch, in the order in which they are drawn", async () => {
  const documents = toyDocuments(30);
  const data = dataConfig({ maxLength: 24 });
  const one = { data, batchSize: 1, window: 1, seed: 5, epoch: 1 }; // windows of one example cannot be shuffled
  const lines = [...batches(documents, TOY_TOKENIZER, one)].map(({ examples: [e] }) =>
    JSON.stringify([e.tokenIds, e.segmentIds, e.nspLabel, e.labels])
  );
  const { digests } = await dataReport(documents, TOY_TOKENIZER, { data, seed: 5 });
  strictEqual(digests.examples, sha(`${lines.join("\n")}\n`));
});

Deno.test("the median is the middle length, and the smaller one of two", async () => {
  const median = async (...sentences: string[]) =>
    (await dataReport([{ name: "x", sentences: ["a", ...sentences] }], tokenizer, options()))
      .sentenceTokens.median;
  strictEqual(await median("a b", "a b c a b"), 2);
  strictEqual(await median("a b", "a b c", "a b c a b"), 2);
});

Deno.test("dataReport() counts the examples that were cut", async () => {
  const { truncatedShare } = await dataReport(TEXTS, tokenizer, options({ maxLength: 5 }));
  strictEqual(truncatedShare, 1);
});

Deno.test("dataReport() without pairs has no share of pairs", async () => {
  const report = await dataReport(TEXTS, tokenizer, options({ pairing: "none" }));
  deepStrictEqual([report.pairs, report.notNextShare], [0, undefined]);
  ok(formatReport(report).includes("no pairs"));
});

Deno.test("digests.corpus is the SHA-256 of the documents as JSON lines", async () => {
  const { digests } = await dataReport(TEXTS, tokenizer, options());
  strictEqual(
    digests.corpus,
    sha('["x",["a b c","a what","a b c"]]\n["y",["b","a b c"]]\n'),
  );
});

Deno.test("digests.vocabulary is the digest of the file vocab.txt", async () => {
  const path = await Deno.makeTempFile();
  try {
    await saveVocab(path, tokenizer.vocab);
    const { digests } = await dataReport(TEXTS, tokenizer, options());
    strictEqual(digests.vocabulary, sha(await Deno.readTextFile(path)));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a change of one stage does not change the digests of earlier stages", async () => {
  const digests = async (documents: Document[], tokens: BertTokenizer, more = {}) =>
    (await dataReport(documents, tokens, options({}, more))).digests;
  const before = await digests(TEXTS, tokenizer);
  deepStrictEqual(await digests(TEXTS, tokenizer), before);
  const reseeded = await digests(TEXTS, tokenizer, { seed: 4 });
  deepStrictEqual(
    [reseeded.corpus, reseeded.vocabulary],
    [before.corpus, before.vocabulary],
  );
  ok(reseeded.examples !== before.examples);
  const reordered = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "b", "a", "c"]));
  const other = await digests(TEXTS, reordered);
  strictEqual(other.corpus, before.corpus);
  ok(other.vocabulary !== before.vocabulary && other.examples !== before.examples);
  const joined = await digests([{ ...TEXTS[0], name: "z" }, TEXTS[1]], tokenizer);
  ok(joined.corpus !== before.corpus);
});

Deno.test("dataReport() counts the same for a stream as for an array", async () => {
  const documents = toyDocuments(20);
  async function* stream() {
    yield* documents;
  }
  const data = dataConfig({ maxLength: 24 });
  const held = await dataReport(documents, TOY_TOKENIZER, { data, seed: 1 });
  const streamed = await dataReport(stream, TOY_TOKENIZER, { data, seed: 1 });
  const fields = ["documents", "sentences", "duplicateSentences", "tokens", "unkRate"] as const;
  for (const field of fields) strictEqual(streamed[field], held[field]);
  strictEqual(streamed.digests.corpus, held.digests.corpus);
});

Deno.test("maxExamples limits how many examples are counted", async () => {
  const report = await dataReport(toyDocuments(30), TOY_TOKENIZER, options({}, { maxExamples: 7 }));
  deepStrictEqual([report.examples, report.documents], [7, 30]);
});

Deno.test("dataReport() counts documents with the same text as an earlier one", async () => {
  const [x, y] = TEXTS;
  const again = [{ ...x, name: "x again" }, { name: "joined", sentences: [y.sentences.join(" ")] }];
  const { equalDocuments } = await dataReport([...TEXTS, ...again, x], tokenizer, options());
  strictEqual(equalDocuments, 3);
  strictEqual((await dataReport(TEXTS, tokenizer, options())).equalDocuments, 0);
});

/** Documents whose sentences have the given numbers of tokens. */
const long = (...lengths: number[][]): Document[] =>
  lengths.map((sentences, i) => ({
    name: `d${i}`,
    sentences: sentences.map((length) => Array(length).fill("a").join(" ")),
  }));

Deno.test("dataReport() gives the share of the tokens that are in no example, which is 0 without pairs", async () => {
  const documents = long([1000], [3, 200, 5], [20, 20]);
  const none = await dataReport(documents, tokenizer, options({ pairing: "none" }));
  deepStrictEqual([none.unreachedShare, none.unusedDocuments], [0, 0]);
  const pairs = await dataReport(documents, tokenizer, options({ pairing: "nsp" }));
  ok(pairs.unreachedShare! > 0.8, `${pairs.unreachedShare}`); // an example has at most 13 tokens of text
});

Deno.test("dataReport() counts exactly the tokens that are cut off or left out", async () => {
  const sop = options({ pairing: "sop", shortSequenceProbability: 0 }); // 13 tokens an example
  const found = await dataReport(long([6, 6], [10, 10], [4], [5]), tokenizer, sop);
  strictEqual(found.unreachedShare, (7 + 4 + 5) / (12 + 20 + 4 + 5));
  strictEqual(found.unusedDocuments, 2);
  ok(formatReport(found).includes("39.02 % of the tokens are in none, nor any of 2 documents"));
});

Deno.test("dataReport() gives no share of unreached tokens if maxExamples ends the count", async () => {
  const data = options({ pairing: "none" });
  const some = await dataReport(long([50], [60]), tokenizer, { ...data, maxExamples: 2 });
  strictEqual("unreachedShare" in some || "unusedDocuments" in some, false);
  const all = await dataReport(long([5], [6]), tokenizer, { ...data, maxExamples: 2 });
  strictEqual(all.unreachedShare, 0);
});

Deno.test("formatReport() has a line for each figure", async () => {
  const documents = await readAll(corpus("data/sample.csv"));
  const text = formatReport(await dataReport(documents, tokenizer, options({ maxLength: 32 })));
  const names = text.split("\n").map((line) => line.slice(0, 12).trim());
  const expected = "corpus,duplicates,tokens,a sentence,examples,an example,NSP,predictions," +
    "vocabulary,digests";
  strictEqual(names.join(), expected);
  ok(text.includes("10 documents, 84 sentences"));
  const none = formatReport(await dataReport(TEXTS, tokenizer, options({ maxLength: 5 })));
  ok(/^predictions +\d\.\d an example, \d to \d$/m.test(none));
  ok(/^tokens +12, 8\.33 % of them \[UNK\]$/m.test(none));
});

Deno.test("dataReport() refuses an empty corpus and a limit of 0 examples", async () => {
  await rejects(dataReport([], tokenizer, options()), {
    name: "NoExamplesError",
    message: /no text/,
  });
  const none = dataReport(TEXTS, tokenizer, options({}, { maxExamples: 0 }));
  await rejects(none, {
    message: "Invalid maxExamples = 0: it must be a whole number of at least 1",
  });
});
