/** Reading documents of any range from Megatron-LM's `.bin` and `.idx`, whatever their size. */
import { checkWhole } from "../checks.ts";
import type { TokenIds, TokenizedDocument } from "../data/document.ts";
import { FormatError } from "../errors.ts";
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
   * The size of the vocabulary. Reading an id that is not below it throws. Default: any id is
   * allowed.
   */
  readonly vocabSize?: number;
  /**
   * The ids that stand around each sentence, `[CLS]` and `[SEP]`, which Megatron-LM's tokenizers write.
   * They are left out of the documents; counts are those of the tokens on disk. Default: nothing is
   * left out.
   */
  readonly frame?: SentenceFrame;
  /**
   * The CRC-32 of each block of `.bin`, from a `BlockSummer`, to check what is read. Default: no
   * checks.
   */
  readonly sums?: Uint32Array;
}

/** What stands around a sentence. */
export interface SentenceFrame {
  /** Before it, once. */
  readonly first: number;
  /** Behind it, once or, with `--append-eod`, twice. */
  readonly last: number;
}

/**
 * An open store of documents as ids, in the format of Megatron-LM's `preprocess_data.py
 * --split-sentences`: a sequence is a sentence.
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
  /** Its path without `.bin` and `.idx`. */
  readonly prefix: string;
  /** How ids are stored. */
  readonly type: IdType;
  /** The number of documents, including those without sentences. */
  readonly documents: number;
  /** Sentences in all documents. */
  readonly sentences: number;
  /** Tokens in all sentences. */
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
   * Opens `PREFIX.idx` and `PREFIX.bin`; dispose of it when you are done.
   *
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

  /** The number of tokens of a document. No file is read. */
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
   * A document.
   *
   * @param index The index of the document, from 0.
   * @throws {FormatError} As `documentRange()`.
   */
  document(index: number): TokenizedDocument {
    checkWhole("index", index, 0, this.documents - 1);
    return this.documentRange(index, index + 1)[0];
  }

  /**
   * The documents from `first` up to, but without, `end`, in three reads for any number. Their ids
   * are views of one array.
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

  /** Closes both files. */
  [Symbol.dispose](): void {
    this.#index.file.close();
    this.#bin.close();
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

  #lengths(first: number, end: number): Int32Array {
    const { file, path, header } = this.#index;
    const at = placesIn(header).lengths + LENGTH_BYTES * first;
    return new Int32Array(readAt(file, at, LENGTH_BYTES * (end - first), path).buffer);
  }

  /** The ids of the tokens from `first` up to, but without, `end`. */
  #ids(first: number, end: number): Uint16Array | Int32Array {
    const size = ID_BYTES[this.type];
    const path = `${this.prefix}.bin`;
    const [at, count] = [first * size, (end - first) * size];
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

  #changed(): FormatError {
    const { path } = this.#index;
    return new FormatError(path, "it is not what it was when it was opened: open it again");
  }
}

/** The ids of a sentence without what stands around it. */
function unframed<Ids extends Uint16Array | Int32Array>(ids: Ids, frame?: SentenceFrame): Ids {
  if (!frame) return ids;
  let end = ids.length;
  while (end > 0 && ids[end - 1] === frame.last) end--;
  return ids.subarray(ids[0] === frame.first ? 1 : 0, end) as Ids;
}

function openFile(path: string): Deno.FsFile {
  try {
    if (Deno.statSync(path).isFile) return Deno.openSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
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
