/**
 * Checks of what a caller hands over. The cells of a notebook are not type-checked, so a mistyped
 * option would be passed over in silence and arguments in the wrong order would fail far inside:
 * both are refused here, with what was probably meant.
 */
import { ConfigError, UnknownOptionError } from "./errors.ts";
import { nearest } from "./nearest_name.ts";

/**
 * Throws unless the options are an object in which every name is one of the known ones.
 *
 * @param what The function whose options they are, as in `"mlmData()"`.
 * @param known Every name that there is, those that only other callers use among them.
 * @throws {UnknownOptionError} Naming the option, the nearest of those that there are, and all of them.
 * @throws {TypeError} If the options are no object.
 *
 * @example
 * ```ts
 * import { checkOptions } from "bert/checks.ts";
 * import { throws } from "node:assert";
 * throws(() => checkOptions("f()", { sped: 2 }, ["speed", "size"]), /did you mean speed\?/);
 * ```
 */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || isNoRecord(options)) {
    const wanted = `expected options by name, as in { ${known[0]}: … }`;
    throw new TypeError(`Cannot call ${what}: ${wanted}, found ${nameOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? "the" : `did you mean ${near}? The`;
    throw new UnknownOptionError(name, value, what, `${hint} options are ${known.join(", ")}`);
  }
}

/** Whether an object is a list, a stream or a promise, in which no name would be found. */
function isNoRecord(value: object): boolean {
  return value instanceof Promise || Symbol.iterator in value || Symbol.asyncIterator in value;
}

/** What an argument has to be: its name for a reader, and how to tell. */
export interface Kind {
  /** As it stands in a message, with its article: `"a text"`. */
  readonly name: string;
  /** Whether a value is one. */
  readonly fits: (value: unknown) => boolean;
}

/** A string. */
export const TEXT: Kind = { name: "a text", fits: (value) => typeof value === "string" };

/** A function. */
export const FUNCTION: Kind = { name: "a function", fits: (value) => typeof value === "function" };

/** An array. */
export const ARRAY: Kind = { name: "an array", fits: (value) => Array.isArray(value) };

/** Something that `for` goes over: an array, a set; no string and no stream. */
export const LIST: Kind = {
  name: "an array or another iterable",
  fits: (value) => typeof value === "object" && value !== null && Symbol.iterator in value,
};

/** Something that `for await` goes over: an array, a generator; no string. */
export const ITERABLE: Kind = {
  name: "an array or another iterable",
  fits: (value) =>
    typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value),
};

/** An object that has all these members: what an instance of a class is known by. */
export function having(name: string, ...members: readonly string[]): Kind {
  const fits = (value: unknown) =>
    typeof value === "object" && value !== null && members.every((member) => member in value);
  return { name, fits };
}

/**
 * Throws unless every argument is what it has to be, as it is not where two were exchanged.
 *
 * @param call The function with the names of its arguments in order: `"fillMask(model, text)"`.
 * @param given For each argument its name, its value, and what it has to be.
 * @throws {TypeError} Naming the argument, what it has to be and what was found.
 *
 * @example
 * ```ts
 * import { checkArguments, TEXT } from "bert/checks.ts";
 * import { throws } from "node:assert";
 * throws(() => checkArguments("f(text)", [["text", 7, TEXT]]), /f\(text\): text must be a text, found 7/);
 * ```
 */
export function checkArguments(
  call: string,
  given: readonly (readonly [name: string, value: unknown, kind: Kind])[],
): void {
  for (const [name, value, kind] of given) {
    if (kind.fits(value)) continue;
    throw new TypeError(
      `Cannot call ${call}: ${name} must be ${kind.name}, found ${nameOf(value)}`,
    );
  }
}

/** `checkArguments()` of one text, for what is called once a word: it costs nothing where all is well. */
export function checkText(call: string, name: string, value: unknown): void {
  if (typeof value !== "string") checkArguments(call, [[name, value, TEXT]]);
}

/**
 * Throws `TypeError` unless every entry of a list is what it has to be.
 *
 * @param name What the list is called: `"words"`.
 */
export function checkEntries(
  call: string,
  name: string,
  list: Iterable<unknown>,
  kind: Kind,
): void {
  let i = 0;
  for (const entry of list) {
    if (!kind.fits(entry)) checkArguments(call, [[`entry ${i} of ${name}`, entry, kind]]);
    i++;
  }
}

/** What a value is, in words: `a BertTokenizer`, `an array`, `7`. */
export function nameOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise: await what gives it";
  const type = value.constructor?.name ?? "Object";
  if (type === "" && Symbol.asyncIterator in value) {
    return "a stream: await Array.fromAsync() of it";
  }
  if (type !== "Object") return `${/^[AEIOU]/.test(type) ? "an" : "a"} ${type}`;
  const names = Object.keys(value).slice(0, 5).join(", ");
  return names === "" ? "an empty object" : `an object with ${names}`;
}

/** Throws `ConfigError` unless an option that is a choice has one of its values. */
export function checkChoice(field: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  const wanted = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw new ConfigError(field, value, `must be one of ${wanted}`);
}

/** Throws `ConfigError` unless a value is a whole number that is large enough, and not too large. */
export function checkWhole(field: string, value: unknown, least: number, most = Infinity): void {
  const fits = Number.isSafeInteger(value) && (value as number) >= least;
  if (fits && (value as number) <= most) return;
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new ConfigError(field, value, `must be a whole number ${range}`);
}

/** Throws `ConfigError` unless a value is a finite number. */
export function checkFinite(field: string, value: unknown): void {
  if (!Number.isFinite(value)) throw new ConfigError(field, value, "must be a finite number");
}

/** Throws `ConfigError` unless a value is a finite number above 0. */
export function checkPositive(field: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) > 0) return;
  throw new ConfigError(field, value, "must be a number above 0");
}

/** Throws `ConfigError` unless a value is a finite number that is not negative. */
export function checkNotNegative(field: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) >= 0) return;
  throw new ConfigError(field, value, "must be a number of at least 0");
}

/** Throws `ConfigError` unless a value is a number from 0 to 1. */
export function checkShare(field: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value <= 1) return;
  throw new ConfigError(field, value, "must be a share from 0 to 1");
}

/** Throws `ConfigError` unless a value is a number from 0 to below 1. */
export function checkBelow1(field: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value < 1) return;
  throw new ConfigError(field, value, "must be at least 0 and below 1");
}

/** Throws `ConfigError` unless a value is true or false. */
export function checkSwitch(field: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ConfigError(field, value, "must be true or false");
}
