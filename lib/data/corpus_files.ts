/** Readers of text files: for each kind of file a generator of documents. */
import { FormatError } from "../errors.ts";
import { parse } from "../files/csv.ts";
import { checkNames } from "../files/json.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { readLines } from "../files/lines.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument } from "./raw_document.ts";
import { gatherRows, LONGEST_DOCUMENT, type Row, type TextFile } from "./rows.ts";

/**
 * The most characters of a CSV row. Otherwise a quote that is never closed would make the rest of the
 * file one row.
 */
const LONGEST_ROW = 16_000_000;

/** `.txt`: documents separated by empty lines, as prose or with one sentence a line. */
export async function* readText(
  { path, name }: TextFile,
  { sentencePerLine = false, onRead }: CorpusOptions,
): AsyncGenerator<RawDocument> {
  let count = 0;
  let size = 0;
  let lines: string[] = [];
  const close = (): RawDocument => {
    const texts = sentencePerLine
      ? lines.map((text) => ({ text, isSentence: true }))
      : [{ text: lines.join("\n"), isSentence: false }];
    size = 0;
    lines = [];
    return { name: `${name} ${++count}`, texts };
  };
  for await (const { text } of readLines(path, unpackedBytes(path, onRead))) {
    const ends = text.trim() === "";
    if (!ends) lines.push(text);
    size += text.length;
    if (lines.length > 0 && (ends || size >= LONGEST_DOCUMENT)) yield close();
  }
  if (lines.length > 0) yield close();
}

/** `.csv`: a header, then rows, each of which is a document, a part of one, or a sentence. */
export async function* readCsv(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, csvRecords(file.path, options), options);
}

/** `.jsonl`: an object on each line, whose fields are the columns. */
export async function* readJsonLines(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, jsonRecords(file.path, options), options);
}

async function* csvRecords(path: string, options: CorpusOptions): AsyncGenerator<Row> {
  let header: string[] | undefined;
  let headerLine = 0;
  for await (const { line, text } of csvRows(path, options)) {
    const row = parseRow(path, text, line);
    if (!header) {
      header = row;
      headerLine = line;
      checkHeader(path, header, line, options);
    } else if (row.length !== header.length) {
      if (text.trim() === "") continue; // a line of blanks
      const problem = `expected ${header.length} fields, found ${row.length}`;
      const fix = row.length > header.length
        ? "put text that holds a comma in quotes"
        : "fill in those that are missing, if only with commas; put text of several lines in quotes";
      throw new FormatError(path, `${problem}: ${fix}`, line);
    } else {
      const fields = new Map(header.map((column, i) => [column, row[i]]));
      yield { line, header: headerLine, fields };
    }
  }
}

function checkHeader(
  path: string,
  header: readonly string[],
  line: number,
  { textColumn }: CorpusOptions,
): void {
  if (/^sep=.?$/i.test(header[0])) {
    const problem = "found a line that spreadsheets put before the header: take it out";
    throw new FormatError(path, `${problem}, and part the columns by commas`, line);
  }
  const isOne = header.length === 1 && header[0] !== textColumn;
  const separator = isOne ? header[0].match(/[;\t|]/)?.[0] : undefined;
  if (separator !== undefined) {
    const found = `${JSON.stringify(header[0].slice(0, 60))}, parted by ${
      JSON.stringify(separator)
    }`;
    throw new FormatError(
      path,
      `expected columns parted by commas, found ${found}: save it with commas`,
      line,
    );
  }
  const twice = header.find((column, i) => header.indexOf(column) < i);
  if (twice === undefined) return;
  throw new FormatError(
    path,
    `expected each column once, found "${twice}" twice: rename one`,
    line,
  );
}

/** The text of each row, and the line in which it starts. A row continues while a quote is open. */
async function* csvRows(
  path: string,
  { onRead }: CorpusOptions,
): AsyncGenerator<{ text: string; line: number }> {
  let start = 0;
  let quotes = 0;
  let size = 0;
  let lines: string[] = [];
  for await (const { text, line } of readLines(path, unpackedBytes(path, onRead))) {
    if (lines.length === 0) start = line;
    lines.push(text);
    size += text.length;
    for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
    if (quotes % 2 === 1 && size < LONGEST_ROW) continue;
    if (quotes % 2 === 1) throw openQuote(path, lines[0], start);
    const row = lines.join("\n");
    if (row !== "") yield { text: row, line: start };
    quotes = 0;
    size = 0;
    lines = [];
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
    const advice = /, +"/.test(text)
      ? "take out the blanks between a comma and a quote"
      : 'put the whole field in quotes, and each quote inside it twice: ""';
    throw new FormatError(path, `expected CSV, found a stray quote in ${start}: ${advice}`, line);
  }
}

async function* jsonRecords(path: string, options: CorpusOptions): AsyncGenerator<Row> {
  const { onRead, textColumn, documentColumn } = options;
  const columns = [
    ...textColumn ? [textColumn] : ["text", "sentence"],
    documentColumn || "document",
  ];
  const names = columns.map((name) => JSON.stringify(name));
  for await (const { text, line } of readLines(path, unpackedBytes(path, onRead))) {
    if (text.trim() === "") continue;
    const fields = parseObject(path, text, line);
    // A line that has a column's name twice is checked: JSON.parse() keeps only the last value of a name.
    const isTwice = names.some((name) => text.indexOf(name) < text.lastIndexOf(name));
    if (isTwice) checkNames(text, path, Infinity, line);
    yield { line, header: line, fields, written: (column) => writtenNumber(text, column) };
  }
}

function parseObject(path: string, text: string, line: number): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    const problem = `expected a JSON object, found ${start}: ${jsonAdvice(text)}`;
    throw new FormatError(path, problem, line);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  throw new FormatError(
    path,
    `expected a JSON object, found ${text.slice(0, 30)}: use {"text": …}` +
      (Array.isArray(value) ? ", one a line and without brackets around them" : ""),
    line,
  );
}

/** What to do about a line that is no JSON. */
function jsonAdvice(text: string): string {
  if (/[:[,]\s*(?:NaN|-?Infinity)\s*[,}\]]/.test(text)) {
    return "write null where it has NaN or Infinity";
  }
  if (/^\s*\[|,\s*$/.test(text)) {
    return "one object a line, without a comma behind it and brackets around all of them";
  }
  return "one object a line";
}

/**
 * A number of an object as it is written in the line, as JavaScript cannot represent numbers such as
 * `12345678901234567890`.
 */
function writtenNumber(line: string, column: string): string | undefined {
  const found = new Map<unknown, string | undefined>(); // by the object that holds it
  const root = JSON.parse(
    line,
    function (this: unknown, key, value, context?: { source?: string }) {
      if (key === column) found.set(this, context?.source);
      return value;
    },
  );
  return found.get(root);
}
