/**
 * The header of a safetensors file, which lists the tensors and their offsets. Every field is checked
 * before memory of the size that it states is allocated; the message says where the header is wrong.
 *
 * Source: the format section of the README of huggingface/safetensors. This reader is stricter than
 * the reference: a name that occurs twice is refused, and so is a header above 16 MiB.
 */
import { checkArguments, type Kind, TEXT } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { isRecord, parseStrictJson } from "./json.ts";

/** The place of a tensor in a file, and its type. */
export interface TensorPlace {
  /** The type of its values by its name in the format, such as `"F32"`. */
  readonly dtype: string;
  /** The size of each axis. */
  readonly shape: readonly number[];
  /** Its first byte, counted from the end of the header. */
  readonly begin: number;
  /** The byte after its last one, counted from the end of the header. */
  readonly end: number;
}

/** A header that has been checked against the size of its file. */
export interface SafetensorsHeader {
  /** The place of each tensor, by name. */
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  /** The free-form strings under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One entry of the header, as it stands in the file. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly "data_offsets": readonly [number, number];
}

/** The types of the format, with the number of bytes of a value. */
const TYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  "F8_E4M3": 1,
  "F8_E5M2": 1,
  "F8_E8M0": 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
};

/** The name of the header's entry for metadata. */
const METADATA = "__metadata__";

/** The number of bytes before the header, which hold its length. */
export const LENGTH_BYTES = 8;

/**
 * The length of the longest header in bytes, enough for some 100,000 tensors. The reference reader
 * allows 100 MB, which would need a gigabyte of memory to parse.
 */
const LONGEST_HEADER = 2 ** 24;

/** The nesting depth of the JSON: the header, an entry in it, and a list in the entry. */
const DEEPEST = 3;

/** A tensor that is going to be written. */
export interface TensorHead {
  /** Its name in the file. */
  readonly name: string;
  /** The size of each axis. */
  readonly shape: readonly number[];
  /** The type of its values in the file; F16 and BF16 round them. */
  readonly dtype: "F32" | "I32" | "F16" | "BF16";
}

/**
 * The bytes of a file before the values: the length of the header, and the header, padded with spaces
 * to a multiple of 8 bytes.
 *
 * @throws {ConfigError} If a tensor has the reserved name of the metadata.
 */
