import { deepStrictEqual, strictEqual, throws } from "node:assert";
import type { ColumnMetaData, SchemaTree } from "hyparquet";
import { type ColumnChunk, readColumn } from "bert/files/parquet_pages.ts";
import { corpus, readAll } from "bert/data/corpus.ts";

const FOLDER = new URL("../fixtures/parquet/", import.meta.url).pathname;

for (const version of [1, 2]) {
  const path = `${FOLDER}encodings_${version}.parquet`;

  for (const textColumn of ["plain", "prefixes", "lengths"]) {
    Deno.test(`pages of version ${version}: strings are read, encoded by ${textColumn}`, async () => {
      const documents = await readAll(corpus(path, { textColumn }));
      const numbers = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 9 !== 8);
      deepStrictEqual(
        documents.map(({ sentences }) => sentences[0]),
        numbers.map((i) => `The same start of everything, ${Math.floor(i / 7)}, and ${i}.`),
      );
    });
  }

  const NAMES: Record<string, (i: number) => string> = {
    int32: (i) => String(7 * i - 100),
    int64: (i) => String((-1) ** i * 2 ** 40 * i + 0),
    indices: (i) => `Kind ${i % 5}.`,
  };
  for (const [documentColumn, name] of Object.entries(NAMES)) {
    Deno.test(`pages of version ${version}: names of documents are read from ${documentColumn}`, async () => {
      const documents = await readAll(corpus(path, { textColumn: "plain", documentColumn }));
      const numbers = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 9 !== 8);
      deepStrictEqual(documents.map((document) => document.name), numbers.map(name));
    });
  }
}

/** A number as a varint: seven bits in each byte. */
function varInt(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...varInt(Math.floor(value / 128))];
}

const zigzag = (value: number) => varInt(value < 0 ? -2 * value - 1 : 2 * value);
const int32 = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
const ascii = (text: string) => [...new TextEncoder().encode(text)];

/* The numbers of the encodings in the format. */
const PLAIN = 0;
const DELTA_BINARY_PACKED = 5;
const DELTA_LENGTH_BYTE_ARRAY = 6;
const DELTA_BYTE_ARRAY = 7;
const RLE_DICTIONARY = 8;

/** Numbers that a page's header states. Sizes that are left out are the right ones. */
interface Claims {
  /** The size of the page in the file, in bytes. */
  readonly packed?: number;
  /** Its size after decompression, in bytes. */
  readonly unpacked?: number;
  /** The checksum (CRC-32) of its bytes in the file. Default: the page has none. */
  readonly sum?: number;
}

/** The start of a page's header: its type, sizes and checksum. */
function sizes(type: number, body: readonly number[], claims: Claims): number[] {
  const { packed = body.length, unpacked = body.length, sum } = claims;
  const start = [0x15, ...zigzag(type), 0x15, ...zigzag(unpacked), 0x15, ...zigzag(packed)];
  return sum === undefined ? start : [...start, 0x15, ...zigzag(sum)];
}

/** A page of values, in the first version of the format. */
function page(rows: number, encoding: number, body: readonly number[], claims: Claims = {}) {
  const numbers = [0x15, ...zigzag(rows), 0x15, ...zigzag(encoding), 0x15, 6, 0x15, 6, 0];
  const field = claims.sum === undefined ? 0x2c : 0x1c;
  return [...sizes(0, body, claims), field, ...numbers, 0, ...body];
}

/** A dictionary of strings. */
function dictionary(count: number, body: readonly number[]): number[] {
  return [...sizes(2, body, {}), 0x4c, 0x15, ...zigzag(count), 0x15, 0, 0, 0, ...body];
}

const strings = (...texts: string[]) =>
  texts.flatMap((text) => [...int32(text.length), ...ascii(text)]);

/** Reads a column of strings, or of another type, from the bytes of its pages. */
function read(
  rows: number,
  pages: readonly number[],
  options: Partial<ColumnMetaData> = {},
  isOptional = false,
) {
  const type = options.type ?? "BYTE_ARRAY";
  const node = (name: string): SchemaTree => ({
    children: [],
    count: 1,
    path: [name],
    element: { name, type, "repetition_type": isOptional ? "OPTIONAL" : "REQUIRED" },
  });
  const metadata = { type, codec: "UNCOMPRESSED", "path_in_schema": ["text"], ...options };
  const chunk: ColumnChunk = {
    bytes: Uint8Array.from(pages),
    metadata: metadata as ColumnMetaData,
    schemaPath: [node("root"), node("text")],
    rows,
  };
  return readColumn(chunk);
}

