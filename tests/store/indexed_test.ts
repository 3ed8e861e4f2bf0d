import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { FormatError } from "bert/errors.ts";
import { idTypeFor, packHeader, placesIn } from "bert/store/indexed_layout.ts";
import { IndexedReader } from "bert/store/indexed_reader.ts";
import { IndexedWriter } from "bert/store/indexed_writer.ts";
import { SETTINGS } from "../support/arbitrary.ts";
import { findPython, runPython } from "../support/python.ts";

type Sentences = readonly (readonly number[])[];

const FIXTURES = "tests/fixtures/store";

const MEGATRON = "tests/fixtures/megatron_store.py";

/** The documents of the fixtures, as `megatron_store.py` wrote them. */
const SHARED: readonly Sentences[] = [
  [[7, 8, 9], [10]],
  [],
  [Array(300).fill(11), [0], [1, 2]],
  [[65499, 65498], [3]],
  [],
];
const CONTENT: Readonly<Record<string, readonly Sentences[]>> = {
  uint16: SHARED,
  int32: [...SHARED, [[70000, 2 ** 31 - 1]]],
  int64: [...SHARED, [[70000, 2 ** 31 - 1]]],
};

/** Any documents; some have no sentences. */
const anyDocuments = (most: number) =>
  fc.array(fc.array(fc.array(fc.nat(most), { minLength: 1, maxLength: 9 }), { maxLength: 5 }), {
    maxLength: 12,
  });

async function newPrefix(): Promise<string> {
  return `${await Deno.makeTempDir()}/texts`;
}

function write(prefix: string, documents: readonly Sentences[], type: "uint16" | "int32"): void {
  using writer = IndexedWriter.create(prefix, type);
  for (const sentences of documents) writer.add(sentences);
  writer.finish();
}

function contentOf(reader: IndexedReader, first = 0, end = reader.documents): number[][][] {
  return reader.documentRange(first, end).map(({ sentences }) =>
    sentences.map(({ ids }) => [...ids])
  );
}

for (const [type, documents] of Object.entries(CONTENT)) {
  Deno.test(`a store that Megatron-LM wrote with ${type} is read`, () => {
    using reader = IndexedReader.open(`${FIXTURES}/${type}`);
    deepStrictEqual(contentOf(reader), documents);
    strictEqual(reader.type, type);
    strictEqual(reader.sentences, documents.flat().length);
    strictEqual(reader.tokens, documents.flat(2).length);
    deepStrictEqual(contentOf(reader, 2, 4), documents.slice(2, 4));
    strictEqual(reader.documentTokens(2), 303);
    strictEqual(reader.tokensBefore(3), 307);
    deepStrictEqual(reader.document(1), { name: "document 2", sentences: [] });
    throws(() => reader.document(documents.length), /Invalid index/);
  });
}

for (const type of ["uint16", "int32"] as const) {
  Deno.test(`IndexedWriter writes ${type} byte for byte as Megatron-LM does`, async () => {
    const prefix = await newPrefix();
    write(prefix, CONTENT[type], type);
    for (const kind of ["bin", "idx"]) {
      const expected = await Deno.readFile(`${FIXTURES}/${type}.${kind}`);
      deepStrictEqual(await Deno.readFile(`${prefix}.${kind}`), expected, kind);
    }
    const left = Array.from(Deno.readDirSync(prefix.replace(/texts$/, "")), ({ name }) => name);
    deepStrictEqual(left.sort(), ["texts.bin", "texts.idx"]);
  });
}

const python = await findPython(["megatron.core", "numpy"], "a store read by Megatron-LM");

Deno.test({
  name: "Megatron-LM's own reader reads what IndexedWriter wrote",
  ignore: python === undefined,
  async fn() {
    const prefix = await newPrefix();
    for (
      const [documents] of fc.sample(fc.tuple(anyDocuments(65_535)), { ...SETTINGS, numRuns: 3 })
    ) {
      const full = [...documents, [[5]]]; // its mmap needs at least one byte
      write(prefix, full, "uint16");
      deepStrictEqual(await runPython(python!, [MEGATRON, "read", prefix], null), full);
    }
  },
});

Deno.test("any documents are read back as they were written, in any range", async () => {
  const prefix = await newPrefix();
  const any = fc.boolean().chain((isWide) =>
    fc.record({
      isWide: fc.constant(isWide),
      documents: anyDocuments(isWide ? 2 ** 31 - 1 : 65_535),
      cut: fc.tuple(fc.nat(12), fc.nat(12)),
    })
  );
  fc.assert(
    fc.property(any, ({ isWide, documents, cut }) => {
      write(prefix, documents, isWide ? "int32" : "uint16");
      using reader = IndexedReader.open(prefix);
      const [first, end] = cut.map((at) => Math.min(at, documents.length)).sort((a, b) => a - b);
      deepStrictEqual(contentOf(reader), documents);
      deepStrictEqual(contentOf(reader, first, end), documents.slice(first, end));
    }),
    { ...SETTINGS, numRuns: 40 },
  );
});

