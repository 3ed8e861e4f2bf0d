/** Scaled dot-product attention over several heads: softmax(Q Kᵀ / √D) V for each head. */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../argument_kinds.ts";
import { checkArguments, having, type Kind } from "../../checks.ts";
import { checkShape } from "../../errors.ts";
import { checkDropout, dropoutSeeds, dropped } from "./dropout.ts";
import { differentiable, fused } from "../../backend/operation.ts";

/** How the rows of `qkv` are laid out. */
export interface AttentionShape {
  /** The number of sequences, B. */
  readonly batch: number;
  /** The number of positions in each sequence, T. */
  readonly length: number;
  /** The number of heads, A; each takes an equal part of the columns. */
  readonly heads: number;
}

/** The layout and the dropout of attention. */
export interface AttentionOptions extends AttentionShape {
  /** Share of attention weights dropped, 0 to below 1. Default: none. */
  readonly dropoutRate?: number;
  /** The seed that decides which weights are dropped. Default 0. */
  readonly seed?: number;
}

/**
 * Multi-head attention: softmax(Q Kᵀ / √D + mask) V for each head, with the heads side by side.
 *
 * @param qkv [B*T, 3H] float32: queries, then keys, then values; head a has columns a*D to (a+1)*D
 * of each, D = H / A.
 * @param mask [B, T], 1 at positions that may be attended to, 0 at padding. It becomes BERT's
 * additive mask, which is -10000 at padding, so that these weights are exactly 0 after softmax. A row
 * of zeros gives the same result as a row of ones, and no NaN.
 * @param options `dropoutRate` (default 0) and `seed` drop attention weights, as BERT does.
 * @returns [B*T, H]; the caller disposes of it. No gradient goes to `mask`.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * Source: Vaswani et al. 2017 section 3.2; `BertSelfAttention`, which computes queries, keys and
 * values separately.
 *
 * @example One head, two positions, the second is padding: both get the value of the first
 * ```ts
 * import { attention } from "bert/model/ops/attention.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const qkv = tf.tensor2d([[1, 2, 10], [3, 4, 20]]); // [B*T, 3H]
 * const shape = { batch: 1, length: 2, heads: 1 };
 * deepStrictEqual(attention(qkv, tf.tensor2d([[1, 0]]), shape).arraySync(), [[10], [10]]);
 * ```
 */
export function attention(
  qkv: tf.Tensor2D,
  mask: tf.Tensor2D,
  options: AttentionOptions,
): tf.Tensor2D {
  checkAttention("attention(qkv, mask, options)", qkv, mask, options);
  const { dropoutRate: rate = 0, seed = 0 } = options;
  checkDropout(rate, seed);
  const drop = (weights: tf.Tensor): tf.Tensor =>
    rate === 0 ? weights : dropped(weights, rate, seed);
  const { batch, length, heads } = options;
  const attrs = { batch, length, heads, rate, ...dropoutSeeds(seed) };
  return differentiable(
    [qkv],
    (save) => {
      const real = tf.cast(mask, "float32"); // [B, T]
      const own = fused("BertAttention", { qkv, mask: real }, attrs);
      if (own) {
        const [context, ...weights] = own; // if it returns no weights, its gradient computes them again
        save([qkv, real, ...weights]);
        return context as tf.Tensor2D; // [B*T, H]
      }
      const [queries, keys, values] = splitHeads(qkv, options);
      const weights = attentionWeights(queries, keys, mask); // [B, A, T, T]
      save([qkv, weights]);
      return joinHeads(tf.matMul(drop(weights), values)); // [B*T, H]
    },
    (dy, [qkv, kept, weights]) =>
      fused("BertAttentionGradient", { dy, qkv, mask: kept, ...(weights && { weights }) }, attrs) ??
        [attentionGradient(dy, qkv as tf.Tensor2D, kept, drop, options)],
  );
}

/**
 * The attention weights softmax(Q Kᵀ / √D + mask), before dropout.
 *
 * @param qkv As in `attention()`.
 * @param mask As in `attention()`.
 * @returns [B, A, T, T]: row t of head a sums to 1. The caller disposes of it. Not differentiable.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import { attentionProbabilities } from "bert/model/ops/attention.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const shape = { batch: 1, length: 2, heads: 1 };
 * const weights = attentionProbabilities(tf.zeros([2, 3]), tf.ones([1, 2]), shape);
 * deepStrictEqual(weights.arraySync(), [[[[0.5, 0.5], [0.5, 0.5]]]]);
 * ```
 */
