import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { createRng } from "bert/random.ts";
import { readCorpusFile, sentencesOf } from "../support/corpus_file.ts";

const FOLDER = new URL("../fixtures/parquet/", import.meta.url).pathname;
const bytesOf = (name: string) => Deno.readFile(`${FOLDER}${name}.parquet`);

for (const name of ["snappy", "gzip", "zstd", "brotli", "none"]) {
  Deno.test(`each row of a Parquet file is a document, in all row groups, compressed by ${name}`, async () => {
    const documents = await readAll(corpus(`${FOLDER}${name}.parquet`));
    const numbers = Array.from({ length: 40 }, (_, i) => i).filter((i) => i !== 7); // row 7 has no text
    deepStrictEqual(
      documents,
      numbers.map((i) => ({
        name: `${name}.parquet ${i + 1}`,
        sentences: [`Text ${i} is hére.`, "It has 中 sentences.", "And a paragraph."],
      })),
    );
  });
}

Deno.test("a column of numbers of any size can name the documents of a Parquet file", async () => {
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

Deno.test("a column that is not in a Parquet file is refused with the names of those that are", async () => {
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
    message: /expected text in "article" of row 1, found 9007199254740992: put it in quotes$/,
  });
  await rejects(readAll(corpus(`${FOLDER}numbered.parquet`, { textColumn: "words" })), {
    message: /expected text in "words", found lists or structures: make it a string$/,
  });
});

Deno.test("a Parquet file that is truncated, damaged or of another format is refused by name", async () => {
  const bytes = await bytesOf("snappy");
  for (const length of [0, 3, 12, bytes.length >> 1, bytes.length - 9, bytes.length - 1]) {
    await rejects(readCorpusFile("a.parquet", bytes.subarray(0, length)), (error: Error) => {
      strictEqual(error.name, "FormatError");
      return /^Cannot read \S+a\.parquet: expected a (whole )?Parquet file, .*fetch it again$/
        .test(error.message);
    });
  }
  await rejects(readCorpusFile("a.parquet", bytes.subarray(0, bytes.length >> 1)), {
    message: /found a damaged or truncated one \(it does not end with "PAR1"\): fetch it again$/,
  });
  await rejects(readCorpusFile("a.parquet", new Uint8Array(5000).fill(65)), {
    name: "FormatError",
  });
  await rejects(readAll(corpus(`${FOLDER}lz4.parquet`)), {
    name: "FormatError",
    message:
      /expected columns compressed by .* or Brotli, found LZ4_RAW: write the file again with/,
  });
});

for (const type of ["binary", "large_binary", "large_string", "string_view", "dictionary"]) {
  Deno.test(`text in a Parquet file may be of type ${type}, in any number of pages`, async () => {
    const documents = await readAll(corpus(`${FOLDER}columns.parquet`, { textColumn: type }));
    const numbers = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 5 !== 4); // the others have no text
    const expected = numbers.map((i) => [`columns.parquet ${i + 1}`, `Text ${i} is hére.`]);
    deepStrictEqual(documents.map(({ name, sentences }) => [name, ...sentences]), expected);
  });
}

Deno.test("a value of a Parquet file that is not text is refused with its row or its column", async () => {
  const REFUSED = {
    latin1: /"latin1" of row 2, found 4 bytes that are not a UTF-8 string: make it a string$/,
    fixed: /"fixed" of row 1, found 4 bytes that are not a UTF-8 string/,
    lists: /"lists", found lists or structures/,
    structs: /"structs", found lists or structures/,
  };
  for (const [textColumn, message] of Object.entries(REFUSED)) {
    const read = readAll(corpus(`${FOLDER}columns.parquet`, { textColumn }));
    await rejects(read, { name: "FormatError", message });
  }
  const options = { textColumn: "binary", documentColumn: "decimal" };
  await rejects(readAll(corpus(`${FOLDER}columns.parquet`, options)), {
    name: "FormatError", // the decimal has 20 digits, of which JavaScript keeps 16
    message: /expected a name in "decimal" of row 1, found 12345678901234567000: make it a string/,
  });
  await rejects(readAll(corpus(`${FOLDER}again.parquet`)), {
    name: "FormatError",
    message: /again\.parquet: expected each column once, found "text" twice: rename one$/,
  });
});

Deno.test("a Parquet file with a damaged byte is read or refused by name", async () => {
  const bytes = await bytesOf("numbered");
  let refused = 0;
  for (let at = 2; at < bytes.length; at += 7) {
    const damaged = bytes.slice();
    damaged[at] = 255;
    for (const documentColumn of ["article", "words"]) {
      const options = { textColumn: "body", documentColumn };
      await readCorpusFile("a.parquet", damaged, options).catch((error: Error) => {
        strictEqual(error.name, "FormatError", `byte ${at}: ${error.message}`);
        refused++;
      });
    }
  }
  ok(refused > 50);
});

Deno.test("a Parquet file in which a length is as large as possible is read or refused by name at once", async () => {
  const random = createRng(2);
  for (const name of ["snappy", "zstd", "numbered", "encodings_1", "encodings_2"]) {
    const bytes = await bytesOf(name);
    const textColumn = name === "numbered" ? "body" : name.startsWith("enc") ? "prefixes" : "text";
    const documentColumn = name.startsWith("enc") ? "int64" : undefined;
    for (let i = 0; i < 200; i++) {
      const damaged = bytes.slice();
      const length = random.between(1, 5);
      const at = random.between(4, bytes.length - 14);
      damaged.fill(255, at, at + length);
      damaged[at + length] = 7;
      const options = { textColumn, documentColumn };
      await readCorpusFile("a.parquet", damaged, options).catch((error: Error) => {
        strictEqual(error.name, "FormatError", `${name}, byte ${at}: ${error.message}`);
      });
    }
  }
});

Deno.test("a row group with more rows than memory can hold is refused, even in a file of 191 bytes", async () => {
  await rejects(readAll(corpus(`${FOLDER}large_group.parquet`)), {
    name: "FormatError",
    message: /expected row groups of at most 33554432 rows, found one of 33554433: write the file/,
  });
});

Deno.test("Parquet files are read from folders together with others", async () => {
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