Deno.test("a sentence without ids is left out, by the writer and by the reader", async () => {
  const prefix = await newPrefix();
  write(prefix, [[[], [4], []]], "uint16");
  using reader = IndexedReader.open(prefix);
  strictEqual(reader.sentences, 1);
  await Deno.writeFile(`${prefix}.idx`, indexOf([0, 1, 0], 2));
  using empty = IndexedReader.open(prefix);
  deepStrictEqual(empty.document(0).sentences, [{ ids: Uint16Array.of(4), index: 1 }]);
});

/** An index of one document of sentences of these lengths, in uint16. */
function indexOf(lengths: readonly number[], bytes: number): Uint8Array {
  const offsets = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0) * bytes);
  const long = (values: readonly number[]) => BigInt64Array.from(values, BigInt);
  const parts = [
    packHeader({ type: "uint16", sentences: lengths.length, documents: 1 }),
    Int32Array.from(lengths),
    long(offsets),
    long([0, lengths.length]),
  ];
  return new Uint8Array(parts.flatMap(({ buffer }) => [...new Uint8Array(buffer)]));
}

Deno.test("a writer that was stopped anywhere continues from its last place and writes the same bytes", async () => {
  const [prefix, whole] = [await newPrefix(), await newPrefix()];
  const stops = fc.tuple(anyDocuments(500), fc.nat(12), fc.nat(12));
  fc.assert(
    fc.property(stops, ([documents, saved, stopped]) => {
      write(whole, documents, "uint16");
      const writer = IndexedWriter.create(prefix, "uint16");
      for (const sentences of documents.slice(0, saved)) writer.add(sentences);
      const place = writer.save();
      for (const sentences of documents.slice(saved, saved + stopped)) writer.add(sentences);
      writer[Symbol.dispose]();
      throws(() => IndexedReader.open(prefix), /\.idx: expected a file of a store, found nothing/);
      using again = IndexedWriter.resume(prefix, "uint16", place);
      for (const sentences of documents.slice(saved)) again.add(sentences);
      again.finish();
      for (const kind of [".bin", ".idx"]) {
        deepStrictEqual(Deno.readFileSync(prefix + kind), Deno.readFileSync(whole + kind));
      }
      Deno.removeSync(`${prefix}.idx`);
    }),
    { ...SETTINGS, numRuns: 20 },
  );
  throws(
    () => IndexedWriter.resume(prefix, "uint16", { documents: 9999, sentences: 0, tokens: 0 }),
    /texts\.ends: expected at least 79992 bytes, found \d+: begin again/,
  );
});

Deno.test("ids that do not fit the type or the vocabulary are refused, by the writer and by the reader", async () => {
  const prefix = await newPrefix();
  using narrow = IndexedWriter.create(prefix, "uint16");
  for (const id of [-1, 65_536, NaN]) throws(() => narrow.add([[id]]), /Cannot write id/);
  using wide = IndexedWriter.create(prefix, "int32");
  for (const id of [-1, 2 ** 31, 2 ** 32]) throws(() => wide.add([[id]]), /Cannot write id/);
  write(prefix, [[[7, 30_522]]], idTypeFor(30_522));
  using reader = IndexedReader.open(prefix, { vocabSize: 30_522 });
  throws(() => reader.document(0), {
    name: "FormatError",
    message:
      `Cannot read ${prefix}.bin: expected an id below 30522 as token 1, found 30522: does ` +
      "it belong to this vocabulary?",
  });
});

Deno.test("a store with wrong or inconsistent files is refused by name", async () => {
  const prefix = await newPrefix();
  const [bin, idx] = [`${prefix}.bin`, `${prefix}.idx`];
  const good = {
    bin: await Deno.readFile(`${FIXTURES}/uint16.bin`),
    idx: await Deno.readFile(`${FIXTURES}/uint16.idx`),
  };
  const places = placesIn({ sentences: 7, documents: 5 });
  const refused = (
    name: string,
    change: (files: typeof good) => Partial<typeof good>,
    why: RegExp,
  ) => {
    const files = { ...good, ...change({ bin: good.bin.slice(), idx: good.idx.slice() }) };
    Deno.writeFileSync(bin, files.bin);
    Deno.writeFileSync(idx, files.idx);
    throws(() => IndexedReader.open(prefix), (error) => {
      ok(error instanceof FormatError, name);
      ok(why.test(error.message), `${name}: ${error.message}`);
      return true;
    });
  };
  const changed = (at: number, ...values: number[]) => ({ idx }: typeof good) => {
    idx.set(values, at);
    return { idx };
  };
  refused("magic", changed(0, 0), /expected an index of Megatron-LM/);
  refused("empty", () => ({ idx: new Uint8Array(0) }), /expected an index of Megatron-LM/);
  refused("header", ({ idx }) => ({ idx: idx.slice(0, 20) }), /a header of 34 bytes, found 20/);
  refused("version", changed(9, 2), /expected version 1 of the format, found 2/);
  refused("type", changed(17, 9), /found a type of number 9/);
  refused("floats", changed(17, 7), /expected ids of whole numbers, found float32/);
  refused("no documents", changed(26, 0), /expected a list of documents, found none/);
  refused("huge", changed(18, 255, 255, 255, 255, 255, 255, 255, 255), /expected \d+ bytes for 5/);
  refused("cut", ({ idx }) => ({ idx: idx.slice(0, -1) }), /expected 166 bytes .*, found 165: was/);
  refused("modes", ({ idx }) => ({ idx: new Uint8Array([...idx, ...Array(7)]) }), /it has modes/);
  refused("length", changed(places.lengths, 4), /sentence 1 to begin at byte 8, found 6/);
  refused("below 0", changed(places.lengths + 3, 255), /sentence 0 to have a length, found -/);
  refused(
    "offset",
    changed(places.offsets + 12, 1),
    /sentence 1 to begin at byte 6, found 4294967302/,
  );
  refused("first", changed(places.firsts, 1), /document 0 to begin with sentence 0, found 1/);
  refused("falling", changed(places.firsts + 8, 5), /document 2 to begin with sentence 5 to 7/);
  refused(
    "behind",
    changed(places.end - 16, 6, 0, 0, 0, 0, 0, 0, 0, 6),
    /documents of 7 sentences, found 6/,
  );
  refused("short", ({ bin }) => ({ bin: bin.slice(0, -2) }), /texts\.bin: expected 620 bytes/);
  await Deno.remove(bin);
  throws(() => IndexedReader.open(prefix), /texts\.bin: expected a file of a store, found nothing/);
  await Deno.mkdir(bin);
  throws(() => IndexedReader.open(prefix), /found something that is not a file/);
});