export function attentionProbabilities(
  qkv: tf.Tensor2D,
  mask: tf.Tensor2D,
  shape: AttentionShape,
): tf.Tensor4D {
  checkAttention("attentionProbabilities(qkv, mask, shape)", qkv, mask, shape);
  return tf.tidy(() => {
    const [queries, keys] = splitHeads(qkv, shape);
    return attentionWeights(queries, keys, mask); // [B, A, T, T]
  });
}

const SHAPE: Kind = having("sizes, { batch, length, heads }", "batch", "length", "heads");

function checkAttention(
  call: string,
  qkv: tf.Tensor2D,
  mask: tf.Tensor,
  shape: AttentionShape,
): void {
  checkArguments(call, [["qkv", qkv, TENSOR], ["mask", mask, TENSOR], ["the sizes", shape, SHAPE]]);
  const { batch, length, heads } = shape;
  checkShape("attention() from qkv", qkv, [batch * length, "3H"]);
  checkShape("attention() from mask", mask, [batch, length]);
  const width = qkv.shape[1] / (3 * heads);
  if (!Number.isInteger(width)) {
    checkShape("attention() from qkv", qkv, [batch * length, 3 * heads * Math.ceil(width)]);
  }
}

/** Queries, keys and values, each [B, A, T, D]. */
function splitHeads(qkv: tf.Tensor2D, { batch, length, heads }: AttentionShape): tf.Tensor4D[] {
  const width = qkv.shape[1] / (3 * heads);
  return tf.split(qkv, 3, 1).map((part) => {
    const apart = tf.reshape<tf.Rank.R4>(part, [batch, length, heads, width]); // [B, T, A, D]
    return tf.transpose(apart, [0, 2, 1, 3]); // [B, A, T, D]
  });
}

/** [B, A, T, D] -> [B*T, A*D]: undoes `splitHeads` for one of its three parts. */
function joinHeads(x: tf.Tensor): tf.Tensor2D {
  const [batch, heads, length, width] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width]);
}

function attentionWeights(queries: tf.Tensor, keys: tf.Tensor, mask: tf.Tensor2D): tf.Tensor4D {
  const [batch, , length, width] = queries.shape;
  const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(width)); // [B, A, T, T]
  const additive = tf.mul(tf.sub(1, tf.cast(mask, "float32")), -10000); // [B, T]
  return tf.softmax(tf.add(scores, tf.reshape(additive, [batch, 1, 1, length]))); // [B, A, T, T]
}

/**
 * The gradient with respect to `qkv`, [B*T, 3H]. For a row p of softmax, with gradient dp, the gradient
 * of the row's scores is p · (dp - Σ dp · p).
 */
function attentionGradient(
  dy: tf.Tensor2D,
  qkv: tf.Tensor2D,
  weights: tf.Tensor,
  drop: (weights: tf.Tensor) => tf.Tensor,
  { batch, length, heads }: AttentionShape,
): tf.Tensor2D {
  const [queries, keys, values] = splitHeads(qkv, { batch, length, heads });
  const width = queries.shape[3];
  const apart = tf.reshape(dy, [batch, length, heads, width]); // [B, T, A, D]
  const dContext = tf.transpose(apart, [0, 2, 1, 3]); // [B, A, T, D]
  const dValues = tf.matMul(drop(weights), dContext, true, false); // [B, A, T, D]
  const dWeights = drop(tf.matMul(dContext, values, false, true)); // [B, A, T, T]
  const common = tf.sum(tf.mul(dWeights, weights), 3, true); // [B, A, T, 1]
  const dScores = tf.mul(tf.mul(weights, tf.sub(dWeights, common)), 1 / Math.sqrt(width)); // [B, A, T, T]
  const dQueries = tf.matMul(dScores, keys); // [B, A, T, D]
  const dKeys = tf.matMul(dScores, queries, true, false); // [B, A, T, D]
  return tf.concat([dQueries, dKeys, dValues].map(joinHeads), 1); // [B*T, 3H]
}
