import { deepStrictEqual, rejects } from "node:assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { corpus, readAll } from "bert/data/corpus.ts";
import { readCorpusFile, sentencesOf } from "../support/corpus_file.ts";

const POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n";

/** The contents of files of other formats, and what the message must say. */
const FOREIGN: Readonly<Record<string, readonly [content: string | Uint8Array, found: RegExp]>> = {
  "a pointer of Git LFS": [POINTER, /it is a pointer of Git LFS.*git lfs pull/],
  "a web page": ["\n<!DOCTYPE html>\n<html><p>Please log in.</p></html>", /found a web page: save/],
  "a web page without a type": ["\ufeff<HTML lang=en>", /found a web page/],
  "a saved web page": [
    "<?xml version='1.0'?>\n<!-- saved from\nurl -->\n<html><p>One.</p></html>",
    /found a web page/,
  ],
  "a dump of Wikipedia": [
    '<mediawiki xmlns="http://www.mediawiki.org/xml/">\n<page>',
    /found a dump of MediaWiki: take its text out by wikiextractor/,
  ],
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

Deno.test("a file whose name says gzip or Zstandard and whose content does not is named for what it is", async () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["a.txt.gz", "One.\n", /expected a gzip file, found another: if it is plain text, take that/],
    ["a.csv.zst", "text\nOne.\n", /expected a Zstandard file, found another: if it is plain text/],
    ["a.txt.gz", "<!DOCTYPE html><p>No access.", /expected text, found a web page/],
    ["a.txt.gz", new Uint8Array(zstdCompressSync("One.")), /by Zstandard: add \.zst to its name/],
    ["a.txt.zst", new Uint8Array(gzipSync("One.")), /by gzip: add \.gz to its name/],
    ["a.txt.gz", new Uint8Array(), /damaged or truncated/],
  ];
  for (const [name, content, message] of cases) {
    await rejects(readCorpusFile(name, content), { name: "FormatError", message }, name);
  }
  const skipped = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7); // a frame of pzstd
  const content = Uint8Array.of(...skipped, ...zstdCompressSync("One."));
  deepStrictEqual(sentencesOf(await readCorpusFile("a.txt.zst", content)), [["One."]]);
});

Deno.test("a file that is no Parquet is named for what it is", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /expected a Parquet file, found an empty file: fetch it again$/],
    ["ARROW1\0\0 and more", /expected a Parquet file, found another: fetch it again$/],
    ["<html>No access.", /expected text, found a web page/],
    ["PAREaaaaPARE", /its columns are encrypted: write it again without encryption$/],
  ];
  for (const [content, message] of cases) {
    await rejects(readCorpusFile("a.parquet", content), { name: "FormatError", message });
  }
});

Deno.test({
  name: "a pipe and an address are refused, and not waited for",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/a.txt`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    await rejects(readAll(corpus(path)), {
      message: /found a pipe or a device: write its text to/,
    });
    const address = "https://example.org/a.txt";
    await rejects(readAll(corpus(address)), {
      message: /nothing is fetched from the network here/,
    });
    await Deno.remove(folder, { recursive: true });
  },
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
