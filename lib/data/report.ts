/**
 * A report on the data before training: figures of the corpus and of the examples, and a short digest
 * of each stage, by which two people can see that their data are equal.
 */
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { REOPENED, STREAM } from "./argument_kinds.ts";
import { createHash } from "node:crypto";
import { checkArguments, checkOptions, checkWhole, having } from "../checks.ts";
import type { DataConfig } from "../config.ts";
import { count, percent as percentOf } from "../format.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { vocabularyFacts } from "../tokenizer/vocab_facts.ts";
import {
  CorpusCounter,
  type CorpusCounts,
  ExampleCounter,
  type ExampleCounts,
} from "./report_counts.ts";
import { CorpusDigest } from "./corpus_digest.ts";
import type { Document } from "./document.ts";
import { epochGenerators, epochMasking, epochPairs } from "./epochs.ts";
import { type Reach, ReachCounter } from "./reached_text.ts";

/** Options of `dataReport()`. */
export interface ReportOptions {
  /** How text becomes examples, from `dataConfig()`. */
  readonly data: DataConfig;
  /** The seed of everything random, as in training. */
  readonly seed: number;
  /** The epoch. Default 1, the first epoch of training. */
  readonly epoch?: number;
  /** The most examples that are made and counted, at least 1. Default: all of the epoch. */
  readonly maxExamples?: number;
}

/** The first 12 hexadecimal digits of a SHA-256 for each stage. */
export interface Digests {
  /** Of the documents as JSON lines `[name, sentences]`, in the given order. */
  readonly corpus: string;
  /**
   * Of all tokens, one on each line. `sha256sum vocab.txt` begins with the same digits, unless tokens
   * were added to the vocabulary.
   */
  readonly vocabulary: string;
  /** Of the examples as JSON lines `[tokenIds, segmentIds, nspLabel, labels]`. */
  readonly examples: string;
}

/** The figures of a report. Shares are from 0 to 1. */
export interface DataReport extends CorpusCounts, ExampleCounts {
  /**
   * The share of the tokens that are in no example of the epoch, because they were cut off or their
   * document was left out. Undefined if `maxExamples` ended the count.
   */
  readonly unreachedShare?: number;
  /** The number of documents of which no token is in an example; undefined if `unreachedShare` is. */
  readonly unusedDocuments?: number;
  /** The number of pieces of the vocabulary, V. */
  readonly vocabSize: number;
  /** A digest of each stage. */
  readonly digests: Digests;
}

/**
 * Counts a corpus and the examples that an epoch makes of it.
 *
 * The examples are those of `batches()` for the same seed and epoch, before they are shuffled. A
 * function that opens a stream of documents is called twice.
 *
 * @throws {ConfigError} If `maxExamples` is not at least 1, or a setting cannot work.
 * @throws {NoExamplesError} If no example can be made of the documents.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { dataReport, formatReport } from "bert/data/report.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok, strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["b", "what"] }];
 * const report = await dataReport(documents, tokenizer, { data: dataConfig({ maxLength: 8 }), seed: 1 });
 * strictEqual(report.unkRate, 0.25);
 * ok(formatReport(report).includes("2 documents"));
 * ```
 */
