/** Reading `.csv` files. */
import { FormatError } from "../errors.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { parse } from "../files/csv.ts";
import { readLines } from "../files/lines.ts";
import { count } from "../format.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument, TextFile } from "./raw_document.ts";
import { gatherRows, refuseRepeated, type Row } from "./table_rows.ts";

/**
 * The most characters of a CSV row. Without a limit, a quote that is never closed would turn the rest
 * of the file into one row.
 */
const LONGEST_ROW = 16_000_000;
const TOO_LONG = ` after ${count(LONGEST_ROW)} characters`;

/** Reads a header, then rows, each of which is a document, a part of one, or a sentence. */
export async function* readCsv(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, csvRecords(file.path, options), options);
}

/** The rows of a file, with their fields by column. */
async function* csvRecords(path: string, options: CorpusOptions): AsyncGenerator<Row> {
  let header: string[] | undefined;
  let headerLine = 0;
  for await (const { line, text } of csvRows(path, options)) {
    if (!header) checkHeader(path, text, line, options);
    const row = parseRow(path, text, line);
    if (!header) {
      header = row;
      headerLine = line;
      refuseRepeated(path, header, line);
    } else if (row.length !== header.length) {
      if (text.trim() === "") continue; // a line of blanks
      const problem = `expected ${header.length} fields, found ${row.length}`;
      const fix = row.length > header.length
        ? "put text that holds a comma in quotes"
        : "fill in those that are missing, if only with commas; put text of several lines in quotes";
      throw new FormatError(path, `${problem}: ${fix}`, line);
    } else {
      if (row.every((field, i) => field === header![i])) {
        const problem = "found the header again: were files joined? Take it out";
        throw new FormatError(path, problem, line);
      }
      const fields = new Map(header.map((column, i) => [column, row[i]]));
      yield { line, header: headerLine, fields };
    }
  }
}

/** The characters that separate columns in files that are called .csv all the same. */
const OTHER_SEPARATORS = [";", "\t", "|"];

/**
 * Refuses a first row that is not a header with commas: a line of a spreadsheet or a comment before the
 * header, or a header with another separator. That is one in which this separator gives a column for
 * the text and the comma does not, or one without a comma.
 */
function checkHeader(
  path: string,
  text: string,
  line: number,
  { textColumn }: CorpusOptions,
): void {
  const wanted = textColumn === undefined ? ["text", "sentence"] : [textColumn];
  const isFoundWith = (separator: string) => {
    const columns = columnsWith(separator, text);
    return wanted.some((name) => columns.includes(name));
  };
  if (isFoundWith(",")) return;
  const isOne = !text.includes(",");
  if (/^sep=.?$/i.test(text)) {
    const problem = "found a line that spreadsheets put before the header: take it out";
    throw new FormatError(path, `${problem}, and separate the columns by commas`, line);
  }
  if (isOne && text.startsWith("#")) {
    throw new FormatError(path, "found a comment before the header: take it out", line);
  }
  const separator = OTHER_SEPARATORS.find(isFoundWith) ??
    (isOne ? OTHER_SEPARATORS.find((separator) => text.includes(separator)) : undefined);
  if (separator === undefined) return;
  const found = `${JSON.stringify(text.slice(0, 60))}, separated by ${JSON.stringify(separator)}`;
  const problem = `expected columns separated by commas, found ${found}: save it with commas`;
  throw new FormatError(path, problem, line);
}

/** The columns of a header; none if its quotes do not fit the separator. */
function columnsWith(separator: string, text: string): readonly string[] {
  try {
    return parse(text, { separator })[0];
  } catch {
    return [];
  }
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
    if (quotes % 2 === 1) throw openQuote(path, lines[0], start, TOO_LONG);
    const row = lines.join("\n");
    if (row !== "") yield { text: row, line: start };
    quotes = 0;
    size = 0;
    lines = [];
  }
  if (lines.length > 0) throw openQuote(path, lines[0], start);
}

/**
 * The error for a quote that is still open at the end of the file, or when its row gets too long.
 *
 * @param after Where reading stopped, as ` after … characters`. Default: at the end of the file.
 */
function openQuote(path: string, text: string, line: number, after = ""): FormatError {
  const begins = JSON.stringify(text.slice(0, 30));
  const advice = 'close it, and write a quote inside a field twice: ""';
  const shorten = after === "" ? "" : "; if it is closed later, divide the text into several rows";
  return new FormatError(
    path,
    `expected every quote to be closed, found one open${after} in ${begins}: ${advice}${shorten}`,
    line,
  );
}

function parseRow(path: string, text: string, line: number): string[] {
  try {
    return parse(text)[0];
  } catch {
    const start = JSON.stringify(text.slice(0, 30));
    const advice = /, +"|" +(?:,|$)/.test(text)
      ? "take out the spaces between a comma and a quote"
      : text.includes('\\"')
      ? 'write a quote inside a field twice, "", and not after a backslash'
      : 'put the whole field in quotes, and each quote inside it twice: ""';
    throw new FormatError(path, `expected CSV, found a stray quote in ${start}: ${advice}`, line);
  }
}
