/**
 * The norm of the gradient over all weights. It is defined by tfjs operations; a backend may have a
 * kernel of its own.
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../backend/operation.ts";

/**
 * The Euclidean norm of all tensors, taken as one vector: √Σ x² over all their numbers.
 *
 * @returns A scalar, which is NaN or infinite if one of the numbers is; the caller disposes of it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { globalNorm } from "bert/training/global_norm.ts";
 * import { strictEqual } from "node:assert";
 * const norm = globalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) });
 * strictEqual(norm.dataSync()[0], 5);
 * ```
 */
export function globalNorm(tensors: tf.NamedTensorMap): tf.Scalar {
  const own = fused("BertGlobalNorm", tensors)?.[0];
  const filled = Object.values(tensors).filter(({ size }) => size > 0);
  return (own as tf.Scalar | undefined) ?? tf.tidy(() => plainNorm(filled));
}

/** m · √Σ (x / m)², where m is the largest |x|, as x² alone may overflow float32. */
function plainNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  const largest = tensors.map((x) => tf.max(tf.abs(x)))
    .reduce((most, x) => tf.maximum(most, x), tf.scalar(1e-30)); // []
  const squares = tensors.map((x) => tf.sum(tf.square(tf.div(x, largest)))); // [] each
  return tf.mul(largest, tf.sqrt(sumOfAll(squares))).asScalar();
}

/**
 * The sum of tensors of one shape, added two at a time. On the backend `webgpu`, `tf.addN()` returns
 * wrong sums of more than seven tensors without an error, as a shader has eight buffers there.
 */
function sumOfAll(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => tensors.reduce((sum, x) => tf.add(sum, x), tf.scalar(0)));
}
