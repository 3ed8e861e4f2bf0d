/**
 * In which order an epoch goes over a store: which documents make up which window. Numbers only;
 * nothing of the text is read for it.
 *
 * Consecutive documents are a block of about 200,000 tokens, so that one read of the disk brings all
 * of it. The blocks are drawn in random order and dealt to windows, as many to each; the windows are
 * dealt to lanes. A window is what is held in memory: its documents are mixed, and its "not next"
 * sentences come from it.
 */
import type { TokenizedDocument } from "../data/document.ts";
import { drawnEpoch, type EpochOptions } from "../data/epochs.ts";
import { createRng } from "../random.ts";

/** Documents as ids that are read by their places; `IndexedReader` is one. */
export interface DocumentSource {
  /** How many documents there are. */
  readonly documents: number;
  /** Their tokens. */
  readonly tokens: number;
  /** Tokens in all documents before one; that of `documents` is all. */
  tokensBefore(document: number): number;
  /** The documents from `first` up to `end`. */
  documentRange(first: number, end: number): readonly TokenizedDocument[];
}

/** Tokens of a block, at most and about. */
const BLOCK = 200_000;
/** Blocks of a window, at least: documents of so many places are mixed, however small the store is. */
const FEWEST_BLOCKS = 16;
/** Tokens of a window, about: at most, at least, and in all lanes together. */
const [LARGEST, SMALLEST, TOGETHER] = [4_000_000, 1_000_000, 16_000_000];

/** How a store is cut, for a number of lanes. It is the same for every epoch. */
export interface StoreCut {
  /** Windows of an epoch, a multiple of the lanes. */
  readonly windows: number;
  /** Blocks of each window. */
  readonly blocks: number;
}

/**
 * How a store is cut into windows and blocks.
 *
 * @example 4 G tokens for eight lanes
 * ```ts
 * import { cutStore } from "bert/store/lane_order.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(cutStore({ tokens: 4e9 }, 8), { windows: 2000, blocks: 16 });
 * ```
 */
export function cutStore({ tokens }: Pick<DocumentSource, "tokens">, lanes: number): StoreCut {
  const size = Math.max(SMALLEST, Math.min(LARGEST, TOGETHER / lanes));
  const windows = lanes * Math.max(1, Math.ceil(tokens / (lanes * size)));
  return { windows, blocks: Math.max(FEWEST_BLOCKS, Math.ceil(tokens / windows / BLOCK)) };
}

/** The windows of one epoch of a store, as places of documents. */
export class WindowOrder {
  /** How many windows there are. */
  readonly windows: number;
  readonly #source: DocumentSource;
  readonly #blocks: number;
  /** The blocks in the order in which windows take them. */
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

  /** The documents of a window, in the order of the store. A window may have none. */
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

  /** The first document of a block: the first one that begins at its share of the tokens or behind. */
  #firstOf(block: number): number {
    const { documents, tokens } = this.#source;
    if (block === this.#order.length) return documents;
    const start = block * tokens / this.#order.length;
    let [low, high] = [0, documents];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#source.tokensBefore(middle) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
