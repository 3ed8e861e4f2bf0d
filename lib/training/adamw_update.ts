/**
 * The two operations of an optimisation step that have no gradient: AdamW's update of one weight, and
 * the norm of the gradient. They are defined by tfjs operations; a backend may have kernels of its
 * own.
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../backend/operation.ts";

/** The numbers of one update that are the same for every value of a weight. */
export interface UpdateFactors {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The factor of clipping: the gradient is multiplied by it first. */
  readonly scale: number;
  /** The learning rate over `1 - beta1^t`. */
  readonly rate: number;
  /** `1 / (1 - beta2^t)`. */
  readonly correction2: number;
  /** The factor of weight decay: `1 - learningRate * weightDecay`. */
  readonly shrink: number;
}

/**
 * The running means of a weight's gradient (`first`) and of its square (`second`), with the weight's
 * shape.
 */
export interface MomentTensors {
  first: tf.Tensor;
  second: tf.Tensor;
}

/**
 * Updates one weight and its two means, which are replaced or overwritten.
 *
 * On tfjs's own backends the weight gets a new tensor: the wasm backend keeps packed copies of
 * weights by tensor, and would go on using the old copy. The backend `simd` writes in place.
 *
 * @param weight The weight. A clone that was made of it earlier keeps the old numbers.
 * @param gradient Of the weight's shape.
 * @param moments The means. The caller disposes of them in the end.
 *
 * Source: Loshchilov and Hutter 2019, algorithm 2.
 */
export function adamWUpdate(
  weight: tf.Variable,
  gradient: tf.Tensor,
  moments: MomentTensors,
  factors: UpdateFactors,
): void {
  const own = fused("BertAdamW", { weight, gradient, ...moments }, { ...factors });
  const [updated, ...means] = own ?? plainUpdate(weight, gradient, moments, factors);
  weight.assign(updated);
  updated.dispose();
  if (means.length === 0) return;
  tf.dispose([moments.first, moments.second]);
  [moments.first, moments.second] = means;
}

/** The new weight and its new means. */
function plainUpdate(
  weight: tf.Tensor,
  gradient: tf.Tensor,
  moments: MomentTensors,
  { beta1, beta2, epsilon, scale, rate, correction2, shrink }: UpdateFactors,
): tf.Tensor[] {
  return tf.tidy(() => {
    const slope = tf.mul(gradient, scale);
    const first = tf.add(tf.mul(moments.first, beta1), tf.mul(slope, 1 - beta1));
    const second = tf.add(tf.mul(moments.second, beta2), tf.mul(tf.square(slope), 1 - beta2));
    const length = tf.add(tf.sqrt(tf.mul(second, correction2)), epsilon);
    const updated = tf.sub(tf.mul(weight, shrink), tf.div(tf.mul(first, rate), length));
    return [updated, first, second].map((tensor) => tf.keep(tensor));
  });
}

/**
 * The Euclidean norm of all these tensors, taken as one vector.
 *
 * @returns A scalar, NaN or infinite if a number among them is; the caller disposes of it.
 *
 * @example
 * ```ts
 * import { globalNorm } from "bert/training/adamw_update.ts";
 * import { strictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
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
export function sumOfAll(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => tensors.reduce((sum, x) => tf.add(sum, x), tf.scalar(0)));
}
