/** Readers for your own text: one for each kind of file, each a stream of documents. */
import type { CorpusOptions, Document } from "./corpus.ts";
import { FormatError } from "./errors.ts";
import { splitSentences } from "./sentences.ts";
import { readLines } from "./lines.ts";
import { parse } from "./std_csv.ts";

/** `.txt`: documents parted by empty lines; prose, or one sentence a line. */
export async function* readText(path: string, options: CorpusOptions): AsyncGenerator<Document> {
  const { sentencePerLine = false } = options;
  let [count, lines] = [0, [] as string[]];
  const close = (): Document => {
    const sentences = sentencePerLine
      ? lines.map((line) => line.trim())
      : splitSentences(lines.join("\n"), options);
    lines = [];
    return { name: `${baseName(path)} ${++count}`, sentences };
  };
  for await (const { text } of readLines(path)) {
    if (text.trim() !== "") lines.push(text);
    else if (lines.length > 0) yield close();
  }
  if (lines.length > 0) yield close();
}

/** `.csv`: a header, then one row a document or a sentence. */
export async function* readCsv(path: string, options: CorpusOptions): AsyncGenerator<Document> {
  yield* gather(path, csvRecords(path), options);
}

/** `.jsonl`: an object a line, its fields being the columns. */
export async function* readJsonLines(
  path: string,
  options: CorpusOptions,
): AsyncGenerator<Document> {
  yield* gather(path, jsonRecords(path), options);
}

interface Record {
  readonly line: number;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** Puts rows together into documents. */
async function* gather(
  path: string,
  records: AsyncIterable<Record>,
  options: CorpusOptions,
): AsyncGenerator<Document> {
  let open: { name: string; sentences: string[] } | undefined;
  let count = 0;
  for await (const { line, fields } of records) {
    const text = textOf(path, line, fields, options);
    const named = documentOf(path, line, fields, options);
    count++;
    if (named !== undefined && open?.name === named) {
      open.sentences.push(text.trim());
      continue;
    }
    if (open) yield withoutEmpty(open);
    open = named === undefined
      ? { name: `${baseName(path)} ${count}`, sentences: splitSentences(text, options) }
      : { name: named, sentences: [text.trim()] };
  }
  if (open) yield withoutEmpty(open);
}

function withoutEmpty(document: { name: string; sentences: string[] }): Document {
  return { ...document, sentences: document.sentences.filter((sentence) => sentence !== "") };
}

function textOf(
  path: string,
  line: number,
  fields: ReadonlyMap<string, unknown>,
  { textColumn }: CorpusOptions,
): string {
  const column = textColumn ?? (fields.has("text") ? "text" : "sentence");
  const value = fields.get(column);
  if (typeof value === "string") return value;
  const found = [...fields.keys()].join(", ");
  const wanted = value === undefined
    ? `expected a column "${column}", found ${found || "none"}: name it with textColumn`
    : `expected text in "${column}", found ${JSON.stringify(value)}: put it in quotes`;
  throw new FormatError(path, wanted, line);
}

/** The document a row belongs to, or `undefined` where each row is one. */
function documentOf(
  path: string,
  line: number,
  fields: ReadonlyMap<string, unknown>,
  { documentColumn }: CorpusOptions,
): string | undefined {
  const value = fields.get(documentColumn ?? "document");
  if (value !== undefined && value !== null) return String(value);
  if (documentColumn === undefined) return undefined;
  const found = [...fields.keys()].join(", ");
  throw new FormatError(path, `expected a column "${documentColumn}", found ${found}`, line);
}

async function* csvRecords(path: string): AsyncGenerator<Record> {
  let header: string[] | undefined;
  for await (const { line, text } of csvRows(path)) {
    const row = parseRow(path, text, line);
    if (!header) {
      header = row;
    } else if (row.length !== header.length) {
      const problem = `expected ${header.length} fields, found ${row.length}`;
      throw new FormatError(path, `${problem}: put text that holds a comma in quotes`, line);
    } else {
      yield { line, fields: new Map(header.map((column, i) => [column, row[i]])) };
    }
  }
}

/** The text of each row with the line it starts in: a row goes on while a quote is open. */
async function* csvRows(path: string): AsyncGenerator<{ text: string; line: number }> {
  let [start, quotes, lines] = [0, 0, [] as string[]];
  for await (const { text, line } of readLines(path)) {
    if (lines.length === 0) start = line;
    lines.push(text);
    for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
    if (quotes % 2 === 1) continue;
    const row = lines.join("\n");
    if (row !== "") yield { text: row, line: start };
    [quotes, lines] = [0, []];
  }
  if (lines.length > 0) yield { text: lines.join("\n"), line: start };
}

function parseRow(path: string, text: string, line: number): string[] {
  try {
    return parse(text)[0];
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    throw new FormatError(path, `expected CSV, found a stray quote in ${start}: mend it`, line);
  }
}

async function* jsonRecords(path: string): AsyncGenerator<Record> {
  for await (const { text, line } of readLines(path)) {
    if (text.trim() === "") continue;
    yield { line, fields: parseObject(path, text, line) };
  }
}

function parseObject(path: string, text: string, line: number): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    throw new FormatError(path, `expected a JSON object, found ${start}: one object a line`, line);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  throw new FormatError(
    path,
    `expected a JSON object, found ${text.slice(0, 30)}: use {"text": …}`,
    line,
  );
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
