/**
 * How one document becomes pairs: sentences are collected into a chunk, the chunk is cut in two, and
 * the second half is kept or replaced by text from elsewhere.
 */
import type { Rng } from "../random.ts";
import type { Vocab } from "../tokenizer/vocab.ts";
import type { TokenizedDocument, TokenizedSentence } from "./document.ts";
import type { PairExample, Span } from "./example.ts";

/** A piece of a document: its sentences from `start` up to `end`, as positions in the list. */
interface Stretch {
  readonly document: TokenizedDocument;
  readonly start: number;
  readonly end: number;
}

const HOPELESS = 64; // "not next" pairs in excess, beyond which one more is left out

/** Makes pairs, and keeps count of the labels so that they stay balanced. */
export class PairMaker {
  readonly #vocab: Vocab;
  readonly #options: Required<Omit<NspOptions, "windowTokens">>;
  readonly #rng: Rng;
  #surplus = 0; // "not next" pairs minus "next" pairs, as far as no coin decided it
  #couldFollow = false; // whether two sentences of a document were ever at hand
  #counts = { 0: 0, 1: 0, "-1": 0 };
  #last: TokenizedDocument | undefined; // of the window before: company for a lone document

  constructor(vocab: Vocab, options: NspOptions) {
    const { pairing = "nsp", packing = true, shortSequenceProbability = 0.1, balanced = true } =
      options;
    this.#vocab = vocab;
    this.#rng = options.rng;
    this.#options = { ...options, pairing, packing, shortSequenceProbability, balanced };
  }

  /** The pairs whose first segment comes from document `index` of the window. */
  *pairs(window: readonly TokenizedDocument[], index: number): Generator<PairExample> {
    const others = window.length > 1 || !this.#last ? window : [...window, this.#last];
    const document = window[index];
    const target = this.#targetLength();
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
    this.#last = document;
  }

  /** @throws {RangeError} If pairs were asked for and none, or none that follow, could be made. */
  checkResult(): void {
    const { 0: next, 1: other, "-1": single } = this.#counts;
    if (next + other + single === 0) throw new RangeError(this.#noPairs());
    if (
      this.#options.pairing === "nsp" && this.#options.balanced && !this.#couldFollow && other > 8
    ) {
      throw new RangeError(
        'Cannot make "next" pairs as no document has two sentences: join texts into longer documents, ' +
          'or set pairing to "none"',
      );
    }
  }

  #noPairs(): string {
    if (!this.#last) {
      return "Cannot make pairs as the documents hold no text: check the corpus and the tokenizer";
    }
    return "Cannot make pairs as no document has two sentences, and there is no other document to " +
      'take one from: add text, or set pairing to "none"';
  }

