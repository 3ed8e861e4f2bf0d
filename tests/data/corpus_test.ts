import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { corpus, readAll, splitHeldOut } from "bert/data/corpus.ts";
import { type Document } from "bert/data/document.ts";
import { inBatches } from "bert/data/raw_document.ts";
import { readCorpusFile as read, sentencesOf } from "../support/corpus_file.ts";

Deno.test(".txt: documents are separated by empty lines, and prose is split into sentences", async () => {
  const documents = await read("a.txt", "One here. Two\nhere.\n\n\nThree.\n");
  deepStrictEqual(sentencesOf(documents), [["One here.", "Two here."], ["Three."]]);
  deepStrictEqual(documents.map(({ name }) => name), ["a.txt 1", "a.txt 2"]);
});

Deno.test(".txt: one sentence on each line, with CRLF, a byte-order mark and no last line end", async () => {
  const text = "\ufeffOne here. Not split\r\nTwo\r\n\r\nThree";
  const documents = await read("a.txt", text, { sentencePerLine: true });
  deepStrictEqual(sentencesOf(documents), [["One here. Not split", "Two"], ["Three"]]);
});

Deno.test(".csv: one document in each row, with commas, quotes and line breaks inside", async () => {
  const documents = await read(
    "a.csv",
    'id,text\r\n1,"One, two. ""Three""\r\nfour."\r\n2,Five.\r\n',
  );
  deepStrictEqual(sentencesOf(documents), [["One, two.", '"Three" four.'], ["Five."]]);
});

Deno.test(".csv: one sentence in each row, joined to documents", async () => {
  const csv = "document,sentence\nx,One. Whole.\nx,Two.\ny,Three.\n";
  const documents = await read("a.csv", csv);
  deepStrictEqual(documents, [
    { name: "x", sentences: ["One. Whole.", "Two."] },
    { name: "y", sentences: ["Three."] },
  ]);
});

Deno.test(".csv: a line of white space is not a row", async () => {
  const documents = await read("a.csv", "id,text\n1,One.\n   \n2,Two.\n \t\n");
  deepStrictEqual(sentencesOf(documents), [["One."], ["Two."]]);
});

Deno.test(".csv: the columns may have other names", async () => {
  const options = { textColumn: "body", documentColumn: "id" };
  const documents = await read("a.csv", "id,body\n7,One\n7,Two\n8,Three\n", options);
  deepStrictEqual(documents.map(({ name }) => name), ["7", "8"]);
  const quoted = '"a, b"\n"One, two."\n';
  const [document] = await read("a.csv", quoted, { textColumn: "a, b" });
  deepStrictEqual(document.sentences, ["One, two."]);
});

Deno.test(".jsonl: one object on each line, and empty lines are skipped", async () => {
  const documents = await read("a.jsonl", '{"text":"One. Two."}\n\n{"text":"Three."}');
  deepStrictEqual(sentencesOf(documents), [["One.", "Two."], ["Three."]]);
});

Deno.test("CR ends a line in every kind of file, as old Macs and Excel write it", async () => {
  const text = await read("a.txt", "One here. Two\rhere.\r\rThree.\r");
  deepStrictEqual(sentencesOf(text), [["One here.", "Two here."], ["Three."]]);
  const csv = await read("a.csv", 'id,text\r1,"One, two.\rThree."\r2,Four.\r');
  deepStrictEqual(sentencesOf(csv), [["One, two.", "Three."], ["Four."]]);
  const jsonl = await read("a.jsonl", '{"text":"One."}\r{"text":"Two.\\r\\rThree"}');
  deepStrictEqual(sentencesOf(jsonl), [["One."], ["Two.", "Three"]]);
});

