/** Reading any range of documents from Megatron-LM's `.bin` and `.idx`, whatever their size. */
import { checkWhole } from "../checks.ts";
import type { TokenIds, TokenizedDocument } from "../data/document.ts";
import { FormatError } from "../errors.ts";
import { readError } from "../files/read.ts";
import { readAt } from "../files/read_at.ts";
import { blocksIn, readChecked } from "./block_checksums.ts";
import { checkIndex, type OpenIndex } from "./indexed_check.ts";
import {
  FIRST_BYTES,
  HEADER_BYTES,
  ID_BYTES,
  type IdType,
  LENGTH_BYTES,
  placesIn,
  readHeader,
} from "./indexed_layout.ts";

/** Options of `IndexedReader.open()`. */
export interface ReaderOptions {
  /**
   * The size of the vocabulary, V. Reading an id of at least V throws `FormatError`. Default: any id of
   * at least 0 is allowed.
   */
  readonly vocabSize?: number;
  /**
   * The ids around each sentence, `[CLS]` and `[SEP]`, which Megatron-LM's tokenizers write. They are
   * left out of the documents; counts are those of the tokens on disk. Default: nothing is left out.
   */
  readonly frame?: SentenceFrame;
  /**
   * The CRC-32 of each block of `.bin`, from a `BlockSummer`, with which the ids are compared when they
   * are read. Default: ids are not checked.
   */
  readonly sums?: Uint32Array;
}

/** The ids around a sentence. */
export interface SentenceFrame {
  /** The id before it, once. */
  readonly first: number;
  /** The id after it, once or, with `--append-eod`, twice. */
  readonly last: number;
}

/**
 * An open store of documents as ids, in the format of Megatron-LM's `preprocess_data.py
 * --split-sentences`, in which each sequence is a sentence. The caller calls `close()`, or declares it
 * with `using`.
 *
 * The whole index is checked when the store is opened; ids are read on demand. Memory holds eight
 * bytes for each document.
 *
 * @example
 * ```ts
 * import { IndexedReader } from "bert/store/indexed_reader.ts";
 * import { IndexedWriter } from "bert/store/indexed_writer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const prefix = `${await Deno.makeTempDir()}/texts`;
 * using writer = IndexedWriter.create(prefix, "uint16");
 * writer.add([[7, 8], [9]]);
 * writer.finish();
 * using reader = IndexedReader.open(prefix);
 * deepStrictEqual(reader.document(0).sentences[1].ids, Uint16Array.of(9));
 * ```
 */
export class IndexedReader implements Disposable {
  /** The path of the store without `.bin` and `.idx`. */
  readonly prefix: string;
  /** The type of the stored ids. */
  readonly type: IdType;
  /** The number of documents, including those without sentences. */
  readonly documents: number;
  /** The number of sentences in all documents. */
  readonly sentences: number;
  /** The number of tokens in all sentences. */
  readonly tokens: number;
  readonly #index: OpenIndex;
  readonly #bin: Deno.FsFile;
  readonly #vocabSize: number;
  readonly #frame: SentenceFrame | undefined;
  readonly #sums: Uint32Array | undefined;
  /** The index of the first token of each document, and at the end the number of tokens. */
  readonly #starts: Float64Array;

  private constructor(
    prefix: string,
    index: OpenIndex,
    bin: Deno.FsFile,
    { vocabSize = Infinity, frame, sums }: ReaderOptions,
  ) {
    this.prefix = prefix;
    this.#index = index;
    this.#bin = bin;
    this.#vocabSize = vocabSize;
    this.#frame = frame;
    this.#sums = sums;
    const { size } = bin.statSync();
    this.#starts = checkIndex(index, size);
    if (sums && sums.length !== blocksIn(size)) {
      const problem = `expected ${sums.length} blocks, found ${blocksIn(size)}`;
      throw new FormatError(`${prefix}.bin`, `${problem}: restore it, or prepare the corpus again`);
    }
    this.type = index.header.type;
    this.documents = index.header.documents;
    this.sentences = index.header.sentences;
    this.tokens = this.#starts[this.documents];
  }

  /**
   * Opens `PREFIX.idx` and `PREFIX.bin`. Declare the result with `using`, which closes them.
   *
   * @param prefix The path of the store without `.bin` and `.idx`.
   * @throws {FormatError} If one of them is missing or has another format, or they do not belong
   * together.
   */
  static open(prefix: string, options: ReaderOptions = {}): IndexedReader {
    const path = `${prefix}.idx`;
    const file = openFile(path);
    let bin: Deno.FsFile | undefined;
    try {
      bin = openFile(`${prefix}.bin`);
      const { size } = file.statSync();
      const header = readHeader(readAt(file, 0, Math.min(size, HEADER_BYTES), path), size, path);
      return new IndexedReader(prefix, { file, path, header }, bin, options);
    } catch (error) {
      file.close();
      bin?.close();
      throw error;
    }
  }

  /** The number of tokens of a document, which is known without reading a file. */
  documentTokens(index: number): number {
    checkWhole("index", index, 0, this.documents - 1);
    return this.#starts[index + 1] - this.#starts[index];
  }

  /** The number of tokens in all documents before `index`, which may be `documents`. */
  tokensBefore(index: number): number {
    checkWhole("index", index, 0, this.documents);
    return this.#starts[index];
  }

