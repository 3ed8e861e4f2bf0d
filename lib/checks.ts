/**
 * Options by name. The cells of a notebook are not type-checked, so a mistyped option would be passed
 * over in silence: here it is refused, with the name that was probably meant.
 */
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";

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
