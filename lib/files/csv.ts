/**
 * Comma-separated values, by `@std/csv`. The package itself is chosen by the import map in
 * `deno.json`, where the edition on JSR can take its place by changing one line.
 */
import { ARRAY, checkArguments, checkOptions, type Kind, TEXT } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
// @ts-types="./csv.d.ts"
import * as csv from "@std/csv";

/** How fields are parted. */
export interface CsvOptions {
  /** The one character between fields. Default `","`. */
  readonly separator?: string;
}

/** What can stand in a field; null and undefined are empty ones. */
export type CsvCell = string | number | bigint | boolean | null | undefined;

const NO_CELL: ReadonlySet<string> = new Set(["object", "function", "symbol"]);

const CELLS: Kind = {
  name: "an array of texts and numbers",
  fits: (row) =>
    Array.isArray(row) && row.every((cell) => cell === null || !NO_CELL.has(typeof cell)),
};

/**
 * The fields of each row.
 *
 * @param name The source of the text, for error messages.
 * @throws {FormatError} If a quote is not closed, or stands inside a field without quotes.
 * @throws {ConfigError} If the separator is none.
 *
 * @example
 * ```ts
 * import { parse } from "bert/files/csv.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(parse('name,text\na,"one, two"\n'), [["name", "text"], ["a", "one, two"]]);
 * ```
 */
export function parse(text: string, options: CsvOptions = {}, name = "the text"): string[][] {
  checkArguments("parse(text, options, name)", [["text", text, TEXT], ["name", name, TEXT]]);
  checkOptions("parse()", options, ["separator"]);
  const { separator = "," } = options;
  if (typeof separator !== "string" || !/^[^"\r\n]$/.test(separator)) {
    throw new ConfigError("separator", separator, 'must be one character, such as "," or "\\t"');
  }
  try {
    return csv.parse(text, { separator });
  } catch (error) {
    const advice = 'put the whole field in quotes, and each quote inside it twice: ""';
    const problem = `expected CSV, found a stray quote (${(error as Error).message}): ${advice}`;
    throw new FormatError(name, problem);
  }
}

/**
 * Rows as lines that end in CR LF, with quotes where a field needs them.
 *
 * @throws {TypeError} If a row is no array, or a field is an object or a function.
 *
 * @example
 * ```ts
 * import { stringify } from "bert/files/csv.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(stringify([["a", 7], ["one, two"]]), 'a,7\r\n"one, two"\r\n');
 * ```
 */
export function stringify(rows: readonly (readonly CsvCell[])[]): string {
  checkArguments("stringify(rows)", [["rows", rows, ARRAY]]);
  for (const [i, row] of rows.entries()) {
    checkArguments("stringify(rows)", [[`entry ${i} of rows`, row, CELLS]]);
  }
  return csv.stringify(rows, { headers: false });
}
