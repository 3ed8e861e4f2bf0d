/** Reading the options of tasks that have few options: all except pretrain and prepare. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { checkPositive, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { nearest } from "../nearest_name.ts";
import { checkOnce, numberIn } from "../runs/option_parser.ts";

/**
 * Reads the options and the other words of a command line, in the form of `parseArgs()` of
 * `node:util`.
 *
 * @throws {ConfigError} If an option is unknown or repeated, or a value is missing or superfluous. The
 * message names the option, or the nearest one.
 *
 * @example
 * ```ts
 * import { readArguments } from "bert/cli/simple_options.ts";
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
  const words = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    checkOption(token, options);
    checkOnce(token.name, `--${token.name}`, words); // -h and --help are the same option
  }
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

/** Joins each value to its option by "=", so that "-3" can be a value. */
function inlined(tokens: readonly Token[]): string[] {
  return tokens.map((token) => {
    if (token.kind === "positional") return token.value;
    if (token.kind === "option-terminator") return "--";
    return token.value === undefined ? token.rawName : `--${token.name}=${token.value}`;
  });
}

/**
 * Reads the value of an option as a whole number.
 *
 * @throws {ConfigError} Unless it is a whole number from `least` to `most`.
 */
export function readWhole(option: string, typed: string, least: number, most?: number): number {
  const value = numberIn(typed);
  checkWhole(option, value, least, most);
  return Number(value);
}

/**
 * Reads the value of an option as a number above 0.
 *
 * @throws {ConfigError} Unless it is a number above 0.
 */
export function readPositive(option: string, typed: string): number {
  const value = numberIn(typed);
  checkPositive(option, value);
  return Number(value);
}
