/**
 * The batches of an epoch of a store, in lanes. There are as many lanes as batches in a step, and each
 * lane has its own windows and random numbers. So the batches of a step do not depend on how many
 * processes share the lanes. To go back to a place, one window of each lane is read, and not the whole
 * epoch.
 */
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { checkArguments, checkWhole, having } from "../checks.ts";
import type { Batch } from "../data/batch.ts";
import { batchesOfWindow, type BatchesOptions, windowGenerators } from "../data/epochs.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { cutStore, type DocumentSource, type StoreCut, WindowOrder } from "./lane_order.ts";

/** The number of batches in all lanes that are shuffled and sorted by length together. */
const TOGETHER = 64;

/** The smallest number of them in a lane. */
const FEWEST_TOGETHER = 8;

/** Options of `LaneStream`. The default of `window` is 64 / lanes, but at least 8. */
export interface LaneOptions extends BatchesOptions {
  /** The number of all lanes, which is the number of batches in a step; at least 1. */
  readonly lanes: number;
  /** The first lane that this process makes, from 0. Default 0. */
  readonly first?: number;
  /** The number of lanes that this process makes. Default: `first` and all lanes after it. */
  readonly count?: number;
  /**
   * How the store is divided, with the same number of windows for each lane. Default: the result of
   * `cutStore()`.
   */
  readonly cut?: StoreCut;
  /**
   * Sums numbers over all processes that share the lanes. It is called once for each step, so that each
   * process knows the places of all lanes and when the last one has ended. Default: one process makes
   * all lanes.
   */
  readonly sum?: (values: readonly number[]) => Promise<readonly number[]>;
}

/**
 * A place in an epoch: for each lane the index of its window, from 0, and the number of batches that
 * were taken from that window.
 */
export type LanePlaces = readonly number[];

/**
 * The batches of a step from the lanes that this process makes, in order; undefined for a lane that
 * has ended.
 */
export type LaneParts = readonly (Batch | undefined)[];

const SOURCE = having("a store, as from openPrepared()", "documents", "tokens", "documentRange");

/**
 * The steps of an epoch of a store.
 *
 * Of G lanes, lane l has the windows l, l + G, l + 2 G, …. A step takes one batch from each lane that
 * has not ended, and the epoch ends with the last lane. The last batch of a window may not be full.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { EncodedDocuments } from "bert/data/encoded_documents.ts";
 * import { LaneStream } from "bert/store/lanes.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b"]));
 * const document = { name: "x", sentences: [{ ids: [5, 6], index: 0 }, { ids: [6], index: 1 }] };
 * const source = {
 *   documents: 4,
 *   tokens: 12,
 *   tokensBefore: (index: number) => 3 * index,
 *   documentRange: (first: number, end: number) => Array(end - first).fill(document),
 * };
 * const options = { data: dataConfig({ maxLength: 8 }), batchSize: 1, seed: 1, epoch: 1, lanes: 2 };
 * const stream = new LaneStream(source, tokenizer, options);
 * for await (const parts of stream) strictEqual(parts.length, 2);
 * ```
 */
export class LaneStream implements AsyncIterable<LaneParts> {
  readonly #options: LaneOptions;
  readonly #first: number;
  readonly #own: readonly Lane[];
  #places: number[];
  #steps = 0;

  /**
   * Draws the order of the epoch. No text is read before the first step.
   *
   * @throws {ConfigError} If the numbers of lanes are impossible.
   */
  constructor(source: DocumentSource, tokenizer: BertTokenizer, options: LaneOptions) {
    checkArguments("new LaneStream(source, tokenizer, options)", [
      ["source", source, SOURCE],
      ["tokenizer", tokenizer, TOKENIZER],
      ["options", options, having("options with lanes, data and a seed", "lanes", "data", "seed")],
    ]);
    const { lanes, first = 0, count = lanes - first, cut = cutStore(source, lanes) } = options;
    const { data, batchSize, seed, epoch } = options;
    const { window = Math.max(FEWEST_TOGETHER, Math.floor(TOGETHER / lanes)) } = options;
    const batches = { data, batchSize, seed, epoch, window };
    checkWhole("lanes", lanes, 1);
    checkWhole("windows a lane", cut.windows / lanes, 1);
    checkWhole("first", first, 0, lanes - 1);
    checkWhole("count", count, 1, lanes - first);
    const order = new WindowOrder(source, cut, batches);
    const lane = (number: number) =>
      new Lane(number, { order, tokenizer, options: batches, lanes });
    this.#options = options;
    this.#first = first;
    this.#own = Array.from({ length: count }, (_, i) => lane(first + i));
    this.#places = Array(2 * lanes).fill(0);
  }

