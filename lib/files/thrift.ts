/**
 * Checks of Thrift's compact protocol, in which the metadata of Parquet is written.
 *
 * Source: the specification "Thrift Compact protocol encoding" of Apache Thrift.
 */

/** The types of the protocol that Parquet uses, by their number. */
const TRUE = 1, FALSE = 2, BYTE = 3, I16 = 4, I32 = 5, I64 = 6;
const DOUBLE = 7, BINARY = 8, LIST = 9, STRUCT = 12;

/** Parquet's own metadata has structs in structs of less than a third of this depth. */
const DEEPEST = 32;

/**
 * Walks over a struct and returns the offset behind it, without building anything.
 *
 * A reader that trusts a list's length allocates memory for it first. After this check each length is
 * one that the bytes can have, so that time and memory are bounded by their number.
 *
 * @throws {RangeError} If the bytes are no struct, or claim more than there is.
 */
export function endOfStruct(bytes: Uint8Array, offset: number, depth = 0): number {
  if (depth > DEEPEST) throw new RangeError(`metadata is nested more than ${DEEPEST} times`);
  for (let at = offset;;) {
    const field = byteAt(bytes, at++);
    if (field === 0) return at;
    if (field >> 4 === 0) at = readVarInt(bytes, at).end; // its number, if it is not the next ones
    const type = field & 15;
    at = type === TRUE || type === FALSE ? at : endOfValue(bytes, at, type, depth);
  }
}

function endOfValue(bytes: Uint8Array, at: number, type: number, depth: number): number {
  switch (type) {
    case TRUE: // an element of a list; as a field it would have no byte of its own
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
  within(bytes, at + count); // each element has a byte at least
  for (let i = 0; i < count; i++) at = endOfValue(bytes, at, head & 15, depth + 1);
  return at;
}

/**
 * Reads a number of seven bits a byte, the lowest first.
 *
 * @throws {RangeError} If it has no end, or more than ten bytes.
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

function within(bytes: Uint8Array, end: number): number {
  if (end <= bytes.length) return end;
  throw new RangeError(`${end} bytes are expected where there are ${bytes.length}`);
}
