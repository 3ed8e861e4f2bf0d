/** Checking a whole index once, piece by piece, before it is used. */
import { FormatError } from "../errors.ts";
import { readAt } from "../files/read_at.ts";
import { ID_BYTES, type IndexHeader, placesIn } from "./indexed_layout.ts";

/** The number of bytes of a list that are held in memory at a time. */
const PIECE = 2 ** 20;

/** An open index with its header. */
export interface OpenIndex {
  /** The open file. */
  readonly file: Deno.FsFile;
  /** Its path. */
  readonly path: string;
  /** Its header, which has been checked. */
  readonly header: IndexHeader;
}

/**
 * Throws unless every length, offset and document of an index fits the file of ids.
 *
 * @param binBytes The size of the file of ids in bytes.
 * @returns The index of the first token of each document, and at the end the number of tokens. It
 * takes 8 bytes for each document.
 * @throws {FormatError} If an entry does not fit. The message names the first one.
 */
export function checkIndex({ file, path, header }: OpenIndex, binBytes: number): Float64Array {
  const { sentences, documents, type } = header;
  const places = placesIn(header);
  const lengths = new Entries(file, path, places.lengths, sentences, 4);
  const offsets = new Entries(file, path, places.offsets, sentences, 8);
  const firsts = new Entries(file, path, places.firsts, documents + 1, 8);
  const starts = new Float64Array(documents + 1);
  const size = ID_BYTES[type];
  let tokens = 0;
  let sentence = 0;
  for (let document = 0; document <= documents; document++) {
    const first = firsts.next();
    const isFirst = document === 0;
    if (isFirst ? first !== 0 : !(first >= sentence && first <= sentences)) {
      const range = isFirst ? "0" : `${sentence} to ${sentences}`;
      throw wrong(path, `document ${document} to begin with sentence ${range}`, first);
    }
    for (; sentence < first; sentence++) {
      const length = lengths.next();
      if (length < 0) throw wrong(path, `sentence ${sentence} to have a length`, length);
      const offset = offsets.next();
      if (offset !== tokens * size) {
        throw wrong(path, `sentence ${sentence} to begin at byte ${tokens * size}`, offset);
      }
      tokens += length;
    }
    starts[document] = tokens;
  }
  if (sentence !== sentences) throw wrong(path, `documents of ${sentences} sentences`, sentence);
  if (tokens * size === binBytes) return starts;
  const bin = path.replace(/\.idx$/, ".bin");
  throw new FormatError(
    bin,
    `expected ${tokens * size} bytes, as ${path} has it, found ${binBytes}: was it copied to its ` +
      "end, and do both belong together? Copy or write it again",
  );
}

/** The error for an entry that does not fit. */
function wrong(path: string, expected: string, found: number): FormatError {
  return new FormatError(path, `expected ${expected}, found ${found}: copy or write it again`);
}

/** Reads the entries of one list of an index in order. They are int32, or int64 up to 2^53. */
class Entries {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #bytes: number;
  /** The offset of the next piece in the file. */
  #at: number;
  /** The number of bytes after it that belong to the list. */
  #left: number;
  #piece = new Int32Array(0);
  /** The index of the next entry in the piece. */
  #next = 0;

  constructor(file: Deno.FsFile, path: string, at: number, count: number, bytes: 4 | 8) {
    this.#file = file;
    this.#path = path;
    this.#bytes = bytes;
    this.#at = at;
    this.#left = count * bytes;
  }

  /** The next entry. The caller must not ask for more than there are. */
  next(): number {
    if (this.#next === this.#piece.length) this.#read();
    const low = this.#piece[this.#next++];
    return this.#bytes === 4 ? low : (low >>> 0) + this.#piece[this.#next++] * 2 ** 32;
  }

  #read(): void {
    const count = Math.min(this.#left, PIECE);
    this.#piece = new Int32Array(readAt(this.#file, this.#at, count, this.#path).buffer);
    this.#next = 0;
    this.#at += count;
    this.#left -= count;
  }
}
