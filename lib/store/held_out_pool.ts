/**
 * Choosing the held-out documents of a stream: those with the lowest ranks, as many as the limits
 * allow.
 */

/** A document as ids, and its rank. */
export interface RankedDocument {
  /** From 0 to below 1, drawn from its name. */
  readonly rank: number;
  /** The ids of all its sentences, one after the other. */
  readonly ids: Uint16Array | Int32Array;
  /** The number of tokens of each sentence. */
  readonly lengths: Int32Array;
}

/** How much to hold out. */
export interface HeldOutLimits {
  /** Share of the documents, from 0 to below 1. */
  readonly share: number;
  /** The most tokens. */
  readonly tokens: number;
}

/**
 * The held-out documents among those seen so far: those with the lowest ranks, as many as the limits
 * allow. The result does not depend on the order of the documents, and they come from everywhere in
 * the corpus. If no rank is below the share, as in a corpus of few documents, it holds the document
 * with the lowest rank.
 *
 * @example
 * ```ts
 * import { HeldOutPool } from "bert/store/held_out_pool.ts";
 * import { deepStrictEqual } from "node:assert";
 * const pool = new HeldOutPool({ share: 0.5, tokens: 3 });
 * const document = (rank: number) => ({ rank, ids: Int32Array.of(5, 6), lengths: Int32Array.of(2) });
 * deepStrictEqual(pool.offer(document(0.4)), []);
 * deepStrictEqual(pool.offer(document(0.1)).map(({ rank }) => rank), [0.4]); // no room for both
 * deepStrictEqual(pool.offer(document(0.7)).map(({ rank }) => rank), [0.7]);
 * ```
 */
export class HeldOutPool {
  readonly #limits: HeldOutLimits;
  /** By rank. */
  readonly #held: RankedDocument[] = [];
  #tokens = 0;
  #below: number;

  /**
   * Begins empty, or with the state of an earlier pool with these limits.
   *
   * @param held The `documents` of the earlier pool.
   * @param below Its `below`.
   */
  constructor(
    limits: HeldOutLimits,
    held: readonly RankedDocument[] = [],
    below: number = limits.share,
  ) {
    this.#limits = limits;
    this.#below = below;
    for (const document of held) this.#insert(document);
  }

  /**
   * Documents with this rank or a higher one are not held out. It begins as the share, and falls when
   * the tokens reach their limit.
   */
  get below(): number {
    return this.#below;
  }

  /** The documents that are held out, by rank. */
  get documents(): readonly RankedDocument[] {
    return this.#held;
  }

  /** Tokens in them. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Adds a document, and returns those that are not held out: this one, or others that it displaces.
   * A document that is held out is copied, so that the larger array it is a part of can be freed.
   */
  offer(document: RankedDocument): RankedDocument[] {
    if (this.#limits.share === 0 || document.rank >= Math.max(this.#below, this.#least)) {
      return [document];
    }
    const { rank, ids, lengths } = document;
    this.#insert({ rank, ids: ids.slice(), lengths: lengths.slice() });
    const left: RankedDocument[] = [];
    while (this.#held.length > 1) {
      const last = this.#held[this.#held.length - 1];
      if (last.rank < this.#below && this.#tokens <= this.#limits.tokens) break;
      this.#below = Math.min(this.#below, last.rank);
      this.#tokens -= last.ids.length;
      left.push(this.#held.pop()!);
    }
    return left;
  }

  /** The lowest rank so far. */
  get #least(): number {
    return this.#held[0]?.rank ?? Infinity;
  }

  #insert(document: RankedDocument): void {
    let [from, to] = [0, this.#held.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#held[middle].rank <= document.rank) from = middle + 1;
      else to = middle;
    }
    this.#held.splice(from, 0, document);
    this.#tokens += document.ids.length;
  }
}
