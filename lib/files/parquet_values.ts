/**
 * Those encodings of Parquet that store how many numbers or bytes follow. Each such count is compared
 * with the bytes that there are.
 *
 * Source: the specification of apache/parquet-format.
 */
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { readVarInt } from "./thrift.ts";

/** The most bytes that the strings of one page may have after their shared prefixes are repeated. */
const LARGEST_PAGE = 2 ** 30;

/**
 * DELTA_BINARY_PACKED: each number is stored as its difference to the previous one, in blocks.
 *
 * @param output The array to fill; the reader's offset moves to the end of the numbers.
 * @throws {RangeError} If a block has no size that it can have.
 */
export function readDeltas<T extends Int32Array | BigInt64Array>(
  reader: { view: DataView; offset: number },
  output: T,
): T {
  const { buffer, byteOffset, byteLength } = reader.view;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const block = readVarInt(bytes, reader.offset);
  const parts = readVarInt(bytes, block.end);
  checkCount(block.value, 2 ** 30);
  checkCount(parts.value, bytes.length);
  if (!(block.value > 0 && block.value % parts.value === 0)) { // with 0 parts the remainder is NaN
    throw new RangeError(`blocks of ${block.value} numbers in ${parts.value} parts`);
  }
  deltaBinaryUnpack(reader, output.length, output);
  return output;
}

/** The strings of DELTA_LENGTH_BYTE_ARRAY: cuts bytes into pieces of the given lengths. */
export function readPieces(bytes: Uint8Array, lengths: Int32Array, offset: number): Uint8Array[] {
  let at = offset;
  return Array.from(lengths, (length) => {
    checkCount(length, bytes.length - at);
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/**
 * The strings of DELTA_BYTE_ARRAY: each begins with the first `shared[i]` bytes of the string before
 * it, and piece `i` follows.
 */
export function withPrefixes(shared: Int32Array, pieces: Uint8Array[]): Uint8Array[] {
  let size = 0;
  let before = new Uint8Array(0);
  return pieces.map((piece, i) => {
    checkCount(shared[i], before.length);
    size += shared[i] + piece.length;
    checkCount(size, LARGEST_PAGE);
    const whole = new Uint8Array(shared[i] + piece.length);
    whole.set(before.subarray(0, shared[i]));
    whole.set(piece, shared[i]);
    before = whole;
    return whole;
  });
}

/** RLE_DICTIONARY: the indices of values in a dictionary. The first byte is their width in bits. */
export function readIndices(bytes: Uint8Array, count: number): Uint32Array {
  checkCount(1, bytes.length);
  checkCount(bytes[0], 32);
  return bytes[0] === 0 ? new Uint32Array(count) : readRuns(bytes.subarray(1), bytes[0], count);
}

/**
 * RLE: numbers of `width` bits, stored as runs of equal numbers and as groups of eight bit-packed
 * numbers.
 */
export function readRuns(bytes: Uint8Array, width: number, count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  const size = Math.ceil(width / 8);
  let filled = 0;
  for (let at = 0; filled < count;) {
    const { value: head, end } = readVarInt(bytes, at);
    const length = Math.floor(head / 2);
    if (head % 2 === 0) {
      checkCount(length, count - filled);
      const number = bitsAt(bytes, 8 * end, 8 * size);
      checkCount(number, 2 ** width - 1);
      numbers.fill(number, filled, filled + length);
      filled += length;
      at = end + size;
    } else {
      const last = Math.min(count, filled + 8 * length);
      for (let bit = 8 * end; filled < last; bit += width) {
        numbers[filled++] = bitsAt(bytes, bit, width);
      }
      at = end + length * width;
    }
  }
  return numbers;
}

/** The number of `width` bits, 32 at most, that begins at bit `bit`; the lowest bit comes first. */
function bitsAt(bytes: Uint8Array, bit: number, width: number): number {
  checkCount(bit + width, 8 * bytes.length);
  let value = 0;
  for (let done = 0; done < width;) {
    const at = bit + done;
    const taken = Math.min(8 - at % 8, width - done);
    value += (bytes[Math.floor(at / 8)] >> at % 8 & (1 << taken) - 1) * 2 ** done;
    done += taken;
  }
  return value;
}

/** Splits bytes that begin with the length of the runs, in four bytes: the runs, and the rest. */
export function withLength(
  bytes: Uint8Array<ArrayBuffer>,
): { runs: Uint8Array<ArrayBuffer>; rest: Uint8Array<ArrayBuffer> } {
  checkCount(4, bytes.length);
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  checkCount(end, bytes.length);
  return { runs: bytes.subarray(4, end), rest: bytes.subarray(end) };
}

/** Throws `RangeError` unless a count is a number from 0 to the largest one that is possible. */
export function checkCount(count: number, largest: number): void {
  if (!(count >= 0 && count <= largest)) {
    throw new RangeError(`a count of ${count}, where at most ${largest} is possible`);
  }
}