export async function dataReport(
  documents: Iterable<Document> | (() => AsyncIterable<Document>),
  tokenizer: BertTokenizer,
  options: ReportOptions,
): Promise<DataReport> {
  checkArguments("dataReport(documents, tokenizer, options)", [
    ["documents", documents, REOPENED],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  checkOptions("dataReport()", options, ["data", "seed", "epoch", "maxExamples"]);
  const { maxExamples = Infinity } = options;
  if (maxExamples !== Infinity) checkWhole("maxExamples", maxExamples, 1);
  const held = typeof documents === "function" ? documents : [...documents];
  const corpus = await countCorpus(held, tokenizer);
  const examples = await countExamples(held, tokenizer, options);
  const digests = {
    corpus: corpus.digest,
    vocabulary: short(vocabularyFacts(tokenizer).sha256),
    examples: examples.digest,
  };
  const { counts, reached } = examples;
  return { ...corpus.counts, ...counts, ...reached, vocabSize: tokenizer.vocab.size, digests };
}

/**
 * A report as lines of text, for a terminal or a notebook.
 *
 * @returns Lines, without a line end after the last. The same report gives the same text.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { dataReport, formatReport } from "bert/data/report.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["b", "what"] }];
 * const report = await dataReport(documents, tokenizer, { data: dataConfig({ maxLength: 8 }), seed: 1 });
 * const [first, , third] = formatReport(report).split("\n");
 * strictEqual(first, "corpus      2 documents, 4 sentences");
 * strictEqual(third, "tokens      4, 25.00 % of them [UNK]");
 * ```
 */
export function formatReport(report: DataReport): string {
  checkArguments("formatReport(report)", [["report", report, REPORT]]);
  const { digests, sentenceTokens, exampleTokens } = report;
  const spread = ({ least, median, mean, most }: DataReport["exampleTokens"]) =>
    `${least} to ${most}, median ${median}, mean ${mean.toFixed(1)}`;
  const share = percent(report.duplicateSentences / Math.max(1, report.sentences));
  const duplicates = `${count(report.equalDocuments)} documents as one before; ` +
    `${count(report.duplicateSentences)} sentences said before (${share})`;
  const nsp = report.notNextShare === undefined
    ? "no pairs"
    : `${percent(report.notNextShare)} labelled 1, of ${count(report.pairs)} pairs`;
  return [
    ["corpus", `${count(report.documents)} documents, ${count(report.sentences)} sentences`],
    ["duplicates", duplicates],
    ["tokens", `${count(report.tokens)}, ${percent(report.unkRate)} of them [UNK]`],
    ["a sentence", `${spread(sentenceTokens)} tokens`],
    ["examples", examples(report)],
    ["an example", `${spread(exampleTokens)} tokens`],
    ["NSP", nsp],
    ["predictions", predictions(report.maskedHistogram)],
    ["vocabulary", `${count(report.vocabSize)} pieces`],
    ["digests", Object.entries(digests).map(([stage, hex]) => `${stage} ${hex}`).join(", ")],
  ].map(([name, text]) => `${name.padEnd(12)}${text}`).join("\n");
}

const REPORT = having("a result of dataReport()", "digests", "sentenceTokens", "exampleTokens");

type Held = readonly Document[] | (() => AsyncIterable<Document>);

async function countCorpus(documents: Held, tokenizer: BertTokenizer) {
  const counter = new CorpusCounter(tokenizer);
  const digest = new CorpusDigest();
  for await (const document of opened(documents)) {
    counter.add(document);
    digest.add(document);
  }
  return { counts: counter.counts(), digest: short(digest.hex()) };
}

function opened(documents: Held): readonly Document[] | AsyncIterable<Document> {
  if (typeof documents !== "function") return documents;
  const stream = documents();
  checkArguments("dataReport(documents)", [["the result of documents()", stream, STREAM]]);
  return stream;
}

async function countExamples(
  documents: Held,
  tokenizer: BertTokenizer,
  { data, seed, epoch = 1, maxExamples = Infinity }: ReportOptions,
) {
  const options = { data, seed, epoch };
  const generators = epochGenerators(options);
  const mask = epochMasking(tokenizer, options, generators);
  const reach = new ReachCounter();
  const counter = new ExampleCounter();
  const hash = createHash("sha256");
  let whole = true;
  for await (const pair of epochPairs(documents, tokenizer, options, generators, reach)) {
    if (counter.count >= maxExamples) {
      whole = false;
      break;
    }
    const { tokenIds, segmentIds, nspLabel, labels } = mask(pair);
    hash.update(`${JSON.stringify([tokenIds, segmentIds, nspLabel, labels])}\n`);
    counter.add(pair, labels);
  }
  const reached = whole ? reachShares(reach.counts) : {};
  return { counts: counter.counts(), reached, digest: short(hash.digest("hex")) };
}

function reachShares({ tokens, unreachedTokens, unusedDocuments }: Reach) {
  return { unreachedShare: unreachedTokens / Math.max(1, tokens), unusedDocuments };
}

function short(hex: string): string {
  return hex.slice(0, 12);
}

/** The number of examples, and the shares of those that were cut and of the tokens in none. */
function examples({ examples, truncatedShare, unreachedShare, unusedDocuments }: DataReport) {
  const cut = `${count(examples)}, ${percent(truncatedShare)} of them cut`;
  if (unreachedShare === undefined || unusedDocuments === undefined) return cut;
  const unused = unusedDocuments > 0 ? `, nor any of ${count(unusedDocuments)} documents` : "";
  return `${cut}; ${percent(unreachedShare)} of the tokens are in none${unused}`;
}

/** The number of predictions of an example: its mean, its smallest and its largest value. */
function predictions(histogram: readonly number[]): string {
  const present = [...histogram.entries()].filter(([, examples]) => examples > 0);
  const total = present.reduce((sum, [number, examples]) => sum + number * examples, 0);
  const examples = histogram.reduce((a, b) => a + b, 0);
  const least = present[0]?.[0] ?? 0;
  const most = present.at(-1)?.[0] ?? 0;
  return `${(total / Math.max(1, examples)).toFixed(1)} an example, ${least} to ${most}`;
}

/** A share with two digits, or with four if two would show almost nothing. */
function percent(share: number): string {
  return percentOf(share, share > 0 && share < 0.001 ? 4 : 2);
}
