/**
 * From documents to the batches of an epoch: new pairs and masks, shuffled and grouped by length. One
 * call of `batches()` yields one epoch, batch by batch, so that memory stays bounded.
 */
import type { DataConfig } from "../config.ts";
import { checkArguments, checkOptions, checkWhole, having, type Kind } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { createRng, type Rng } from "../random.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { HELD, REOPENED, STREAM } from "./argument_kinds.ts";
import { type Batch, collate } from "./batch.ts";
import type { Document, TokenizedDocument } from "./document.ts";
import type { MaskedExample, PairExample } from "./example.ts";
import { mlmData } from "./mlm.ts";
import { EncodedDocuments } from "./encoded_documents.ts";
import { nspExamples, nspExamplesAsync, nspExamplesOfIds, nspExamplesOfWindow } from "./nsp.ts";
import type { ReachCounter } from "./reached_text.ts";

/** The settings that, with the documents, decide the examples of an epoch. */
export interface EpochOptions {
  /** How text becomes examples, from `dataConfig()`. */
  readonly data: DataConfig;
  /** The seed of everything random: a whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  /**
   * The number of the epoch, at least 0. Each epoch has pairs, masks and an order of its own; with
   * static masking it has only an order of its own.
   */
  readonly epoch: number;
}

/** The settings that, with the documents, decide the batches of an epoch. */
export interface BatchesOptions extends EpochOptions {
  /** Sequences in a batch, at least 1. */
  readonly batchSize: number;
  /**
   * The number of batches whose examples are shuffled and sorted by length together, at least 1. It
   * bounds the memory. Default 64.
   */
  readonly window?: number;
}

const OPTIONS = ["data", "batchSize", "seed", "epoch", "window"];

/** The default of `window`. */
const WINDOW = 64;

/** The random generators of an epoch, one for each purpose. */
export interface EpochGenerators {
  /** For the order of the documents, if they are in memory. */
  readonly documents: Rng;
  /** For the pairs. */
  readonly nsp: Rng;
  /** For the masks. */
  readonly mlm: Rng;
  /** For the order of examples and batches. */
  readonly order: Rng;
}

/** Documents in memory, as text or as ids. */
export type HeldDocuments = Iterable<Document> | EncodedDocuments;

/** Documents that can be read again for each epoch: in memory, or by a function that opens a stream. */
export type Documents = HeldDocuments | (() => AsyncIterable<Document>);

/**
 * Yields the batches of one epoch: new pairs of the documents with new masks, in random order.
 *
 * The same documents and options give the same batches, whether the documents are text or ids. An
 * array of documents and `EncodedDocuments` are shuffled first. Any other iterable is read in its
 * order and never held in memory as a whole. Examples are shuffled and grouped by length within
 * windows of `window` batches. Every batch except the last is full.
 *
 * With `masking: "static"` all epochs from 1 on have the same pairs with the same masks in a
 * different order, as in BERT, whose data were made once. (Epoch 0, which is for evaluation, has pairs
 * and masks of its own.)
 *
 * Source: Liu et al. 2019, "RoBERTa", section 4.1, for static and dynamic masking. BERT's static data
 * held each text several times, differently masked (`dupe_factor`); here each text occurs once.
 *
 * @param generators The random generators, which are advanced. Default: those of `epochGenerators()`.
 * @throws {ConfigError} If a setting cannot work.
 * @throws {NoExamplesError} If no pair can be made of the documents.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { batches } from "bert/data/epochs.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const options = { data: dataConfig({ maxLength: 8 }), batchSize: 2, seed: 1, epoch: 1 };
 * const [batch] = batches(documents, tokenizer, options);
 * strictEqual(batch.length, 8);
 * ```
 */
export function* batches(
  documents: HeldDocuments,
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  generators?: EpochGenerators,
): Generator<Batch> {
  checkBatches("batches()", tokenizer, options);
  checkDocuments("batches()", documents, HELD);
  generators ??= epochGenerators(options);
  const toBatches = windowBatches(tokenizer, options, generators);
  const pairs = pairsOf(documents, tokenizer, options, generators);
  for (const window of chunks(pairs, windowSize(options))) yield* toBatches(window);
}

/**
 * `batches()` for documents that arrive one by one, for instance from a file larger than memory. It
 * is a twin of `batches()`, as a synchronous generator cannot wait for documents.
 */
