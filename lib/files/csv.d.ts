/** The part of `@std/csv` that this project uses; the npm edition ships no types. */

export function parse(text: string, options?: { separator?: string }): string[][];

export function stringify(
  rows: readonly (readonly (string | number)[])[],
  options?: { headers?: boolean; crlf?: boolean },
): string;
