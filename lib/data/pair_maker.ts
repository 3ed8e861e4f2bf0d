/**
 * Making pairs of a document: sentences are collected into a chunk, the chunk is divided into two
 * parts, and the second part is kept or replaced by text from elsewhere.
 */
import { NoExamplesError } from "../errors.ts";
import type { Rng } from "../random.ts";
import type { Vocab } from "../tokenizer/vocab.ts";
import type { Document, TokenizedDocument } from "./document.ts";
import type { PairExample } from "./example.ts";
import type { ReachCounter } from "./reached_text.ts";
import {
  appendIds,
  type Kept,
  readsLike,
  singleStretches,
  spanOf,
  type Stretch,
  tokenCount,
} from "./segments.ts";

/** The most draws of another document, or of a text that differs from the true next one. */
const TRIES = 10;

/** The largest `#surplus` with which another "not next" pair is still made. */
const MOST_SURPLUS = 64;

/** Only more documents than this, each of one sentence, are taken for a mistake. */
const FEW = 8;

/**
 * The message of the error for documents of which no "next" pair can be made.
 *
 * @param pairing The kind of pairs. Default `"nsp"`.
 */
export function noPairsFollow(pairing: NspOptions["pairing"] = "nsp"): string {
  const pairs = pairing === "sop" ? "pairs of two sentences in order" : '"next" pairs';
  return `Cannot make ${pairs} as no document has two sentences: join texts into longer documents ` +
    "(rows of one text need the same name in a document column, lines of one text in a .txt file no " +
    'empty line between them), or, which in a task is --pairing none, set pairing to "none"';
}

/**
 * Throws, before any work is done, if no "next" pair can be made because no document has two
 * sentences.
 *
 * @throws {NoExamplesError} The message says how texts become longer documents, and how to train
 * without pairs.
 */
export function checkPairable(
  documents: readonly Document[],
  { pairing = "nsp", balanced = true }: Pick<NspOptions, "pairing" | "balanced">,
): void {
  if (pairing === "none" || (pairing === "nsp" && !balanced) || documents.length <= FEW) return;
  const single = documents.every((document) => document?.sentences?.length <= 1);
  if (single && documents.some(({ sentences }) => sentences.length === 1)) {
    throw new NoExamplesError(noPairsFollow(pairing));
  }
}

/** Makes pairs, and counts the labels so that both stay equally frequent. */
export class PairMaker {
  readonly #vocab: Vocab;
  readonly #options: Required<Omit<NspOptions, "windowTokens" | "reach">>;
  readonly #reach: ReachCounter | undefined;
  readonly #rng: Rng;
  #surplus = 0; // "not next" pairs minus "next" pairs, counting only those that were not drawn
  #couldFollow = false; // whether any chunk had two sentences
  #counts = { 0: 0, 1: 0, "-1": 0 };
  #last: TokenizedDocument | undefined; // the document before, as another one for a document that is alone in its window

  /**
   * Makes pairs of documents that were encoded with `vocab`.
   *
   * @param options Options that `nspExamples()` has checked.
   */
  constructor(vocab: Vocab, options: NspOptions) {
    const { pairing = "nsp", packing = true, shortSequenceProbability = 0.1, balanced = true } =
      options;
    this.#vocab = vocab;
    this.#rng = options.rng;
    this.#reach = options.reach;
    this.#options = { ...options, pairing, packing, shortSequenceProbability, balanced };
  }

  /** The pairs whose first segment comes from document `index` of the window. */
  *pairs(window: readonly TokenizedDocument[], index: number): Generator<PairExample> {
    const others = window.length > 1 || !this.#last ? window : [...window, this.#last];
    const document = window[index];
    const target = this.#targetLength();
    if (this.#options.pairing === "none") yield* this.#singles(document, target);
    else yield* this.#pairs(document, target, others, index);
    this.#last = document;
  }

  *#pairs(
    document: TokenizedDocument,
    target: number,
    others: readonly TokenizedDocument[],
    index: number,
  ): Generator<PairExample> {
    let start = 0;
    while (start < document.sentences.length) {
      const chunk = this.#chunk(document, start, target);
      const made = this.#fromChunk(chunk, target, others, index);
      if (made) {
        this.#counts[made.example.nspLabel]++;
        yield made.example;
      }
      start = made?.next ?? chunk.end;
    }
  }

  /** The examples without pairs, of one segment each. Together they contain every token once. */
  *#singles(document: TokenizedDocument, target: number): Generator<PairExample> {
    for (const { stretch, kept } of singleStretches(document, target, this.#room())) {
      this.#counts[-1]++;
      yield this.#framed(stretch, kept);
    }
  }

