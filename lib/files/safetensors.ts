/**
 * The safetensors format in memory: the length of the header in eight bytes, a JSON header that says
 * where each tensor lies, then the values. They are little-endian, like every machine on which Deno
 * runs. Files on disk are read and written tensor by tensor in `safetensors_file.ts`.
 */
import { checkArguments, type Kind, TEXT } from "../checks.ts";
import { FormatError } from "../errors.ts";
import {
  headerLength,
  LENGTH_BYTES,
  packHeader,
  readHeader,
  type TensorHead,
  type TensorPlace,
} from "./safetensors_header.ts";

/** The types in which weights can be saved. */
export type SavedDtype = "float32" | "float16" | "bfloat16";

/** One tensor on the host, row-major. */
export interface HostTensor {
  /** The size of each axis; a scalar has none. */
  readonly shape: readonly number[];
  /** The values, row by row. */
  readonly data: Float32Array | Int32Array;
}

/** The contents of a safetensors file. */
export interface Safetensors {
  /** The tensors by name. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The free-form strings under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The types that can be read, with their decoders. */
const DECODERS: Readonly<Record<string, (bytes: ArrayBuffer) => Float32Array | Int32Array>> = {
  F32: (bytes) => new Float32Array(bytes),
  I32: (bytes) => new Int32Array(bytes),
  F16: (bytes) => new Float32Array(new Float16Array(bytes)),
  BF16: (bytes) => fromBfloat16(new Uint16Array(bytes)),
  F64: (bytes) => new Float32Array(new Float64Array(bytes)),
};

/**
 * Packs tensors into the bytes of a safetensors file, in the order of their names.
 *
 * @param tensors Float32 and int32 values by name.
 * @param metadata Strings to keep in the header; transformers reads `format`. Default: none.
 * @throws {RangeError} If a tensor has another number of values than its shape says.
 * @throws {TypeError} If a value of the map is not a tensor.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
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
  checkTensors(tensors);
  const sorted = [...tensors].sort(([a], [b]) => a < b ? -1 : 1);
  const header = packHeader(
    sorted.map(([name, { shape, data }]) => ({
      name,
      shape,
      dtype: data instanceof Int32Array ? "I32" : "F32",
    })),
    metadata,
  );
  const size = sorted.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  const bytes = new Uint8Array(header.length + size);
  bytes.set(header);
  let at = header.length;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

const BYTES: Kind = {
  name: "the bytes of a file, a Uint8Array",
  fits: (value) => value instanceof Uint8Array,
};

/** Tensors by name. */
const TENSORS: Kind = {
  name: "a Map of tensors by name",
  fits: (value) => value instanceof Map,
};

/** One tensor. */
const TENSOR: Kind = {
  name: "a tensor, { shape, data: Float32Array | Int32Array }",
  fits: (value) => {
    const { shape, data } = (value ?? {}) as { shape?: unknown; data?: unknown };
    return Array.isArray(shape) && (data instanceof Float32Array || data instanceof Int32Array);
  },
};

/** Throws if a value of the map is not a tensor, or has another number of values than its shape says. */
function checkTensors(tensors: ReadonlyMap<string, HostTensor>): void {
  const call = "writeSafetensors(tensors)";
  checkArguments(call, [["tensors", tensors, TENSORS]]);
  for (const [name, tensor] of tensors) {
    checkArguments(call, [[`tensor ${JSON.stringify(name)}`, tensor, TENSOR]]);
    checkLength(name, tensor.shape, tensor.data.length);
  }
}

/** Throws `RangeError` if a tensor has another number of values than its shape says. */
export function checkLength(name: string, shape: readonly number[], length: number): void {
  const expected = shape.reduce((product, size) => product * size, 1);
  if (length === expected && shape.every(Number.isSafeInteger)) return;
  const found = `expected ${expected} values of shape [${shape}], got ${length}`;
  throw new RangeError(`Cannot write tensor "${name}": ${found}`);
}

/**
 * Reads the bytes of a safetensors file.
 *
 * F16, BF16 and F64 become float32. The tensors are copies; `bytes` may change afterwards. To read
 * single tensors of a file, use `SafetensorsFile`.
 *
 * @param bytes The whole file.
 * @param file Its name, for error messages. Default `"safetensors"`.
 * @throws {FormatError} If the header is invalid, a tensor has an unsupported type, or the tensors
 * have gaps, overlap or leave bytes at the end.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
 * import { throws } from "node:assert";
 * const bytes = writeSafetensors(new Map([["row", { shape: [2], data: Float32Array.of(1, 2) }]]));
 * throws(() => readSafetensors(bytes.subarray(0, -4), "x.safetensors"), /x.safetensors: .*cut off/);
 * ```
 */
export function readSafetensors(bytes: Uint8Array, file = "safetensors"): Safetensors {
  checkArguments("readSafetensors(bytes, file)", [["bytes", bytes, BYTES], ["file", file, TEXT]]);
  const length = headerLength(bytes, bytes.length, file);
  const start = LENGTH_BYTES + length;
  const json = bytes.subarray(LENGTH_BYTES, start);
  const header = readHeader(json, bytes.length - start, file);
  const tensors = new Map<string, HostTensor>();
  for (const [name, place] of header.tensors) {
    checkReadable(name, place, file);
    const values = Uint8Array.from(bytes.subarray(start + place.begin, start + place.end)); // a copy is aligned
    tensors.set(name, decodeTensor(place, values.buffer));
  }
  return { tensors, metadata: header.metadata };
}

/**
 * Checks that the values of a tensor can be read.
 *
 * @throws {FormatError} If its type is not supported.
 */
export function checkReadable(name: string, { dtype }: TensorPlace, file: string): void {
  if (Object.hasOwn(DECODERS, dtype)) return;
  const known = Object.keys(DECODERS).join(", ");
  throw new FormatError(file, `tensor "${name}" has dtype ${dtype}: expected one of ${known}`);
}

/** Decodes the values of a tensor. The result may share memory with `bytes`. */
export function decodeTensor({ dtype, shape }: TensorPlace, bytes: ArrayBuffer): HostTensor {
  return { shape, data: DECODERS[dtype](bytes) };
}

/** Encodes values for a file. F16 and BF16 round them to the nearest value, ties to even. */
export function encodeValues(
  values: Float32Array | Int32Array,
  dtype: TensorHead["dtype"],
): Uint8Array {
  if (dtype === "F16") return bytesOf(new Float16Array(values));
  if (dtype === "BF16") return bytesOf(toBfloat16(Float32Array.from(values)));
  return bytesOf(values);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Rounds float32 to the nearest bfloat16, ties to even; NaN stays NaN. */
function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word, i) => {
    if (Number.isNaN(values[i])) return 0x7fc0;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** Converts bfloat16, the upper half of a float32, to float32. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  const bits = Uint32Array.from(halves, (half) => half << 16);
  return new Float32Array(bits.buffer);
}
