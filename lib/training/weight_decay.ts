/** The weights to which decay is applied. */

/**
 * Whether a weight decays by default: matrices and embeddings do, biases and LayerNorm do not.
 *
 * @example
 * ```ts
 * import { decaysByDefault } from "bert/training/weight_decay.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(["a.dense.weight", "a.dense.bias", "a.LayerNorm.weight"].map(decaysByDefault), [true, false, false]);
 * ```
 */
export function decaysByDefault(name: string): boolean {
  return !/bias|layer_?norm/i.test(name);
}
