/** Reading a tensor into an array that the caller has already. */
import * as tf from "@tensorflow/tfjs";
import { SimdBackend } from "./simd/simd_backend.ts";

/**
 * Copies the numbers of a tensor into an array. `tensor.data()` would return a new array each time, and
 * new memory costs several times what the copy does.
 *
 * @param tensor A float32 tensor.
 * @param to The array; it may not be shorter than the tensor.
 * @param at The index in the array of the first number. Default 0.
 *
 * @example
 * ```ts
 * import { readInto } from "bert/backend/read_into.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const array = new Float32Array(4);
 * await readInto(tf.tensor1d([1, 2]), array, 1);
 * deepStrictEqual([...array], [0, 1, 2, 0]);
 * ```
 */
export async function readInto(tensor: tf.Tensor, to: Float32Array, at = 0): Promise<void> {
  const backend = tf.backend();
  to.set(backend instanceof SimdBackend ? backend.values(tensor) : await tensor.data(), at);
}
