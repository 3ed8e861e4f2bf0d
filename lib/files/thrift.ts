/**
 * Checks of Thrift's compact protocol, in which the metadata of Parquet is written.
 *
 * Source: the specification "Thrift Compact protocol encoding" of Apache Thrift.
 */

/* The numbers of those types of the protocol that Parquet uses. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** The most structs and lists inside one another. Parquet's metadata needs less than a third of it. */
const DEEPEST = 32;

/**
 * Walks over a struct and returns the offset after it, without building anything.
 *
 * A reader that trusts the stated length of a list allocates memory for it first. After this check
 * every length is one that the bytes can have, so that their number bounds time and memory.
 *
 * @param depth The number of structs and lists around it. Default 0.
 * @throws {RangeError} If the bytes are not a struct, or state a length beyond their end.
 */
export function endOfStruct(bytes: Uint8Array, offset: number, depth = 0): number {
  if (depth > DEEPEST) throw new RangeError(`metadata is nested more than ${DEEPEST} times`);
  for (let at = offset;;) {
    const field = byteAt(bytes, at++);
    if (field === 0) return at;
    if (field >> 4 === 0) at = readVarInt(bytes, at).end; // the field's number, unless the first byte holds its difference
    const type = field & 15;
    at = type === TRUE || type === FALSE ? at : endOfValue(bytes, at, type, depth);
  }
}

function endOfValue(bytes: Uint8Array, at: number, type: number, depth: number): number {
  switch (type) {
    case TRUE: // in a list; a flag that is a field has no byte of its own
    case FALSE:
    case BYTE:
      return within(bytes, at + 1);
    case I16:
    case I32:
    case I64:
      return readVarInt(bytes, at).end;
    case DOUBLE:
      return within(bytes, at + 8);
    case BINARY: {
      const { value, end } = readVarInt(bytes, at);
      return within(bytes, end + value);
    }
    case LIST:
      return endOfList(bytes, at, depth);
    case STRUCT:
      return endOfStruct(bytes, at, depth + 1);
    default:
      throw new RangeError(`metadata of the unknown type ${type}`);
  }
}

function endOfList(bytes: Uint8Array, offset: number, depth: number): number {
  if (depth > DEEPEST) throw new RangeError(`metadata is nested more than ${DEEPEST} times`);
  const head = byteAt(bytes, offset);
  let count = head >> 4;
  let at = offset + 1;
  if (count === 15) ({ value: count, end: at } = readVarInt(bytes, at));
  within(bytes, at + count); // each element has at least one byte
  for (let i = 0; i < count; i++) at = endOfValue(bytes, at, head & 15, depth + 1);
  return at;
}

/**
 * Reads a varint (unsigned LEB128): seven bits of the number in each byte, the lowest ones first.
 *
 * @returns The number, and the offset after it.
 * @throws {RangeError} If it does not end within the bytes, or within ten of them.
 */
export function readVarInt(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = byteAt(bytes, offset + i);
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: offset + i + 1 };
  }
  throw new RangeError("a number of more than ten bytes");
}

function byteAt(bytes: Uint8Array, at: number): number {
  within(bytes, at + 1);
  return bytes[at];
}

/** Returns an offset, and throws if it lies beyond the end of the bytes. */
function within(bytes: Uint8Array, end: number): number {
  if (end <= bytes.length) return end;
  throw new RangeError(`${end} bytes are expected where there are ${bytes.length}`);
}
