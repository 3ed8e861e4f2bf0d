/**
 * Choosing the held-out documents of a stream: those with the lowest ranks, as many as the limits
 * allow.
 */
import { checkArguments, having, LIST } from "../checks.ts";

/** A document as ids, and its rank. */
export interface RankedDocument {
  /** A random number from 0 to below 1 that depends on its name and the seed, see `rankOf()`. */
  readonly rank: number;
  /** The ids of all its sentences, one after the other. */
  readonly ids: Uint16Array | Int32Array;
  /** The number of tokens of each sentence. */
  readonly lengths: Int32Array;
}

/** How much may be held out. */
export interface HeldOutLimits {
  /** The share of the documents, from 0 to below 1. */
  readonly share: number;
  /** The most tokens; one document is held out even if it has more. */
  readonly tokens: number;
}

/**
 * The held-out documents among those seen so far: those with the lowest ranks, as many as the limits
 * allow. The result does not depend on the order of the documents, and the documents come from all
 * parts of the corpus. If no rank is below the share, as in a corpus of few documents, the document
 * with the lowest rank is held out.
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
  /** A binary heap: the document at `i` has a higher rank than those at `2i + 1` and `2i + 2`. */
  readonly #heap: Entry[] = [];
  /** The lowest rank so far. */
  #least = Infinity;
  #tokens = 0;
  /** The number of documents that were inserted. */
  #seen = 0;
  #below: number;

  /**
   * Makes an empty pool, or one with the state of an earlier pool with the same limits.
   *
   * @param held The `documents` of the earlier pool. Default: none.
   * @param below The `below` of the earlier pool. Default: the share.
   */
  constructor(
    limits: HeldOutLimits,
    held: readonly RankedDocument[] = [],
    below: number = limits?.share,
  ) {
    checkArguments("new HeldOutPool(limits, held, below)", [
      ["limits", limits, having("limits with a share", "share")],
      ["held", held, LIST],
    ]);
    this.#limits = limits;
    this.#below = below;
    for (const document of held) this.#insert(document);
  }

  /**
   * Documents with this rank or a higher one are not held out. It begins at the share, and falls
   * whenever the tokens exceed their limit.
   */
  get below(): number {
    return this.#below;
  }

  /** The documents that are held out, in the order of their ranks, as a new array. */
  get documents(): readonly RankedDocument[] {
    return this.#heap.toSorted((a, b) => isHigher(a, b) ? 1 : -1).map(({ document }) => document);
  }

  /** The number of tokens that are held out. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Adds a document, and returns the documents that are not held out: this one, or others that it
   * displaces. A document that is held out is copied, so that the larger array of which it is a part
   * can be freed.
   */
  offer(document: RankedDocument): RankedDocument[] {
    if (this.#limits.share === 0 || document.rank >= Math.max(this.#below, this.#least)) {
      return [document];
    }
    const { rank, ids, lengths } = document;
    this.#insert({ rank, ids: ids.slice(), lengths: lengths.slice() });
    const left: RankedDocument[] = [];
    while (this.#heap.length > 1) {
      const { rank } = this.#heap[0].document;
      if (rank < this.#below && this.#tokens <= this.#limits.tokens) break;
      this.#below = Math.min(this.#below, rank);
      left.push(this.#removeHighest());
    }
    return left;
  }

  /** Adds a document to the heap. */
  #insert(document: RankedDocument): void {
    const heap = this.#heap;
    const entry = { document, order: this.#seen++ };
    let at = heap.push(entry) - 1;
    while (at > 0 && isHigher(entry, heap[(at - 1) >> 1])) {
      heap[at] = heap[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    heap[at] = entry;
    this.#least = Math.min(this.#least, document.rank);
    this.#tokens += document.ids.length;
  }

  /** Removes and returns the document with the highest rank. */
  #removeHighest(): RankedDocument {
    const heap = this.#heap;
    const { document } = heap[0];
    const entry = heap.pop()!;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isHigher(heap[child + 1], heap[child])) child++;
      if (!isHigher(heap[child], entry)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
    this.#tokens -= document.ids.length;
    return document;
  }
}

/** A held-out document, and how many were held out before it. */
interface Entry {
  readonly document: RankedDocument;
  readonly order: number;
}

/** Whether a document is displaced before another one: of equal ranks the later one is. */
function isHigher(a: Entry, b: Entry): boolean {
  const difference = a.document.rank - b.document.rank;
  return difference === 0 ? a.order > b.order : difference > 0;
}