export async function* batchesAsync(
  documents: AsyncIterable<Document>,
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  generators?: EpochGenerators,
): AsyncGenerator<Batch> {
  checkBatches("batchesAsync()", tokenizer, options);
  checkDocuments("batchesAsync()", documents, STREAM);
  generators ??= epochGenerators(options);
  const toBatches = windowBatches(tokenizer, options, generators);
  let window: PairExample[] = [];
  for await (const pair of epochPairs(() => documents, tokenizer, options, generators)) {
    if (window.push(pair) < windowSize(options)) continue;
    yield* toBatches(window);
    window = [];
  }
  yield* toBatches(window);
}

/**
 * The batches of one window of encoded documents, as `batches()` would make them of these documents
 * alone; none if no pair can be made of them.
 *
 * @throws {ConfigError} If a setting cannot work.
 */
export function* batchesOfWindow(
  documents: readonly TokenizedDocument[],
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  generators: EpochGenerators,
): Generator<Batch> {
  checkBatches("batchesOfWindow()", tokenizer, options);
  const toBatches = windowBatches(tokenizer, options, generators);
  const pairs = pairsOfWindow(documents, tokenizer, options, generators);
  for (const some of chunks(pairs, windowSize(options))) yield* toBatches(some);
}

/**
 * The pairs of one window of documents, in the order in which they are drawn.
 *
 * @param reach Counts which tokens the pairs use, if given.
 */
export function pairsOfWindow(
  documents: readonly TokenizedDocument[],
  tokenizer: BertTokenizer,
  options: EpochOptions,
  generators: EpochGenerators,
  reach?: ReachCounter,
): Generator<PairExample> {
  const shuffled = [...documents];
  generators.documents.shuffle(shuffled);
  return nspExamplesOfWindow(shuffled, tokenizer.vocab, pairOptions(options, generators, reach));
}

/** `batches()` or `batchesAsync()`, depending on the documents. */
export function epochBatches(
  documents: Documents,
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  generators?: EpochGenerators,
): Iterable<Batch> | AsyncIterable<Batch> {
  checkDocuments("epochBatches()", documents, REOPENED);
  return typeof documents === "function"
    ? batchesAsync(documents(), tokenizer, options, generators)
    : batches(documents, tokenizer, options, generators);
}

/**
 * Counts the batches of an epoch by making its pairs without masks.
 *
 * @param atMost The count stops at this number, which is above 0. Default: no limit.
 */
export async function countBatches(
  documents: Documents,
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  atMost = Infinity,
): Promise<number> {
  checkBatches("countBatches()", tokenizer, options);
  if (!(atMost > 0)) throw new ConfigError("atMost", atMost, "must be a number above 0");
  const pairs = epochPairs(documents, tokenizer, options);
  let count = 0;
  for await (const _ of pairs) {
    if (++count >= atMost * options.batchSize) break;
  }
  return Math.ceil(count / options.batchSize);
}

/**
 * The pairs of an epoch, in the order in which they are drawn. An array of documents and
 * `EncodedDocuments` are read in random order, any other iterable in its own order.
 *
 * @param reach Counts which tokens the pairs use, if given.
 */
export function epochPairs(
  documents: Documents,
  tokenizer: BertTokenizer,
  options: EpochOptions,
  generators?: EpochGenerators,
  reach?: ReachCounter,
): Iterable<PairExample> | AsyncIterable<PairExample> {
  checkDocuments("epochPairs()", documents, REOPENED);
  generators ??= epochGenerators(options);
  if (typeof documents !== "function") {
    return pairsOf(documents, tokenizer, options, generators, reach);
  }
  return nspExamplesAsync(documents(), tokenizer, pairOptions(options, generators, reach));
}

/** A function that masks the pairs of an epoch, one after the other. */
export function epochMasking(
  tokenizer: BertTokenizer,
  options: EpochOptions,
  generators: EpochGenerators,
): (pair: PairExample) => MaskedExample {
  checkArguments("epochMasking(tokenizer, options, generators)", [
    ["tokenizer", tokenizer, TOKENIZER],
    ["generators", generators, GENERATORS],
  ]);
  const { data } = checkEpoch("epochMasking()", options);
  const { mlm: rng } = generators;
  const { maskProbability, maxPredictions, wholeWord } = data;
  const masking = { maskProbability, maxPredictions, wholeWord, rng };
  return (pair) => ({ ...pair, ...mlmData(pair.tokenIds, tokenizer.vocab, masking) });
}

/**
 * New generators for an epoch. With static masking, the generators of documents, pairs and masks are
 * those of epoch 1 for all later epochs, too.
 */
