/**
 * Seeing the data before training: what the corpus holds, what the examples look like, and a short
 * digest for each stage, so that two people can tell that they have the same thing.
 */
import { createHash, type Hash } from "node:crypto";
import type { DataConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { createRng, type Rng } from "../random.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Document } from "./document.ts";
import type { PairExample } from "./example.ts";
import { mlmData } from "./mlm.ts";
import { nspExamples, nspExamplesAsync } from "./nsp.ts";
import { textKey } from "./text_key.ts";

/** Which examples are reported on. */
export interface ReportOptions {
  readonly data: DataConfig;
  readonly seed: number;
  /** Default 1: the first epoch that is trained on. */
  readonly epoch?: number;
  /** Only so many examples are made and counted. Default: all of the epoch's. */
  readonly maxExamples?: number;
}

/** The first 12 hexadecimal digits of a SHA-256 for each stage. */
export interface Digests {
  /** Of the documents as JSON lines `[name, sentences]`, in the order given. */
  readonly corpus: string;
  /** Of `vocab.txt`: the same as `sha256sum vocab.txt` begins with. */
  readonly vocabulary: string;
  /** Of the examples as JSON lines `[tokenIds, segmentIds, nspLabel, labels]`. */
  readonly examples: string;
}

/** What a look at the data found. Shares are from 0 to 1. */
export interface DataReport extends CorpusCounts, ExampleCounts {
  readonly vocabSize: number;
  readonly digests: Digests;
}

/**
 * Counts a corpus and the examples that an epoch makes of it.
 *
 * The examples are those that `batches()` gives for the same seed and epoch, before they are put
 * in random order. A function that opens the corpus, as for a file larger than memory, is called twice.
 *
 * @throws {ConfigError} If `maxExamples` is not at least 1, or a setting cannot work.
 * @throws {RangeError} If no example can be made of the documents.
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
  const { maxExamples = Infinity } = options;
  if (!(maxExamples >= 1)) throw new ConfigError("maxExamples", maxExamples, "must be at least 1");
  const held = typeof documents === "function" ? documents : [...documents];
  const corpus = await countCorpus(held, tokenizer);
  const examples = await countExamples(held, tokenizer, options);
  const { tokens, size } = tokenizer.vocab;
  const vocabulary = short(createHash("sha256").update(`${tokens.join("\n")}\n`));
  const digests = { corpus: corpus.digest, vocabulary, examples: examples.digest };
  return { ...corpus.counts, ...examples.counts, vocabSize: size, digests };
}

/**
 * A report as lines of text, for a terminal or a notebook.
 *
 * @returns Lines without a line end at the close; the same report gives the same text.
 */
export function formatReport(report: DataReport): string {
  const { digests, sentenceTokens, exampleTokens } = report;
  const spread = ({ least, median, mean, most }: DataReport["exampleTokens"]) =>
    `${least} to ${most}, median ${median}, mean ${mean.toFixed(1)}`;
  const duplicates = `${count(report.duplicateSentences)} said before (${
    percent(report.duplicateSentences / Math.max(1, report.sentences))
  })`;
  const nsp = report.notNextShare === undefined
    ? "no pairs"
    : `${percent(report.notNextShare)} labelled 1, of ${count(report.pairs)} pairs`;
  return [
    ["corpus", `${count(report.documents)} documents, ${count(report.sentences)} sentences`],
    ["duplicates", duplicates],
    ["tokens", `${count(report.tokens)}, ${percent(report.unkRate)} of them [UNK]`],
    ["a sentence", `${spread(sentenceTokens)} tokens`],
    ["examples", `${count(report.examples)}, ${percent(report.truncatedShare)} of them cut`],
    ["an example", `${spread(exampleTokens)} tokens`],
    ["NSP", nsp],
    ["predictions", predictions(report.maskedHistogram)],
    ["vocabulary", `${count(report.vocabSize)} pieces`],
    ["digests", Object.entries(digests).map(([stage, hex]) => `${stage} ${hex}`).join(", ")],
  ].map(([name, text]) => `${name.padEnd(12)}${text}`).join("\n");
}

type Held = readonly Document[] | (() => AsyncIterable<Document>);

async function countCorpus(documents: Held, tokenizer: BertTokenizer) {
  const [counter, hash] = [new CorpusCounter(tokenizer), createHash("sha256")];
  for await (const document of typeof documents === "function" ? documents() : documents) {
    counter.add(document);
    hash.update(`${JSON.stringify([document.name, document.sentences])}\n`);
  }
  return { counts: counter.counts(), digest: short(hash) };
}

async function countExamples(documents: Held, tokenizer: BertTokenizer, options: ReportOptions) {
  const { data, seed, epoch = 1, maxExamples = Infinity } = options;
  const drawn = data.masking === "static" ? Math.min(epoch, 1) : epoch; // as `batches()` does
  const rng = createRng(seed).fork(`epoch ${drawn}`);
  const masking = maskingOptions(data, rng);
  const [counter, hash] = [new ExampleCounter(), createHash("sha256")];
  for await (const pair of pairsOf(documents, tokenizer, data, rng)) {
    const { tokenIds, labels } = mlmData(pair.tokenIds, tokenizer.vocab, masking);
    hash.update(`${JSON.stringify([tokenIds, pair.segmentIds, pair.nspLabel, labels])}\n`);
    if (counter.add(pair, labels) >= maxExamples) break;
  }
  return { counts: counter.counts(), digest: short(hash) };
}

function short(hash: Hash): string {
  return hash.digest("hex").slice(0, 12);
}

/** The pairs of the epoch, drawn as `batches()` draws them: an array in random order, a stream in its own. */
function pairsOf(
  documents: Held,
  tokenizer: BertTokenizer,
  { maxLength, pairing, packing, shortSequenceProbability }: DataConfig,
  rng: Rng,
): Iterable<PairExample> | AsyncIterable<PairExample> {
  const settings = { maxLength, pairing, packing, shortSequenceProbability, rng: rng.fork("nsp") };
  if (typeof documents === "function") return nspExamplesAsync(documents(), tokenizer, settings);
  const shuffled = [...documents];
  rng.fork("documents").shuffle(shuffled);
  return nspExamples(shuffled, tokenizer, settings);
}

function maskingOptions({ maskProbability, maxPredictions, wholeWord }: DataConfig, rng: Rng) {
  return { maskProbability, maxPredictions, wholeWord, rng: rng.fork("mlm") };
}

/** How many examples have how many predictions: `3: 12, 4: 40` is twelve with three, forty with four. */
function predictions(histogram: readonly number[]): string {
  const present = [...histogram.entries()].filter(([, examples]) => examples > 0);
  const total = present.reduce((sum, [number, examples]) => sum + number * examples, 0);
  const examples = histogram.reduce((a, b) => a + b, 0);
  const parts = present.map(([number, times]) => `${number}: ${count(times)}`).join(", ");
  return `${(total / examples).toFixed(1)} an example; how many have 0, 1 …: ${parts}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.001 ? 4 : 2)} %`;
}

/** How lengths are spread; all 0 where nothing was counted. */
export interface Spread {
  readonly least: number;
  /** The lower one of two in the middle. */
  readonly median: number;
  readonly mean: number;
  readonly most: number;
}

/** What a corpus holds. */
export interface CorpusCounts {
  readonly documents: number;
  readonly sentences: number;
  /** Sentences that occurred before, letter for letter; see `CorpusCounter` for very large corpora. */
  readonly duplicateSentences: number;
  readonly tokens: number;
  /** Share of the tokens that are `[UNK]`. */
  readonly unkRate: number;
  readonly sentenceTokens: Spread;
}

/** What the examples are like. */
export interface ExampleCounts {
  readonly examples: number;
  /** Examples with an NSP label. */
  readonly pairs: number;
  /** Share of the pairs with label 1; `undefined` where there are no pairs. */
  readonly notNextShare: number | undefined;
  /** Share of the examples that lost tokens to fit the length. */
  readonly truncatedShare: number;
  readonly exampleTokens: Spread;
  /** At index n: examples with n predictions. */
  readonly maskedHistogram: readonly number[];
}

const REMEMBERED = 2_000_000; // sentences, as 53-bit numbers: about 100 MB at most

/**
 * Counts documents. Duplicates are told by a hash of 53 bits, and looked for among the first two
 * million different sentences: in a corpus of more, their number is a lower bound.
 */
export class CorpusCounter {
  readonly #tokenizer: BertTokenizer;
  readonly #seen = new Set<number>();
  readonly #lengths = new Lengths();
  #documents = 0;
  #duplicates = 0;
  #unknown = 0;

  constructor(tokenizer: BertTokenizer) {
    this.#tokenizer = tokenizer;
  }

  add({ sentences }: Document): void {
    this.#documents++;
    for (const sentence of sentences) {
      const key = textKey(sentence);
      if (this.#seen.has(key)) this.#duplicates++;
      else if (this.#seen.size < REMEMBERED) this.#seen.add(key);
      const ids = this.#tokenizer.ids(sentence);
      this.#lengths.add(ids.length);
      for (const id of ids) if (id === this.#tokenizer.vocab.unkId) this.#unknown++;
    }
  }

  counts(): CorpusCounts {
    const { count, total } = this.#lengths;
    return {
      documents: this.#documents,
      sentences: count,
      duplicateSentences: this.#duplicates,
      tokens: total,
      unkRate: this.#unknown / Math.max(1, total),
      sentenceTokens: this.#lengths.spread(),
    };
  }
}

/** Counts examples. */
export class ExampleCounter {
  readonly #lengths = new Lengths();
  readonly #masked: number[] = [];
  #labels = { 0: 0, 1: 0, "-1": 0 };
  #truncated = 0;

  /** Adds an example with its labels; gives how many there are now. */
  add({ tokenIds, nspLabel, truncated }: PairExample, labels: readonly number[]): number {
    const masked = labels.reduce((sum, label) => label === -1 ? sum : sum + 1, 0);
    while (this.#masked.length <= masked) this.#masked.push(0);
    this.#masked[masked]++;
    this.#labels[nspLabel]++;
    if (truncated) this.#truncated++;
    this.#lengths.add(tokenIds.length);
    return this.#lengths.count;
  }

  counts(): ExampleCounts {
    const examples = this.#lengths.count;
    const pairs = this.#labels[0] + this.#labels[1];
    return {
      examples,
      pairs,
      notNextShare: pairs === 0 ? undefined : this.#labels[1] / pairs,
      truncatedShare: this.#truncated / Math.max(1, examples),
      exampleTokens: this.#lengths.spread(),
      maskedHistogram: [...this.#masked],
    };
  }
}

/** How often each length occurred. */
class Lengths {
  readonly #times = new Map<number, number>();
  count = 0;
  total = 0;

  add(length: number): void {
    this.#times.set(length, (this.#times.get(length) ?? 0) + 1);
    this.count++;
    this.total += length;
  }

  spread(): Spread {
    if (this.count === 0) return { least: 0, median: 0, mean: 0, most: 0 };
    const sorted = [...this.#times].sort(([a], [b]) => a - b);
    let passed = 0;
    const middle = sorted.find(([, times]) => (passed += times) * 2 >= this.count);
    const [least, most] = [sorted[0][0], sorted[sorted.length - 1][0]];
    return { least, median: middle?.[0] ?? least, mean: this.total / this.count, most };
  }
}
