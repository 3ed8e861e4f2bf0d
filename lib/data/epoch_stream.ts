/** The batches of an epoch with a place in them, to which one can come back. */
import type { Rng, RngState } from "../random.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Batch } from "./batch.ts";
import {
  type BatchesOptions,
  checkBatches,
  type Documents,
  epochBatches,
  epochGenerators,
} from "./epochs.ts";

/** Where an epoch stands: the batches that were taken, and its generators at that moment. */
export interface EpochPlace {
  /** The epoch, as in the options. */
  readonly epoch: number;
  /** Batches that were taken. */
  readonly batches: number;
  /** The states of the epoch's generators, by their names. */
  readonly generators: Readonly<Record<string, RngState>>;
}

/**
 * The batches of an epoch, counted as they are taken.
 *
 * Going back to a place means making the epoch again and passing over its first batches: that is
 * exact whatever the batches were made from, and takes seconds where training took hours.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { EpochStream } from "bert/data/epoch_stream.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const options = { data: dataConfig({ maxLength: 8 }), batchSize: 1, seed: 1, epoch: 1 };
 * const stream = new EpochStream(documents, tokenizer, options);
 * strictEqual(await stream.skip(1), 1);
 * let rest = 0;
 * for await (const batch of stream) rest += batch.size;
 * strictEqual(stream.place.batches, 1 + rest);
 * ```
 */
export class EpochStream implements AsyncIterable<Batch> {
  readonly #epoch: number;
  readonly #generators: Readonly<Record<string, Rng>>;
  readonly #source: AsyncGenerator<Batch>;
  #taken = 0;

  /** Takes what `epochBatches()` takes. */
  constructor(documents: Documents, tokenizer: BertTokenizer, options: BatchesOptions) {
    checkBatches("new EpochStream()", tokenizer, options);
    const generators = epochGenerators(options);
    this.#epoch = options.epoch;
    this.#generators = { ...generators };
    this.#source = this.#count(epochBatches(documents, tokenizer, options, generators));
  }

  /** Where the epoch stands; the states are copies. */
  get place(): EpochPlace {
    const states = Object.entries(this.#generators).map(([name, { state }]) => [name, state]);
    return { epoch: this.#epoch, batches: this.#taken, generators: Object.fromEntries(states) };
  }

  /** Passes over batches; returns how many there were, fewer than asked for if the epoch ended. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count && !(await this.#source.next()).done) skipped++;
    return skipped;
  }

  /** The batches from here on. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch> {
    return this.#source;
  }

  async *#count(batches: Iterable<Batch> | AsyncIterable<Batch>): AsyncGenerator<Batch> {
    for await (const batch of batches) {
      this.#taken++;
      yield batch;
    }
  }
}
