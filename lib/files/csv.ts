/**
 * Comma-separated values, by `@std/csv`. The package itself is chosen by the import map in
 * `deno.json`, where the edition on JSR can take its place by changing one line.
 */
import { ARRAY, checkArguments, checkOptions, type Kind, TEXT } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
// @ts-types="./csv.d.ts"
import * as csv from "@std/csv";

/** How fields are separated. */
export interface CsvOptions {
  /** The one character between fields. Default `","`. */
  readonly separator?: string;
}

/** The value of a field; null and undefined are written as empty fields. */
export type CsvCell = string | number | bigint | boolean | null | undefined;

/** The types of values that no field can have, as `typeof` names them. */
const REFUSED_TYPES: ReadonlySet<string> = new Set(["object", "function", "symbol"]);

const CELLS: Kind = {
  name: "an array of texts and numbers",
  fits: (row) =>
    Array.isArray(row) && row.every((cell) => cell === null || !REFUSED_TYPES.has(typeof cell)),
};

/**
 * Parses CSV into the fields of each row.
 *
 * @param name The source of the text, for error messages. Default `"the text"`.
 * @throws {FormatError} If a quote is not closed, or stands inside a field without quotes.
 * @throws {ConfigError} If the separator is not one character, or is a quote or a line end.
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
 * Writes rows as lines that end in CR LF, with quotes where a field needs them.
 *
 * @throws {TypeError} If a row is not an array, or a field is an object, a function or a symbol.
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