Deno.test("a folder: its files are read in the order of their names, and other files are left out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/b.txt`, "Bee.");
    await Deno.writeTextFile(`${folder}/a.jsonl`, '{"text":"Ay."}');
    await Deno.writeTextFile(`${folder}/c.md`, "See.");
    const onLeftOut = () => {};
    deepStrictEqual(sentencesOf(await readAll(corpus(folder, { onLeftOut }))), [["Ay."], ["Bee."]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the bundled corpora have the expected documents", async () => {
  const [sotu, novel] = [await readAll(corpus("sotu")), await readAll(corpus("moby-dick"))];
  deepStrictEqual([sotu.length, novel.length], [233, 139]);
  strictEqual(new Set(sotu.map(({ name }) => name)).size, 233);
  ok(novel.some(({ sentences }) => sentences[0] === "Call me Ishmael."));
  strictEqual(sotu[0].meta?.year, 1790);
});

Deno.test("corpus() is a stream that can be ended before its end", async () => {
  const path = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(
      path,
      "A sentence of some length to fill the file.\n\n".repeat(100_000),
    );
    const documents = corpus(path);
    strictEqual((await documents.next()).value?.sentences.length, 1);
    await documents.return(undefined);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("splitHeldOut() splits by document, in the same way each time and for any order", () => {
  const documents = Array.from({ length: 40 }, (_, i) => ({ name: `d${i}`, sentences: ["x"] }));
  const { train, heldOut } = splitHeldOut(documents, 0.1, 1);
  strictEqual(heldOut.length, 4);
  deepStrictEqual(new Set([...train, ...heldOut]), new Set(documents));
  const names = (part: Document[]) => part.map(({ name }) => name).sort();
  const reversed = splitHeldOut(documents.toReversed(), 0.1, 1);
  deepStrictEqual(names(reversed.heldOut), names(heldOut));
  ok(names(splitHeldOut(documents, 0.1, 2).heldOut).join() !== names(heldOut).join());
});

Deno.test("splitHeldOut() divides a single document", () => {
  const only = [{ name: "d", sentences: ["a", "b", "c", "d"] }];
  const { train, heldOut } = splitHeldOut(only, 0.25, 1);
  deepStrictEqual([train[0].sentences, heldOut[0].sentences], [["a", "b", "c"], ["d"]]);
  deepStrictEqual(splitHeldOut(only, 0, 1), { train: only, heldOut: [] });
});

const BAD: [string, () => Promise<unknown>, RegExp][] = [
  [
    "an unknown name",
    () => readAll(corpus("sotus")),
    /^Invalid corpus = "sotus": .*did you mean "sotu"\?$/,
  ],
  [
    "a missing file",
    () => readAll(corpus("no/such.txt")),
    /^Cannot read no\/such\.txt: expected a file or folder, found nothing: check the path/,
  ],
  [
    "an empty file",
    () => read("a.txt", "\n\n"),
    /a\.txt: expected at least one document, found no text/,
  ],
  [
    "another kind of file",
    () => read("a.pdf", "x"),
    /expected a file named \.txt, \.csv or \.jsonl/,
  ],
  [
    "bytes that are not UTF-8",
    () => read("a.txt", new Uint8Array([65, 0xff, 66])),
    /line 1: expected UTF-8/,
  ],
  [
    "bytes that are not UTF-8 in line 40,001",
    () => read("a.txt", new Uint8Array([...new TextEncoder().encode("é.\n".repeat(40_000)), 0xff])),
    /line 40001: expected UTF-8/,
  ],
  [
    "a row after a quoted line break and an empty line",
    () => read("a.csv", 'text,b\n"a\nb\nc",1\n\nx\n'),
    /line 6: expected 2 fields, found 1/,
  ],
  ["a name with a wrong first letter", () => readAll(corpus("motu")), /did you mean "sotu"\?$/],
  ["a name like no other", () => readAll(corpus("whale")), /a path that exists: check the path$/],
  [
    "a missing text column",
    () => read("a.csv", "a,b\n1,2\n"),
    /line 1: expected a column "text" or "sentence", found a, b: .*textColumn \(in a task: --text-column\)$/,
  ],
  [
    "a missing document column",
    () => read("a.csv", "text\nx\n", { documentColumn: "id" }),
    /line 1: expected a column "id", found text: name it with documentColumn \(in a task: --document-column\)$/,
  ],
  [
    "too many fields",
    () => read("a.csv", "text\nx,y\n"),
    /line 2: expected 1 fields, found 2: .*in quotes$/,
  ],
  [
    "an open quote",
    () => read("a.csv", 'text\n"x\ny\n'),
    /a\.csv, line 2: expected every quote to be closed, found one open in/,
  ],
  [
    "a line that is not JSON",
    () => read("a.jsonl", '{"text":"x"}\n{"te'),
    /line 2: expected a JSON object, found/,
  ],
  [
    "JSON that is not an object",
    () => read("a.jsonl", "[1]"),
    /line 1: expected a JSON object, found \[1\]/,
  ],
  [
    "text that is a number",
    () => read("a.jsonl", '{"text":1}'),
    /expected text in "text", found 1: put it in quotes$/,
  ],
];

for (const [name, act, message] of BAD) {
  Deno.test(`corpus() explains ${name}`, () => rejects(act(), { message }));
}

Deno.test("splitHeldOut() refuses to hold out everything", () => {
  throws(() => splitHeldOut([], 1, 1), { name: "ConfigError", message: /at least 0 and below 1$/ });
});

Deno.test("splitHeldOut() leaves something to train on", () => {
  const documents = ["a", "b", "c"].map((name) => ({ name, sentences: ["x"] }));
  strictEqual(splitHeldOut(documents, 0.9, 1).train.length, 1);
  deepStrictEqual(splitHeldOut([documents[0]], 0.5, 1), { train: [documents[0]], heldOut: [] });
  deepStrictEqual(splitHeldOut([], 0.5, 1), { train: [], heldOut: [] });
});

Deno.test(".jsonl: a row whose document is null is a document of its own", async () => {
  const documents = await read(
    "a.jsonl",
    '{"document":null,"text":"A."}\n{"document":null,"text":"B."}',
  );
  deepStrictEqual(sentencesOf(documents), [["A."], ["B."]]);
});

Deno.test("a byte-order mark and letters divided between chunks are read correctly in every kind of file", async () => {
  const long = "é".repeat(100_000);
  deepStrictEqual(sentencesOf(await read("a.csv", `\ufefftext\r\n${long}\r\n`)), [[long]]);
  deepStrictEqual(sentencesOf(await read("a.jsonl", `\ufeff{"text":"${long}"}`)), [[long]]);
  deepStrictEqual(sentencesOf(await read("a.txt", `\ufeff${long}\n\n${long}`)), [[long], [long]]);
});

Deno.test("a long document is read in parts, of which memory holds one", async () => {
  const lines = Array.from({ length: 90_000 }, (_, i) => `${i} ${"word ".repeat(20).trim()}`);
  const text = await read("a.txt", lines.join("\n"), { sentencePerLine: true });
  deepStrictEqual(text.map(({ name }) => name), ["a.txt 1", "a.txt 2", "a.txt 3"]);
  deepStrictEqual(sentencesOf(text).flat(), lines);
  const rows = lines.map((line) => `x,${line}`);
  const csv = await read("a.csv", ["document,sentence", ...rows, "y,end"].join("\n"));
  deepStrictEqual(csv.map(({ name }) => name), ["x", "x (2)", "x (3)", "y"]);
  deepStrictEqual(sentencesOf(csv).flat(), [...lines, "end"]);
});

Deno.test("a language that is none is refused, even if nothing is to be split", async () => {
  const row = '{"sentence":"One.","document":"a"}\n';
  await rejects(read("a.jsonl", row, { locale: "no such!" }), { message: /Invalid locale/ });
});

Deno.test("documents without text fill a batch, too, so that memory stays bounded", async () => {
  async function* documents() {
    for (let i = 0; i < 10_000; i++) {
      yield { name: `${i}`, texts: [{ text: "", isSentence: false }] };
    }
  }
  const sizes: number[] = [];
  for await (const batch of inBatches(documents())) sizes.push(batch.length);
  strictEqual(sizes.reduce((a, b) => a + b), 10_000);
  ok(Math.max(...sizes) <= 1024, `${sizes}`);
});

Deno.test("documents before a faulty line come before the error", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a.jsonl`;
  // The third one is not returned, as the faulty line could be a part of it.
  await Deno.writeTextFile(path, '{"text":"One."}\n{"text":"Two."}\n{"text":"Three."}\n{"te\n');
  const names: string[] = [];
  const readAndNote = async () => {
    for await (const { name } of corpus(path)) names.push(name);
  };
  await rejects(readAndNote(), { message: /line 4: expected a JSON object/ });
  deepStrictEqual(names, ["a.jsonl 1", "a.jsonl 2"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a line without an end and a quote that is never closed are refused before they fill the memory", async () => {
  const line = new Uint8Array(64 * 2 ** 20 + 1).fill(97);
  await rejects(read("a.txt", line), {
    message: /line 1: expected lines of at most 64 MiB, found a longer one: break it into lines$/,
  });
  const rows = 'text\n"open\n' + "more words on a line\n".repeat(1_000_000);
  await rejects(read("a.csv", rows), { message: /line 2: expected every quote to be closed/ });
});