export function epochGenerators(options: EpochOptions): EpochGenerators {
  const { seed, epoch } = checkEpoch("epochGenerators()", options);
  return generatorsNamed(seed, `epoch ${drawnEpoch(options)}`, `epoch ${epoch}`);
}

/** `epochGenerators()` for one of the windows of documents of which an epoch is made. */
export function windowGenerators(options: EpochOptions, window: number): EpochGenerators {
  const { seed, epoch } = options;
  const name = (epoch: number) => `epoch ${epoch}/window ${window}`;
  return generatorsNamed(seed, name(drawnEpoch(options)), name(epoch));
}

/** The epoch for which pairs and masks are drawn: with static masking it is 1 for all later ones. */
export function drawnEpoch({ epoch, data }: EpochOptions): number {
  return data.masking === "static" ? Math.min(epoch, 1) : epoch;
}

/** The generators of an epoch, from the names of the streams for examples and for their order. */
function generatorsNamed(seed: number, examples: string, order: string): EpochGenerators {
  const stream = createRng(seed).fork(examples);
  return {
    documents: stream.fork("documents"),
    nsp: stream.fork("nsp"),
    mlm: stream.fork("mlm"),
    order: createRng(seed).fork(order).fork("order"),
  };
}

/** Checks the options of an epoch. */
function checkEpoch(what: string, options: EpochOptions): EpochOptions {
  checkOptions(what, options, OPTIONS);
  checkArguments(what, [["options.data", options.data, DATA]]);
  checkWhole("epoch", options.epoch, 0);
  return options;
}

const DATA = having("the settings from dataConfig()", "maxLength", "masking", "pairing");
const GENERATORS = having("a result of epochGenerators()", "documents", "nsp", "mlm", "order");

function checkDocuments(what: string, documents: unknown, kind: Kind): void {
  checkArguments(what, [["documents", documents, kind]]);
}

/** Checks the tokenizer and the options of batches. */
export function checkBatches(
  what: string,
  tokenizer: BertTokenizer,
  options: BatchesOptions,
): void {
  checkArguments(what, [["tokenizer", tokenizer, TOKENIZER]]);
  checkEpoch(what, options);
  const { batchSize, window = WINDOW } = options;
  checkWhole("batchSize", batchSize, 1);
  checkWhole("window", window, 1);
}

/** The pairs of documents in memory. */
function pairsOf(
  documents: HeldDocuments,
  tokenizer: BertTokenizer,
  options: EpochOptions,
  generators: EpochGenerators,
  reach?: ReachCounter,
): Generator<PairExample> {
  const settings = pairOptions(options, generators, reach);
  if (documents instanceof EncodedDocuments) {
    const places = Uint32Array.from({ length: documents.length }, (_, i) => i);
    generators.documents.shuffle(places);
    return nspExamplesOfIds(documents.at(places), tokenizer.vocab, settings);
  }
  if (!Array.isArray(documents)) return nspExamples(documents, tokenizer, settings);
  const shuffled = [...documents];
  generators.documents.shuffle(shuffled);
  return nspExamples(shuffled, tokenizer, settings);
}

/** The options of `nspExamples()` for an epoch. */
function pairOptions({ data }: EpochOptions, { nsp: rng }: EpochGenerators, reach?: ReachCounter) {
  const { maxLength, pairing, packing, shortSequenceProbability } = data;
  return { maxLength, pairing, packing, shortSequenceProbability, rng, reach };
}

/** The number of examples of a window. */
function windowSize({ batchSize, window = WINDOW }: BatchesOptions): number {
  return batchSize * window;
}

/** Arrays of `size` items each; the last one may be shorter. */
export function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    if (chunk.push(item) < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** A function that masks a window of pairs and divides it into batches of similar lengths, in random order. */
function windowBatches(
  tokenizer: BertTokenizer,
  options: BatchesOptions,
  generators: EpochGenerators,
): (pairs: PairExample[]) => Generator<Batch> {
  const { batchSize, data: { maxLength } } = options;
  const { order } = generators;
  const mask = epochMasking(tokenizer, options, generators);
  const { padId: padTokenId, maskId: maskTokenId } = tokenizer.vocab;
  return function* (pairs) {
    const window = pairs.map(mask);
    order.shuffle(window);
    const rest = window.splice(window.length - window.length % batchSize);
    window.sort((a, b) => a.tokenIds.length - b.tokenIds.length);
    const groups = [...chunks(window, batchSize)];
    order.shuffle(groups);
    if (rest.length > 0) groups.push(rest); // the batch that is not full comes last
    for (const group of groups) yield collate(group, { padTokenId, maskTokenId, maxLength });
  };
}
