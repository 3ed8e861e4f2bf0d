/** The part of `@std/csv` that this project uses; the npm edition ships no types. */

/**
 * The fields of each row.
 *
 * @throws {SyntaxError} If a quote is not closed, or stands inside a field without quotes.
 */
export function parse(text: string, options?: { separator?: string }): string[][];

/** Rows as lines, with quotes where a field needs them; `crlf` is true by default. */
export function stringify(
  rows: readonly (readonly (string | number)[])[],
  options?: { headers?: boolean; crlf?: boolean },
): string;