  /**
   * Checks after all documents that the pairs are of the wanted kind.
   *
   * @throws {NoExamplesError} If no example could be made, or no "next" pair although pairs are wanted.
   */
  checkResult(): void {
    const { 0: next, 1: other, "-1": single } = this.#counts;
    if (next + other + single === 0) throw new NoExamplesError(this.#noPairs());
    const { pairing, balanced } = this.#options;
    const lacksNext = pairing === "nsp" && balanced && !this.#couldFollow && other > FEW;
    if (lacksNext) throw new NoExamplesError(noPairsFollow(pairing));
  }

  #noPairs(): string {
    if (this.#last && this.#options.pairing === "sop") return noPairsFollow("sop");
    if (!this.#last) {
      return "Cannot make pairs as the documents hold no text: check the corpus and the tokenizer";
    }
    return "Cannot make pairs as no document has two sentences, and there is no other document to " +
      'take one from: add text, or, which in a task is --pairing none, set pairing to "none"';
  }

  /**
   * The target number of tokens of an example's segments, drawn once for each document as in the
   * reference.
   */
  #targetLength(): number {
    const { packing, shortSequenceProbability } = this.#options;
    const room = this.#room();
    if (!packing) return 0;
    return this.#rng.random() < shortSequenceProbability ? this.#rng.between(2, room) : room;
  }

