/** What somebody who mistyped a name may have meant. */

/**
 * The name that is fewest letters away, or nothing if all are too far to be meant.
 *
 * @example
 * ```ts
 * import { nearest } from "bert/nearest.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(nearest("--batchsize", ["--batch-size", "--steps"]), "--batch-size");
 * strictEqual(nearest("--verbose", ["--batch-size", "--steps"]), undefined);
 * ```
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [near] = names.toSorted((a, b) => distance(name, a) - distance(name, b));
  return near && distance(name, near) < Math.min(4, name.length) ? near : undefined;
}

/** Letters to insert, delete or replace to get from one word to the other (Levenshtein 1966). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j++) {
      row.push(Math.min(above[j] + (letter === to[j] ? 0 : 1), above[j + 1] + 1, row[j] + 1));
    }
  }
  return row[to.length];
}
