/**
 * The words on a command line that are no settings of a run.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { checkPositive, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { nearest } from "../nearest_name.ts";

/**
 * The options and the other words on a command line, as `parseArgs()` of `node:util` gives them.
 *
 * @throws {ConfigError} If an option is unknown (the nearest is named), or a value is missing or too much.
 *
 * @example
 * ```ts
 * import { readArguments } from "bert/cli/arguments.ts";
 * import { strictEqual, throws } from "node:assert";
 * const options = { seed: { type: "string" } } as const;
 * strictEqual(readArguments(["in", "--seed", "3"], options).values.seed, "3");
 * throws(() => readArguments(["--sede", "3"], options), /did you mean --seed\?/);
 * ```
 */
export function readArguments<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: T,
) {
  const { tokens } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options,
  });
  for (const token of tokens) if (token.kind === "option") checkOption(token, options);
  return parseArgs({ args: inlined(tokens), allowPositionals: true, options });
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

function checkOption(
  { name, rawName, value, inlineValue }: OptionToken,
  options: NonNullable<ParseArgsConfig["options"]>,
): void {
  if (!Object.hasOwn(options, name)) {
    const near = nearest(rawName, Object.keys(options).map((known) => `--${known}`));
    const hint = near ? `did you mean ${near}?` : "see --help";
    throw new ConfigError("option", rawName, `is not one of this task: ${hint}`);
  }
  if (options[name].type === "boolean") {
    if (value !== undefined) throw new ConfigError(rawName, value, "is a switch without a value");
  } else if (value === undefined || value === "" || !inlineValue && value.startsWith("--")) {
    throw new ConfigError(rawName, value, "must be followed by a value: see --help");
  }
}

/** The words again, with each value behind its option's "=", so that "-3" can be one. */
function inlined(tokens: readonly Token[]): string[] {
  return tokens.map((token) => {
    if (token.kind === "positional") return token.value;
    if (token.kind === "option-terminator") return "--";
    return token.value === undefined ? token.rawName : `--${token.name}=${token.value}`;
  });
}

/**
 * The whole number that was typed as the value of an option.
 *
 * @throws {ConfigError} Unless it is one, at least `least` and at most `most`.
 */
export function readWhole(option: string, typed: string, least: number, most?: number): number {
  const value = numberIn(typed);
  checkWhole(option, value, least, most);
  return Number(value);
}

/**
 * The number above 0 that was typed as the value of an option.
 *
 * @throws {ConfigError} Unless it is one.
 */
export function readPositive(option: string, typed: string): number {
  const value = numberIn(typed);
  checkPositive(option, value);
  return Number(value);
}

/** What is no number stays a text, for the message; `Number("")` would be 0. */
function numberIn(typed: string): number | string {
  const value = Number(typed);
  return typed.trim() === "" || Number.isNaN(value) ? typed : value;
}
