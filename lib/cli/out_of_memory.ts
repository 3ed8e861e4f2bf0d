/** What a person can do when a run needs more memory than there is. */
import { ConfigError, NoExamplesError, OutOfMemoryError } from "../errors.ts";

/** The settings that decide how much memory a run needs. */
export interface MemoryNeed {
  readonly batchSize: number;
  readonly length: number;
  readonly preset: string;
}

/**
 * Rewords an error that ended a step with the settings by which it takes less memory. An error that
 * cannot come from a lack of memory is returned as it is.
 *
 * The backend `simd` says that its memory has ended by a class of its own. The JavaScript engine
 * throws a plain `RangeError` where it cannot make an array, and nothing but its message tells it from
 * another one: so of a plain `RangeError` the message says only that memory may have ended. If the
 * heap of the engine is full, the process ends without an error.
 *
 * @example
 * ```ts
 * import { explainMemory } from "bert/cli/out_of_memory.ts";
 * import { OutOfMemoryError } from "bert/errors.ts";
 * import { ok, strictEqual } from "node:assert";
 * const need = { batchSize: 32, length: 128, preset: "base" };
 * const full = new OutOfMemoryError("", "a tensor needs 4 MiB", "2 MiB are free");
 * const error = explainMemory(full, need);
 * ok(error instanceof RangeError && /--batch-size 16 --accumulation 2/.test(error.message));
 * const other = new Error("another");
 * strictEqual(explainMemory(other, need), other);
 * ```
 */
export function explainMemory(error: unknown, { batchSize, length, preset }: MemoryNeed): unknown {
  if (!(error instanceof RangeError)) return error;
  if (error instanceof ConfigError || error instanceof NoExamplesError) return error;
  const settings = `--preset ${preset}, --batch-size ${batchSize} and --length ${length}`;
  const half = Math.max(1, batchSize >> 1);
  const cure = `--batch-size ${half} --accumulation 2 learns the same from half the memory`;
  const message = error instanceof OutOfMemoryError
    ? `Out of memory with ${settings} (${error.need}). Lower them; ${cure}`
    : `A step failed with ${settings} (${error.message}). If memory has ended, lower them; ${cure}`;
  return new RangeError(message, { cause: error });
}
