/** Clipping of gradients by their global norm. */
import type * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../model/argument_kinds.ts";
import { checkArguments, type Kind, NUMBER } from "../checks.ts";
import { globalNorm } from "./global_norm.ts";

const GRADIENTS: Kind = {
  name: "tensors by name",
  fits: (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every(TENSOR.fits),
};

/**
 * Computes the global norm of all gradients, and the factor that reduces it to `clipNorm`.
 *
 * The gradients themselves are not changed: pass the factor to `AdamW.step()`. The norm is read
 * synchronously, which the backend `webgpu` cannot do; `trainStep()` reads it together with the
 * losses.
 *
 * @returns `norm`: NaN or infinite if any gradient is; `scale`: 1 unless the norm is above `clipNorm`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { clipByGlobalNorm } from "bert/training/clipping.ts";
 * import { deepStrictEqual } from "node:assert";
 * const gradients = { a: tf.tensor1d([3]), b: tf.tensor1d([4]) };
 * deepStrictEqual(clipByGlobalNorm(gradients, 1), { norm: 5, scale: 0.2 });
 * ```
 *
 * Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks";
 * `tf.clip_by_global_norm`.
 */
export function clipByGlobalNorm(
  gradients: tf.NamedTensorMap,
  clipNorm: number,
): { norm: number; scale: number } {
  checkArguments("clipByGlobalNorm(gradients, clipNorm)", [
    ["gradients", gradients, GRADIENTS],
    ["clipNorm", clipNorm, NUMBER],
  ]);
  const length = globalNorm(gradients);
  const [norm] = length.dataSync();
  length.dispose();
  return { norm, scale: clipScale(norm, clipNorm) };
}

/**
 * The factor, at most 1, that reduces a gradient of norm `norm` to at most `clipNorm`.
 *
 * @example
 * ```ts
 * import { clipScale } from "bert/training/clipping.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(clipScale(5, 1), 0.2);
 * strictEqual(clipScale(0.5, 1), 1); // a short gradient stays as it is
 * ```
 */
export function clipScale(norm: number, clipNorm: number): number {
  return norm > clipNorm ? clipNorm / norm : 1;
}
