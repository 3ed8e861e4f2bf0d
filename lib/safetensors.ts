/**
 * The safetensors format: eight bytes of header length, a JSON header that says where each tensor
 * lies, then the values, little-endian as every machine that Deno runs on. Reading trusts nothing: a file that lies about itself is
 * refused with a sentence that says where.
 *
 * Source: the format section of the README of huggingface/safetensors.
 */
import { FormatError } from "./errors.ts";

/** One tensor on the host, row-major. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The free-form strings under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One entry of the header, as it stands in the file. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly "data_offsets": readonly [number, number];
}

const ARRAYS = { F32: Float32Array, I32: Int32Array } as const;
const BYTES = 4; // of one value, in either type
const LONGEST_HEADER = 100_000_000; // the limit of the reference reader

/**
 * Packs tensors into the bytes of a safetensors file, in the order of their names.
 *
 * @param tensors Float32 and int32 values by name.
 * @param metadata Strings to keep in the header; loaders of transformers look at `format`.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "bert/safetensors.ts";
 * import { deepStrictEqual } from "node:assert";
 * const row = { shape: [1, 2], data: Float32Array.of(0.5, -1) };
 * const bytes = writeSafetensors(new Map([["row", row]]));
 * deepStrictEqual(readSafetensors(bytes).tensors.get("row"), row);
 * ```
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(([a], [b]) => a < b ? -1 : 1);
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header["__metadata__"] = metadata;
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    const start = end;
    end += data.byteLength;
    const dtype = data instanceof Int32Array ? "I32" : "F32";
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  return pack(JSON.stringify(header), sorted.map(([, { data }]) => data), end);
}

/** Header length, header padded with spaces to a multiple of 8, values. */
function pack(
  json: string,
  values: readonly (Float32Array | Int32Array)[],
  size: number,
): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(json);
  const length = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + size).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(header, 8);
  let at = 8 + length;
  for (const data of values) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a safetensors file that holds float32 and int32 tensors.
 *
 * The tensors are copies; `bytes` may change afterwards.
 *
 * @param bytes The whole file.
 * @param file Its name, for error messages.
 * @throws {FormatError} If the header is not one, a tensor has another type, or the tensors do not
 * cover the values exactly once, without a gap, an overlap or a rest.
 */
export function readSafetensors(bytes: Uint8Array, file = "safetensors"): Safetensors {
  const { header, start } = readHeader(bytes, file);
  const { ["__metadata__"]: metadata = {}, ...fields } = header;
  checkMetadata(metadata, file);
  const entries = Object.entries(fields).map(([name, value]) => {
    checkEntry(name, value, file);
    return [name, value] as const;
  });
  checkCover(entries, bytes.length - start, file);
  const tensors = entries.map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const copy = Uint8Array.from(bytes.subarray(start + from, start + to)); // aligned
    return [name, { shape, data: new ARRAYS[dtype as keyof typeof ARRAYS](copy.buffer) }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}

/** The JSON header, and where the values begin. */
function readHeader(bytes: Uint8Array, file: string) {
  if (bytes.length < 8) {
    throw new FormatError(file, `expected at least 8 bytes, found ${bytes.length}: is it cut off?`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = Math.min(bytes.length - 8, LONGEST_HEADER);
  if (length > BigInt(most)) {
    throw new FormatError(
      file,
      `its first 8 bytes announce a header of ${length} bytes, but at most ${most} can follow: ` +
        "it is cut off, or is no safetensors file",
    );
  }
  const start = 8 + Number(length);
  return { header: parseHeader(bytes.subarray(8, start), file), start };
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError(file, `its header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  if (isRecord(header)) return header;
  throw new FormatError(file, `its header must be a JSON object, found ${JSON.stringify(header)}`);
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
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) {
    const known = Object.keys(ARRAYS).join(" or ");
    throw new FormatError(file, `${where} has dtype ${JSON.stringify(dtype)}: expected ${known}`);
  }
  if (!areCounts(shape)) {
    throw new FormatError(
      file,
      `${where} has shape ${JSON.stringify(shape)}: expected whole sizes`,
    );
  }
  if (!areCounts(offsets) || offsets.length !== 2) {
    const found = JSON.stringify(offsets);
    throw new FormatError(file, `${where} has data_offsets ${found}: expected [begin, end]`);
  }
  const expected = shape.reduce((product, size) => product * size, BYTES);
  if (offsets[1] - offsets[0] === expected) return;
  throw new FormatError(
    file,
    `${where} of shape [${shape}] needs ${expected} bytes, but its offsets ` +
      `[${offsets}] hold ${offsets[1] - offsets[0]}`,
  );
}

/** Checks that the tensors lie end to end over all of the `size` bytes. */
function checkCover(entries: readonly (readonly [string, Entry])[], size: number, file: string) {
  const byOffset = [...entries].sort(([, a], [, b]) =>
    a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]
  );
  let end = 0;
  for (const [name, { data_offsets: [from, to] }] of byOffset) {
    if (from !== end) {
      const what = from > end ? `leaves a hole after byte ${end}` : `overlaps the tensor before it`;
      throw new FormatError(file, `tensor "${name}" at bytes [${from},${to}] ${what}`);
    }
    end = to;
  }
  if (end === size) return;
  const advice = end > size ? "it is cut off: copy or save it again" : "something was appended";
  throw new FormatError(
    file,
    `its tensors end at byte ${end}, but ${size} bytes follow: ${advice}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