  /** Tokens that an example's segments are to have; drawn once a document, as in the reference. */
  #targetLength(): number {
    const { packing, shortSequenceProbability } = this.#options;
    const room = this.#room();
    if (!packing) return 0;
    return this.#rng.random() < shortSequenceProbability ? this.#rng.between(2, room) : room;
  }

  /** Tokens beside the special ones. */
  #room(): number {
    return this.#options.maxLength - (this.#options.pairing === "none" ? 2 : 3);
  }

  /** Sentences from `start` on, until there are enough tokens. */
  #chunk(document: TokenizedDocument, start: number, target: number): Stretch {
    const { balanced, packing, pairing } = this.#options;
    const pairs = pairing === "sop" || (pairing === "nsp" && (balanced || !packing));
    const least = pairs ? 2 : 1; // so that one can follow
    let [end, length] = [start, 0];
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
    if (this.#options.pairing === "none") return this.#single(chunk);
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
    this.#surplus -= size < 2 ? 1 : 2; // there is no "elsewhere": one pair fewer, or the other label
    return size < 2 ? undefined : this.#follow(first, rest);
  }

  #single(chunk: Stretch): { example: PairExample; next: number } {
    return { example: this.#example(chunk, undefined, -1), next: chunk.end };
  }

  #follow(first: Stretch, rest: Stretch): { example: PairExample; next: number } {
    return { example: this.#example(first, rest, 0), next: rest.end };
  }

  #ordered(first: Stretch, rest: Stretch): { example: PairExample; next: number } {
    const swapped = this.#rng.random() < 0.5;
    const example = swapped ? this.#example(rest, first, 1) : this.#example(first, rest, 0);
    return { example, next: rest.end };
  }

  /** The coin: whether the second segment is to be the true next one. */
  #drawsNext(size: number): boolean {
    const { balanced } = this.#options;
    if (size === 1) {
      if (balanced) this.#surplus++;
      return false;
    }
    const next = this.#rng.random() >= 0.5;
    if (!balanced || (next ? this.#surplus > -2 : this.#surplus < 1)) return next;
    this.#surplus += next ? 2 : -2; // a turned coin is one more of the one and one fewer of the other
    return !next;
  }

  /** A stretch that does not follow `first`; `undefined` where there is none, or none is wanted. */
  #elsewhere(
    first: Stretch,
    wanted: number,
    others: readonly TokenizedDocument[],
    index: number,
  ): Stretch | undefined {
    if (this.#options.balanced && this.#surplus > HOPELESS) return undefined;
    let other = this.#rng.below(others.length);
    for (let tries = 1; tries < 10 && other === index; tries++) {
      other = this.#rng.below(others.length);
    }
    if (other === index) return this.#elsewhereInside(first, wanted);
    const document = others[other];
    const start = this.#rng.below(document.sentences.length);
    return this.#grow(document, start, wanted, document.sentences.length);
  }

  /** In the same document: never in `first`, never the sentence right after it. */
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
    let [end, length] = [start, 0];
    do length += document.sentences[end++].ids.length; while (end < limit && length < wanted);
    return { document, start, end };
  }

  #example(first: Stretch, second: Stretch | undefined, nspLabel: 0 | 1 | -1): PairExample {
    const { clsId, sepId } = this.#vocab;
    const whole = [flatten(first), second ? flatten(second) : []];
    const [a, b] = this.#truncate(whole[0], whole[1]);
    const truncated = a.length + b.length < whole[0].length + whole[1].length;
    const tokenIds = [clsId, ...a, sepId];
    const segmentIds = tokenIds.map(() => 1);
    if (!second) return { tokenIds, segmentIds, nspLabel, first: span(first), truncated };
    for (const id of b) {
      tokenIds.push(id);
      segmentIds.push(2);
    }
    tokenIds.push(sepId);
    segmentIds.push(2);
    return { tokenIds, segmentIds, nspLabel, first: span(first), second: span(second), truncated };
  }

  /** Takes single tokens off the longer segment, at a random end, until both fit. */
  #truncate(a: readonly number[], b: readonly number[]): [readonly number[], readonly number[]] {
    const kept = [{ start: 0, end: a.length }, { start: 0, end: b.length }];
    const size = (i: number) => kept[i].end - kept[i].start;
    for (let excess = a.length + b.length - this.#room(); excess > 0; excess--) {
      const longer = kept[size(0) > size(1) ? 0 : 1];
      if (this.#rng.random() < 0.5) longer.start++;
      else longer.end--;
    }
    return [a.slice(kept[0].start, kept[0].end), b.slice(kept[1].start, kept[1].end)];
  }
}

function flatten({ document, start, end }: Stretch): number[] {
  return document.sentences.slice(start, end).flatMap(({ ids }: TokenizedSentence) => ids);
}

function tokenCount({ document, start, end }: Stretch): number {
  return document.sentences.slice(start, end).reduce((sum, { ids }) => sum + ids.length, 0);
}

function span({ document, start, end }: Stretch): Span {
  const { name, sentences } = document;
  return { document: name, start: sentences[start].index, end: sentences[end - 1].index + 1 };
}

/** How pairs are made. */
export interface NspOptions {
  /** Tokens in an example at most, special ones included; at least 5. */
  readonly maxLength: number;
  /** Next sentence, sentence order, or no pairs. Default `"nsp"`. */
  readonly pairing?: "nsp" | "sop" | "none";
  /** Fill each example with sentences up to the length (default), or take one sentence a segment. */
  readonly packing?: boolean;
  /** With packing: share of the documents whose examples are cut to a random length. Default 0.1. */
  readonly shortSequenceProbability?: number;
  /** Really half and half (default); `false` draws as google-research/bert does, token for token. */
  readonly balanced?: boolean;
  /** Tokens that are held at one time, about; "not next" segments come from among them. */
  readonly windowTokens?: number;
  readonly rng: Rng;
}
