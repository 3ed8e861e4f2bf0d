/**
 * Next-sentence prediction: pairs of segments, half of which follow each other in a document.
 *
 * A pair is `[CLS] A [SEP] B [SEP]`. Its label is 0 if B follows A, and 1 if B comes from elsewhere.
 * The same code makes the pairs of sentence-order prediction, and single segments without a label.
 */
import {
  checkArguments,
  checkChoice,
  checkOptions,
  checkShare,
  checkSwitches,
  checkWhole,
  having,
} from "../checks.ts";
import { DATA_DEFAULTS } from "../config.ts";
import { ConfigError, describe } from "../errors.ts";
import { checkRng } from "../random.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Vocab } from "../tokenizer/vocab.ts";
import { DOCUMENTS, STREAM } from "./argument_kinds.ts";
import type { Document, TokenizedDocument } from "./document.ts";
import type { PairExample } from "./example.ts";
import { checkPairable, type NspOptions, PairMaker } from "./pair_maker.ts";

/** The two labels of a pair. With sentence-order prediction they mean "in order" and "swapped". */
export const NspLabel = { IsNext: 0, NotNext: 1 } as const;

/**
 * Makes pairs of documents, one by one.
 *
 * A "not next" segment comes from another document, and its text never equals the true next sentence.
 * In a corpus of one document it comes from elsewhere in that document, and never overlaps or
 * continues the first segment. A document of one sentence can only begin a "not next" pair. To keep
 * both labels equally frequent, later pairs compensate for such pairs, and some of them are left out
 * if there are too many.
 *
 * @throws {ConfigError} If `maxLength` has no room for `[CLS] x [SEP] y [SEP]`, or another option
 * cannot work.
 * @throws {NoExamplesError} If no pair can be made: there is no text, or no document has two
 * sentences.
 *
 * @example
 * ```ts
 * import { nspExamples } from "bert/data/nsp.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const [pair] = nspExamples(documents, tokenizer, { maxLength: 5, rng: createRng(1) });
 * deepStrictEqual(pair.segmentIds, [1, 1, 1, 2, 2]);
 * ```
 *
 * Source: Devlin et al. 2018 section 3.1 (Task #2) and `create_instances_from_document` in
 * google-research/bert; Lan et al. 2019 for sentence order. The defaults differ from the reference:
 * both labels are equally frequent, the same document never serves as "another", and a text that
 * equals the true next one is drawn again.
 */
