import { deepStrictEqual, rejects } from "node:assert";
import { gzipSync } from "node:zlib";
import { corpus, readAll } from "bert/data/corpus.ts";
import { readCorpusFile } from "../support/corpus_file.ts";

/** The articles of the dump in `make_wiki_fixtures.py`, as wikiextractor extracts them; it skips redirects. */
const ARTICLES = [
  {
    name: "AA/wiki_00 1",
    sentences: [
      "Whales are large.",
      "They weigh < 200 t & swim.",
      `"Quite so", it's said.`,
      "History.",
      "Dr. Smith saw one in 1850.",
      "It swam away.",
      "Size.",
      "A blue one is the largest.",
    ],
  },
  {
    name: "AA/wiki_00 2",
    sentences: ["The sea is wide.", 'It is deep. <doc id="9"> is no document.'],
  },
];

for (const format of ["plain", "json"]) {
  Deno.test(`the folder that wikiextractor writes is read, format ${format}`, async () => {
    deepStrictEqual(await readAll(corpus(`tests/fixtures/wiki/${format}`)), ARTICLES);
  });
}

Deno.test("a single file of wikiextractor is read, and a compressed one", async () => {
  const bytes = await Deno.readFile("tests/fixtures/wiki/plain/AA/wiki_00");
  for (const [name, content] of [["wiki_07", bytes], ["wiki_07.gz", gzipSync(bytes)]] as const) {
    const documents = await readCorpusFile(name, new Uint8Array(content));
    deepStrictEqual(
      documents.map(({ sentences }) => sentences),
      ARTICLES.map((article) => article.sentences),
    );
  }
});

Deno.test("a file of wikiextractor that is truncated, or has no tags, is refused by name", async () => {
  const text = await Deno.readTextFile("tests/fixtures/wiki/plain/AA/wiki_00");
  await rejects(
    readCorpusFile("wiki_00", text.slice(0, -20)),
    /wiki_00, line 11: expected <\/doc> after the last article, found the end of the file: was it/,
  );
  await rejects(
    readCorpusFile("wiki_00", "Whales are large.\n"),
    /wiki_00, line 1: expected <doc …> or JSON lines, found "Whales are large\.": run wikiextractor/,
  );
  await rejects(
    readCorpusFile("wiki_00", text, { sentencePerLine: true }),
    /sentencePerLine = true: it is for \.txt files/,
  );
});

Deno.test("an article whose end is not on a line of its own is refused", async () => {
  const text = '<doc id="1" url="u" title="T">\nT\n\nOne.</doc>\n' +
    '<doc id="2" url="u" title="U">\nU\n\nTwo.\n</doc>\n';
  await rejects(readCorpusFile("wiki_00", text), {
    name: "FormatError",
    message: /line 5: expected <\/doc> on a line of its own before the next article, found none/,
  });
});
