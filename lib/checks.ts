/**
 * Checks of arguments and options. The cells of a notebook are not type-checked: without these checks
 * a mistyped option would be ignored silently, and arguments in the wrong order would fail with an
 * unclear error. Messages say what was probably meant.
 */
import { ConfigError, UnknownOptionError } from "./errors.ts";
import { nearest } from "./nearest_name.ts";

/**
 * Throws unless the options are an object with known names only.
 *
 * @param what The function whose options they are, as in `"mlmData()"`.
 * @param known All known names, including those that only other callers use.
 * @throws {UnknownOptionError} If one is unknown. The message names it, the nearest known one, and
 * all of them.
 * @throws {TypeError} If the options are not an object.
 *
 * @example
 * ```ts
 * import { checkOptions } from "bert/checks.ts";
 * import { throws } from "node:assert";
 * throws(() => checkOptions("f()", { sped: 2 }, ["speed", "size"]), /did you mean speed\?/);
 * ```
 */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || holdsNoOptions(options)) {
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

/** Whether an object is an iterable, a stream or a promise, none of which holds options by name. */
function holdsNoOptions(value: object): boolean {
  return value instanceof Promise || Symbol.iterator in value || Symbol.asyncIterator in value;
}

/** A kind of argument, with its name in messages and its check. */
export interface Kind {
  /** Its name in a message, with the article: `"a text"`. */
  readonly name: string;
  /** Whether a value is of this kind. */
  readonly fits: (value: unknown) => boolean;
}

/** A string. */
export const TEXT: Kind = { name: "a text", fits: (value) => typeof value === "string" };

/** A number, NaN and the infinities included. */
export const NUMBER: Kind = { name: "a number", fits: (value) => typeof value === "number" };

/** A function. */
export const FUNCTION: Kind = { name: "a function", fits: (value) => typeof value === "function" };

/** An `AbortSignal`, or undefined. */
export const SIGNAL: Kind = {
  name: "an AbortSignal, as in new AbortController().signal",
  fits: (value) => value === undefined || value instanceof AbortSignal,
};

/** An array. */
export const ARRAY: Kind = { name: "an array", fits: (value) => Array.isArray(value) };

/** An iterable for `for`, such as an array or a set, but not a string or a stream. */
export const LIST: Kind = {
  name: "an array or another iterable",
  fits: (value) => typeof value === "object" && value !== null && Symbol.iterator in value,
};

/** An iterable for `for await`, such as an array or a generator, but not a string. */
export const ITERABLE: Kind = {
  name: "an array or another iterable",
  fits: (value) =>
    typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value),
};

/**
 * An object that has certain members, by which an instance of a class is recognised.
 *
 * @param name The name of the kind in messages, with the article: `"a BertTokenizer"`.
 * @param members The names of the members that it must have.
 */
export function having(name: string, ...members: readonly string[]): Kind {
  const fits = (value: unknown) =>
    typeof value === "object" && value !== null && members.every((member) => member in value);
  return { name, fits };
}

/**
 * Throws unless every argument is of its kind. This also finds arguments in the wrong order.
 *
 * @param call The function with the names of its arguments in order: `"fillMask(model, text)"`.
 * @param given For each argument its name, its value and its kind.
 * @throws {TypeError} If one is of another kind. The message names the argument, its kind and what
 * was found.
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

/** `checkArguments()` for one text, fast enough for functions that are called for every word. */
export function checkText(call: string, name: string, value: unknown): void {
  if (typeof value !== "string") checkArguments(call, [[name, value, TEXT]]);
}

/**
 * Throws unless an argument is a path. Deno has an error of its own for the empty one, which does not
 * say whose it is.
 *
 * @throws {TypeError} If it is no text.
 * @throws {ConfigError} If it is empty.
 */
export function checkPath(call: string, name: string, value: unknown): void {
  checkText(call, name, value);
  if (value === "") {
    throw new ConfigError(name, value, "must be the path of a file or a folder, as in runs/first");
  }
}

/**
 * Throws unless every entry of a list is of a kind.
 *
 * @param call The function with the names of its arguments in order.
 * @param name The name of the list, such as `"words"`.
 * @throws {TypeError} If one is of another kind. The message names the index of the entry.
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

/** Describes a value in a message: `a BertTokenizer`, `an array` or `7`. */
export function nameOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise: write await before the call that returns it";
  const type = value.constructor?.name ?? "Object";
  if (type === "" && Symbol.asyncIterator in value) {
    return "a stream: collect it with await Array.fromAsync(stream)";
  }
  if (type !== "Object") return `${/^[AEIOU]/.test(type) ? "an" : "a"} ${type}`;
  const names = Object.keys(value).slice(0, 5).join(", ");
  return names === "" ? "an empty object" : `an object with ${names}`;
}

/** Throws `ConfigError` unless a value is one of `choices`. */
export function checkChoice(field: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  const wanted = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw new ConfigError(field, value, `must be one of ${wanted}`);
}

/** Throws `ConfigError` unless a value is a whole number from `least` to `most`, both included. */
export function checkWhole(field: string, value: unknown, least: number, most = Infinity): void {
  const fits = Number.isSafeInteger(value) && (value as number) >= least;
  if (fits && (value as number) <= most) return;
  const isLarge = Number.isInteger(value) && (value as number) >= least;
  const end = most === Infinity && isLarge ? Number.MAX_SAFE_INTEGER : most;
  const range = end === Infinity ? `of at least ${least}` : `from ${least} to ${end}`;
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

/** Throws `ConfigError` unless a value x is a number with 0 ≤ x < 1. */
export function checkBelow1(field: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value < 1) return;
  throw new ConfigError(field, value, "must be at least 0 and below 1");
}

/** Throws `ConfigError` unless a value is true or false. */
export function checkSwitch(field: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ConfigError(field, value, "must be true or false");
}

/** Calls `checkSwitch()` for each of the named options that is given. */
export function checkSwitches<T extends object>(
  options: T,
  names: readonly (keyof T & string)[],
): void {
  for (const name of names) if (options[name] !== undefined) checkSwitch(name, options[name]);
}