  /** The most tokens of an example, without the special ones. */
  #room(): number {
    return this.#options.maxLength - (this.#options.pairing === "none" ? 2 : 3);
  }

  /** The sentences from `start` on, until there are `target` tokens and enough sentences for a pair. */
  #chunk(document: TokenizedDocument, start: number, target: number): Stretch {
    const { balanced, packing, pairing } = this.#options;
    const pairs = pairing === "sop" || (pairing === "nsp" && (balanced || !packing));
    const least = pairs ? 2 : 1; // so that a "next" pair is possible
    let end = start;
    let length = 0;
    while (
      end < document.sentences.length && (length < target || end - start < least || end === start)
    ) {
      length += document.sentences[end++].ids.length;
    }
    return { document, start, end };
  }

  #fromChunk(
    chunk: Stretch,
    target: number,
    others: readonly TokenizedDocument[],
    index: number,
  ): { example: PairExample; next: number } | undefined {
    const size = chunk.end - chunk.start;
    if (size >= 2) this.#couldFollow = true;
    const firstEnd = chunk.start + (size >= 2 ? this.#rng.between(1, size - 1) : 1);
    const first = { ...chunk, end: firstEnd };
    const rest = { ...chunk, start: firstEnd };
    if (this.#options.pairing === "sop") return size < 2 ? undefined : this.#ordered(first, rest);
    if (this.#drawsNext(size)) return this.#follow(first, rest);
    const wanted = target - tokenCount(first);
    const other = this.#elsewhere(first, wanted, others, index);
    if (other) return { example: this.#example(first, other, 1), next: firstEnd };
    this.#surplus -= size < 2 ? 1 : 2; // no other text: the pair is left out, or gets the other label
    return size < 2 ? undefined : this.#follow(first, rest);
  }

  #follow(first: Stretch, rest: Stretch): { example: PairExample; next: number } {
    return { example: this.#example(first, rest, 0), next: rest.end };
  }

  #ordered(first: Stretch, rest: Stretch): { example: PairExample; next: number } {
    const swapped = this.#rng.random() < 0.5;
    const example = swapped ? this.#example(rest, first, 1) : this.#example(first, rest, 0);
    return { example, next: rest.end };
  }

  /** Draws whether the second segment is to be the true next one. */
  #drawsNext(size: number): boolean {
    const { balanced } = this.#options;
    if (size === 1) {
      if (balanced) this.#surplus++;
      return false;
    }
    const next = this.#rng.random() >= 0.5;
    if (!balanced || (next ? this.#surplus > -2 : this.#surplus < 1)) return next;
    this.#surplus += next ? 2 : -2; // one more of one kind, and one fewer of the other
    return !next;
  }

  /** A stretch that does not follow `first`; undefined if there is none, or too many such pairs exist. */
  #elsewhere(
    first: Stretch,
    wanted: number,
    others: readonly TokenizedDocument[],
    index: number,
  ): Stretch | undefined {
    if (!this.#options.balanced) return this.#drawElsewhere(first, wanted, others, index);
    if (this.#surplus > MOST_SURPLUS) return undefined;
    const next = first.document.sentences[first.end];
    for (let tries = 0; tries < TRIES; tries++) {
      const drawn = this.#drawElsewhere(first, wanted, others, index);
      if (!drawn || !next || !readsLike(drawn, next)) return drawn;
    }
  }

  /** A stretch of another document, or of this document if it is the only one. */
  #drawElsewhere(
    first: Stretch,
    wanted: number,
    others: readonly TokenizedDocument[],
    index: number,
  ): Stretch | undefined {
    let other = this.#rng.below(others.length);
    for (let tries = 1; tries < TRIES && other === index; tries++) {
      other = this.#rng.below(others.length);
    }
    if (other === index && this.#options.balanced && others.length > 1) {
      other = (index + 1 + this.#rng.below(others.length - 1)) % others.length;
    }
    if (other === index) return this.#elsewhereInside(first, wanted);
    const document = others[other];
    const start = this.#rng.below(document.sentences.length);
    return this.#grow(document, start, wanted, document.sentences.length);
  }

  /** A stretch of the same document that neither overlaps `first` nor begins right after it. */
  #elsewhereInside({ document, start, end }: Stretch, wanted: number): Stretch | undefined {
    const after = document.sentences.length - (end + 1);
    const candidates = start + Math.max(0, after);
    if (candidates === 0) return undefined;
    const drawn = this.#rng.below(candidates);
    const from = drawn < start ? drawn : end + 1 + (drawn - start);
    return this.#grow(document, from, wanted, from < start ? start : document.sentences.length);
  }

  /** At least one sentence from `start` on, until there are `wanted` tokens. */
  #grow(document: TokenizedDocument, start: number, wanted: number, limit: number): Stretch {
    let end = start;
    let length = 0;
    do length += document.sentences[end++].ids.length; while (end < limit && length < wanted);
    return { document, start, end };
  }

  /** `[CLS] A [SEP] B [SEP]`. */
  #example(first: Stretch, second: Stretch, nspLabel: 0 | 1): PairExample {
    const lengths = [tokenCount(first), tokenCount(second)];
    const [keptA, keptB] = this.#truncate(lengths[0], lengths[1]);
    const framed = this.#framed(first, keptA);
    const tokenIds = [...framed.tokenIds];
    appendIds(tokenIds, second, keptB);
    tokenIds.push(this.#vocab.sepId);
    const segmentIds = tokenIds.map((_, i) => i < framed.tokenIds.length ? 1 : 2);
    const span = spanOf(second, keptB);
    this.#reach?.mark(second, keptB);
    const truncated = framed.truncated || span.cut !== undefined;
    return { ...framed, tokenIds, segmentIds, nspLabel, second: span, truncated };
  }

  /** `[CLS] A [SEP]`. */
  #framed(first: Stretch, kept: Kept): PairExample {
    const tokenIds = [this.#vocab.clsId];
    appendIds(tokenIds, first, kept);
    tokenIds.push(this.#vocab.sepId);
    const span = spanOf(first, kept);
    this.#reach?.mark(first, kept);
    const truncated = span.cut !== undefined;
    return { tokenIds, segmentIds: tokenIds.map(() => 1), nspLabel: -1, first: span, truncated };
  }

  /** Takes single tokens off the longer segment, at a random end, until both fit. */
  #truncate(a: number, b: number): [Kept, Kept] {
    const kept = [{ start: 0, end: a }, { start: 0, end: b }];
    const size = (i: number) => kept[i].end - kept[i].start;
    for (let excess = a + b - this.#room(); excess > 0; excess--) {
      const longer = kept[size(0) > size(1) ? 0 : 1];
      if (this.#rng.random() < 0.5) longer.start++;
      else longer.end--;
    }
    return [kept[0], kept[1]];
  }
}

/** Options of `nspExamples()`. */
export interface NspOptions {
  /** The most tokens of an example, special ones included; at least 5. */
  readonly maxLength: number;
  /** Next sentence, sentence order, or no pairs. Default `"nsp"`. */
  readonly pairing?: "nsp" | "sop" | "none";
  /**
   * Whether to fill each example with sentences up to the length (default), or to use one sentence
   * for each segment.
   */
  readonly packing?: boolean;
  /** With packing: the share of documents whose examples get a random, shorter length. Default 0.1. */
  readonly shortSequenceProbability?: number;
  /**
   * Whether both labels are equally frequent (default). `false` draws as google-research/bert does,
   * token for token.
   */
  readonly balanced?: boolean;
  /**
   * About how many tokens are held in memory at a time; "not next" segments are drawn from them.
   * Default 4,000,000.
   */
  readonly windowTokens?: number;
  /** Counts which tokens the examples use, if given. */
  readonly reach?: ReachCounter;
  /** The generator of all random numbers. Each pair advances it. */
  readonly rng: Rng;
}
