import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { readCorpusFile, sentencesOf } from "../support/corpus_file.ts";

const FOLDER = new URL("../fixtures/parquet/", import.meta.url).pathname;
const bytesOf = (name: string) => Deno.readFile(`${FOLDER}${name}.parquet`);

for (const name of ["snappy", "gzip", "zstd", "brotli", "none"]) {
  Deno.test(`a Parquet file gives a document a row, over all row groups, packed by ${name}`, async () => {
    const documents = await readAll(corpus(`${FOLDER}${name}.parquet`));
    const numbers = Array.from({ length: 40 }, (_, i) => i).filter((i) => i !== 7); // has no text
    deepStrictEqual(
      documents,
      numbers.map((i) => ({
        name: `${name}.parquet ${i + 1}`,
        sentences: [`Text ${i} is hére.`, "It has 中 sentences.", "And a paragraph."],
      })),
    );
  });
}

Deno.test("rows of a Parquet file are gathered by a column of numbers of any size", async () => {
  const options = { textColumn: "body", documentColumn: "article" };
  const documents = await readAll(corpus(`${FOLDER}numbered.parquet`, options));
  const names = ["9007199254740992", "9007199254740993", "9007199254740994"];
  deepStrictEqual(
    documents,
    names.map((name, i) => ({
      name,
      sentences: [`Part ${2 * i}.`, "Of it.", `Part ${2 * i + 1}.`, "Of it."],
    })),
  );
});

Deno.test("a column that is not in a Parquet file is refused with those that are", async () => {
  await rejects(readAll(corpus(`${FOLDER}numbered.parquet`)), {
    name: "FormatError",
    message: /expected a column "text" or "sentence", found article, body, words: name it with/,
  });
  await rejects(readAll(corpus(`${FOLDER}none.parquet`, { textColumn: "titel" })), {
    message: /expected a column "titel", found id, url, title, text: did you mean "title"\?$/,
  });
  await rejects(readAll(corpus(`${FOLDER}none.parquet`, { documentColumn: "name" })), {
    message: /expected a column "name", found id, url, title, text/,
  });
  await rejects(readAll(corpus(`${FOLDER}numbered.parquet`, { textColumn: "article" })), {
    message: /expected text in "article", found 9007199254740992: put it in quotes$/,
  });
  await rejects(readAll(corpus(`${FOLDER}numbered.parquet`, { textColumn: "words" })), {
    message: /expected text in "words", found \[/,
  });
});

Deno.test("a Parquet file that is cut short anywhere, harmed or none at all is refused by name", async () => {
  const bytes = await bytesOf("snappy");
  for (const length of [0, 3, 12, bytes.length >> 1, bytes.length - 9, bytes.length - 1]) {
    await rejects(readCorpusFile("a.parquet", bytes.subarray(0, length)), (error: Error) => {
      strictEqual(error.name, "FormatError");
      return /^Cannot read \S+a\.parquet: expected a whole Parquet file, .*fetch it again$/
        .test(error.message);
    });
  }
  await rejects(readCorpusFile("a.parquet", new Uint8Array(5000).fill(65)), {
    name: "FormatError",
  });
  await rejects(readAll(corpus(`${FOLDER}lz4.parquet`)), {
    name: "FormatError",
    message: /lz4\.parquet: expected a whole Parquet file, .*LZ4/,
  });
});

Deno.test("Parquet files lie in folders beside others", async () => {
  const documents = await readAll(corpus(FOLDER, { onLeftOut: () => {} })).catch((error) => error);
  strictEqual(documents.name, "FormatError"); // lz4, and a file without a text column
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeFile(`${folder}/data/train-00000.parquet`, await bytesOf("gzip"));
    await Deno.writeTextFile(`${folder}/one.txt`, "One.");
    const found = await readAll(corpus(folder));
    deepStrictEqual([found.length, found[0].name], [40, "data/train-00000.parquet 1"]);
    deepStrictEqual(sentencesOf(found).at(-1), ["One."]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
