/**
 * The words on a command line that are no settings of a run.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { nearest } from "../checks.ts";
import { ConfigError } from "../errors.ts";

export function readArguments<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: T,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    const problem = error instanceof Error ? error.message.split(". ")[0] : String(error);
    const known = Object.keys(options).map((option) => `--${option}`);
    const near = nearest(problem.match(/'(--?[\w-]+)/)?.[1] ?? "", known);
    const hint = near ? `: did you mean ${near}?` : "";
    throw new ConfigError("arguments", args.join(" "), `must be as in --help: ${problem}${hint}`);
  }
}