Deno.test("a store of four thousand million tokens is opened and read by offset", async () => {
  const prefix = await newPrefix();
  const [sentences, length] = [32_000, 131_072];
  writeSparse(prefix, sentences, length);
  using reader = IndexedReader.open(prefix);
  strictEqual(reader.tokens, 4_194_304_000);
  strictEqual(reader.documents, 3_200);
  const [last] = reader.documentRange(3_199, 3_200)[0].sentences.slice(-1);
  deepStrictEqual([...last.ids.slice(-2)], [0, 77]);
});

/** Opens the store that the argument names, and reads every twentieth document of it. */
const READ = `
  const { IndexedReader } = await import("bert/store/indexed_reader.ts");
  using reader = IndexedReader.open(Deno.args[0]);
  let tokens = 0;
  for (let i = 0; i < reader.documents; i += 20) {
    for (const { ids } of reader.document(i).sentences) tokens += ids.length;
  }
  console.log(tokens, Deno.memoryUsage().rss);
`;

Deno.test("reading a store of gigabytes takes only the memory of the documents that are read at a time", async () => {
  const prefix = await newPrefix();
  writeSparse(prefix, 32_000, 131_072);
  await Deno.writeTextFile(`${prefix}.ts`, READ);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", "deno.json", `${prefix}.ts`, prefix],
  }).output();
  const [tokens, memory] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  strictEqual(tokens, 209_715_200);
  ok(memory < 300 * 2 ** 20, `${memory} bytes`); // the ids that were read are 420 MB, the store 8.4 GB
});

/** A sparse store of zeros, ten sentences in a document; its last id is 77. */
function writeSparse(prefix: string, sentences: number, length: number): void {
  const documents = sentences / 10;
  const { lengths, offsets, firsts, end } = placesIn({ sentences, documents });
  const index = new DataView(new ArrayBuffer(end));
  new Uint8Array(index.buffer).set(packHeader({ type: "uint16", sentences, documents }));
  for (let i = 0; i < sentences; i++) {
    index.setInt32(lengths + 4 * i, length, true);
    index.setBigInt64(offsets + 8 * i, BigInt(2 * length * i), true);
  }
  for (let i = 0; i <= documents; i++) index.setBigInt64(firsts + 8 * i, BigInt(10 * i), true);
  Deno.writeFileSync(`${prefix}.idx`, new Uint8Array(index.buffer));
  using bin = Deno.openSync(`${prefix}.bin`, { write: true, create: true });
  bin.truncateSync(2 * length * sentences);
  bin.seekSync(-2, Deno.SeekMode.End);
  bin.writeSync(Uint8Array.of(77, 0));
}

Deno.test("IndexedWriter refuses ids that are no whole numbers, sentences that are no lists, and other types", async () => {
  const prefix = `${await Deno.makeTempDir()}/texts`;
  throws(() => IndexedWriter.create(prefix, "int64" as "int32"), { name: "ConfigError" });
  for (const type of ["uint16", "int32"] as const) {
    using writer = IndexedWriter.create(prefix, type);
    for (const id of [1.5, NaN, -1]) {
      throws(() => writer.add([[5, id]]), {
        name: "RangeError",
        message: new RegExp(`id ${id} as`),
      });
    }
    throws(() => writer.add([5, 6] as never), {
      name: "TypeError",
      message: /entry 0 of sentences must be a list of ids, .*, found 5$/,
    });
    throws(() => writer.add("abc" as never), { name: "TypeError" });
    writer.add([[5, 6], Int32Array.of(7)]);
    deepStrictEqual(writer.place, { documents: 1, sentences: 2, tokens: 3 });
  }
});
