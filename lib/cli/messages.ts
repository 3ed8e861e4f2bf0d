/** What a task says about an error. */
import { FormatError } from "../errors.ts";
import { absolutePath } from "../files/path.ts";

/**
 * The message of an error, in which the path of a file that cannot be read starts at the root. A name
 * without a dot or slash is no path: it is that of a bundled corpus.
 *
 * @example
 * ```ts
 * import { messageOf } from "bert/cli/messages.ts";
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
