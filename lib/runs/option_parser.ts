/**
 * Settings from a command line or a JSON file, checked against one table. Unknown names and impossible
 * values are refused, and the message suggests the nearest name. The help is made from the same table.
 */
import { ConfigError, FormatError } from "../errors.ts";
import {
  ARRAY,
  checkArguments,
  checkEntries,
  checkOptions,
  checkPositive,
  checkShare,
  checkSwitch,
  checkWhole,
  having,
  type Kind,
  TEXT,
} from "../checks.ts";
import { nearest } from "../nearest_name.ts";

/** One setting. Its name is `inCamelCase` in the table, and `--in-kebab-case` on the command line. */
export interface Option {
  /**
   * The kind of the value: a text, a whole number (`count`), a number above 0 (`positive`), or a number
   * from 0 to 1 (`share`). A `switch` has no value.
   */
  readonly kind: "text" | "count" | "positive" | "share" | "switch";
  /** The values that a text may have. */
  readonly choices?: readonly string[];
  /** The least value of a count. Default: 1. */
  readonly least?: number;
  /** The word that stands for the value in the help, as in `--out FOLDER`. */
  readonly value?: string;
  /** What the setting does, for the help. */
  readonly help: string;
  /** What to do instead of giving it twice. Default: leave one out. */
  readonly insteadOfTwice?: string;
}

/** A table of settings, in the order of the help. */
export type Options<K extends string> = Readonly<Record<K, Option>>;

/** The settings that were given, by name. */
export type Given<K extends string> = Partial<Record<K, string | number | boolean>>;

/** The name of a setting as it is typed in a command: `batchSize` as `--batch-size`. */
export function flag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const TABLE: Kind = having("a table of options, such as RUN_OPTIONS");

/**
 * Reads the settings of a command line: `--name value`, `--name=value`, `--switch`, `--no-switch`.
 *
 * @throws {ConfigError} If an option is unknown or repeated, or a value is missing or of the wrong
 * kind. The message names the option, or the nearest one.
 *
 * @example
 * ```ts
 * import { parseOptions } from "bert/runs/option_parser.ts";
 * import { deepStrictEqual } from "node:assert";
 * const table = { batchSize: { kind: "count", help: "" }, fast: { kind: "switch", help: "" } } as const;
 * deepStrictEqual(parseOptions(["--batch-size=8", "--no-fast"], table), { batchSize: 8, fast: false });
 * ```
 */
export function parseOptions<K extends string>(
  args: readonly string[],
  table: Options<K>,
): Given<K> {
  checkArguments("parseOptions(args, table)", [["args", args, ARRAY], ["table", table, TABLE]]);
  checkEntries("parseOptions(args, table)", "args", args, TEXT);
  const given: Given<K> = {};
  const words = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [, word, inline] = /^(--[^=]*)(?:=([\s\S]*))?$/.exec(args[i]) ?? [undefined, args[i]];
    const { name, negated } = findOption(word, table);
    checkOnce(name, word, words, table[name].insteadOfTwice);
    const { kind } = table[name];
    if (kind === "switch") {
      if (inline !== undefined) throw new ConfigError(word, inline, "is a switch without a value");
      given[name] = !negated;
    } else {
      const text = inline ?? args[++i];
      if (text === undefined || inline === undefined && text.startsWith("--")) {
        throw new ConfigError(
          word,
          text,
          `must be followed by a value, as in ${example(name, table)}`,
        );
      }
      given[name] = checkValue(word, kind === "text" ? text : numberIn(text), table[name]);
    }
  }
  return given;
}

/**
 * Notes that an option was given, and refuses it if it was given before: only one of its values could
 * take effect.
 *
 * @param word The option as it was typed.
 * @param words The options before it as they were typed, by name.
 * @param advice What to do instead of giving it twice.
 * @throws {ConfigError} If it was given before.
 */
export function checkOnce(
  name: string,
  word: string,
  words: Map<string, string>,
  advice = "leave one out",
): void {
  const before = words.get(name);
  words.set(name, word);
  if (before === undefined) return;
  const what = before === word ? "is given twice" : `contradicts ${before}`;
  throw new ConfigError("option", word, `${what}: ${advice}`);
}

/**
 * Reads the settings in an object from a JSON file.
 *
 * @throws {FormatError} If a setting is unknown or its value is of the wrong kind.
 *
 * @example
 * ```ts
 * import { optionsFromJson } from "bert/runs/option_parser.ts";
 * import { throws } from "node:assert";
 * const table = { batchSize: { kind: "count", help: "" } } as const;
 * throws(() => optionsFromJson({ batchsize: 8 }, table, "a.json"), /did you mean "batchSize"\?/);
 * ```
 */
