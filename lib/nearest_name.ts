/** "Did you mean …?": the known name that is nearest to a mistyped one. */

/**
 * Finds the known name that was probably meant; undefined if none is near enough.
 *
 * A name that contains the given one, or is contained in it, comes first; the shorter of the two must
 * have at least three letters and at least a third of the letters of the longer one. Otherwise it is
 * the name with the smallest edit distance, which must be at most 3 and less than half of the letters
 * of the given name. Case, `-` and `_` are ignored.
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
  const mostEdits = Math.min(3, (given.length - 1) / 2);
  const found = names.map((known) => {
    const edits = editDistance(given, plain(known));
    return { known, edits, isPart: isPart(given, plain(known)) };
  }).filter(({ edits, isPart }) => isPart || edits <= mostEdits);
  found.sort((a, b) => Number(b.isPart) - Number(a.isPart) || a.edits - b.edits);
  return found[0]?.known;
}

/** A name in lower case, without `-` and `_`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}

/**
 * Whether one of two names is a part of the other. A part of one or two letters does not count, nor
 * does one that is shorter than a third of the other name.
 */
function isPart(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter.length > 2 && 3 * shorter.length >= longer.length && longer.includes(shorter);
}

/**
 * The edit distance of two words: how many letters have to be inserted, deleted, replaced, or
 * exchanged with the next one (Levenshtein 1966; Damerau 1964).
 */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  let above: number[] = [];
  for (let i = 0; i < from.length; i++) {
    const twoAbove = above;
    above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = above[j] + (from[i] === to[j] ? 0 : 1);
      const exchanged = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j]
        ? twoAbove[j - 1] + 1
        : Infinity;
      row.push(Math.min(replaced, exchanged, above[j + 1] + 1, row[j] + 1));
    }
  }
  return row[to.length];
}
