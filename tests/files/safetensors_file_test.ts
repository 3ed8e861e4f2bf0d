import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { createRng, type Rng } from "bert/random.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { SafetensorsFile, saveSafetensors } from "bert/files/safetensors_file.ts";
import { FormatError } from "bert/errors.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TENSORS = new Map([
  ["z", { shape: [2, 3], data: Float32Array.of(0, -0, 1e-45, NaN, Infinity, 1.5) }],
  ["a.scalar", { shape: [], data: Int32Array.of(-7) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
]);

const SOURCES = [...TENSORS].map(([name, { shape, data }]) => ({
  name,
  shape,
  dtype: data instanceof Int32Array ? "I32" as const : "F32" as const,
  read: () => Promise.resolve(data),
}));

Deno.test("saveSafetensors() writes the bytes of writeSafetensors()", () =>
  inFolder(async (folder) => {
    await saveSafetensors(`${folder}/x`, SOURCES, { format: "pt" });
    deepStrictEqual(
      await Deno.readFile(`${folder}/x`),
      writeSafetensors(TENSORS, { format: "pt" }),
    );
  }));

Deno.test("saveSafetensors() reads the values of a tensor only when it is written", () =>
  inFolder(async (folder) => {
    const asked: string[] = [];
    const sources = SOURCES.map((source) => ({
      ...source,
      read: () => {
        asked.push(source.name);
        const { size } = Deno.statSync(`${folder}/x`);
        ok(asked.length === 1 || size > 0);
        return source.read();
      },
    }));
    await saveSafetensors(`${folder}/x`, sources);
    deepStrictEqual(asked, ["a.scalar", "empty", "z"]);
  }));

Deno.test("saveSafetensors() refuses a source with another number of values than its shape says", () =>
  inFolder(async (folder) => {
    const source = { ...SOURCES[0], shape: [7] };
    const message = /"z": expected 7 values of shape \[7\], got 6/;
    await rejects(saveSafetensors(`${folder}/x`, [source]), { name: "RangeError", message });
  }));

Deno.test("SafetensorsFile reads the written tensors in any order, and names a missing one", () =>
  inFolder(async (folder) => {
    await saveSafetensors(`${folder}/x`, SOURCES, { "ü": "é" });
    using file = await SafetensorsFile.open(`${folder}/x`);
    deepStrictEqual({ ...file.header.metadata }, { "ü": "é" });
    for (const [name, tensor] of TENSORS) deepStrictEqual(file.read(name), tensor);
    throws(() => file.read("b"), { name: "FormatError", message: /expected a tensor "b"/ });
  }));

Deno.test("SafetensorsFile.open() refuses a folder, a missing file, and a file of a few bytes", () =>
  inFolder(async (folder) => {
    const refuses = (path: string, message: RegExp) =>
      rejects(SafetensorsFile.open(path), { name: "FormatError", message });
    await refuses(`${folder}/none`, /found nothing: check the path/);
    await refuses(folder, /found something that is not a file/);
    await Deno.writeFile(`${folder}/x`, new Uint8Array(5));
    await refuses(`${folder}/x`, /expected at least 8 bytes, found 5/);
  }));

Deno.test("a sparse file of terabytes is opened without reading its values", async () => {
  if (Deno.build.os === "windows") return; // no sparse files by default
  await inFolder(async (folder) => {
    const path = `${folder}/x`;
    await saveSafetensors(path, SOURCES);
    await Deno.truncate(path, 2 ** 42);
    await rejects(SafetensorsFile.open(path), { name: "FormatError", message: /appended/ });
  });
});

Deno.test("read() throws FormatError if the file was truncated after it was opened", () =>
  inFolder(async (folder) => {
    await saveSafetensors(`${folder}/x`, SOURCES);
    using file = await SafetensorsFile.open(`${folder}/x`);
    await Deno.truncate(`${folder}/x`, 100);
    throws(() => file.read("z"), { name: "FormatError", message: /it ended at byte 1\d\d/ });
  }));

/** Ways to damage a file; each returns a damaged copy. */
const MUTATIONS: readonly ((bytes: Uint8Array, rng: Rng) => Uint8Array)[] = [
  (bytes, rng) => bytes.with(rng.below(bytes.length), rng.below(256)),
  (bytes, rng) => flip(bytes, rng.below(bytes.length), 1 << rng.below(8)),
  (bytes, rng) => bytes.slice(0, rng.below(bytes.length)),
  (bytes, rng) => new Uint8Array([...bytes, ...new Uint8Array(1 + rng.below(20))]),
  (bytes, rng) => spliced(bytes, rng, (at) => [at, at + 1 + rng.below(8)]),
  (bytes, rng) => spliced(bytes, rng, (at) => [at, at], bytes.slice(8 + rng.below(90), 130)),
  (bytes, rng) => digitChanged(bytes, rng),
];

function flip(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= bit;
  return copy;
}

/** Replaces a part of the header and corrects the header's length, so that the reader continues. */
function spliced(
  bytes: Uint8Array,
  rng: Rng,
  stretch: (at: number) => [number, number],
  insert: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const [from, to] = stretch(8 + rng.below(length - 10));
  const copy = new Uint8Array([...bytes.slice(0, from), ...insert, ...bytes.slice(to)]);
  const grown = length + insert.length - (to - from);
  new DataView(copy.buffer).setBigUint64(0, BigInt(Math.max(0, grown)), true);
  return copy;
}

/** Replaces a digit of the header by another character, so that a shape or an offset is wrong. */
function digitChanged(bytes: Uint8Array, rng: Rng): Uint8Array {
  const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
  const places = [...bytes.keys()].filter((i) => i >= 8 && isDigit(bytes[i]));
  const copy = bytes.slice();
  copy[places[rng.below(places.length)]] = "0123456789-.e]".charCodeAt(rng.below(14));
  return copy;
}

/** Asserts that the tensors that were read hold every byte of the file's values once, in order. */
function assertAccounts(bytes: Uint8Array): void {
  const { tensors } = readSafetensors(bytes); // throws if the file is refused
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const values = bytes.subarray(8 + length);
  strictEqual(tensors.size, Object.keys(header).filter((name) => name !== "__metadata__").length);
  let covered = 0;
  for (const [name, { shape, data }] of tensors) {
    const [from, to] = header[name].data_offsets;
    strictEqual(data.length, shape.reduce((product: number, size: number) => product * size, 1));
    covered += to - from;
    if (!["F32", "I32"].includes(header[name].dtype)) continue;
    const found = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    deepStrictEqual(found, values.slice(from, to), name);
  }
  strictEqual(covered, values.length);
}

Deno.test("each of 6,000 damaged files is refused with FormatError, or read as its header says", () => {
  const whole = writeSafetensors(TENSORS, { format: "pt" });
  const rng = createRng(20);
  const outcomes = { refused: 0, read: 0 };
  for (let round = 0; round < 6000; round++) {
    const damaged = MUTATIONS[round % MUTATIONS.length](whole, rng);
    try {
      assertAccounts(damaged);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      outcomes.refused++;
    }
  }
  ok(outcomes.refused > 3000 && outcomes.read > 300, JSON.stringify(outcomes)); // both happen
});

Deno.test("a file that was closed is named when it is read, and can be closed again", () =>
  inFolder(async (folder) => {
    await saveSafetensors(`${folder}/x`, SOURCES);
    using file = await SafetensorsFile.open(`${folder}/x`);
    file.read("z");
    file.close();
    throws(() => file.read("z"), {
      name: "FormatError",
      message: `Cannot read ${folder}/x: expected an open file, found a closed one: open it again`,
    });
    file.close();
  }));
