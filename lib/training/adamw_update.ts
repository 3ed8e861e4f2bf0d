/**
 * The two operations of an optimisation step that are not differentiable: AdamW's update of one
 * weight, and the length of the gradient. Defined on plain arrays; a backend may bring kernels.
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../backend/operation.ts";

/** The numbers of one update that are the same for every value of a weight. */
export interface UpdateFactors {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The gradient is multiplied by this first: the clipping. */
  readonly scale: number;
  /** The learning rate over `1 - beta1^t`. */
  readonly rate: number;
  /** `1 / (1 - beta2^t)`. */
  readonly correction2: number;
  /** What decay leaves of a weight: `1 - learningRate * weightDecay`. */
  readonly shrink: number;
}

/** The running means of a weight's gradient (`first`) and of its square (`second`), of its shape. */
export interface MomentTensors {
  first: tf.Tensor;
  second: tf.Tensor;
}

/**
 * One update of one weight and of its two means, which are replaced or overwritten.
 *
 * On stock backends the weight gets a new tensor, as the wasm backend keeps packed copies of weights
 * by tensor and would go on with the old one; `simd` writes in place.
 *
 * @param weight Updated; a clone made of it earlier keeps the old numbers.
 * @param gradient Of the weight's shape.
 * @param moments Updated; the caller disposes of them in the end.
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
  const values = [weight, gradient, moments.first, moments.second];
  const [old, slope, first, second] = values.map((tensor) => tensor.dataSync<"float32">());
  const [w, m, v] = [0, 1, 2].map(() => new Float32Array(old.length));
  for (let i = 0; i < old.length; i++) {
    const g = slope[i] * scale;
    m[i] = beta1 * first[i] + (1 - beta1) * g;
    v[i] = beta2 * second[i] + (1 - beta2) * g * g;
    w[i] = shrink * old[i] - rate * m[i] / (Math.sqrt(v[i] * correction2) + epsilon);
  }
  return [w, m, v].map((array) => tf.keep(tf.tensor(array, weight.shape, "float32")));
}

/**
 * The length of all these tensors taken as one vector.
 *
 * @returns NaN or infinite if a number among them is.
 *
 * @example
 * ```ts
 * import { globalNorm } from "bert/training/adamw_update.ts";
 * import { strictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * strictEqual(globalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }), 5);
 * ```
 */
export function globalNorm(tensors: tf.NamedTensorMap): number {
  const own = fused("BertGlobalNorm", tensors)?.[0];
  if (!own) return Math.sqrt(Object.values(tensors).reduce((sum, x) => sum + squares(x), 0));
  const [norm] = own.dataSync();
  own.dispose();
  return norm;
}

function squares(x: tf.Tensor): number {
  return x.dataSync<"float32">().reduce((sum, value) => sum + value * value, 0);
}
