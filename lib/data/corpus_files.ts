/** Readers for your own text: one for each kind of file, each a stream of documents. */
import type { CorpusOptions, Document } from "./document.ts";
import { FormatError } from "../errors.ts";
import { nearest } from "../checks.ts";
import { splitSentences } from "./sentences.ts";
import { readLines } from "../files/lines.ts";
import { parse } from "../files/csv.ts";

/**
 * Characters in a document, about: one that goes on is cut here, so that a file without any empty line
 * streams too. (The longest book of the King James Bible has a quarter of a million.)
 */
const LONGEST_DOCUMENT = 4_000_000;

/** Characters in a CSV row. A quote that is never closed would make the rest of the file one row. */
const LONGEST_ROW = 16_000_000;

/** `.txt`: documents parted by empty lines; prose, or one sentence a line. */
export async function* readText(path: string, options: CorpusOptions): AsyncGenerator<Document> {
  const { sentencePerLine = false } = options;
  let [count, size, lines] = [0, 0, [] as string[]];
  const close = (): Document => {
    const sentences = sentencePerLine
      ? lines.map((line) => line.trim())
      : splitSentences(lines.join("\n"), options);
    [size, lines] = [0, []];
    return { name: `${baseName(path)} ${++count}`, sentences };
  };
  for await (const { text } of readLines(path)) {
    const ends = text.trim() === "";
    if (!ends) lines.push(text);
    size += text.length;
    if (lines.length > 0 && (ends || size >= LONGEST_DOCUMENT)) yield close();
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
  /** Where the names of the columns stand. */
  readonly header: number;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** A document that more rows may be added to. */
interface OpenDocument {
  readonly name: string;
  /** The name in its rows; `undefined` where each row is a document. */
  readonly named: string | undefined;
  readonly part: number;
  readonly sentences: string[];
  size: number;
}

/** Puts rows together into documents. */
async function* gather(
  path: string,
  records: AsyncIterable<Record>,
  options: CorpusOptions,
): AsyncGenerator<Document> {
  let open: OpenDocument | undefined;
  let count = 0;
  for await (const record of records) {
    const text = textOf(path, record, options);
    const named = documentOf(path, record, options);
    count++;
    if (open && named !== undefined && open.named === named && open.size < LONGEST_DOCUMENT) {
      open.sentences.push(text.trim());
      open.size += text.length;
      continue;
    }
    if (open) yield withoutEmpty(open);
    open = named === undefined
      ? { ...started(`${baseName(path)} ${count}`), sentences: splitSentences(text, options) }
      : { ...started(named, named, open), sentences: [text.trim()] };
  }
  if (open) yield withoutEmpty(open);
}

/** A new document; what goes on from one that was cut for its length is its next part. */
function started(name: string, named?: string, before?: OpenDocument) {
  const part = named !== undefined && before?.named === named ? before.part + 1 : 1;
  return { name: part === 1 ? name : `${name} (${part})`, named, part, size: 0 };
}

function withoutEmpty({ name, sentences }: OpenDocument): Document {
  return { name, sentences: sentences.filter((sentence) => sentence !== "") };
}

function textOf(
  path: string,
  { line, header, fields }: Record,
  { textColumn }: CorpusOptions,
): string {
  const column = textColumn ?? (fields.has("text") ? "text" : "sentence");
  const value = fields.get(column);
  if (typeof value === "string") return value;
  if (value === undefined) throw noColumn(path, header, fields, "textColumn", textColumn);
  const found = JSON.stringify(value);
  throw new FormatError(
    path,
    `expected text in "${column}", found ${found}: put it in quotes`,
    line,
  );
}

function noColumn(
  path: string,
  line: number,
  fields: ReadonlyMap<string, unknown>,
  option: "textColumn" | "documentColumn",
  wanted: string | undefined,
): FormatError {
  const expected = wanted === undefined ? '"text" or "sentence"' : `"${wanted}"`;
  const near = wanted && nearest(wanted, [...fields.keys()]);
  const task = option === "textColumn" ? "--text-column" : "--document-column";
  const fix = near ? `did you mean "${near}"?` : `name it with ${option} (in a task: ${task})`;
  const problem = `expected a column ${expected}, found ${columns(fields)}: ${fix}`;
  return new FormatError(path, problem, line);
}

/** The names of columns for a message; one that holds other separators explains itself. */
function columns(fields: ReadonlyMap<string, unknown>): string {
  const names = [...fields.keys()];
  const separator = names.length === 1 ? names[0].match(/[;\t|]/)?.[0] : undefined;
  if (separator === undefined) return names.join(", ") || "none";
  return `${names[0]} (separated by ${JSON.stringify(separator)}: it must be a comma)`;
}

/** The document a row belongs to, or `undefined` where each row is one. */
function documentOf(
  path: string,
  { line, header, fields }: Record,
  { documentColumn }: CorpusOptions,
): string | undefined {
  const column = documentColumn ?? "document";
  const value = fields.get(column);
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (documentColumn === undefined && (value === undefined || value === null)) return undefined;
  if (value === undefined) throw noColumn(path, header, fields, "documentColumn", documentColumn);
  const problem = `expected a name in "${column}", found ${JSON.stringify(value)}`;
  throw new FormatError(path, `${problem}: make it a string or a number`, line);
}

async function* csvRecords(path: string): AsyncGenerator<Record> {
  let [header, headerLine]: [string[] | undefined, number] = [undefined, 0];
  for await (const { line, text } of csvRows(path)) {
    const row = parseRow(path, text, line);
    if (!header) {
      [header, headerLine] = [row, line];
      checkHeader(path, header, line);
    } else if (row.length !== header.length) {
      const problem = `expected ${header.length} fields, found ${row.length}`;
      throw new FormatError(path, `${problem}: put text that holds a comma in quotes`, line);
    } else {
      const fields = new Map(header.map((column, i) => [column, row[i]]));
      yield { line, header: headerLine, fields };
    }
  }
}

function checkHeader(path: string, header: readonly string[], line: number): void {
  const twice = header.find((column, i) => header.indexOf(column) < i);
  if (twice === undefined) return;
  throw new FormatError(
    path,
    `expected each column once, found "${twice}" twice: rename one`,
    line,
  );
}

/** The text of each row with the line it starts in: a row goes on while a quote is open. */
async function* csvRows(path: string): AsyncGenerator<{ text: string; line: number }> {
  let [start, quotes, size, lines] = [0, 0, 0, [] as string[]];
  for await (const { text, line } of readLines(path)) {
    if (lines.length === 0) start = line;
    lines.push(text);
    size += text.length;
    for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
    if (quotes % 2 === 1 && size < LONGEST_ROW) continue;
    if (quotes % 2 === 1) throw openQuote(path, lines[0], start);
    const row = lines.join("\n");
    if (row !== "") yield { text: row, line: start };
    [quotes, size, lines] = [0, 0, []];
  }
  if (lines.length > 0) throw openQuote(path, lines[0], start);
}

function openQuote(path: string, text: string, line: number): FormatError {
  const begins = JSON.stringify(text.slice(0, 30));
  const advice = 'close it, and write a quote inside a field twice: ""';
  return new FormatError(
    path,
    `expected every quote to be closed, found one open in ${begins}: ${advice}`,
    line,
  );
}

function parseRow(path: string, text: string, line: number): string[] {
  try {
    return parse(text)[0];
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    const advice = 'put the whole field in quotes, and each quote inside it twice: ""';
    throw new FormatError(path, `expected CSV, found a stray quote in ${start}: ${advice}`, line);
  }
}

async function* jsonRecords(path: string): AsyncGenerator<Record> {
  for await (const { text, line } of readLines(path)) {
    if (text.trim() === "") continue;
    yield { line, header: line, fields: parseObject(path, text, line) };
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
