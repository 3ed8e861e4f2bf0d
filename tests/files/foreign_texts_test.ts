import { deepStrictEqual, rejects } from "node:assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readCorpusFile, sentencesOf } from "../support/corpus_file.ts";

const POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n";

/** The contents of files of other formats, and what the message must say. */
const FOREIGN: Readonly<Record<string, readonly [content: string | Uint8Array, found: RegExp]>> = {
  "a pointer of Git LFS": [POINTER, /it is a pointer of Git LFS.*git lfs pull/],
  "a web page": ["\n<!DOCTYPE html>\n<html><p>Please log in.</p></html>", /found a web page: save/],
  "a web page without a type": ["\ufeff<HTML lang=en>", /found a web page/],
  "a PDF document": ["%PDF-1.4\n1 0 obj", /found a PDF document/],
  "a document in RTF": ["{\\rtf1\\ansi One.}", /found a document of a word processor/],
  "a ZIP archive": [
    Uint8Array.of(80, 75, 3, 4, 20),
    /found a ZIP archive, or a document of an office/,
  ],
  "compressed by gzip": [
    new Uint8Array(gzipSync("One.")),
    /compressed by gzip: add \.gz to its name/,
  ],
  "compressed by Zstandard": [
    new Uint8Array(zstdCompressSync("One.")),
    /Zstandard: add \.zst to its name/,
  ],
  "compressed by bzip2": ["BZh91AY&SY", /compressed by bzip2 or xz: decompress it/],
  "a Parquet file": ["PAR1....PAR1", /found a Parquet file: name it \.parquet/],
  "UTF-16": [Uint8Array.of(254, 255, 0, 79), /found text in UTF-16: save it as UTF-8/],
};

/** Formats with other messages within a compressed file. */
const COMPRESSED_TOO = /compressed|Parquet/;

for (const [what, [content, message]] of Object.entries(FOREIGN)) {
  Deno.test(`a corpus that is ${what} is refused as such, whatever its file name`, async () => {
    for (const name of ["a.txt", "a.csv", "a.jsonl", "wiki_00"]) {
      await rejects(readCorpusFile(name, content), { name: "FormatError", message }, name);
    }
    if (COMPRESSED_TOO.test(what)) return;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const packed = new Uint8Array(gzipSync(bytes));
    await rejects(readCorpusFile("a.txt.gz", packed), { name: "FormatError", message });
  });
}

const TWICE: readonly (readonly [Uint8Array, RegExp])[] = [
  [
    new Uint8Array(gzipSync("One.")),
    /found a file that is compressed twice: decompress it once and .* end in \.gz$/,
  ],
  [
    new Uint8Array(zstdCompressSync("One.")),
    /found a file that is compressed twice: decompress it once and .* end in \.zst$/,
  ],
  [new TextEncoder().encode("BZh91AY&SY"), /compressed twice: decompress it twice$/],
  [
    new TextEncoder().encode("PAR1....PAR1"),
    /found a compressed Parquet file: decompress it and name the result \.parquet$/,
  ],
];

Deno.test("a compressed file in a compressed file is refused as compressed twice", async () => {
  for (const [content, message] of TWICE) {
    const gz = new Uint8Array(gzipSync(content));
    const zst = new Uint8Array(zstdCompressSync(content));
    await rejects(readCorpusFile("a.txt.gz", gz), { name: "FormatError", message });
    await rejects(readCorpusFile("a.csv.zst", zst), { name: "FormatError", message });
  }
});

Deno.test("a Parquet file that is a pointer of Git LFS is refused as such", async () => {
  const [, message] = FOREIGN["a pointer of Git LFS"];
  await rejects(readCorpusFile("a.parquet", POINTER), { name: "FormatError", message });
});

Deno.test("a text that only mentions other formats is read", async () => {
  const texts = ["PDF is a format.", "html> is how pages begin.", "PK won. BZ lost.", "{a}"];
  for (const text of texts) {
    deepStrictEqual(sentencesOf(await readCorpusFile("a.txt", text)).flat().join(" "), text);
  }
});
