/** The messages that tasks print for errors. */
import { FormatError } from "../errors.ts";
import { absolutePath } from "../files/path.ts";

/**
 * Returns the message of an error. The path of a file that cannot be read becomes absolute. A name
 * without a dot or slash is the name of a bundled corpus and not a path.
 *
 * @example
 * ```ts
 * import { messageOf } from "bert/cli/error_message.ts";
 * import { FormatError } from "bert/errors.ts";
 * import { strictEqual } from "node:assert";
 * const error = new FormatError("texts/a.csv", "expected a header", 1);
 * strictEqual(messageOf(error), `Cannot read ${Deno.cwd()}/texts/a.csv, line 1: expected a header`);
 * ```
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof FormatError) || !/[./\\]/.test(error.file)) return error.message;
  return new FormatError(absolutePath(error.file), error.problem, error.line).message;
}
