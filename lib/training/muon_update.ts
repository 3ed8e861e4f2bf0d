/** Muon's update of one matrix: momentum, then orthogonalisation. It is defined by tfjs operations. */
import * as tf from "@tensorflow/tfjs";

/** The numbers of one update. */
export interface MuonFactors {
  /** Decay rate of the running mean of the gradients, 0 to below 1. */
  readonly momentum: number;
  /** The factor of clipping: the gradient is multiplied by it first. */
  readonly scale: number;
  /** The learning rate. */
  readonly rate: number;
  /** The factor of weight decay: `1 - rate * weightDecay`. */
  readonly shrink: number;
  /** The number of matrices that lie side by side in the weight. Each is orthogonalised separately. */
  readonly parts: number;
}

/**
 * Coefficients a, b and c of the Newton-Schulz iteration, chosen for the steepest slope at 0, so that
 * small singular values grow fast.
 */
const A = 3.4445;
const B = -4.775;
const C = 2.0315;

/** The number of Newton-Schulz iterations. */
const ITERATIONS = 5;

/** A lower bound of the norm that a gradient is divided by. */
const EPSILON = 1e-7;

/**
 * Updates one matrix and its momentum.
 *
 * With the gradient G, momentum M and weight W: `M ← μ M + (1 - μ) G`, then with Nesterov's
 * look-ahead `D = μ M + (1 - μ) G`, and `W ← W (1 - rate · decay) - rate · 0.2 · √max(m, n) · O`,
 * where O is D orthogonalised. The factor before O gives the update the same root mean square as one
 * of AdamW, so that the same learning rates fit both.
 *
 * @param weight `[m, n]`, or several such matrices side by side. It gets a new tensor.
 * @param gradient A tensor of the weight's shape.
 * @param momentum A tensor of the weight's shape: zeros before the first step. This function disposes
 * of it.
 * @returns The new momentum, which the caller disposes of.
 *
 * Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the factor
 * is that of Liu et al. 2025, "Muon is Scalable for LLM Training". Like `torch.optim.Muon` with
 * `adjust_lr_fn="match_rms_adamw"`, but in float32, where PyTorch iterates in bfloat16.
 */
export function muonUpdate(
  weight: tf.Variable,
  gradient: tf.Tensor,
  momentum: tf.Tensor,
  { momentum: kept, scale, rate, shrink, parts }: MuonFactors,
): tf.Tensor {
  const [updated, mean] = tf.tidy(() => {
    const fresh = tf.mul(gradient, scale * (1 - kept)); // [m, n]
    const mean = tf.add(tf.mul(momentum, kept), fresh); // [m, n]
    const ahead = tf.add(tf.mul(mean, kept), fresh) as tf.Tensor2D; // [m, n]
    const matrices = sideBySide(ahead, parts); // [m, n / parts] each
    const step = tf.concat(matrices.map(orthogonal), 1); // [m, n]
    const [rows, columns] = matrices[0].shape;
    const length = rate * 0.2 * Math.sqrt(Math.max(rows, columns));
    return [tf.sub(tf.mul(weight, shrink), tf.mul(step, length)), tf.keep(mean)];
  });
  weight.assign(updated);
  tf.dispose([updated, momentum]);
  return mean;
}

/** Splits a tensor into the matrices that lie side by side in it. `tf.split()` would be slow here. */
function sideBySide(x: tf.Tensor2D, parts: number): tf.Tensor2D[] {
  const [rows, columns] = x.shape;
  const width = columns / parts;
  return Array.from({ length: parts }, (_, i) => tf.slice(x, [0, i * width], [rows, width]));
}

/**
 * A matrix with the directions of the given one and singular values between 0.7 and 1.2: about `U Vᵀ`
 * where the given one is `U S Vᵀ`.
 *
 * @param x `[m, n]` float32. Zeros stay zeros.
 * @returns `[m, n]`; the caller disposes of it.
 *
 * Source: Jordan et al. 2024: five steps of `X ← a X + (b X Xᵀ + c (X Xᵀ)²) X`.
 *
 * @example Perpendicular rows of very different lengths get about the same length
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { orthogonal } from "bert/training/muon_update.ts";
 * import { ok } from "node:assert";
 * const [[a, b], [c, d]] = orthogonal(tf.tensor2d([[30, 0], [0, 1]])).arraySync();
 * ok(a > 0.6 && a < 1.3 && d > 0.6 && d < 1.3 && b === 0 && c === 0);
 * ```
 */
export function orthogonal(x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const tall = x.shape[0] > x.shape[1];
    const wide = tall ? tf.transpose(x) : x; // [r, c], r at most c
    const length = tf.sqrt(tf.sum(tf.square(wide))); // []: tf.norm() would be slow
    let y: tf.Tensor2D = tf.div(wide, tf.maximum(length, EPSILON));
    for (let i = 0; i < ITERATIONS; i++) {
      const gram = tf.matMul(y, y, false, true); // [r, r]
      const mix = tf.add(tf.mul(gram, B), tf.mul(tf.matMul(gram, gram), C)) as tf.Tensor2D; // [r, r]
      y = tf.add(tf.mul(y, A), tf.matMul(mix, y)); // [r, c]
    }
    return tall ? tf.transpose(y) : y;
  });
}