Deno.test("readColumn() reads plain strings, a dictionary, nulls and deltas", () => {
  deepStrictEqual(read(2, page(2, PLAIN, strings("one", "two"))), ["one", "two"]);
  const words = dictionary(2, strings("one", "two"));
  // a run of three times the index 1, then a group of eight indices that begins with 0 1 0 1
  const indices = page(5, RLE_DICTIONARY, [1, 6, 1, 3, 0b1010]);
  deepStrictEqual(read(5, [...words, ...indices]), ["two", "two", "two", "one", "two"]);
  const nulls = [...int32(2), 3, 0b101, ...strings("one", "two")];
  deepStrictEqual(read(3, page(3, PLAIN, nulls), {}, true), ["one", null, "two"]);
  // blocks of 128 numbers in four parts; five numbers, of which the first is 10, and differences of 1
  const numbers = [128, 1, 4, 5, 20, 2, 0, 0, 0, 0];
  deepStrictEqual([...read(5, page(5, DELTA_BINARY_PACKED, numbers), { type: "INT32" })], [
    10,
    11,
    12,
    13,
    14,
  ]);
});

Deno.test("a page that states a size or a count beyond its bytes is refused at once, whatever it is", () => {
  const huge = 2 ** 31 - 1;
  const words = dictionary(2, strings("one", "two"));
  const long = [255, 255, 255, 255, 15]; // 2^32 - 1 as a varint
  const REFUSED: Record<string, () => unknown> = {
    "bytes of a page": () => read(1, page(1, PLAIN, strings("one"), { packed: huge })),
    "bytes of a page below zero": () => read(1, page(1, PLAIN, strings("one"), { packed: -9 })),
    "unpacked bytes": () => read(1, page(1, PLAIN, strings("one"), { unpacked: huge })),
    "unpacked bytes of Snappy": () =>
      read(1, page(1, PLAIN, strings("one"), { unpacked: huge }), { codec: "SNAPPY" }),
    "a literal of Snappy": () =>
      read(1, page(1, PLAIN, [4, 252, 255, 255, 255, 255, 0], { unpacked: 4 }), {
        codec: "SNAPPY",
      }),
    "rows": () => read(1, page(huge, PLAIN, strings("one"))),
    "rows below zero": () => read(1, page(-1, PLAIN, strings("one"))),
    "the bytes of a string": () => read(1, page(1, PLAIN, [255, 255, 255, 255, 97])),
    "values of a dictionary": () => read(1, [...dictionary(huge, strings("one")), 0]),
    "an index in a dictionary": () => read(2, [...words, ...page(2, RLE_DICTIONARY, [2, 4, 3])]),
    "a dictionary that is not there": () => read(2, page(2, RLE_DICTIONARY, [1, 4, 0])),
    "the length of a run": () =>
      read(2, [...words, ...page(2, RLE_DICTIONARY, [1, 254, 255, 255, 255, 15, 0])]),
    "the length of a group": () => read(9, [...words, ...page(9, RLE_DICTIONARY, [1, ...long, 0])]),
    "bits of an index": () => read(2, [...words, ...page(2, RLE_DICTIONARY, [200, 4, 0])]),
    "runs without an end": () =>
      read(2, [...words, ...page(2, RLE_DICTIONARY, [1, ...Array(50).fill(0)])]),
    "bytes of the nulls": () => read(1, page(1, PLAIN, [...int32(huge), 2, 1]), {}, true),
    "an invalid level": () =>
      read(1, page(1, PLAIN, [...int32(2), 2, 5, ...strings("a")]), {}, true),
    "blocks below zero": () =>
      read(5, page(5, DELTA_BINARY_PACKED, [...long, 4, 5, 20, 2, 0, 0, 0, 0]), { type: "INT32" }),
    "no parts of a block": () =>
      read(5, page(5, DELTA_BINARY_PACKED, [128, 1, 0, 5, 20, 2]), { type: "INT64" }),
    "parts of a block": () =>
      read(5, page(5, DELTA_BINARY_PACKED, [128, 1, ...long, 5, 20, 2]), { type: "INT64" }),
    // one string of 2^30 bytes
    "lengths of strings": () =>
      read(1, page(1, DELTA_LENGTH_BYTE_ARRAY, [128, 1, 4, 1, ...varInt(2 ** 31), 97])),
    // one string that shares its first byte with the string before it, which does not exist
    "a shared prefix of the first string": () =>
      read(1, page(1, DELTA_BYTE_ARRAY, [128, 1, 4, 1, 2, 128, 1, 4, 1, 2, 97])),
  };
  for (const [what, refused] of Object.entries(REFUSED)) throws(refused, RangeError, what);
});

Deno.test("a page whose checksum does not match its bytes is refused", () => {
  const body = strings("one");
  const sum = 0x29a99a00; // the CRC-32 of these bytes, by zlib
  deepStrictEqual(read(1, page(1, PLAIN, body, { sum })), ["one"]);
  throws(() => read(1, page(1, PLAIN, strings("onf"), { sum })), /the checksum of a page/);
});

Deno.test("readColumn() ends after the last row, and does not read what follows", () => {
  const one = page(1, PLAIN, strings("one"));
  deepStrictEqual(read(1, [...one, 255, 255, 255]), ["one"]);
  throws(() => read(2, one), RangeError);
  strictEqual(read(0, [255]).length, 0);
});