export function optionsFromJson<K extends string>(
  json: Readonly<Record<string, unknown>>,
  table: Options<K>,
  file: string,
): Given<K> {
  checkArguments("optionsFromJson(json, table, file)", [
    ["json", json, having("an object of JSON")],
    ["table", table, TABLE],
    ["file", file, TEXT],
  ]);
  for (const [name, value] of Object.entries(json)) {
    if (!Object.hasOwn(table, name)) {
      const near = nearest(name, Object.keys(table));
      const hint = near
        ? `did you mean "${near}"?`
        : `the settings are ${Object.keys(table).join(", ")}`;
      throw new FormatError(file, `there is no setting "${name}": ${hint}`);
    }
    try {
      checkValue(name, value, table[name as K]);
    } catch (error) {
      throw new FormatError(file, (error as Error).message);
    }
  }
  return json as Given<K>;
}

/**
 * Checks that all settings are in a table and have the kind that it states.
 *
 * @param what The function whose settings they are.
 * @throws {ConfigError} If a setting is not in the table, or its value is of another kind. The message
 * names it as on the command line.
 */
export function checkGiven<K extends string>(
  what: string,
  given: Given<K>,
  table: Options<K>,
): void {
  checkOptions(what, given, Object.keys(table));
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) checkValue(flag(name), value, table[name as K]);
  }
}

/**
 * The help text of a table: a line for each option, with the explanations in a column.
 *
 * @example
 * ```ts
 * import { formatOptions } from "bert/runs/option_parser.ts";
 * import { strictEqual } from "node:assert";
 * const table = { batchSize: { kind: "count", help: "sequences in a batch" } } as const;
 * strictEqual(formatOptions(table), "  --batch-size N  sequences in a batch");
 * ```
 */
export function formatOptions<K extends string>(table: Options<K>): string {
  checkArguments("formatOptions(table)", [["table", table, TABLE]]);
  const rows = Object.entries<Option>(table).map(([name, option]) => {
    const value = option.kind === "switch" ? "" : ` ${option.value ?? "N"}`;
    return [`  ${flag(name)}${value}`, option.help];
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, help]) =>
    left.padEnd(width) + help.replaceAll("\n", `\n${" ".repeat(width)}`)
  ).join("\n");
}

/** Options by names of other libraries that are too unlike those here. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  "--learning-rate": "--lr",
  "--mlm-probability": "--mask",
  "--fp16": "--precision",
};

/** What to do instead of giving an option of another task. */
const OF_OTHER_TASKS: ReadonlyMap<string, string> = new Map([
  [
    "--vocab",
    "prepare the corpus with it (deno task prepare --vocab PATH --out FOLDER), then give --corpus FOLDER",
  ],
]);

function findOption<K extends string>(word: string, table: Options<K>) {
  const names = Object.keys(table) as K[];
  for (const name of names) {
    if (word === flag(name)) return { name, negated: false };
    const switched = table[name].kind === "switch";
    if (switched && word === `--no-${flag(name).slice(2)}`) return { name, negated: true };
  }
  const known = names.map(flag);
  const near = known.find((name) => name === FIELD_NAMES[word]) ?? nearest(word, known);
  const hint = OF_OTHER_TASKS.get(word) ?? (near ? `did you mean ${near}?` : "see --help");
  if (word.startsWith("-")) {
    throw new ConfigError("option", word, `is not one of this task: ${hint}`);
  }
  throw new ConfigError("argument", word, `follows no option: ${hint}`);
}

function example<K extends string>(name: K, table: Options<K>): string {
  const { choices, value, kind } = table[name];
  return `${flag(name)} ${
    choices?.[0] ?? (kind === "text" ? value : kind === "share" ? 0.1 : 100)
  }`;
}

/**
 * The number in a text. A text that is not a number is returned unchanged, for the message. The empty
 * text is not a number either, although `Number("")` is 0.
 */
export function numberIn(text: string): number | string {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

/** Throws `ConfigError` unless a value has the kind of an option and is one of its choices. */
function checkValue(name: string, value: unknown, option: Option): string | number | boolean {
  const { kind, choices, least = 1 } = option;
  const check = {
    text: () => checkText(name, value),
    switch: () => checkSwitch(name, value),
    count: () => checkWhole(name, value, least),
    positive: () => checkPositive(name, value),
    share: () => checkShare(name, value),
  }[kind];
  check();
  if (choices && !choices.includes(value as string)) {
    const near = nearest(value as string, choices);
    const hint = near ? `: did you mean "${near}"?` : "";
    throw new ConfigError(name, value, `must be one of ${choices.join(", ")}${hint}`);
  }
  return value as string | number | boolean;
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw new ConfigError(name, value, "must be a text");
  }
}
