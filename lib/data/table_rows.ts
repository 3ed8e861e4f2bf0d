/**
 * Making documents of the rows of a table: which column is the text, which one names the document, and
 * which consecutive rows are one document.
 */
import { ConfigError, FormatError } from "../errors.ts";
import { listed } from "../format.ts";
import { nearest } from "../nearest_name.ts";
import type { CorpusOptions } from "./document.ts";
import { LONGEST_DOCUMENT, type RawDocument, type RawText, type TextFile } from "./raw_document.ts";

/** A row of a table. */
export interface Row {
  /** Its line, from 1; undefined if the file has no lines. */
  readonly line?: number;
  /** Its number among the rows, from 1; undefined if the file has lines. */
  readonly row?: number;
  /** The line with the names of the columns. */
  readonly header?: number;
  /** Its values by column. */
  readonly fields: ReadonlyMap<string, unknown>;
  /** A number as the file writes it, which may have more digits than JavaScript can represent. */
  readonly written?: (column: string) => string | undefined;
}

/** A document to which more rows may be added. */
interface OpenDocument {
  readonly name: string;
  /** The name in its rows; undefined if each row is a document. */
  readonly named: string | undefined;
  /** The number of the part, from 1, if the document is split for its length. */
  readonly part: number;
  readonly texts: RawText[];
  /** The number of characters so far. */
  size: number;
}

/** Joins rows to documents: consecutive rows with the same name are one document. */
export async function* gatherRows(
  { path, name }: TextFile,
  rows: AsyncIterable<Row> | Iterable<Row>,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  let open: OpenDocument | undefined;
  let number = 0;
  for await (const row of rows) {
    const column = textColumn(row, options);
    const text = textOf(path, row, column, options);
    const named = documentOf(path, row, column, options);
    number++;
    const goesOn = open && named !== undefined && open.named === named &&
      open.size < LONGEST_DOCUMENT;
    if (!open || !goesOn) {
      if (open) yield closed(open);
      open = named === undefined ? started(`${name} ${number}`) : started(named, named, open);
    }
    open.size += text.length;
    // A column "sentence" has one sentence in each row; if each row is a document, it is split anyway.
    open.texts.push({ text, isSentence: named !== undefined && column === "sentence" });
  }
  if (open) yield closed(open);
}

/** Begins a document, or the next part of a document that was split for its length. */
function started(name: string, named?: string, before?: OpenDocument): OpenDocument {
  const part = named !== undefined && before?.named === named ? before.part + 1 : 1;
  const title = part === 1 ? name : `${name} (${part})`;
  return { name: title, named, part, texts: [], size: 0 };
}

function closed({ name, texts }: OpenDocument): RawDocument {
  return { name, texts };
}

/** The column of the text. */
function textColumn({ fields }: Row, { textColumn }: CorpusOptions): string {
  return textColumn ?? (fields.has("text") ? "text" : "sentence");
}

/** The text of a row. A null is an empty text, like an empty cell. */
function textOf(
  path: string,
  { line, row, header, fields }: Row,
  column: string,
  { textColumn }: CorpusOptions,
): string {
  const value = fields.get(column);
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (value === undefined) throw noColumn(path, header, fields, "textColumn", textColumn);
  const fix = typeof value === "object" || value === NESTED
    ? "make it a string"
    : "put it in quotes";
  const problem = `expected text in "${column}"${inRow(row)}, found ${written(value)}: ${fix}`;
  throw new FormatError(path, problem, line);
}

/**
 * The name of the document to which a row belongs; undefined if the row is a document by itself. In
 * the default column, a value that cannot be a name counts as no name.
 */
function documentOf(
  path: string,
  { line, row, header, fields, written: asWritten }: Row,
  text: string,
  { documentColumn }: CorpusOptions,
): string | undefined {
  if (documentColumn === false || documentColumn === undefined && text === "document") {
    return undefined;
  }
  if (documentColumn === text) {
    const advice =
      "must be another column than that of the text: leave it out, or say that there " +
      "is none, with documentColumn: false (in a task: --no-document-column)";
    throw new ConfigError("documentColumn", documentColumn, advice);
  }
  const column = documentColumn ?? "document";
  const value = fields.get(column);
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return String(value);
    const name = asWritten?.(column) ?? (isExact(value) ? String(value) : undefined);
    if (name !== undefined) return name;
  }
  if (documentColumn === undefined || value === null) return undefined;
  if (value === undefined) throw noColumn(path, header, fields, "documentColumn", documentColumn);
  const problem = `expected a name in "${column}"${inRow(row)}, found ${written(value)}`;
  throw new FormatError(path, `${problem}: make it a string or a number`, line);
}

/** A column of a file that can be read column by column. */
export interface Column {
  /** Its name. */
  readonly name: string;
  /** Whether its values are lists or structures, which are neither text nor names. */
  readonly isNested: boolean;
}

/** Stands for any value of a nested column, which is refused without being read. */
const NESTED = Symbol("a list or a structure");

/**
 * The columns that have to be read, for a file that can be read column by column.
 *
 * @throws {FormatError} If there is no column for the text, a column that was asked for is missing, or
 * one of them occurs twice.
 */
export function columnsOf(
  path: string,
  columns: readonly Column[],
  options: CorpusOptions,
): string[] {
  const fields = new Map(columns.map(({ name, isNested }) => [name, isNested ? NESTED : ""]));
  const text = textColumn({ fields }, options);
  textOf(path, { fields }, text, options);
  documentOf(path, { fields }, text, options);
  const { documentColumn = "document" } = options;
  const wanted = columns.filter(({ name }) => name === text || name === documentColumn);
  const names = wanted.filter(({ isNested }) => !isNested).map(({ name }) => name);
  refuseRepeated(path, names);
  return names;
}

/**
 * Checks that no column has the name of another one.
 *
 * @throws {FormatError} If two have the same name.
 */
export function refuseRepeated(path: string, names: readonly string[], line?: number): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.size === seen.add(name).size) {
      const problem = `expected each column once, found "${name}" twice: rename one`;
      throw new FormatError(path, problem, line);
    }
  }
}

/** The error for a missing column. */
function noColumn(
  path: string,
  line: number | undefined,
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

/** The names of columns for a message. */
function columns(fields: ReadonlyMap<string, unknown>): string {
  return listed([...fields.keys()]) || "none";
}

/** Whether a number is so small that JavaScript represents the number of the file and not a near one. */
function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** The number of a row for a message, if it has no line. */
function inRow(row: number | undefined): string {
  return row === undefined ? "" : ` of row ${row}`;
}

/** A value for a message. */
function written(value: unknown): string {
  if (value === NESTED) return "lists or structures";
  if (value instanceof Uint8Array) return `${value.length} bytes that are not a UTF-8 string`;
  const plain = (_: string, part: unknown) => typeof part === "bigint" ? Number(part) : part;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value, plain);
}
