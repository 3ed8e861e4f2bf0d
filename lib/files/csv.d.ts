/** The part of `@std/csv` that this project uses; the npm edition ships no types. */
import type { CsvCell } from "./csv.ts";

/**
 * The fields of each row.
 *
 * @throws {SyntaxError} If a quote is not closed, or stands inside a field without quotes.
 */
export function parse(text: string, options?: { separator?: string }): string[][];

/** Rows as lines that end in CR LF, with quotes where a field needs them. */
export function stringify(
  rows: readonly (readonly CsvCell[])[],
  options?: { headers?: boolean },
): string;
