import { corpus, readAll, splitHeldOut } from "bert/data/corpus.ts";
import { type CorpusOptions } from "bert/data/document.ts";
import { loadVocab, saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { folder, testRefusals, untyped } from "../support/refuses.ts";

/** Writes a file, and reads it as a corpus. */
async function file(name: string, content: string | Uint8Array, options?: CorpusOptions) {
  return await readAll(corpus(await written(name, content), options));
}

async function vocabFile(content: string | Uint8Array) {
  return await loadVocab(await written("vocab.txt", content));
}

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = `${folder}/${name}`;
  await Deno.writeFile(
    path,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
  return path;
}

const vocab = new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "##d"]);
const docs = [{ name: "x", sentences: ["a"] }, { name: "y", sentences: ["b"] }];
const utf16 = new Uint8Array([
  0xff,
  0xfe,
  ...[..."One. Two."].flatMap((c) => [c.charCodeAt(0), 0]),
]);

testRefusals([
  [
    "corpus missing file",
    () => readAll(corpus("no/such.txt")),
    'FormatError: Cannot read no/such.txt: expected a file or folder, found nothing: check the path, or use "sotu", "moby-dick"',
  ],
  [
    "corpus unknown name",
    () => readAll(corpus("sotus")),
    'ConfigError: Invalid corpus = "sotus": it must be "sotu", "moby-dick" or a path that exists: did you mean "sotu"?',
  ],
  [
    "corpus empty string",
    () => readAll(corpus("")),
    'ConfigError: Invalid corpus = "": it must be "sotu", "moby-dick" or a path that exists: check the path',
  ],
  [
    "corpus undefined",
    () => readAll(corpus(untyped(undefined))),
    'ConfigError: Invalid corpus = undefined: it must be "sotu", "moby-dick" or a path',
  ],
  [
    "corpus empty file",
    () => file("a.txt", ""),
    "FormatError: Cannot read ~/a.txt: expected at least one document, found no text: check the file",
  ],
  [
    "corpus empty csv",
    () => file("a.csv", ""),
    "FormatError: Cannot read ~/a.csv: expected at least one document, found no text: check the file",
  ],
  [
    "csv header only",
    () => file("a.csv", "text\n"),
    "FormatError: Cannot read ~/a.csv: expected at least one document, found no text: check the file",
  ],
  [
    "empty jsonl",
    () => file("a.jsonl", "\n\n"),
    "FormatError: Cannot read ~/a.jsonl: expected at least one document, found no text: check the file",
  ],
  [
    "binary png as txt",
    () => file("a.txt", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0])),
    "FormatError: Cannot read ~/a.txt, line 1: expected UTF-8 text, found other bytes: save it as UTF-8",
  ],
  [
    "binary zeros as txt",
    () => file("a.txt", new Uint8Array(100)),
    "FormatError: Cannot read ~/a.txt, line 1: expected text, found a zero byte: is it a picture, an archive, UTF-16? Save it as UTF-8",
  ],
  [
    "gzip named csv",
    () => file("a.csv", new Uint8Array([0x1f, 0x8b, 8, 0, 0])),
    "FormatError: Cannot read ~/a.csv: expected text, found a file that is compressed by gzip: add .gz to its name",
  ],
  [
    "utf16",
    () => file("a.txt", utf16),
    "FormatError: Cannot read ~/a.txt: expected text, found text in UTF-16: save it as UTF-8",
  ],
  [
    "latin1",
    () => file("a.csv", new Uint8Array([...new TextEncoder().encode("text\ncaf"), 0xe9, 10])),
    "FormatError: Cannot read ~/a.csv, line 2: expected UTF-8 text, found other bytes: save it as UTF-8",
  ],
  [
    "wrong column csv",
    () => file("a.csv", "title,body\nx,y\n"),
    'FormatError: Cannot read ~/a.csv, line 1: expected a column "text" or "sentence", found title, body: name it with textColumn (in a task: --text-column)',
  ],
  [
    "textColumn mistyped",
    () => file("a.csv", "id,body\n1,x\n", { textColumn: "bodi" }),
    'FormatError: Cannot read ~/a.csv, line 1: expected a column "bodi", found id, body: did you mean "body"?',
  ],
  [
    "textColumn for a .txt file",
    () => file("a.txt", "x. y.\n", { textColumn: "body" }),
    'ConfigError: Invalid textColumn = "body": it is for .csv, .jsonl and .parquet files, and the corpus is ~/a.txt: leave it out',
  ],
  [
    "sentencePerLine for a .jsonl file",
    () => file("a.jsonl", '{"text": "x"}\n', { sentencePerLine: true }),
    "ConfigError: Invalid sentencePerLine = true: it is for .txt files, and the corpus is ~/a.jsonl: leave it out",
  ],
  [
    "documentColumn for a bundled corpus",
    () => readAll(corpus("sotu", { documentColumn: "year" })),
    'ConfigError: Invalid documentColumn = "year": it is for .csv, .jsonl and .parquet files, and the corpus is sotu: leave it out',
  ],
  [
    "textColumn missing",
    () => file("a.csv", "text\nx\n", { textColumn: "body" }),
    'FormatError: Cannot read ~/a.csv, line 1: expected a column "body", found text: name it with textColumn (in a task: --text-column)',
  ],
  [
    "documentColumn missing",
    () => file("a.csv", "text\nx\n", { documentColumn: "id" }),
    'FormatError: Cannot read ~/a.csv, line 1: expected a column "id", found text: name it with documentColumn (in a task: --document-column)',
  ],
  [
    "duplicate columns",
    () => file("a.csv", "text,text\nx,y\n"),
    'FormatError: Cannot read ~/a.csv, line 1: expected each column once, found "text" twice: rename one',
  ],
  [
    "ragged long",
    () => file("a.csv", "text,b\nx,y,z\n"),
    "FormatError: Cannot read ~/a.csv, line 2: expected 2 fields, found 3: put text that holds a comma in quotes",
  ],
  [
    "ragged short",
    () => file("a.csv", "text,b\nx\n"),
    "FormatError: Cannot read ~/a.csv, line 2: expected 2 fields, found 1: fill in those that are missing, if only with commas; put text of several lines in quotes",
  ],
  [
    "semicolon csv",
    () => file("a.csv", "id;text\n1;x\n"),
    'FormatError: Cannot read ~/a.csv, line 1: expected columns separated by commas, found "id;text", separated by ";": save it with commas',
  ],
  [
    "csv with semicolons, and commas in the text",
    () => file("a.csv", "id;text\n1;x, y\n"),
    'FormatError: Cannot read ~/a.csv, line 1: expected columns separated by commas, found "id;text", separated by ";": save it with commas',
  ],
  [
    "csv with semicolons between quoted names",
    () => file("a.csv", '"id";"text"\n"1";"x"\n'),
    'FormatError: Cannot read ~/a.csv, line 1: expected columns separated by commas, found "\\"id\\";\\"text\\"", separated by ";": save it with commas',
  ],
  [
    "csv with tabs between quoted names",
    () => file("a.csv", '"id"\t"body"\n1\tx\n', { textColumn: "body" }),
    'FormatError: Cannot read ~/a.csv, line 1: expected columns separated by commas, found "\\"id\\"\\t\\"body\\"", separated by "\\t": save it with commas',
  ],
  [
    "csv with semicolons, and a comma in a name",
    () => file("a.csv", "text;label (a,b)\nx;1\n"),
    'FormatError: Cannot read ~/a.csv, line 1: expected columns separated by commas, found "text;label (a,b)", separated by ";": save it with commas',
  ],
  [
    "csv with a line of Excel's before the header",
    () => file("a.csv", "sep=,\ntext,b\nx,y\n"),
    "FormatError: Cannot read ~/a.csv, line 1: found a line that spreadsheets put before the header: take it out, and separate the columns by commas",
  ],
  [
    "csv with blanks before quotes",
    () => file("a.csv", 'text, "b"\n"x, y", "z"\n'),
    'FormatError: Cannot read ~/a.csv, line 1: expected CSV, found a stray quote in "text, \\"b\\"": take out the spaces between a comma and a quote',
  ],
  [
    "tsv",
    () => file("a.tsv", "id\ttext\n1\tx\n"),
    "FormatError: Cannot read ~/a.tsv: expected a file named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found .tsv: convert or rename it",
  ],
  [
    "unclosed quote",
    () => file("a.csv", 'text\nx\n"y\nz\n'),
    'FormatError: Cannot read ~/a.csv, line 3: expected every quote to be closed, found one open in "\\"y": close it, and write a quote inside a field twice: ""',
  ],
  [
    "quote inside bare field",
    () => file("a.csv", 'text\nx"y\n'),
    'FormatError: Cannot read ~/a.csv, line 2: expected every quote to be closed, found one open in "x\\"y": close it, and write a quote inside a field twice: ""',
  ],
  [
    "quote inside bare field closed",
    () => file("a.csv", 'text\nx "y" z\n'),
    'FormatError: Cannot read ~/a.csv, line 2: expected CSV, found a stray quote in "x \\"y\\" z": put the whole field in quotes, and each quote inside it twice: ""',
  ],
  [
    "text after quoted",
    () => file("a.csv", 'text\n"x" y\n'),
    'FormatError: Cannot read ~/a.csv, line 2: expected CSV, found a stray quote in "\\"x\\" y": put the whole field in quotes, and each quote inside it twice: ""',
  ],
  [
    "csv blank behind a quote",
    () => file("a.csv", 'text,b\n"One." ,2\n'),
    'FormatError: Cannot read ~/a.csv, line 2: expected CSV, found a stray quote in "\\"One.\\" ,2": take out the spaces between a comma and a quote',
  ],
  [
    "csv quote after a backslash",
    () => file("a.csv", 'text,b\n"a \\"b\\" c",2\n'),
    'FormatError: Cannot read ~/a.csv, line 2: expected CSV, found a stray quote in "\\"a \\\\\\"b\\\\\\" c\\",2": write a quote inside a field twice, "", and not after a backslash',
  ],
  [
    "csv of joined files",
    () => file("a.csv", "text,id\nOne.,1\ntext,id\nTwo.,2\n"),
    "FormatError: Cannot read ~/a.csv, line 3: found the header again: were files joined? Take it out",
  ],
  [
    "csv with a comment before the header",
    () => file("a.csv", "# made by hand\ntext,id\nOne.,1\n"),
    "FormatError: Cannot read ~/a.csv, line 1: found a comment before the header: take it out",
  ],
  [
    "jsonl broken line",
    () => file("a.jsonl", '{"text":"x"}\n{"text":"y"\n'),
    'FormatError: Cannot read ~/a.jsonl, line 2: expected a JSON object, found "{\\"text\\":\\"y\\"": write one object on each line',
  ],
  [
    "jsonl array",
    () => file("a.jsonl", "[1]"),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a JSON object, found [1]: use {"text": …}, one on each line and without brackets around them',
  ],
  [
    "jsonl null",
    () => file("a.jsonl", "null"),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a JSON object, found null: use {"text": …}',
  ],
  [
    "jsonl text null",
    () => file("a.jsonl", '{"text":null}'),
    "FormatError: Cannot read ~/a.jsonl: expected at least one document, found no text: check the file",
  ],
  [
    "jsonl text number",
    () => file("a.jsonl", '{"text":1}'),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected text in "text", found 1: put it in quotes',
  ],
  [
    "jsonl wrong field",
    () => file("a.jsonl", '{"body":"x"}'),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a column "text" or "sentence", found body: name it with textColumn (in a task: --text-column)',
  ],
  [
    "jsonl pretty-printed json",
    () => file("a.jsonl", '{\n "text": "x"\n}'),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a JSON object, found "{": write one object on each line',
  ],
  [
    "jsonl as Python writes NaN",
    () => file("a.jsonl", '{"text":"x","score": NaN}'),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a JSON object, found "{\\"text\\":\\"x\\",\\"score\\": NaN}": write null where it has NaN or Infinity',
  ],
  [
    "jsonl that is a JSON array over lines",
    () => file("a.jsonl", '{"text":"x"},\n{"text":"y"}\n'),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a JSON object, found "{\\"text\\":\\"x\\"},": write one object on each line, without a comma after it or brackets around all of them',
  ],
  [
    "jsonl with a column twice",
    () => file("a.jsonl", '{"text":"x"}\n{"text":"y","\\u0074ext":"z","text":"w"}'),
    'FormatError: Cannot read ~/a.jsonl, line 2: its JSON names "text" twice: leave one of them out',
  ],
  [
    "jsonl document object",
    () => file("a.jsonl", '{"id":{"a":1},"text":"x"}', { documentColumn: "id" }),
    'FormatError: Cannot read ~/a.jsonl, line 1: expected a name in "id", found {"a":1}: make it a string or a number',
  ],
  [
    ".json extension",
    () => file("a.json", "[]"),
    "FormatError: Cannot read ~/a.json: expected a file named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found .json: convert or rename it",
  ],
  [
    "no extension",
    () => file("README", "x"),
    "FormatError: Cannot read ~/README: expected a file named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found no extension: convert or rename it",
  ],
  [
    "pdf",
    () => file("a.pdf", "x"),
    "FormatError: Cannot read ~/a.pdf: expected a file named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found .pdf: convert or rename it",
  ],
  [
    "folder empty",
    async () => readAll(corpus(await Deno.makeTempDir({ dir: folder }))),
    "FormatError: Cannot read ~: expected files named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found none: check the folder",
  ],
  [
    "folder with md only",
    async () => {
      const d = await Deno.makeTempDir({ dir: folder });
      await Deno.writeTextFile(d + "/a.md", "x");
      return readAll(corpus(d));
    },
    "FormatError: Cannot read ~: expected files named .txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor), found none: check the folder",
  ],
  ["folder of empty txt", async () => {
    const d = await Deno.makeTempDir({ dir: folder });
    await Deno.writeTextFile(d + "/a.txt", "");
    return readAll(corpus(d));
  }, "FormatError: Cannot read ~: expected at least one document, found no text: check the file"],
  [
    "folder with one bad",
    async () => {
      const d = await Deno.makeTempDir({ dir: folder });
      await Deno.writeTextFile(d + "/a.txt", "x");
      await Deno.writeFile(d + "/b.txt", new Uint8Array([0xff]));
      return readAll(corpus(d));
    },
    "FormatError: Cannot read ~/b.txt, line 1: expected UTF-8 text, found other bytes: save it as UTF-8",
  ],
  [
    "unknown corpus option",
    () => file("a.csv", "body\nx\n", untyped({ textcolumn: "body" })),
    "ConfigError: Unknown option textcolumn of corpus(): did you mean textColumn? The options are sentencePerLine, textColumn, documentColumn, locale, onLeftOut, onRead",
  ],
  [
    "documentColumn that is no name",
    () => file("a.csv", "text\nx\n", untyped({ documentColumn: true })),
    "ConfigError: Invalid documentColumn = true: it must be the name of a column, or false",
  ],
  [
    "textColumn that is no name",
    () => file("a.csv", "text\nx\n", untyped({ textColumn: 1 })),
    "ConfigError: Invalid textColumn = 1: it must be the name of a column",
  ],
  [
    "sentencePerLine that is no boolean",
    () => file("a.txt", "x\n", untyped({ sentencePerLine: "no" })),
    'ConfigError: Invalid sentencePerLine = "no": it must be one of true, false',
  ],
  [
    "bad locale",
    () => file("a.txt", "Hello.", { locale: "not a locale" }),
    'ConfigError: Invalid locale = "not a locale": it must be a language tag such as "en" or "pt-BR"',
  ],
  [
    "unreadable file",
    async () => {
      const d = await Deno.makeTempDir({ dir: folder });
      await Deno.writeTextFile(d + "/a.txt", "x");
      await Deno.symlink("a.txt/b", d + "/c.txt");
      return readAll(corpus(d + "/c.txt"));
    },
    "FormatError: Cannot read ~/c.txt: a part of its path is a file and no folder: check the path",
  ],
  [
    "splitHeldOut 1",
    () => splitHeldOut(docs, 1, 1),
    "ConfigError: Invalid share = 1: it must be at least 0 and below 1",
  ],
  [
    "splitHeldOut NaN",
    () => splitHeldOut(docs, NaN, 1),
    "ConfigError: Invalid share = NaN: it must be at least 0 and below 1",
  ],
  [
    "vocab missing file",
    () => loadVocab("no/vocab.txt"),
    "FormatError: Cannot read no/vocab.txt: expected a vocabulary file, found nothing: check the path",
  ],
  [
    "vocab empty",
    () => vocabFile(""),
    "FormatError: Cannot read ~/vocab.txt: expected a token on each line, found an empty file: save it again",
  ],
  [
    "a token that stands twice in a vocabulary made by hand",
    () => new Vocab([...SPECIAL_TOKENS, "a", "b", "a"]),
    'FormatError: Cannot read the vocabulary, line 8: expected each token once, found "a" again (first in line 6): leave one of the two out',
  ],
  [
    "vocab missing special",
    () => vocabFile("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n"),
    "FormatError: Cannot read ~/vocab.txt: expected the special tokens [PAD] [UNK] [CLS] [SEP] [MASK], found no [MASK]: add it",
  ],
  [
    "an empty token in a vocabulary made by hand",
    () => new Vocab([...SPECIAL_TOKENS, "a", "", "b"]),
    "FormatError: Cannot read the vocabulary, line 7: expected a token, found an empty one: leave it out",
  ],
  [
    "vocab not utf8",
    () => vocabFile(new Uint8Array([0xff, 0xfe])),
    "FormatError: Cannot read ~/vocab.txt: expected UTF-8 text, found other bytes: save the file as UTF-8",
  ],
  [
    "vocab folder",
    async () => loadVocab(await Deno.makeTempDir({ dir: folder })),
    "FormatError: Cannot read ~: expected a file, found a folder: name a file, or move the folder away",
  ],
  [
    "vocab json",
    () => vocabFile('{"a": 1}'),
    "FormatError: Cannot read ~/vocab.txt: expected the special tokens [PAD] [UNK] [CLS] [SEP] [MASK], found no [PAD]: add it",
  ],
  [
    "Vocab() token linebreak",
    () => new Vocab([...SPECIAL_TOKENS, "a\nb"]),
    'FormatError: Cannot read the vocabulary, line 6: expected a token that fits on a line of UTF-8, found "a\\nb": take out the line break or half surrogate pair',
  ],
  [
    "Vocab number token",
    () => new Vocab(untyped([...SPECIAL_TOKENS, 5])),
    "FormatError: Cannot read the vocabulary, line 6: expected text, found 5",
  ],
  [
    "tokenOf",
    () => vocab.tokenOf(99),
    "RangeError: Cannot find the token of id 99: ids are 0 to 8",
  ],
  [
    "saveVocab missing dir",
    () => saveVocab("/nonexistent/v.txt", vocab),
    "NotFound: Cannot write /nonexistent/v.txt: there is no such folder: make it first",
  ],
]);
