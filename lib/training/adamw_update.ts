/**
 * AdamW's update of one weight. It is not differentiable. It is defined by tfjs operations; a backend
 * may have a kernel of its own.
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../backend/operation.ts";

/** The numbers of one update that are the same for every value of a weight. */
export interface UpdateFactors {
  /** β₁: the decay rate of `first`. */
  readonly beta1: number;
  /** β₂: the decay rate of `second`. */
  readonly beta2: number;
  /** ε: added to the root in the denominator. */
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
 * Updates one weight and its two means, which are replaced or overwritten. With the gradient G, the
 * means m and v, and the weight W: `g = scale · G`, `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
 * `W ← shrink · W - rate · m / (√(correction2 · v) + ε)`.
 *
 * On tfjs's own backends the weight gets a new tensor: the wasm backend keeps packed copies of
 * weights by tensor, and would go on using the old copy. The backend `simd` writes in place.
 *
 * @param weight The weight. A clone that was made of it earlier keeps the old numbers.
 * @param gradient A tensor of the weight's shape; the caller disposes of it.
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
