/** Which documents of a stream are held out: those of the least ranks, as many as there is room for. */

/** A document as ids, and the rank by which it is chosen. */
export interface RankedDocument {
  /** From 0 to below 1, drawn from its name. */
  readonly rank: number;
  /** The ids of all its sentences, one behind the other. */
  readonly ids: Uint16Array | Int32Array;
  /** Tokens of each sentence. */
  readonly lengths: Int32Array;
}

/** How much is held out. */
export interface HeldOutLimits {
  /** Share of the documents, from 0 to below 1. */
  readonly share: number;
  /** Tokens at most. */
  readonly tokens: number;
}

/**
 * The held-out documents of those seen so far: by rank, as many as there is room for. The same documents
 * in any order leave the same ones in it, and they come from everywhere in the corpus, however few.
 * Where no rank is below the share, as in a corpus of few documents, it holds the one of the least.
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
   * Begins empty, or where another pool of these limits was.
   *
   * @param held The `documents` of the other pool.
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

  /** Ranks from here on are not held out: the share, and less once there was no room. */
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
   * Takes a document; gives those that are to be trained on, this one or others. One that is held is
   * copied, so that the large array of which it is a part may go.
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

  /** The least rank so far. */
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
