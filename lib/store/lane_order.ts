/**
 * The order in which an epoch reads a store: which documents form which window. It is drawn without
 * reading any text.
 *
 * Consecutive documents form a block of about 200,000 tokens, which is read from disk at once. The
 * blocks are put in random order and distributed to windows, the same number to each, and the windows
 * to lanes. One window of each lane is held in memory: its documents are shuffled, and "not next"
 * segments are drawn from the same window.
 */
import { checkArguments, checkWhole, having } from "../checks.ts";
import type { TokenizedDocument } from "../data/document.ts";
import { drawnEpoch, type EpochOptions } from "../data/epochs.ts";
import { createRng } from "../random.ts";

/** Documents as ids that are read by index. `IndexedReader` implements it. */
export interface DocumentSource {
  /** The number of documents. */
  readonly documents: number;
  /** The number of tokens of all documents. */
  readonly tokens: number;
  /** The number of tokens in all documents before `document`, which may be `documents`. */
  tokensBefore(document: number): number;
  /** The documents from `first` up to, but without, `end`. */
  documentRange(first: number, end: number): readonly TokenizedDocument[];
}

/** About the largest number of tokens of a block. */
const BLOCK = 200_000;

/** The fewest blocks of a window: even in a small store, documents from this many places are mixed. */
const FEWEST_BLOCKS = 16;

/** About the number of tokens of the largest windows, which one to four lanes have. */
const LARGEST = 4_000_000;

/** About the number of tokens of the smallest windows, which 16 lanes and more have. */
const SMALLEST = 1_000_000;

/** The number of tokens that the windows of all lanes together should not exceed. */
const TOGETHER = 16_000_000;

/** How a store is divided for a number of lanes. It is the same for every epoch. */
export interface StoreCut {
  /** The number of windows of an epoch, a multiple of the number of lanes. */
  readonly windows: number;
  /** The number of blocks of each window. */
  readonly blocks: number;
}

/**
 * Decides how a store is divided into windows and blocks.
 *
 * @param lanes The number of lanes, at least 1.
 *
 * @example 4 · 10⁹ tokens for eight lanes
 * ```ts
 * import { cutStore } from "bert/store/lane_order.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(cutStore({ tokens: 4e9 }, 8), { windows: 2000, blocks: 16 });
 * ```
 */
export function cutStore(source: Pick<DocumentSource, "tokens">, lanes: number): StoreCut {
  checkArguments("cutStore(source, lanes)", [["source", source, having("a store", "tokens")]]);
  checkWhole("lanes", lanes, 1);
  const { tokens } = source;
  const size = Math.max(SMALLEST, Math.min(LARGEST, TOGETHER / lanes));
  const windows = lanes * Math.max(1, Math.ceil(tokens / (lanes * size)));
  return { windows, blocks: Math.max(FEWEST_BLOCKS, Math.ceil(tokens / windows / BLOCK)) };
}

/** The windows of one epoch of a store. */
export class WindowOrder {
  /** The number of windows. */
  readonly windows: number;
  readonly #source: DocumentSource;
  readonly #blocks: number;
  /** The blocks in the order of the windows. */
  readonly #order: Uint32Array;

  /** Draws the order of an epoch. */
  constructor(source: DocumentSource, { windows, blocks }: StoreCut, options: EpochOptions) {
    this.windows = windows;
    this.#source = source;
    this.#blocks = blocks;
    this.#order = Uint32Array.from({ length: windows * blocks }, (_, i) => i);
    createRng(options.seed).fork(`epoch ${drawnEpoch(options)}`).fork("blocks").shuffle(
      this.#order,
    );
  }

  /** Reads the documents of a window, in the order of the store. A window may be empty. */
  read(window: number): TokenizedDocument[] {
    const first = window * this.#blocks;
    const blocks = this.#order.slice(first, first + this.#blocks).sort();
    const documents: TokenizedDocument[] = [];
    for (const block of blocks) {
      const range = this.#source.documentRange(this.#firstOf(block), this.#firstOf(block + 1));
      for (const document of range) documents.push(document);
    }
    return documents;
  }

  /** The first document of a block: the first one that begins at or after the block's first token. */
  #firstOf(block: number): number {
    const { documents, tokens } = this.#source;
    if (block === this.#order.length) return documents;
    const start = block * tokens / this.#order.length;
    let low = 0;
    let high = documents;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#source.tokensBefore(middle) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
