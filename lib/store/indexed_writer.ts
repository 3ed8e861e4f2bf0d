/** Writing Megatron-LM's `.bin` and `.idx`, document by document. */
import type { TokenIds } from "../data/document.ts";
import { SpillFile } from "./spill_file.ts";
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkEntries,
  having,
  type Kind,
  TEXT,
} from "../checks.ts";
import { FIRST_BYTES, ID_BYTES, LENGTH_BYTES, packHeader } from "./indexed_layout.ts";

/** How much has been written: a place from which writing can continue. */
export interface WriterPlace {
  /** The number of documents. */
  readonly documents: number;
  /** The number of sentences in all of them. */
  readonly sentences: number;
  /** The number of tokens in all sentences. */
  readonly tokens: number;
}

/** Options of `IndexedWriter`. */
export interface WriterOptions {
  /**
   * The path, without endings, of the temporary files with the lengths. If it is given, `finish()`
   * keeps these files. Default: the path of the store; `finish()` removes them.
   */
  readonly spill?: string;
}

/** The place at the beginning of a store. */
export const START: WriterPlace = { documents: 0, sentences: 0, tokens: 0 };

/** The ending of the temporary file with the length of each sentence. */
const LENGTHS = ".lengths";

/** The ending of the temporary file with the end of each document. */
const ENDS = ".ends";

/** The number of bytes of a list that are held in memory at a time, a multiple of every entry size. */
const PIECE = 2 ** 20;

const IDS: Kind = {
  name: "a list of ids, as tokenizer.ids() returns it",
  fits: (value) => Array.isArray(value) || ArrayBuffer.isView(value),
};

const PLACE = having("the place of an earlier writer", "documents", "tokens");

/**
 * A store that is being written. Ids are written to `.bin` and lengths to temporary files, of which
 * `finish()` makes the index. Memory holds a few megabytes. The caller calls `close()`, or declares it
 * with `using`.
 *
 * Before `finish()` there is no `.idx`, so that an incomplete store cannot be opened.
 *
 * @example
 * ```ts
 * import { IndexedReader } from "bert/store/indexed_reader.ts";
 * import { IndexedWriter } from "bert/store/indexed_writer.ts";
 * import { strictEqual } from "node:assert";
 * const prefix = `${await Deno.makeTempDir()}/texts`;
 * using writer = IndexedWriter.create(prefix, "uint16");
 * writer.add([[7, 8], [9]]);
 * const place = writer.save(); // a process that is killed later can continue from here
 * using again = IndexedWriter.resume(prefix, "uint16", place);
 * again.finish();
 * using reader = IndexedReader.open(prefix);
 * strictEqual(reader.tokens, 3);
 * ```
 *
 * Source: `IndexedDatasetBuilder` in NVIDIA/Megatron-LM.
 */
export class IndexedWriter implements Disposable {
  readonly #prefix: string;
  readonly #spill: string | undefined;
  readonly #type: "uint16" | "int32";
  readonly #bin: SpillFile;
  readonly #lengths: SpillFile;
  readonly #ends: SpillFile;
  #place: WriterPlace;

  private constructor(
    prefix: string,
    type: "uint16" | "int32",
    place: WriterPlace,
    { spill }: WriterOptions,
  ) {
    const { documents, sentences, tokens } = place;
    this.#prefix = prefix;
    this.#spill = spill;
    this.#type = type;
    this.#place = place;
    this.#bin = new SpillFile(`${prefix}.bin`, ID_BYTES[type] * tokens);
    this.#lengths = new SpillFile((spill ?? prefix) + LENGTHS, LENGTH_BYTES * sentences);
    this.#ends = new SpillFile((spill ?? prefix) + ENDS, FIRST_BYTES * documents);
  }

  /**
   * Begins an empty store. Existing files are overwritten.
   *
   * @param prefix The path without `.bin` and `.idx`. Its folder must exist.
   * @param type The type of the ids, as `idTypeFor()` returns it.
   * @throws {ConfigError} If the type is another one.
   */
  static create(
    prefix: string,
    type: "uint16" | "int32",
    options: WriterOptions = {},
  ): IndexedWriter {
    checkChoice("type", type, ["uint16", "int32"]);
    return new IndexedWriter(prefix, type, START, options);
  }