export function packHeader(
  heads: readonly TensorHead[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0
    ? [[METADATA, metadata]]
    : [];
  let end = 0;
  for (const { name, dtype, shape } of heads) {
    if (name === METADATA) throw new ConfigError("tensor name", name, "is reserved");
    const start = end;
    end += bytesOf(shape, dtype);
    entries.push([name, { dtype, shape, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20, LENGTH_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

const BYTES: Kind = { name: "bytes", fits: (value) => value instanceof Uint8Array };

/**
 * Reads the length of the header.
 *
 * @param bytes The first bytes of the file, at least 8 of them if it has as many.
 * @param size The size of the whole file in bytes.
 * @throws {FormatError} If the file is too short to hold the header, or the header is too long.
 *
 * @example
 * ```ts
 * import { headerLength } from "bert/files/safetensors_header.ts";
 * import { throws } from "node:assert";
 * const lies = new Uint8Array(8).fill(255);
 * throws(() => headerLength(lies, 1000, "x.safetensors"), /announce a header of 18446744073709551615/);
 * ```
 */
export function headerLength(bytes: Uint8Array, size: number, file: string): number {
  const call = "headerLength(bytes, size, file)";
  checkArguments(call, [["bytes", bytes, BYTES], ["file", file, TEXT]]);
  if (size < LENGTH_BYTES || bytes.length < LENGTH_BYTES) {
    throw new FormatError(
      file,
      `expected at least 8 bytes, found ${size}: it is cut off, so copy or save it again`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = Math.min(size - LENGTH_BYTES, LONGEST_HEADER);
  if (length <= BigInt(most)) return Number(length);
  throw new FormatError(
    file,
    `its first 8 bytes announce a header of ${length} bytes, but at most ${most} can follow: ` +
      "it is cut off, so copy or save it again, or it is not a safetensors file",
  );
}

/**
 * Reads and checks a header.
 *
 * @param json The bytes of the header.
 * @param size The number of bytes that follow it in the file.
 * @throws {FormatError} If it is invalid, or does not cover every byte of the values exactly once.
 */
export function readHeader(json: Uint8Array, size: number, file: string): SafetensorsHeader {
  const { [METADATA]: metadata = {}, ...fields } = parseHeader(json, file);
  checkMetadata(metadata, file);
  const tensors = Object.entries(fields).map(([name, value]) => {
    checkEntry(name, value, file);
    const { dtype, shape, data_offsets: [begin, end] } = value;
    return [name, { dtype, shape, begin, end }] as const;
  });
  checkCover(tensors, size, file);
  return { tensors: new Map(tensors), metadata };
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(file, "its header is not UTF-8");
  }
  const header = parseStrictJson(text, file, DEEPEST);
  if (isRecord(header)) return header;
  throw new FormatError(file, `its header must be a JSON object, found ${shown(header)}`);
}

function checkMetadata(
  metadata: unknown,
  file: string,
): asserts metadata is Record<string, string> {
  if (isRecord(metadata) && Object.values(metadata).every((v) => typeof v === "string")) return;
  throw new FormatError(file, "its __metadata__ must be an object of strings");
}

function checkEntry(name: string, value: unknown, file: string): asserts value is Entry {
  const where = `tensor "${name}"`;
  if (!isRecord(value)) throw new FormatError(file, `${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(TYPE_BYTES, dtype)) {
    const known = Object.keys(TYPE_BYTES).join(", ");
    throw new FormatError(file, `${where} has dtype ${shown(dtype)}: expected one of ${known}`);
  }
  if (!areCounts(shape)) {
    throw new FormatError(file, `${where} has shape ${shown(shape)}: expected whole sizes`);
  }
  if (!areCounts(offsets) || offsets.length !== 2) {
    const found = shown(offsets);
    throw new FormatError(file, `${where} has data_offsets ${found}: expected [begin, end]`);
  }
  const expected = bytesOf(shape, dtype);
  if (offsets[1] - offsets[0] === expected) return;
  throw new FormatError(
    file,
    `${where} of shape ${shown(shape)} needs ${expected} bytes, but its offsets ` +
      `[${offsets}] hold ${offsets[1] - offsets[0]}`,
  );
}

/** The number of bytes of a tensor; infinite if it is too large to be exact. */
function bytesOf(shape: readonly number[], dtype: string): number {
  return shape.reduce((product, size) => {
    const next = product * size; // Infinity · 0 is NaN and counts as too large
    return next <= Number.MAX_SAFE_INTEGER ? next : Infinity;
  }, TYPE_BYTES[dtype]);
}

/** Checks that the tensors cover all `size` bytes without gaps or overlaps. */
function checkCover(
  tensors: readonly (readonly [string, TensorPlace])[],
  size: number,
  file: string,
): void {
  const byPlace = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of byPlace) {
    if (begin !== covered) {
      const hasHole = begin > covered;
      const what = hasHole
        ? `leaves a hole after byte ${covered}`
        : "overlaps the tensor before it";
      throw new FormatError(file, `tensor "${name}" at bytes [${begin},${end}] ${what}`);
    }
    covered = end;
  }
  if (covered === size) return;
  const advice = covered > size
    ? "it is cut off: copy or save it again"
    : "something was appended: copy or save it again";
  throw new FormatError(
    file,
    `its tensors end at byte ${covered}, but ${size} bytes follow: ${advice}`,
  );
}

/** A value of the header for a message, cut off after 80 characters. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Whether a value is a list of whole numbers of at least 0. */
function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
