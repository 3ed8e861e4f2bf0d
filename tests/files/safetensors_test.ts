import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { headerLength } from "bert/files/safetensors_header.ts";

/** A file with any header, then `size` zero bytes; `length` can state a wrong length of the header. */
function file(header: unknown, size: number, length?: number): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function entry(shape: unknown, from: number, to: number, dtype = "F32") {
  return { dtype, shape, data_offsets: [from, to] };
}

/** A float32 and an int32 tensor with metadata, written by safetensors 0.8.0 for Python. */
const BY_PYTHON = Uint8Array.from(
  atob(
    "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUi" +
      "OlsyLDFdLCJkYXRhX29mZnNldHMiOlswLDhdfSwiYiI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbXSwiZGF0YV9v" +
      "ZmZzZXRzIjpbOCwxMl19fSAgICAAAIA/AAAgwP7///8=",
  ),
  (character) => character.charCodeAt(0),
);

Deno.test("readSafetensors() is the inverse of writeSafetensors(), bit for bit", () => {
  const values = Float32Array.of(0, -0, 1e-45, NaN, Infinity, 1.5);
  const tensors = new Map([
    ["z", { shape: [2, 3], data: values }],
    ["a.scalar", { shape: [], data: Int32Array.of(-7) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ]);
  const read = readSafetensors(writeSafetensors(tensors, { format: "x", "ü": "é" }));
  deepStrictEqual(new Map([...read.tensors].sort()), new Map([...tensors].sort()));
  deepStrictEqual({ ...read.metadata }, { format: "x", "ü": "é" });
  deepStrictEqual(
    new Uint8Array(read.tensors.get("z")!.data.buffer),
    new Uint8Array(values.buffer),
  );
});

Deno.test("writeSafetensors() starts the values at a multiple of 8 and is deterministic", () => {
  const one = { shape: [1], data: Float32Array.of(1) };
  for (const name of ["w", "we", "wei", "weig", "weigh", "weight"]) {
    const bytes = writeSafetensors(new Map([[name, one], ["b", one]]));
    strictEqual((bytes.length - 8) % 8, 0);
    deepStrictEqual(writeSafetensors(new Map([["b", one], [name, one]])), bytes);
  }
});

Deno.test("writeSafetensors() gives the bytes of the reference writer", () => {
  const { tensors, metadata } = readSafetensors(BY_PYTHON);
  deepStrictEqual(tensors.get("a"), { shape: [2, 1], data: Float32Array.of(1, -2.5) });
  deepStrictEqual(tensors.get("b"), { shape: [], data: Int32Array.of(-2) });
  deepStrictEqual({ ...metadata }, { format: "pt" });
  deepStrictEqual(writeSafetensors(tensors, metadata), BY_PYTHON);
});

Deno.test("readSafetensors() copies: the tensors do not change with the file's bytes", () => {
  const bytes = Uint8Array.from(BY_PYTHON);
  const { tensors } = readSafetensors(bytes.subarray(0));
  bytes.fill(0);
  strictEqual(tensors.get("a")!.data[0], 1);
});

Deno.test("readSafetensors() reads bytes that start anywhere in a buffer", () => {
  const shifted = new Uint8Array(BY_PYTHON.length + 3);
  shifted.set(BY_PYTHON, 3);
  strictEqual(readSafetensors(shifted.subarray(3)).tensors.get("a")!.data[1], -2.5);
});

const TWO = JSON.stringify(entry([2], 0, 8));

const BROKEN: readonly [string, Uint8Array, RegExp][] = [
  ["no header length", new Uint8Array(5), /expected at least 8 bytes, found 5/],
  ["a header longer than the file", file({}, 0, 99), /header of 99 bytes, but at most 2/],
  ["a huge header length", new Uint8Array(16).fill(255), /18446744073709551615 bytes/],
  ["a header that is not JSON", file("{nope", 0), /expected JSON/],
  ["a header that is a list", file([], 0), /must be a JSON object/],
  ["metadata that is not strings", file({ "__metadata__": { a: 1 } }, 0), /__metadata__/],
  ["a tensor that is no object", file({ w: 3 }, 0), /"w" is not described/],
  ["an unknown type", file({ w: entry([1], 0, 2, "F17") }, 2), /"w" has dtype "F17".*F32, /],
  ["a type that is not read", file({ w: entry([1], 0, 8, "I64") }, 8), /"w" has dtype I64/],
  ["a type from Object.prototype", file({ w: entry([1], 0, 4, "toString") }, 4), /dtype/],
  ["a negative size", file({ w: entry([-1], 0, 4) }, 4), /"w" has shape \[-1\]/],
  ["a fraction as size", file({ w: entry([0.5], 0, 2) }, 2), /"w" has shape/],
  ["a size that is text", file({ w: entry(["1"], 0, 4) }, 4), /"w" has shape \["1"\]/],
  ["no shape", file({ w: { dtype: "F32", data_offsets: [0, 0] } }, 0), /"w" has shape nothing/],
  ["an overflowing product", file({ w: entry([2 ** 30, 2 ** 30, 0], 0, 0) }, 0), /Infinity bytes/],
  ["offsets past the end", file({ w: entry([2 ** 40], 0, 2 ** 42) }, 4), /cut off/],
  [
    "offsets beyond the safe integers",
    file({ w: entry([1], 2 ** 60, 2 ** 60 + 4) }, 4),
    /data_offsets/,
  ],
  ["a name that occurs twice", file(`{"w":${TWO},"w":${TWO}}`, 8), /names "w" twice/],
  ["a name spelt in two ways", file(`{"w":${TWO},"\\u0077":${TWO}}`, 8), /names "w" twice/],
  [
    "a field that occurs twice",
    file(`{"w":${TWO.replace("{", '{"dtype":"I32",')}}`, 8),
    /"dtype" twice/,
  ],
  ["lists in lists", file(`{"w":${"[".repeat(1e6)}`, 0), /nested more than 3 deep/],
  ["a header that is not UTF-8", file({}, 0).map((byte, i) => i === 8 ? 0xff : byte), /not UTF-8/],
  ["an endless string", file(`{"${"x".repeat(1e6)}`, 0), /expected JSON/],
  ["one offset", file({ w: { ...entry([1], 0, 4), data_offsets: [0] } }, 4), /\[begin, end\]/],
  ["offsets of the wrong length", file({ w: entry([2], 0, 4) }, 4), /needs 8 bytes.*hold 4/],
  ["offsets that run backwards", file({ w: entry([1], 4, 0) }, 4), /needs 4 bytes.*hold -4/],
  ["a hole", file({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12), /"b".*hole after byte 4/],
  ["a hole at the start", file({ a: entry([1], 4, 8) }, 8), /"a".*hole after byte 0/],
  ["an overlap", file({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8), /"b".*overlaps/],
  ["values cut off", file({ a: entry([2], 0, 8) }, 4), /end at byte 8, but 4 bytes.*cut off/],
  ["values left over", file({ a: entry([1], 0, 4) }, 6), /end at byte 4, but 6 bytes.*appended/],
];

for (const [what, bytes, message] of BROKEN) {
  Deno.test(`readSafetensors() refuses ${what}`, () => {
    throws(() => readSafetensors(bytes, "model.safetensors"), { name: "FormatError", message });
    throws(() => readSafetensors(bytes, "model.safetensors"), /Cannot read model\.safetensors/);
  });
}

Deno.test("readSafetensors() converts F16 and BF16 to float32, as Float16Array does", () => {
  const halves = [0, -0, 1, -2.5, 65504, 6e-8, NaN, -Infinity];
  const f16 = file({ w: entry([8], 0, 16, "F16") }, 16);
  f16.set(new Uint8Array(new Float16Array(halves).buffer), f16.length - 16);
  deepStrictEqual(
    readSafetensors(f16).tensors.get("w")!.data,
    Float32Array.from(new Float16Array(halves)),
  );

  const bf16 = file({ w: entry([2, 2], 0, 8, "BF16") }, 8);
  bf16.set([0x80, 0x3f, 0x20, 0xc0, 0x01, 0x00, 0x80, 0xff], bf16.length - 8); // little-endian
  const expected = { shape: [2, 2], data: Float32Array.of(1, -2.5, 2 ** -133, -Infinity) };
  deepStrictEqual(readSafetensors(bf16).tensors.get("w"), expected);
});

Deno.test("headerLength() refuses a header of gigabytes before it is read", () => {
  const bytes = file({}, 64);
  new DataView(bytes.buffer).setBigUint64(0, 3_000_000_000n, true);
  const message = /header of 3000000000 bytes, but at most 16777216/;
  throws(() => headerLength(bytes, 5_000_000_000, "model.safetensors"), { message });
});

Deno.test("writeSafetensors() refuses a shape that does not fit the number of values", () => {
  for (const shape of [[3], [2, 2], [], [-2], [NaN], [0.5, 4]]) {
    const tensors = new Map([["row", { shape, data: Float32Array.of(1, 2) }]]);
    throws(() => writeSafetensors(tensors), {
      name: "RangeError",
      message: /^Cannot write tensor "row": expected \S+ values of shape \[.*\], got 2$/,
    });
  }
});
