/**
 * The batches of a store's epoch in lanes. There are as many lanes as batches in a step, and each has
 * its own windows and random numbers. Which batches form a step does not depend on how many processes
 * share the lanes. To go back to a place, one window of each lane is read, and not the whole epoch.
 */
import { checkWhole } from "../checks.ts";
import type { Batch } from "../data/batch.ts";
import { batchesOfWindow, type BatchesOptions, windowGenerators } from "../data/epochs.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { cutStore, type DocumentSource, type StoreCut, WindowOrder } from "./lane_order.ts";

/** How many batches are shuffled and sorted together: in all lanes, and at least in each lane. */
const [TOGETHER, FEWEST_TOGETHER] = [64, 8];

/** Which lanes of which epoch. With more lanes the default of `window` is smaller. */
export interface LaneOptions extends BatchesOptions {
  /** The number of all lanes, which is that of batches in a step. */
  readonly lanes: number;
  /** The first lane that is made here. Default 0. */
  readonly first?: number;
  /** How many lanes are made here. Default: all that follow. */
  readonly count?: number;
  /**
   * How the store is divided, with the same number of windows for each lane. Default: as `cutStore()`
   * decides.
   */
  readonly cut?: StoreCut;
  /**
   * Sums numbers over all processes, if others make the other lanes. It is called once for each step,
   * so that each process knows the places of all lanes and when the last one has ended.
   */
  readonly sum?: (values: readonly number[]) => Promise<readonly number[]>;
}

/**
 * A place in an epoch: for each lane the index of its window, from 0, and the batches taken from that
 * window.
 */
export type LanePlaces = readonly number[];

/**
 * The batches of a step from the lanes that are made here, in order; undefined for a lane that has
 * ended.
 */
export type LaneParts = readonly (Batch | undefined)[];

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

  /** Steps of the epoch that were taken. */
  get steps(): number {
    return this.#steps;
  }

  /** A copy of the places of all lanes after the last step that was taken. */
  get places(): LanePlaces {
    return [...this.#places];
  }

  /**
   * Goes to a place: reads the window of each lane that is made here, and skips to its batch.
   *
   * @param steps The steps that were taken up to there.
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
  #window = 0; // of this lane's
  #taken = 0; // of the window's batches
  #batches: Generator<Batch> | undefined;

  constructor(number: number, settings: LaneSettings) {
    this.number = number;
    this.#settings = settings;
  }

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

  get #windows(): number {
    return this.#settings.order.windows / this.#settings.lanes;
  }

  #open(): Generator<Batch> {
    const { order, tokenizer, options, lanes } = this.#settings;
    const window = this.number + lanes * this.#window;
    const generators = windowGenerators(options, window);
    return batchesOfWindow(order.read(window), tokenizer, options, generators);
  }
}
