/**
 * The errors of this library. Each is a subclass of the built-in error of the same meaning and carries,
 * as data, what its message says in words.
 */

/** The size of each axis; a string such as `"B"` stands for any size. */
export type Shape = readonly (number | string)[];

/** A tensor or array does not have the shape that its function needs. */
export class ShapeError extends TypeError {
  /** Always `"ShapeError"`. */
  override readonly name = "ShapeError";
  /** The shape that the computation needs; a string stands for any size. */
  readonly expected: Shape;
  /** The shape that was given. */
  readonly actual: Shape;

  /**
   * Says what was to be computed, which shape it needs and which shape was given.
   *
   * @param what The computation and the argument, as in `"crossEntropyLoss() from labels"`.
   */
  constructor(what: string, expected: Shape, actual: Shape) {
    super(`Cannot compute ${what}: expected shape [${expected}], got [${actual}]`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** A setting has a value that cannot work, alone or beside another setting. */
export class ConfigError extends RangeError {
  /** Always `"ConfigError"`. */
  override readonly name = "ConfigError";
  /** The setting's name, as in `BertConfig`, `DataConfig`, `TrainConfig` or an options object. */
  readonly field: string;
  /** The value that cannot work. */
  readonly value: unknown;
  /** What was expected and how to correct it, as a clause: "must divide hiddenSize (256): try 4". */
  readonly advice: string;

  /**
   * Names the setting and its value, and says how to correct it.
   *
   * @param advice A clause such as "must divide hiddenSize (256): try 4".
   */
  constructor(field: string, value: unknown, advice: string) {
    super(`Invalid ${field} = ${describe(value)}: it ${advice}`);
    this.field = field;
    this.value = value;
    this.advice = advice;
  }
}

/**
 * An option has a name that its function does not know. A `ConfigError` whose `field` is that name.
 *
 * The cells of a notebook are not type-checked, so a mistyped option would be ignored silently.
 */
export class UnknownOptionError extends ConfigError {
  /**
   * Names the option, its function, and the known options.
   *
   * @param what The function whose option it would be, as in `"mlmData()"`.
   * @param advice The nearest known name, if there is one, and all known names.
   */
  constructor(field: string, value: unknown, what: string, advice: string) {
    super(field, value, "is unknown");
    this.message = `Unknown option ${field} of ${what}: ${advice}`;
  }
}

/** The texts yield no example to train or to evaluate on. */
export class NoExamplesError extends RangeError {
  /** Always `"NoExamplesError"`. */
  override readonly name = "NoExamplesError";
}

/** The memory of a backend has no room for what a computation needs. */
export class OutOfMemoryError extends RangeError {
  /** Always `"OutOfMemoryError"`. */
  override readonly name = "OutOfMemoryError";
  /** What had no room, and how much of it: "a float32 tensor [8000,1000] needs 30.5 MiB". */
  readonly need: string;

  /**
   * Says what had no room, how full the memory is, and what to do.
   *
   * @param where The computation that needed the memory, as in `"Concat"`; empty if it is not known.
   * @param need What had no room, and how much of it.
   * @param usage How full the memory is, and what to do.
   */
  constructor(where: string, need: string, usage: string) {
    super(`Out of memory${where === "" ? "" : ` in ${where}`}: ${need}; ${usage}`);
    this.need = need;
  }
}

/** A file, or text in a known format, cannot be read. */
export class FormatError extends SyntaxError {
  /** Always `"FormatError"`. */
  override readonly name = "FormatError";
  /** The path of the file, or the name of a text that does not come from a file. */
  readonly file: string;
  /** The line, from 1; undefined if the problem is not in one line. */
  readonly line: number | undefined;
  /** What was expected, what was found, and the fix. */
  readonly problem: string;

  /**
   * Names the file and the line, and says what is wrong there.
   *
   * @param problem What was expected, what was found, and the fix.
   * @param options Its `cause`, such as an error of the operating system.
   */
  constructor(file: string, problem: string, line?: number, options?: ErrorOptions) {
    super(`Cannot read ${file}${line === undefined ? "" : `, line ${line}`}: ${problem}`, options);
    this.file = file;
    this.line = line;
    this.problem = problem;
  }
}

/** A saved model has no weights of some heads. A `FormatError` that also names these heads. */
export class MissingHeadsError extends FormatError {
  /** The heads in words, as in `"the next-sentence head"`. */
  readonly heads: readonly string[];

  /**
   * Names the heads, and says how to load the model nevertheless.
   *
   * @param heads The heads in words.
   * @param way What to do about it. Default: the option of `loadModel()`.
   */
  constructor(
    file: string,
    heads: readonly string[],
    way = "pass { seed } to start them from random numbers, or load BertModel alone",
  ) {
    super(file, `it has no weights of ${heads.join(", ")}: ${way}`);
    this.heads = heads;
  }
}

/**
 * Throws unless `tensor` has the expected shape.
 *
 * @param what The computation and the argument, as in `"crossEntropyLoss() from labels"`.
 * @param tensor Anything with a `shape`.
 * @param expected One entry per axis; a string matches any size.
 * @throws {ShapeError} If the rank or a size differs.
 * @throws {TypeError} If it has no shape, as an array has none.
 *
 * @example
 * ```ts
 * import { checkShape } from "bert/errors.ts";
 * checkShape("a sum", { shape: [2, 3] }, ["B", 3]); // any batch, three columns: passes
 * ```
 */
export function checkShape(
  what: string,
  tensor: { readonly shape: readonly number[] },
  expected: Shape,
): void {
  const { shape } = tensor ?? {};
  if (!Array.isArray(shape)) {
    const found = Array.isArray(tensor) ? "an array" : describe(tensor);
    const fix = "make one of it, as with tf.tensor()";
    throw new TypeError(`Cannot compute ${what}: expected a tensor, found ${found}: ${fix}`);
  }
  const fits = shape.length === expected.length &&
    expected.every((size, axis) => typeof size === "string" || size === shape[axis]);
  if (!fits) throw new ShapeError(what, expected, shape);
}

/**
 * A value as a reader would type it, at most 60 characters, for a message.
 *
 * @example
 * ```ts
 * import { describe } from "bert/errors.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(describe("sea"), '"sea"'); // with quotes, so that a text differs from a number
 * strictEqual(describe("a".repeat(99)).length, 60);
 * ```
 */
export function describe(value: unknown): string {
  return shortened(toText(value));
}

/** A text, at most 60 characters, for a message: the end of a longer one becomes `...`. */
export function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * A string or an object as JSON, and any other value as `String()` writes it. An object that JSON
 * cannot express, as it contains a bigint or itself, is called "an object" or "an array".
 */
function toText(value: unknown): string {
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? "an array" : "an object";
  }
}