  /**
   * Reads a document.
   *
   * @param index The index of the document, from 0.
   * @throws {FormatError} In the same cases as `documentRange()`.
   */
  document(index: number): TokenizedDocument {
    checkWhole("index", index, 0, this.documents - 1);
    return this.documentRange(index, index + 1)[0];
  }

  /**
   * Reads the documents from `first` up to, but without, `end`, with three reads for any number of
   * them. Their ids are views of one array.
   *
   * @throws {FormatError} If an id is not in the vocabulary, or the files have changed since they
   * were opened.
   */
  documentRange(first: number, end: number): TokenizedDocument[] {
    checkWhole("end", end, 0, this.documents);
    checkWhole("first", first, 0, end);
    if (first === end) return [];
    const firsts = this.#firstSentences(first, end);
    const lengths = this.#lengths(firsts[0], firsts[end - first]);
    const ids = this.#ids(this.#starts[first], this.#starts[end]);
    const documents: TokenizedDocument[] = [];
    let at = 0;
    for (let i = 0; i < end - first; i++) {
      const sentences: { ids: TokenIds; index: number }[] = [];
      for (let sentence = firsts[i]; sentence < firsts[i + 1]; sentence++) {
        const length = lengths[sentence - firsts[0]];
        const own = unframed(ids.subarray(at, at + length), this.#frame);
        if (own.length > 0) sentences.push({ ids: own, index: sentence - firsts[i] });
        at += length;
      }
      if (at !== this.#starts[first + i + 1] - this.#starts[first]) throw this.#changed();
      documents.push({ name: `document ${first + i + 1}`, sentences });
    }
    return documents;
  }

  /** Closes both files. It may be called twice. */
  close(): void {
    for (const file of [this.#index.file, this.#bin]) file[Symbol.dispose]();
  }

  /** Calls `close()` at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The first sentence of each document from `first` to `end`, both included. */
  #firstSentences(first: number, end: number): Float64Array {
    const { file, path, header } = this.#index;
    const at = placesIn(header).firsts + FIRST_BYTES * first;
    const bytes = readAt(file, at, FIRST_BYTES * (end - first + 1), path);
    const firsts = Float64Array.from(new BigInt64Array(bytes.buffer), Number);
    const rises = firsts.every((value, i) => value >= (firsts[i - 1] ?? 0));
    if (!rises || firsts[end - first] > this.sentences) throw this.#changed();
    return firsts;
  }

  /** The lengths of the sentences from `first` up to, but without, `end`. */
  #lengths(first: number, end: number): Int32Array {
    const { file, path, header } = this.#index;
    const at = placesIn(header).lengths + LENGTH_BYTES * first;
    return new Int32Array(readAt(file, at, LENGTH_BYTES * (end - first), path).buffer);
  }

  /** The ids of the tokens from `first` up to, but without, `end`. */
  #ids(first: number, end: number): Uint16Array | Int32Array {
    const size = ID_BYTES[this.type];
    const path = `${this.prefix}.bin`;
    const at = first * size;
    const count = (end - first) * size;
    const buffer = this.#sums
      ? readChecked(this.#bin, at, count, { path, size: this.tokens * size, sums: this.#sums })
      : readAt(this.#bin, at, count, path).buffer;
    const ids = decodeIds(buffer, this.type);
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] >= 0 && ids[i] < this.#vocabSize) continue;
      const range = this.#vocabSize === Infinity ? "of at least 0" : `below ${this.#vocabSize}`;
      const problem = `expected an id ${range} as token ${first + i}, found ${ids[i]}`;
      throw new FormatError(path, `${problem}: does it belong to this vocabulary?`);
    }
    return ids;
  }

  /** The error for an index that has changed since it was opened. */
  #changed(): FormatError {
    const { path } = this.#index;
    return new FormatError(path, "it has changed since it was opened: open it again");
  }
}

/** The ids of a sentence without those around it. */
function unframed<Ids extends Uint16Array | Int32Array>(ids: Ids, frame?: SentenceFrame): Ids {
  if (!frame) return ids;
  let end = ids.length;
  while (end > 0 && ids[end - 1] === frame.last) end--;
  return ids.subarray(ids[0] === frame.first ? 1 : 0, end) as Ids;
}

/** Opens a regular file. Anything else is refused: reading a pipe, for instance, could wait for ever. */
function openFile(path: string): Deno.FsFile {
  try {
    if (Deno.statSync(path).isFile) return Deno.openSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(error as Error, path);
    throw new FormatError(path, "expected a file of a store, found nothing: check the path");
  }
  throw new FormatError(path, "expected a file of a store, found something that is not a file");
}

/** Decodes ids. An id that does not fit into 32 bits becomes negative, and is then refused. */
function decodeIds(bytes: ArrayBuffer, type: IdType): Uint16Array | Int32Array {
  if (type === "uint16") return new Uint16Array(bytes);
  if (type === "int32") return new Int32Array(bytes);
  if (type === "uint8") return Int32Array.from(new Uint8Array(bytes));
  if (type === "int8") return Int32Array.from(new Int8Array(bytes));
  if (type === "int16") return Int32Array.from(new Int16Array(bytes));
  return Int32Array.from(new BigInt64Array(bytes), (id) => id < 2n ** 31n ? Number(id) : -1);
}
