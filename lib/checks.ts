/**
 * Options by name. The cells of a notebook are not type-checked, so a mistyped option would be passed
 * over in silence: here it is refused, with the name that was probably meant.
 */
import { ConfigError } from "./errors.ts";

/**
 * Throws unless every option is one of the known ones.
 *
 * @param what The function whose options they are, as in `"mlmData()"`.
 * @throws {ConfigError} Naming the option, those that there are, and the nearest of them.
 *
 * @example
 * ```ts
 * import { checkOptions } from "bert/checks.ts";
 * import { throws } from "node:assert";
 * throws(() => checkOptions("f()", { sped: 2 }, ["speed", "size"]), /did you mean "speed"\?$/);
 * ```
 */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? "" : `: did you mean "${near}"?`;
    const advice = `is no option of ${what}; they are ${known.join(", ")}${hint}`;
    throw new ConfigError(name, value, advice);
  }
}

/** Throws `ConfigError` unless an option that is a choice has one of its values. */
export function checkChoice(field: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  const wanted = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw new ConfigError(field, value, `must be one of ${wanted}`);
}

/**
 * The name that is fewest letters away, or nothing if all are too far to be meant.
 *
 * @example
 * ```ts
 * import { nearest } from "bert/checks.ts";
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
