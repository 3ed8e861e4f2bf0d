/**
 * The layout of the two files of Megatron-LM's indexed dataset. All numbers are little-endian.
 *
 * ```text
 * .idx   0   9  "MMIDIDX\0\0"
 *        9   8  uint64  version, always 1
 *       17   1  uint8   type of the ids
 *       18   8  uint64  n, sentences (Megatron's "sequences")
 *       26   8  uint64  d, documents + 1
 *       34  4n  int32   tokens of each sentence
 *    34+4n  8n  int64   first byte of each sentence in .bin
 *   34+12n  8d  int64   first sentence of each document; begins with 0 and ends with n
 * .bin          the ids, sentence after sentence, nothing else
 * ```
 *
 * Source: `megatron/core/datasets/indexed_dataset.py` in NVIDIA/Megatron-LM.
 */
import { checkPath } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { asReadError } from "../files/read.ts";

const MAGIC = new TextEncoder().encode("MMIDIDX\0\0");

const VERSION = 1;

/** The number of bytes before the lengths. */
export const HEADER_BYTES = 34;

/** The number of bytes of the length of a sentence. */
export const LENGTH_BYTES = 4;

/** The number of bytes of the offset of a sentence in `.bin`. */
export const OFFSET_BYTES = 8;

/** The number of bytes of the first sentence of a document. */
export const FIRST_BYTES = 8;

/** The type of stored ids. Megatron chooses uint16 or int32, see `idTypeFor()`. */
export type IdType = "uint8" | "int8" | "int16" | "int32" | "int64" | "uint16";

/** The types by their numbers in the header, which begin at 1. */
const TYPES = ["", "uint8", "int8", "int16", "int32", "int64", "float64", "float32", "uint16"];

/** The number of bytes of an id. */
export const ID_BYTES: Readonly<Record<IdType, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint16: 2,
};

/** The header of an index. */
export interface IndexHeader {
  /** The type of the ids. */
  readonly type: IdType;
  /** The number of sentences in all documents. */
  readonly sentences: number;
  /** The number of documents. */
  readonly documents: number;
}

/**
 * The type that Megatron uses for a vocabulary of this size.
 *
 * @example
 * ```ts
 * import { idTypeFor } from "bert/store/indexed_layout.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(idTypeFor(30_522), "uint16");
 * strictEqual(idTypeFor(119_547), "int32");
 * ```
 */
export function idTypeFor(vocabSize: number): "uint16" | "int32" {
  return vocabSize < 65_500 ? "uint16" : "int32";
}

/**
 * Whether a file begins as an index of Megatron-LM does. Other programs write files named `.idx`, too.
 *
 * @example
 * ```ts
 * import { isIndex } from "bert/store/indexed_layout.ts";
 * import { strictEqual } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/pack.idx`;
 * await Deno.writeTextFile(path, "another index");
 * strictEqual(isIndex(path), false);
 * ```
 */
export function isIndex(path: string): boolean {
  checkPath("isIndex(path)", "path", path);
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(MAGIC.length);
    return file.readSync(bytes) === MAGIC.length && hasMagic(bytes);
  } catch (error) {
    throw asReadError(error, path);
  }
}

function hasMagic(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

/** The bytes of a header. */
export function packHeader({ type, sentences, documents }: IndexHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setBigUint64(9, BigInt(VERSION), true);
  view.setUint8(17, TYPES.indexOf(type));
  view.setBigUint64(18, BigInt(sentences), true);
  view.setBigUint64(26, BigInt(documents + 1), true);
  return bytes;
}

/** The offsets of the three lists of an index, and of its end, in bytes. */
export interface IndexPlaces {
  /** The lengths of the sentences. */
  readonly lengths: number;
  /** Their offsets in `.bin`. */
  readonly offsets: number;
  /** The first sentences of the documents. */
  readonly firsts: number;
  /** The end of the file. */
  readonly end: number;
}

/** The offsets of the lists of an index with these numbers of sentences and documents. */
export function placesIn({ sentences, documents }: Omit<IndexHeader, "type">): IndexPlaces {
  const lengths = HEADER_BYTES;
  const offsets = lengths + LENGTH_BYTES * sentences;
  const firsts = offsets + OFFSET_BYTES * sentences;
  return { lengths, offsets, firsts, end: firsts + FIRST_BYTES * (documents + 1) };
}

/**
 * Reads the header of an index.
 *
 * @param bytes The first `HEADER_BYTES` bytes of the file, or all if it is shorter.
 * @param size The size of the whole file in bytes.
 * @param path The path of the file, for error messages.
 * @throws {FormatError} If it is not an index, or has another size than its header says.
 */
export function readHeader(bytes: Uint8Array, size: number, path: string): IndexHeader {
  if (!hasMagic(bytes)) {
    throw new FormatError(path, 'expected an index of Megatron-LM ("MMIDIDX"), found another file');
  }
  if (size < HEADER_BYTES) throw new FormatError(path, `${CUT_SHORT}, found ${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = Number(view.getBigUint64(9, true));
  if (version !== VERSION) {
    throw new FormatError(path, `expected version ${VERSION} of the format, found ${version}`);
  }
  const type = typeIn(view.getUint8(17), path);
  const sentences = Number(view.getBigUint64(18, true));
  const documents = Number(view.getBigUint64(26, true)) - 1;
  if (documents < 0) throw new FormatError(path, "expected a list of documents, found none");
  checkSize({ sentences, documents }, size, path);
  return { type, sentences, documents };
}

const CUT_SHORT = `expected a header of ${HEADER_BYTES} bytes`;

/** The type of the ids by its number in the header. */
function typeIn(number: number, path: string): IdType {
  const type = TYPES[number];
  if (type && Object.hasOwn(ID_BYTES, type)) return type as IdType;
  const found = type ? `${type}` : `a type of number ${number}`;
  throw new FormatError(path, `expected ids of whole numbers, found ${found}`);
}

/** Throws unless an index has the size that its numbers of documents and sentences need. */
function checkSize(counts: Omit<IndexHeader, "type">, size: number, path: string): void {
  const { end } = placesIn(counts);
  if (size === end) return;
  const { sentences, documents } = counts;
  const expected = `expected ${end} bytes for ${documents} documents of ${sentences} sentences`;
  const isMultimodal = size === end + sentences;
  const fix = isMultimodal
    ? "it has modes, as data sets with pictures have them, which cannot be read"
    : "was it copied to its end? Copy or write it again";
  throw new FormatError(path, `${expected}, found ${size}: ${fix}`);
}