  /**
   * Continues a store from a place that `save()` returned. What follows the place is removed.
   *
   * @throws {FormatError} If the files end before the place.
   */
  static resume(
    prefix: string,
    type: "uint16" | "int32",
    place: WriterPlace,
    options: WriterOptions = {},
  ): IndexedWriter {
    checkArguments("IndexedWriter.resume(prefix, type, place, options)", [
      ["prefix", prefix, TEXT],
      ["place", place, PLACE],
    ]);
    return new IndexedWriter(prefix, type, place, options);
  }

  /** How much has been added so far. */
  get place(): WriterPlace {
    return this.#place;
  }

  /**
   * Adds a document as the ids of its sentences. A sentence without ids is left out, as in Megatron.
   *
   * @throws {RangeError} If an id is no whole number, negative or too large for the type.
   * @throws {TypeError} If a sentence is not a list of ids.
   */
  add(sentences: readonly TokenIds[]): void {
    const call = "IndexedWriter.add(sentences)";
    checkArguments(call, [["sentences", sentences, ARRAY]]);
    checkEntries(call, "sentences", sentences, IDS);
    const full = sentences.filter(({ length }) => length > 0);
    const lengths = Int32Array.from(full, ({ length }) => length);
    const ids = new Float64Array(lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    for (const sentence of full) {
      ids.set(sentence, at);
      at += sentence.length;
    }
    this.addIds(ids, lengths);
  }

  /**
   * Adds a document as the ids of all its sentences and their lengths, each above 0.
   *
   * @throws {RangeError} If an id is no whole number, negative or too large for the type.
   */
  addIds(ids: Uint16Array | Int32Array | Float64Array, lengths: Int32Array): void {
    this.#bin.write(this.#packed(ids));
    this.#lengths.write(lengths);
    const { documents, sentences, tokens } = this.#place;
    const end = sentences + lengths.length;
    this.#ends.write(BigInt64Array.of(BigInt(end)));
    this.#place = { documents: documents + 1, sentences: end, tokens: tokens + ids.length };
  }

  /**
   * Waits until everything is on disk, and returns a place from which writing can continue, even after
   * a power failure.
   */
  save(): WriterPlace {
    for (const file of [this.#bin, this.#lengths, this.#ends]) file.sync();
    return this.#place;
  }

  /**
   * Writes the index, and removes the temporary files with the lengths unless the option `spill`
   * names their path. Nothing can be added afterwards. The files stay open: this completes the store
   * and frees nothing.
   */
  finish(): void {
    this.save();
    const index = new SpillFile(`${this.#prefix}.idx`, 0);
    index.write(packHeader({ type: this.#type, ...this.#place }));
    for (const piece of this.#lengths.pieces(PIECE)) index.write(piece);
    let offset = 0;
    for (const piece of this.#lengths.pieces(PIECE)) {
      const lengths = new Int32Array(piece.buffer);
      const offsets = new Uint32Array(2 * lengths.length); // the low and the high half of each offset
      for (let i = 0; i < lengths.length; i++) {
        offsets[2 * i] = offset;
        offsets[2 * i + 1] = offset / 2 ** 32;
        offset += lengths[i] * ID_BYTES[this.#type];
      }
      index.write(offsets);
    }
    index.write(BigInt64Array.of(0n));
    for (const piece of this.#ends.pieces(PIECE)) index.write(piece);
    index.sync();
    index.close();
    if (this.#spill !== undefined) return;
    for (const name of [LENGTHS, ENDS]) Deno.removeSync(this.#prefix + name);
  }

  /** Closes the files. What was added since `save()` may be lost. It may be called twice. */
  close(): void {
    for (const file of [this.#bin, this.#lengths, this.#ends]) file.close();
  }

  /** Calls `close()` at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The ids in the type of the store. */
  #packed(ids: Uint16Array | Int32Array | Float64Array): Uint16Array | Int32Array {
    if (this.#type === "uint16" && ids instanceof Uint16Array) return ids;
    const most = this.#type === "uint16" ? 2 ** 16 : 2 ** 31;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] >= 0 && ids[i] < most && Math.floor(ids[i]) === ids[i]) continue;
      throw new RangeError(
        `Cannot write id ${ids[i]} as ${this.#type}: expected whole numbers, 0 to ${most - 1}`,
      );
    }
    return this.#type === "uint16" ? Uint16Array.from(ids) : Int32Array.from(ids);
  }
}
