/**
 * Decompressing Snappy's blocks, in which most Parquet files are packed.
 *
 * Source: the format description of google/snappy. The decompressor of hyparquet does not end where
 * a length is above 2^31.
 */

/** Of three bytes, a copy makes 64. */
const LARGEST_RATIO = 64 / 3;

/**
 * Decompresses a block.
 *
 * @param size The length that the result must have.
 * @throws {RangeError} If the block is no Snappy, or has another length.
 *
 * @example
 * ```ts
 * import { unpackSnappy } from "bert/files/snappy.ts";
 * import { deepStrictEqual } from "node:assert";
 * // a length of 6; two bytes as they are, "ab"; four bytes from two bytes before
 * const block = Uint8Array.of(6, 1 << 2, 97, 98, 1, 2);
 * deepStrictEqual(unpackSnappy(block, 6), new TextEncoder().encode("ababab"));
 * ```
 */
export function unpackSnappy(block: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size > LARGEST_RATIO * block.length) throw new RangeError(`${size} bytes of Snappy's`);
  const unpacked = new Uint8Array(size);
  let at = 0;
  while (at < block.length && block[at] >= 128) at++;
  at++; // behind the length as the block has it
  let filled = 0;
  while (at < block.length) {
    const tag = block[at++];
    const isLiteral = (tag & 3) === 0;
    const { length, distance, end } = isLiteral ? literal(block, at, tag) : copied(block, at, tag);
    at = end;
    if (filled + length > size) throw new RangeError(`Snappy unpacks to more than ${size} bytes`);
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
  if (filled !== size) throw new RangeError(`Snappy unpacks to ${filled} of ${size} bytes`);
  return unpacked;
}

/** What the bytes behind a tag say: how much is copied, from how far back, and where they end. */
interface Element {
  readonly length: number;
  readonly distance: number;
  readonly end: number;
}

/** Bytes that follow as they are: up to 60, or a length of one to four bytes. */
function literal(block: Uint8Array, at: number, tag: number): Element {
  const short = tag >> 2;
  if (short < 60) return { length: short + 1, distance: 0, end: at };
  const size = short - 59;
  return { length: littleEndian(block, at, size) + 1, distance: 0, end: at + size };
}

/** Bytes that stand some way back, by one, two or four bytes of distance. */
function copied(block: Uint8Array, at: number, tag: number): Element {
  if ((tag & 3) === 1) {
    const distance = (tag >> 5) * 256 + littleEndian(block, at, 1);
    return { length: (tag >> 2 & 7) + 4, distance, end: at + 1 };
  }
  const size = (tag & 3) === 2 ? 2 : 4;
  return { length: (tag >> 2) + 1, distance: littleEndian(block, at, size), end: at + size };
}

/** Copies bytes one by one: what is copied may reach into itself, and repeats then. */
function copyBytes(from: Uint8Array, at: number, to: Uint8Array, into: number, length: number) {
  for (let i = 0; i < length; i++) to[into + i] = from[at + i];
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw new RangeError("Snappy's bytes end too early");
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
