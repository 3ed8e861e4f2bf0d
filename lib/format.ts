/** Numbers as a person reads them: counts, shares and durations. */

/**
 * A whole number with a comma between its thousands.
 *
 * @example
 * ```ts
 * import { count } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(count(1234567), "1,234,567");
 * ```
 */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/**
 * A number with its noun, as in `1 document` or `1,200 documents`.
 *
 * @param noun The noun in the singular; its plural must be formed by an added s.
 *
 * @example
 * ```ts
 * import { several } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(several(1, "document"), "1 document");
 * strictEqual(several(0, "document"), "0 documents");
 * ```
 */
export function several(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** The most names of a list that a message gives. */
const MOST_NAMED = 40;

/**
 * The names of a list for a message: all, or the first 40 and how many more there are.
 *
 * @example
 * ```ts
 * import { listed } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(listed(["O", "B-PER"]), "O, B-PER");
 * strictEqual(listed(new Array(5000).fill("x")).slice(-19), "x, x and 4,960 more");
 * ```
 */
export function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  if (more <= 0) return names.join(", ");
  return `${names.slice(0, MOST_NAMED).join(", ")} and ${count(more)} more`;
}

/**
 * A share from 0 to 1 as a percentage.
 *
 * @param digits Digits after the decimal point. Default 1.
 *
 * @example
 * ```ts
 * import { percent } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(percent(0.1234), "12.3 %");
 * strictEqual(percent(0.1234, 0), "12 %");
 * ```
 */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/**
 * A number of seconds as text, rounded to whole seconds below a minute and to whole minutes above:
 * `12 s`, `5 min`, `3 h 20 min`.
 *
 * @example
 * ```ts
 * import { duration } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(duration(12_000), "3 h 20 min");
 * ```
 */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
