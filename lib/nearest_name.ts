/** "Did you mean …?": the known name that is nearest to a mistyped one. */

/**
 * Finds the name that was probably meant; undefined if none is near enough. It is a name that
 * contains the given one or is contained in it, if the shorter is at least a third of the longer;
 * else the name with the smallest edit distance, at most 3 and less than half of the letters. Case,
 * `-` and `_` are ignored.
 *
 * @example
 * ```ts
 * import { nearest } from "bert/nearest_name.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(nearest("--batchsize", ["--batch-size", "--steps"]), "--batch-size");
 * strictEqual(nearest("steps", ["seed", "plannedSteps"]), "plannedSteps");
 * strictEqual(nearest("--verbose", ["--batch-size", "--steps"]), undefined);
 * ```
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const given = plain(name);
  const most = Math.min(3, (given.length - 1) / 2);
  const found = names.map((known) => {
    const letters = distance(given, plain(known));
    return { known, letters, contains: contains(given, plain(known)) };
  }).filter(({ letters, contains }) => contains || letters <= most);
  found.sort((a, b) => Number(b.contains) - Number(a.contains) || a.letters - b.letters);
  return found[0]?.known;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}

/**
 * Whether one of two names is a part of the other; of parts of one or two letters nothing follows, nor of
 * those that are less than a third of the name.
 */
function contains(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter.length > 2 && 3 * shorter.length >= longer.length && longer.includes(shorter);
}

/**
 * The edit distance of two words: letters to insert, delete, replace, or exchange with the next one
 * (Levenshtein 1966; Damerau 1964).
 */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  let above: number[] = [];
  for (let i = 0; i < from.length; i++) {
    const aboveThat = above;
    above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = above[j] + (from[i] === to[j] ? 0 : 1);
      const exchanged = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j]
        ? aboveThat[j - 1] + 1
        : Infinity;
      row.push(Math.min(replaced, exchanged, above[j + 1] + 1, row[j] + 1));
    }
  }
  return row[to.length];
}
