/** Advice for a run that needs more memory than there is. */
import { ConfigError, NoExamplesError, OutOfMemoryError } from "../errors.ts";

/** The settings that decide how much memory a run needs. */
export interface MemoryNeed {
  /** The sequences in a batch. */
  readonly batchSize: number;
  /** The tokens in a sequence. */
  readonly length: number;
  /** The size of the model. */
  readonly preset: string;
}

/**
 * Rewords an error that ended a step, and names settings with which a step takes less memory. An error
 * that cannot come from a lack of memory is returned unchanged.
 *
 * If the memory of the backend `simd` is used up, it throws an error class of its own. If the
 * JavaScript engine cannot make an array, it throws a plain `RangeError`, which only its message
 * distinguishes from others. So for a plain `RangeError` the new message says that memory may be the
 * cause. If the heap of the engine is full, the process ends without an error.
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
  const advice = `--batch-size ${half} --accumulation 2 learns the same in half the memory`;
  const message = error instanceof OutOfMemoryError
    ? `Out of memory with ${settings} (${error.need}). Lower them; ${advice}`
    : `A step failed with ${settings} (${error.message}). If memory ran out, lower them; ${advice}`;
  return new RangeError(message, { cause: error });
}
