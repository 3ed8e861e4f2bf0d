import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { unpackedBytes } from "bert/files/compressed.ts";
import { readCorpusFile, sentencesOf } from "../support/corpus_file.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const PACK = {
  gz: (text: string) => new Uint8Array(gzipSync(encode(text))),
  zst: (text: string) => new Uint8Array(zstdCompressSync(encode(text))),
};

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

for (const [extension, pack] of Object.entries(PACK)) {
  Deno.test(`.${extension}: texts of every kind are read as if they were not compressed`, async () => {
    const text = await readCorpusFile(`a.txt.${extension}`, pack("One. Two.\n\nThrée 中.\n"));
    deepStrictEqual(sentencesOf(text), [["One.", "Two."], ["Thrée 中."]]);
    strictEqual(text[0].name, `a.txt.${extension} 1`);
    const csv = await readCorpusFile(`a.CSV.${extension}`, pack('text\n"One, two."\nThree.\n'));
    deepStrictEqual(sentencesOf(csv), [["One, two."], ["Three."]]);
    const jsonl = await readCorpusFile(`a.jsonl.${extension}`, pack('{"text":"One."}\n'));
    deepStrictEqual(sentencesOf(jsonl), [["One."]]);
    const options = { sentencePerLine: true };
    const lines = await readCorpusFile(`a.txt.${extension}`, pack("a. b\nc"), options);
    deepStrictEqual(sentencesOf(lines), [["a. b", "c"]]);
  });

  Deno.test(`.${extension}: all of several members or frames in one file are read`, async () => {
    const parts = ["One.\n\nTw", "o.\n\n", "", "Three.\n"].map(pack);
    const documents = await readCorpusFile(`a.txt.${extension}`, joined(...parts));
    deepStrictEqual(sentencesOf(documents), [["One."], ["Two."], ["Three."]]);
  });

  Deno.test(`.${extension}: a large text is read completely, in several pieces`, async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => `Line ${i * 7919 % 100_003}.\n`).join(
      "",
    );
    const path = await Deno.makeTempFile({ suffix: `.${extension}` });
    try {
      await Deno.writeFile(path, pack(text));
      const pieces = await Array.fromAsync(unpackedBytes(path));
      const decoder = new TextDecoder();
      const found = pieces.map((piece) => decoder.decode(piece, { stream: true })).join("");
      strictEqual(found === text, true);
      strictEqual(pieces.length > 3, true);
    } finally {
      await Deno.remove(path);
    }
  });

  Deno.test(`.${extension}: a file that is truncated, damaged or of another format is refused by name`, async () => {
    const whole = pack("A sentence of some length. ".repeat(5000));
    const two = joined(whole, whole);
    const damaged = whole.slice();
    damaged.fill(0, 0, 3);
    const wrong = [
      whole.subarray(0, whole.length - 5),
      whole.subarray(0, 6),
      two.subarray(0, two.length - 1),
      damaged,
      encode("A text that is not compressed."),
      new Uint8Array(0),
    ];
    for (const bytes of wrong) {
      await rejects(readCorpusFile(`a.txt.${extension}`, bytes), {
        name: "FormatError",
        message: /a\.txt\.\w+: expected a (whole )?(gzip|Zstandard) file, .* fetch it again$/,
      });
    }
  });
}

Deno.test("a compressed file that does not exist is refused by name", async () => {
  const bytes = unpackedBytes("/no/such/a.txt.gz");
  await rejects(async () => await bytes.next(), {
    name: "FormatError",
    message: /^Cannot read \/no\/such\/a\.txt\.gz: there is no such file: check the path$/,
  });
});

/** Compresses with a sum of the text, as the program `zstd` does by default. */
function withSum(text: string): Uint8Array {
  const { ZSTD_c_checksumFlag: flag } = constants;
  return new Uint8Array(zstdCompressSync(encode(text), { params: { [flag]: 1 } }));
}

Deno.test(".zst: a byte that was changed anywhere, or an end that comes too early, never gives another text", async () => {
  const words = Array.from({ length: 90 }, (_, i) => `Line ${i * 7919 % 101}.`).join("\n");
  const whole = joined(withSum(words), withSum("The end."));
  const folder = await Deno.makeTempDir();
  const read = async (bytes: Uint8Array) => {
    await Deno.writeFile(`${folder}/a.zst`, bytes);
    const pieces = await Array.fromAsync(unpackedBytes(`${folder}/a.zst`));
    return new TextDecoder().decode(joined(...pieces));
  };
  strictEqual(await read(whole), `${words}The end.`);
  let refused = 0;
  for (let i = 0; i < whole.length; i++) {
    const damaged = whole.slice();
    damaged[i] ^= 1 << i % 8;
    try {
      strictEqual(await read(damaged), `${words}The end.`); // a bit that means nothing
    } catch (error) {
      strictEqual((error as Error).name, "FormatError");
      refused++;
    }
    const cut = withSum(words).length; // where the first frame ends
    if (i !== cut) await rejects(read(whole.subarray(0, i)), { name: "FormatError" }, `${i} bytes`);
  }
  ok(refused > 0.9 * whole.length, `${refused} of ${whole.length}`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test(".zst: hundreds of frames, some empty or to be skipped, with and without sums, are read in order; damage in any is refused", async () => {
  const skipped = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  const texts = Array.from({ length: 300 }, (_, i) => `Line ${i}.\n`.repeat(i % 7 * (i % 90)));
  const frames = texts.map((text, i) => i % 3 === 0 ? withSum(text) : PACK.zst(text));
  const path = await Deno.makeTempFile({ suffix: ".zst" });
  const read = async (parts: readonly Uint8Array[]) => {
    await Deno.writeFile(path, joined(...parts.flatMap((frame) => [frame, skipped])));
    const pieces = await Array.fromAsync(unpackedBytes(path));
    return new TextDecoder().decode(joined(...pieces));
  };
  strictEqual(await read(frames) === texts.join(""), true);
  for (let i = 0; i < frames.length; i += 3) {
    const damaged = frames[i].slice();
    damaged[damaged.length - 1] ^= 1; // in the sum
    await rejects(read(frames.with(i, damaged)), { name: "FormatError" }, `frame ${i}`);
  }
  await Deno.remove(path);
});
