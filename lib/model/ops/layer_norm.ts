/** Layer normalisation, alone and of a residual sum. */
import * as tf from "@tensorflow/tfjs";
import { checkShape } from "../../errors.ts";
import { checkDropout, dropoutSeeds, dropped } from "./dropout.ts";
import { differentiable, fused } from "../../backend/operation.ts";

/**
 * Normalises every row, γ (x - μ) / √(σ² + ε) + β, where μ and σ² are the row's mean and variance.
 *
 * @param x [N, H] float32.
 * @param gamma Scale per column, [H].
 * @param beta Shift per column, [H].
 * @param epsilon Added to the variance, inside the root.
 * @returns [N, H]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * Source: Ba et al. 2016, "Layer Normalization", section 3; `torch.nn.LayerNorm` (biased variance).
 *
 * @example
 * ```ts
 * import { layerNorm } from "bert/model/ops/layer_norm.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const y = layerNorm(tf.tensor2d([[1, 3]]), tf.tensor1d([1, 10]), tf.tensor1d([0, 5]), 1e-12);
 * deepStrictEqual(y.arraySync(), [[-1, 15]]);
 * ```
 */
export function layerNorm(
  x: tf.Tensor2D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): tf.Tensor2D {
  checkNorm("layerNorm()", x, gamma, beta);
  return differentiable(
    [x, gamma, beta],
    (save) => {
      const own = fused("BertLayerNorm", { x, gamma, beta }, { epsilon, rate: 0 });
      const [y, normalized, inverse] = own ?? plainNorm(x, gamma, beta, epsilon);
      save([normalized, inverse, gamma]);
      return y as tf.Tensor2D; // [N, H]
    },
    (dy, [normalized, inverse, gamma]) => normGradients(dy, normalized, inverse, gamma),
  );
}

/**
 * `layerNorm(x + dropout(sublayer))`, the last step of each of BERT's blocks.
 *
 * @param x The input of the block, [N, H] float32.
 * @param sublayer The output of its layers, [N, H] float32.
 * @param gamma Scale per column, [H].
 * @param beta Shift per column, [H].
 * @param epsilon Added to the variance, inside the root.
 * @param rate The share of `sublayer` to drop, from 0 to below 1; 0 in evaluation.
 * @param seed The seed that decides which positions are dropped.
 * @returns [N, H]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 * @throws {ConfigError} If the rate or the seed is invalid.
 *
 * Source: Vaswani et al. 2017 section 3.1 and 5.4; `BertSelfOutput` and `BertOutput`.
 *
 * @example
 * ```ts
 * import { layerNorm, residualLayerNorm } from "bert/model/ops/layer_norm.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const x = tf.tensor2d([[1, 2]]);
 * const s = tf.tensor2d([[3, 1]]);
 * const gamma = tf.ones<tf.Rank.R1>([2]);
 * const beta = tf.zeros<tf.Rank.R1>([2]);
 * const y = residualLayerNorm(x, s, gamma, beta, 1e-12, 0, 0);
 * deepStrictEqual(y.arraySync(), layerNorm(tf.add(x, s), gamma, beta, 1e-12).arraySync());
 * ```
 */
export function residualLayerNorm(
  x: tf.Tensor2D,
  sublayer: tf.Tensor2D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
  rate: number,
  seed: number,
): tf.Tensor2D {
  checkNorm("residualLayerNorm()", x, gamma, beta);
  checkShape("residualLayerNorm() from sublayer", sublayer, x.shape);
  checkDropout(rate, seed);
  const drop = (y: tf.Tensor2D): tf.Tensor2D => rate === 0 ? y : dropped(y, rate, seed);
  const attrs = { epsilon, rate, ...dropoutSeeds(seed) };
  return differentiable(
    [x, sublayer, gamma, beta],
    (save) => {
      const own = fused("BertLayerNorm", { x, sublayer, gamma, beta }, attrs);
      const [y, normalized, inverse] = own ??
        plainNorm(tf.add(x, drop(sublayer)), gamma, beta, epsilon);
      save([normalized, inverse, gamma]);
      return y as tf.Tensor2D; // [N, H]
    },
    (dy, [normalized, inverse, gamma]) => {
      const tensors = { dy, normalized, inverse, gamma };
      const own = fused("BertLayerNormGradient", tensors, { ...attrs, sublayer: 1 });
      if (own) return own;
      const [dx, dGamma, dBeta] = normGradients(dy, normalized, inverse, gamma);
      return [dx, rate === 0 ? dx.clone() : drop(dx as tf.Tensor2D), dGamma, dBeta];
    },
  );
}

function checkNorm(what: string, x: tf.Tensor2D, gamma: tf.Tensor, beta: tf.Tensor): void {
  checkShape(`${what} from x`, x, ["N", "H"]);
  checkShape(`${what} from gamma`, gamma, [x.shape[1]]);
  checkShape(`${what} from beta`, beta, [x.shape[1]]);
}

/** The output of LayerNorm, [N, H], the normalised rows, [N, H], and 1 / √(σ² + ε), [N, 1]. */
function plainNorm(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const centred = tf.sub(x, tf.mean(x, 1, true)); // [N, H]
  const variance = tf.mean(tf.square(centred), 1, true); // [N, 1]
  const inverse = tf.rsqrt(tf.add(variance, epsilon)); // [N, 1]
  const normalized = tf.mul(centred, inverse); // [N, H]
  return [tf.add(tf.mul(normalized, gamma), beta), normalized, inverse];
}

/**
 * The gradients with respect to x, gamma and beta. With the normalised row n and g = γ dy, that of x is
 * (g - mean(g) - n · mean(g n)) / √(σ² + ε).
 */
function normGradients(
  dy: tf.Tensor2D,
  normalized: tf.Tensor,
  inverse: tf.Tensor,
  gamma: tf.Tensor,
): tf.Tensor[] {
  const own = fused("BertLayerNormGradient", { dy, normalized, inverse, gamma });
  if (own) return own;
  const dGamma = tf.sum(tf.mul(dy, normalized), 0); // [H]
  const dNormalized = tf.mul(dy, gamma); // [N, H]
  const alongMean = tf.mean(dNormalized, 1, true); // [N, 1]
  const alongRow = tf.mean(tf.mul(dNormalized, normalized), 1, true); // [N, 1]
  const rest = tf.sub(tf.sub(dNormalized, alongMean), tf.mul(normalized, alongRow)); // [N, H]
  return [tf.mul(rest, inverse), dGamma, tf.sum(dy, 0)];
}
