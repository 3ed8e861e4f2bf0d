/**
 * Decompressing blocks of Snappy, the compression of most Parquet files.
 *
 * Source: the format description of google/snappy. The decompressor of hyparquet does not end if a
 * length is above 2^31.
 */

/** The largest ratio of decompressed to compressed bytes: a copy of 64 bytes is stored in three. */
const LARGEST_RATIO = 64 / 3;

/**
 * Decompresses a block.
 *
 * @param size The length that the result must have.
 * @throws {RangeError} If the bytes are not a block of Snappy, or its result has another length.
 *
 * @example
 * ```ts
 * import { unpackSnappy } from "bert/files/snappy.ts";
 * import { deepStrictEqual } from "node:assert";
 * // the length 6; a literal of two bytes, "ab"; a copy of four bytes that begins two bytes earlier
 * const block = Uint8Array.of(6, 1 << 2, 97, 98, 1, 2);
 * deepStrictEqual(unpackSnappy(block, 6), new TextEncoder().encode("ababab"));
 * ```
 */
export function unpackSnappy(block: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size > LARGEST_RATIO * block.length) {
    throw new RangeError(`${block.length} bytes of Snappy cannot decompress to ${size} bytes`);
  }
  const unpacked = new Uint8Array(size);
  let at = 0;
  while (at < block.length && block[at] >= 128) at++;
  at++; // skips the length that the block states, as `size` is given
  let filled = 0;
  while (at < block.length) {
    const tag = block[at++];
    const isLiteral = (tag & 3) === 0;
    const { length, distance, end } = isLiteral ? literal(block, at, tag) : copy(block, at, tag);
    at = end;
    if (filled + length > size) {
      throw new RangeError(`Snappy decompresses to more than ${size} bytes`);
    }
    if (isLiteral) {
      if (at + length > block.length) throw new RangeError("Snappy's bytes end too early");
      copyBytes(block, at, unpacked, filled, length);
      at += length;
    } else {
      if (distance === 0 || distance > filled) {
        throw new RangeError(`Snappy copies from ${distance} bytes before, at byte ${filled}`);
      }
      copyBytes(unpacked, filled - distance, unpacked, filled, length);
    }
    filled += length;
  }
  if (filled !== size) {
    throw new RangeError(`Snappy decompresses to ${filled} bytes instead of ${size}`);
  }
  return unpacked;
}

/** An element of a block, as its tag and the bytes after the tag describe it. */
interface Element {
  /** The number of bytes that it appends to the result. */
  readonly length: number;
  /** How far before the end of the result these bytes begin; 0 for a literal. */
  readonly distance: number;
  /** The offset in the block after the description. */
  readonly end: number;
}

/** A literal: bytes that are not compressed. Their number, if above 60, has one to four bytes. */
function literal(block: Uint8Array, at: number, tag: number): Element {
  const short = tag >> 2;
  if (short < 60) return { length: short + 1, distance: 0, end: at };
  const size = short - 59;
  return { length: littleEndian(block, at, size) + 1, distance: 0, end: at + size };
}

/** A copy of earlier bytes of the result. Their distance has one, two or four bytes. */
function copy(block: Uint8Array, at: number, tag: number): Element {
  if ((tag & 3) === 1) {
    const distance = (tag >> 5) * 256 + littleEndian(block, at, 1);
    return { length: (tag >> 2 & 7) + 4, distance, end: at + 1 };
  }
  const size = (tag & 3) === 2 ? 2 : 4;
  return { length: (tag >> 2) + 1, distance: littleEndian(block, at, size), end: at + size };
}

/** Copies bytes one by one: a copy may overlap its own result, and then repeats a pattern. */
function copyBytes(from: Uint8Array, at: number, to: Uint8Array, into: number, length: number) {
  for (let i = 0; i < length; i++) to[into + i] = from[at + i];
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw new RangeError("Snappy's bytes end too early");
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