export function* nspExamples(
  documents: Iterable<Document>,
  tokenizer: BertTokenizer,
  options: NspOptions,
): Generator<PairExample> {
  checkArguments("nspExamples(documents, tokenizer, options)", [
    ["documents", documents, DOCUMENTS],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  const settings = checked(options);
  if (Array.isArray(documents)) checkPairable(documents, options);
  yield* nspExamplesOfIds(tokenized(documents, tokenizer), tokenizer.vocab, settings);
}

/**
 * `nspExamples()` for documents that are encoded already.
 *
 * @throws {ConfigError | NoExamplesError} In the same cases as `nspExamples()`.
 *
 * @example
 * ```ts
 * import { nspExamplesOfIds } from "bert/data/nsp.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { deepStrictEqual } from "node:assert";
 * const vocab = new Vocab([...SPECIAL_TOKENS, "a", "b", "c"]);
 * const sentences = [{ ids: [5, 6], index: 0 }, { ids: [7], index: 1 }];
 * const options = { maxLength: 6, pairing: "sop", rng: createRng(1) } as const;
 * const [pair] = nspExamplesOfIds([{ name: "x", sentences }], vocab, options);
 * deepStrictEqual(pair.tokenIds, pair.nspLabel === 1 ? [2, 7, 3, 5, 6, 3] : [2, 5, 6, 3, 7, 3]);
 * ```
 */
export function* nspExamplesOfIds(
  documents: Iterable<TokenizedDocument>,
  vocab: Vocab,
  options: NspOptions,
): Generator<PairExample> {
  const maker = new PairMaker(vocab, checked(options));
  const filler = new WindowFiller(options.windowTokens);
  for (const document of documents) {
    const window = filler.add(document);
    if (window) yield* fromWindow(maker, window, options);
  }
  yield* fromWindow(maker, filler.take(), options);
  maker.checkResult();
}

/**
 * The pairs of documents that form one window, whatever their size. There may be none, as another
 * window may have some.
 *
 * @throws {ConfigError} In the same cases as `nspExamples()`.
 */
export function* nspExamplesOfWindow(
  documents: readonly TokenizedDocument[],
  vocab: Vocab,
  options: NspOptions,
): Generator<PairExample> {
  const window = documents.filter(({ sentences }) => sentences.length > 0);
  yield* fromWindow(new PairMaker(vocab, checked(options)), window, options);
}

/**
 * `nspExamples()` for documents that arrive one by one.
 *
 * @throws {ConfigError | NoExamplesError} In the same cases as `nspExamples()`.
 *
 * @example
 * ```ts
 * import { corpus } from "bert/data/corpus.ts";
 * import { nspExamplesAsync } from "bert/data/nsp.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/texts.txt`;
 * await Deno.writeTextFile(path, "Call me.\nI come.\n\nGo on.\nStay here.\n");
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me", "."]));
 * const pairs = nspExamplesAsync(corpus(path), tokenizer, { maxLength: 11, rng: createRng(1) });
 * for await (const { segmentIds } of pairs) ok(segmentIds.includes(2)); // a second segment
 * ```
 */
export async function* nspExamplesAsync(
  documents: AsyncIterable<Document>,
  tokenizer: BertTokenizer,
  options: NspOptions,
): AsyncGenerator<PairExample> {
  checkArguments("nspExamplesAsync(documents, tokenizer, options)", [
    ["documents", documents, STREAM],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  const maker = new PairMaker(tokenizer.vocab, checked(options));
  const filler = new WindowFiller(options.windowTokens);
  for await (const document of documents) {
    const window = filler.add(tokenizeDocument(document, tokenizer));
    if (window) yield* fromWindow(maker, window, options);
  }
  yield* fromWindow(maker, filler.take(), options);
  maker.checkResult();
}

/**
 * Makes pairs of documents, in arrays of `batchSize` pairs. Every array except the last is full.
 *
 * @param options Those of `nspExamples()`, and `batchSize`: the number of pairs in a batch, at least 1.
 * @throws {ConfigError} In the same cases as `nspExamples()`, and if `batchSize` is not at least 1.
 * @throws {NoExamplesError} In the same cases as `nspExamples()`.
 *
 * @example
 * ```ts
 * import { nspData } from "bert/data/nsp.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const options = { maxLength: 5, batchSize: 2, rng: createRng(1) };
 * const [batch] = nspData(documents, tokenizer, options);
 * strictEqual(batch.length, 2);
 * ```
 */
export function* nspData(
  documents: Iterable<Document>,
  tokenizer: BertTokenizer,
  options: NspOptions & { readonly batchSize: number },
): Generator<PairExample[]> {
  checkOptions("nspData()", options, [...OPTIONS, "batchSize"]);
  const { batchSize, ...pairing } = options;
  checkWhole("batchSize", batchSize, 1);
  let batch: PairExample[] = [];
  for (const pair of nspExamples(documents, tokenizer, pairing)) {
    if (batch.push(pair) < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The pairs of one window, whose used tokens are counted if `reach` is given. */
function* fromWindow(
  maker: PairMaker,
  window: readonly TokenizedDocument[],
  { reach }: NspOptions,
): Generator<PairExample> {
  reach?.open(window);
  for (let index = 0; index < window.length; index++) yield* maker.pairs(window, index);
  reach?.countWindow();
}

const REACH = having("a ReachCounter", "open", "mark", "countWindow");

/**
 * The known options. Those of `DataConfig` are among them, so that one object of settings can be
 * passed for pairs and for masks.
 */
const OPTIONS = [
  ...Object.keys(DATA_DEFAULTS),
  "maxPredictions",
  "balanced",
  "windowTokens",
  "reach",
  "rng",
];

/** Returns the options, and throws `ConfigError` if one cannot work. */
function checked(options: NspOptions): NspOptions {
  checkOptions("nspExamples()", options, OPTIONS);
  const { maxLength, shortSequenceProbability = 0, windowTokens = WINDOW_TOKENS } = options;
  checkChoice("pairing", options.pairing ?? "nsp", ["nsp", "sop", "none"]);
  checkRng(options.rng);
  if (!Number.isInteger(maxLength) || maxLength < 5) {
    throw new ConfigError("maxLength", maxLength, "must be at least 5, for [CLS] x [SEP] y [SEP]");
  }
  checkSwitches(options, ["balanced", "packing"]);
  checkShare("shortSequenceProbability", shortSequenceProbability);
  if (windowTokens !== Infinity) checkWhole("windowTokens", windowTokens, 1);
  if (options.reach !== undefined) {
    checkArguments("nspExamples()", [["options.reach", options.reach, REACH]]);
  }
  return options;
}

/** The number of tokens at which a window is full. 4 million ids take some 40 MB. */
const WINDOW_TOKENS = 4_000_000;

function* tokenized(
  documents: Iterable<Document>,
  tokenizer: BertTokenizer,
): Generator<TokenizedDocument> {
  for (const document of documents) yield tokenizeDocument(document, tokenizer);
}

/** Throws `TypeError` unless the argument is a document. */
export function checkDocument(document: Document): void {
  if (Array.isArray(document?.sentences)) return;
  const found = describe(document);
  throw new TypeError(`Cannot make pairs of ${found}: expected { name, sentences: ["…", "…"] }`);
}

/**
 * Encodes a document.
 *
 * @throws {TypeError} If it is not a document.
 */
function tokenizeDocument(document: Document, tokenizer: BertTokenizer): TokenizedDocument {
  checkDocument(document);
  const sentences = document.sentences
    .map((sentence, index) => ({ ids: tokenizer.ids(sentence), index }))
    .filter(({ ids }) => ids.length > 0);
  return { name: document.name, sentences };
}

/** Collects documents into windows. A document without tokens is left out. */
class WindowFiller {
  readonly #limit: number;
  #documents: TokenizedDocument[] = [];
  #tokens = 0;

  constructor(limit = WINDOW_TOKENS) {
    this.#limit = limit;
  }

  /** Adds a document, and returns the window if it is full now. */
  add(document: TokenizedDocument): TokenizedDocument[] | undefined {
    if (document.sentences.length === 0) return undefined;
    this.#documents.push(document);
    this.#tokens += document.sentences.reduce((sum, { ids }) => sum + ids.length, 0);
    return this.#tokens >= this.#limit ? this.take() : undefined;
  }

  /** The documents that were collected since the last window. */
  take(): TokenizedDocument[] {
    const documents = this.#documents;
    this.#documents = [];
    this.#tokens = 0;
    return documents;
  }
}
