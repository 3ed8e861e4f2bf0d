/** Reading `.jsonl` files: an object on each line. */
import { FormatError } from "../errors.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { checkNames } from "../files/json.ts";
import { readLines } from "../files/lines.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument, TextFile } from "./raw_document.ts";
import { gatherRows, type Row } from "./table_rows.ts";

/** Reads an object on each line, whose fields are the columns. */
export async function* readJsonLines(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, jsonRecords(file.path, options), options);
}

/** The objects of a file as rows. */
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
    // If the name of a column occurs twice, the line is checked: JSON.parse() would keep the last value.
    const isTwice = names.some((name) => text.indexOf(name) < text.lastIndexOf(name));
    if (isTwice) checkNames(text, path, Infinity, line);
    yield { line, header: line, fields, written: (column) => writtenNumber(text, column) };
  }
}

/** The fields of the object on a line. */
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
      (Array.isArray(value) ? ", one on each line and without brackets around them" : ""),
    line,
  );
}

/** What to do about a line that is not JSON. */
function jsonAdvice(text: string): string {
  if (/[:[,]\s*(?:NaN|-?Infinity)\s*[,}\]]/.test(text)) {
    return "write null where it has NaN or Infinity";
  }
  if (/^\s*\[|,\s*$/.test(text)) {
    return "write one object on each line, without a comma after it or brackets around all of them";
  }
  return "write one object on each line";
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