  /** The number of steps of the epoch that were taken. */
  get steps(): number {
    return this.#steps;
  }

  /** A copy of the places of all lanes after the last step that was taken. */
  get places(): LanePlaces {
    return [...this.#places];
  }

  /**
   * Goes to a place: reads the window of each lane that this process makes, and skips to its batch.
   *
   * @param steps The number of steps that lead to the place.
   * @returns Whether there is such a place. If not, the store or the way of making batches has
   * changed, and the stream must not be used.
   */
  goTo(places: LanePlaces, steps: number): boolean {
    if (places.length !== this.#places.length) return false;
    this.#places = [...places];
    this.#steps = steps;
    return this.#own.every((lane) =>
      lane.goTo(places[2 * lane.number], places[2 * lane.number + 1])
    );
  }

  /** The steps from here on. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LaneParts> {
    for (;;) {
      const parts = this.#own.map((lane) => lane.next());
      if (!(await this.#gather(parts))) return;
      this.#steps++;
      yield parts;
    }
  }

  /** Exchanges the places of all lanes, and returns whether any of them had a batch. */
  async #gather(parts: LaneParts): Promise<boolean> {
    const values = Array<number>(this.#places.length + 1).fill(0);
    for (const [i, { place }] of this.#own.entries()) {
      values.splice(2 * (this.#first + i), 2, ...place);
    }
    values[values.length - 1] = parts.filter((part) => part).length;
    const { sum = (own: readonly number[]) => Promise.resolve(own) } = this.#options;
    const sums = await sum(values);
    this.#places = sums.slice(0, -1);
    return sums[sums.length - 1] > 0;
  }
}

/** What all lanes share. */
interface LaneSettings {
  readonly order: WindowOrder;
  readonly tokenizer: BertTokenizer;
  readonly options: BatchesOptions;
  readonly lanes: number;
}

/** One lane. It holds one of its windows in memory at a time. */
class Lane {
  readonly number: number;
  readonly #settings: LaneSettings;
  /** The index of the current window among those of this lane. */
  #window = 0;
  /** The number of batches that were taken from the current window. */
  #taken = 0;
  #batches: Generator<Batch> | undefined;

  constructor(number: number, settings: LaneSettings) {
    this.number = number;
    this.#settings = settings;
  }

  /** The current place. */
  get place(): [window: number, taken: number] {
    return [this.#window, this.#taken];
  }

  /** The next batch; undefined if the lane has ended. */
  next(): Batch | undefined {
    while (this.#window < this.#windows) {
      this.#batches ??= this.#open();
      const { value, done } = this.#batches.next();
      if (!done) {
        this.#taken++;
        return value;
      }
      this.#batches = undefined;
      this.#window++;
      this.#taken = 0;
    }
  }

  /** Goes to a place; returns false if there is no such place. */
  goTo(window: number, taken: number): boolean {
    this.#window = window;
    this.#taken = taken;
    this.#batches = undefined;
    if (taken === 0) return window <= this.#windows;
    if (window >= this.#windows) return false;
    this.#batches = this.#open();
    for (let i = 0; i < taken; i++) if (this.#batches.next().done) return false;
    return true;
  }

  /** The number of windows of this lane. */
  get #windows(): number {
    return this.#settings.order.windows / this.#settings.lanes;
  }

  /** Reads the current window: its batches. */
  #open(): Generator<Batch> {
    const { order, tokenizer, options, lanes } = this.#settings;
    const window = this.number + lanes * this.#window;
    const generators = windowGenerators(options, window);
    return batchesOfWindow(order.read(window), tokenizer, options, generators);
  }
}
