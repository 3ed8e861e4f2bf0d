/** What a person can do when a run needs more memory than there is. */

/** The settings that decide how much memory a run needs. */
export interface MemoryNeed {
  readonly batchSize: number;
  readonly length: number;
  readonly preset: string;
}

/**
 * Rewords an error that means "out of memory" with the settings to lower. Any other error is returned
 * as it is.
 *
 * If the heap of the JavaScript engine is full, the process ends without such an error.
 *
 * @example
 * ```ts
 * import { explainMemory } from "bert/cli/out_of_memory.ts";
 * import { ok, strictEqual } from "node:assert";
 * const need = { batchSize: 32, length: 128, preset: "base" };
 * const error = explainMemory(new RangeError("Array buffer allocation failed"), need);
 * ok(error instanceof RangeError && /--batch-size 16 --accumulation 2/.test(error.message));
 * const other = new Error("another");
 * strictEqual(explainMemory(other, need), other);
 * ```
 */
export function explainMemory(error: unknown, { batchSize, length, preset }: MemoryNeed): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const ended =
    /out of memory|allocation failed|maximum memory size|invalid (typed )?array length/i;
  if (!(error instanceof RangeError) || !ended.test(text)) return error;
  const half = Math.max(1, batchSize >> 1);
  return new RangeError(
    `Out of memory with --preset ${preset}, --batch-size ${batchSize} and --length ${length} ` +
      `(${
        text.split(/[.;]/)[0]
      }). Lower them; --batch-size ${half} --accumulation 2 learns the same ` +
      "from half the memory",
    { cause: error },
  );
}
