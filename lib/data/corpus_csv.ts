/** Reading `.csv` files. */
import { FormatError } from "../errors.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { parse } from "../files/csv.ts";
import { readLines } from "../files/lines.ts";
import { count } from "../format.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument } from "./raw_document.ts";
import { gatherRows, refuseRepeated, type Row } from "./table_rows.ts";
import type { TextFile } from "./raw_document.ts";

/**
 * The most characters of a CSV row. Otherwise a quote that is never closed would make the rest of the
 * file one row.
 */
const LONGEST_ROW = 16_000_000;
const LONG = ` after ${count(LONGEST_ROW)} characters`;

/** `.csv`: a header, then rows, each of which is a document, a part of one, or a sentence. */
export async function* readCsv(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, csvRecords(file.path, options), options);
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
      if (row.length > 1 && row.every((field, i) => field === header![i])) {
        const problem = "found the header again: were files joined? Take it out";
        throw new FormatError(path, problem, line);
      }
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
  if (header.length === 1 && header[0].startsWith("#") && header[0] !== textColumn) {
    throw new FormatError(path, "found a comment before the header: take it out", line);
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
  refuseRepeated(path, header, line);
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
    if (quotes % 2 === 1) throw openQuote(path, lines[0], start, LONG);
    const row = lines.join("\n");
    if (row !== "") yield { text: row, line: start };
    quotes = 0;
    size = 0;
    lines = [];
  }
  if (lines.length > 0) throw openQuote(path, lines[0], start);
}

/** The error of a row that goes on to the end of the file, or that is longer than a row may be. */
function openQuote(path: string, text: string, line: number, still = ""): FormatError {
  const begins = JSON.stringify(text.slice(0, 30));
  const advice = 'close it, and write a quote inside a field twice: ""';
  const shorten = still === "" ? "" : "; if it is closed later, part the text into several rows";
  return new FormatError(
    path,
    `expected every quote to be closed, found one open${still} in ${begins}: ${advice}${shorten}`,
    line,
  );
}

function parseRow(path: string, text: string, line: number): string[] {
  try {
    return parse(text)[0];
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    const advice = /, +"|" +(?:,|$)/.test(text)
      ? "take out the blanks between a comma and a quote"
      : text.includes('\\"')
      ? 'write a quote inside a field twice, "", and not behind a backslash'
      : 'put the whole field in quotes, and each quote inside it twice: ""';
    throw new FormatError(path, `expected CSV, found a stray quote in ${start}: ${advice}`, line);
  }
}
