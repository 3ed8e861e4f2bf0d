/**
 * The layers of BERT's encoder as pure functions. Weights are arguments, so that one layer can be
 * used alone, with any weights. Hidden vectors are rows, [B*T, H], sequence after sequence.
 */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "./argument_kinds.ts";
import { checkArguments, checkWhole, having, type Kind } from "../checks.ts";
import type { HiddenAct } from "../config.ts";
import { embed, gatherRows } from "./ops/rows.ts";
import { linear, linearActivated } from "./ops/linear.ts";
import { attention, attentionProbabilities } from "./ops/attention.ts";
import { dropout, mixSeed } from "./ops/dropout.ts";
import { layerNorm, residualLayerNorm } from "./ops/layer_norm.ts";

/** Scale and shift of a LayerNorm. */
export interface NormWeights {
  /** [H]: the factors, 1 in a fresh model. */
  readonly gamma: tf.Tensor1D;
  /** [H]: what is added, 0 in a fresh model. */
  readonly beta: tf.Tensor1D;
}

/** The weights of a dense layer. */
export interface DenseWeights {
  /** [I, O] for I inputs and O outputs. */
  readonly weight: tf.Tensor2D;
  /** [O] */
  readonly bias: tf.Tensor1D;
}

/** The three tables whose rows are summed, and the LayerNorm of the sum. */
export interface EmbeddingWeights {
  /** [V, H]: one row for each piece of the vocabulary. */
  readonly word: tf.Tensor2D;
  /** [maxPositionEmbeddings, H]: one row for each position. */
  readonly position: tf.Tensor2D;
  /** [typeVocabSize, H]; row 0 is that of padding. */
  readonly segment: tf.Tensor2D;
  /** The LayerNorm of the sum, over [H]. */
  readonly norm: NormWeights;
}

/** The weights of one attention block; `qkv` holds the query, key and value layers side by side. */
export interface AttentionWeights {
  /** [H, 3H]: query, key and value. */
  readonly qkv: DenseWeights;
  /** [H, H]: the dense layer after attention. */
  readonly output: DenseWeights;
  /** The LayerNorm of the residual sum, over [H]. */
  readonly norm: NormWeights;
}

/** The weights of one feed-forward block. */
export interface FeedForwardWeights {
  /** [H, I]: the layer to the wider vectors. */
  readonly inner: DenseWeights;
  /** [I, H]: the layer back. */
  readonly output: DenseWeights;
  /** The LayerNorm of the residual sum, over [H]. */
  readonly norm: NormWeights;
}

/** The weights of one encoder layer. */
export interface EncoderLayerWeights {
  /** The attention block, which comes first. */
  readonly attention: AttentionWeights;
  /** The feed-forward block. */
  readonly feedForward: FeedForwardWeights;
}

/** Dropout of a training step. Evaluation has none. */
export interface Dropout {
  /** Share of hidden values dropped. */
  readonly hidden: number;
  /** Share of attention weights dropped. */
  readonly attention: number;
  /** The seed that decides which values are dropped. Each layer needs its own, see `mixSeed()`. */
  readonly seed: number;
}

/** Options of a layer. */
export interface LayerOptions {
  /** Heads, A. */
  readonly heads: number;
  /** Added to the variance inside LayerNorm. */
  readonly epsilon: number;
  /** The activation between the two layers of the feed-forward block. Default `"gelu"`. */
  readonly activation?: HiddenAct;
  /** The dropout; absent in evaluation. */
  readonly dropout?: Dropout;
}

/** Ids of one batch, [B, T] int32 each. */
export interface EmbeddingIds {
  /** Ids of pieces, 0 to V - 1. */
  readonly tokenIds: tf.Tensor2D;
  /** 0 at padding, 1 and 2 in the two sentences. */
  readonly segmentIds: tf.Tensor2D;
  /** Positions in the sequence, from 0. */
  readonly positionIds: tf.Tensor2D;
}

/** The kinds of arguments, so that a missing one is named. */
const IDS: Kind = having("ids, { tokenIds, segmentIds, positionIds }", "tokenIds", "positionIds");
const EMBEDDING_WEIGHTS: Kind = having(
  "weights, { word, position, segment, norm }",
  "word",
  "norm",
);
const QKV: Kind = having("weights, { qkv }", "qkv");
const ATTENTION_WEIGHTS: Kind = having("weights, { qkv, output, norm }", "qkv", "output", "norm");
const FEED_FORWARD_WEIGHTS: Kind = having(
  "weights, { inner, output, norm }",
  "inner",
  "output",
  "norm",
);
const LAYER_WEIGHTS: Kind = having(
  "weights, { attention, feedForward }",
  "attention",
  "feedForward",
);
const OPTIONS: Kind = having("options with an epsilon", "epsilon");

/**
 * The embeddings: token, segment and position vectors, summed and normalised.
 *
 * @param ids [B, T] int32 each. They are not checked here.
 * @returns [B*T, H]; the caller disposes of it.
 *
 * Source: Devlin et al. 2018 section 3, figure 2; `BertEmbeddings`. LayerNorm first, then dropout.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { embeddings } from "bert/model/layers.ts";
 * import { backboneShapes, createWeights, embeddingWeights } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const config = bertConfig("smoke", { vocabSize: 50 }); // H = 32
 * const weights = embeddingWeights(createWeights(backboneShapes(config), 0.02, 1));
 * const ids = (row: number[]) => tf.tensor2d([row], undefined, "int32");
 * const batch = { tokenIds: ids([2, 9]), segmentIds: ids([1, 1]), positionIds: ids([0, 1]) };
 * deepStrictEqual(embeddings(batch, weights, { epsilon: 1e-12 }).shape, [2, 32]);
 * ```
 */
export function embeddings(
  ids: EmbeddingIds,
  weights: EmbeddingWeights,
  options: Omit<LayerOptions, "heads">,
): tf.Tensor2D {
  checkArguments("embeddings(ids, weights, options)", [
    ["ids", ids, IDS],
    ["weights", weights, EMBEDDING_WEIGHTS],
    ["options", options, OPTIONS],
  ]);
  const { epsilon, dropout: drop } = options;
  return tf.tidy(() => {
    const words = embed(weights.word, tf.reshape(ids.tokenIds, [-1])); // [B*T, H]
    const positions = embed(weights.position, tf.reshape(ids.positionIds, [-1])); // [B*T, H]
    const segments = embed(weights.segment, tf.reshape(ids.segmentIds, [-1])); // [B*T, H]
    const sum = tf.add<tf.Tensor2D>(tf.add(words, segments), positions); // [B*T, H]
    const normed = layerNorm(sum, weights.norm.gamma, weights.norm.beta, epsilon); // [B*T, H]
    return drop ? dropout(normed, drop.hidden, drop.seed) : normed; // [B*T, H]
  });
}

/**
 * One attention block: self-attention, a dense layer, then the residual sum and LayerNorm.
 *
 * @param x [B*T, H].
 * @param mask [B, T], 1 at tokens, 0 at padding.
 * @param rows [P] int32: the positions, b*T + t, to compute; by default all.
 * @returns [B*T, H], or [P, H]; the caller disposes of it.
 *
 * Source: Vaswani et al. 2017 section 3.2; `BertAttention` (its self-attention and its output).
 *
 * @example One layer alone, with your own weights
 * ```ts
 * import { selfAttention } from "bert/model/layers.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const weights = {
 *   qkv: { weight: tf.zeros<tf.Rank.R2>([2, 6]), bias: tf.zeros<tf.Rank.R1>([6]) },
 *   output: { weight: tf.zeros<tf.Rank.R2>([2, 2]), bias: tf.zeros<tf.Rank.R1>([2]) },
 *   norm: { gamma: tf.ones<tf.Rank.R1>([2]), beta: tf.zeros<tf.Rank.R1>([2]) },
 * };
 * const x = tf.tensor2d([[1, 3], [9, 5]]); // one sequence of two positions
 * const y = selfAttention(x, tf.ones([1, 2]), weights, { heads: 1, epsilon: 1e-12 });
 * deepStrictEqual(y.arraySync(), [[-1, 1], [1, -1]]); // zero weights leave LayerNorm(x)
 * ```
 */
export function selfAttention(
  x: tf.Tensor2D,
  mask: tf.Tensor2D,
  weights: AttentionWeights,
  options: LayerOptions,
  rows?: tf.Tensor1D,
): tf.Tensor2D {
  checkArguments("selfAttention(x, mask, weights, options, rows)", [
    ["x", x, TENSOR],
    ["mask", mask, TENSOR],
    ["weights", weights, ATTENTION_WEIGHTS],
    ["options", options, OPTIONS],
  ]);
  const { heads, epsilon, dropout: drop } = options;
  const { qkv, output, norm } = weights;
  const [batch, length] = mask.shape;
  return tf.tidy(() => {
    const context = attention(linear(x, qkv.weight, qkv.bias), mask, {
      batch,
      length,
      heads,
      dropoutRate: drop?.attention ?? 0,
      seed: mixSeed(drop?.seed ?? 0, 0),
    }); // [B*T, H]
    const [own, gathered] = [x, context].map((all) => rows ? gatherRows(all, rows) : all);
    const sublayer = linear(gathered, output.weight, output.bias); // [B*T, H] or [P, H]
    const rate = drop?.hidden ?? 0;
    const seed = mixSeed(drop?.seed ?? 0, 1);
    return residualLayerNorm(own, sublayer, norm.gamma, norm.beta, epsilon, rate, seed);
  });
}

/**
 * The attention weights that `selfAttention()` uses, before dropout.
 *
 * @param x [B*T, H], the input of the layer.
 * @param mask [B, T], 1 at tokens, 0 at padding.
 * @returns [B, A, T, T]; the last axis sums to 1. The caller disposes of it.
 *
 * @example
 * ```ts
 * import { selfAttentionWeights } from "bert/model/layers.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const qkv = { weight: tf.zeros<tf.Rank.R2>([2, 6]), bias: tf.zeros<tf.Rank.R1>([6]) };
 * const x = tf.ones<tf.Rank.R2>([3, 2]); // one sequence of two tokens and padding
 * const shares = selfAttentionWeights(x, tf.tensor2d([[1, 1, 0]]), { qkv }, 1);
 * deepStrictEqual(shares.arraySync()[0][0][0], [0.5, 0.5, 0]); // of the first token
 * shares.dispose();
 * ```
 */
export function selfAttentionWeights(
  x: tf.Tensor2D,
  mask: tf.Tensor2D,
  weights: Pick<AttentionWeights, "qkv">,
  heads: number,
): tf.Tensor4D {
  checkArguments("selfAttentionWeights(x, mask, weights, heads)", [
    ["x", x, TENSOR],
    ["mask", mask, TENSOR],
    ["weights", weights, QKV],
  ]);
  checkWhole("heads", heads, 1);
  const { qkv } = weights;
  const [batch, length] = mask.shape;
  return tf.tidy(() => {
    const rows = linear(x, qkv.weight, qkv.bias); // [B*T, 3H]
    return attentionProbabilities(rows, mask, { batch, length, heads }); // [B, A, T, T]
  });
}

/**
 * One feed-forward block: for each position a wider dense layer with an activation, a dense layer
 * back to the width, then the residual sum and LayerNorm.
 *
 * @param x [B*T, H].
 * @returns [B*T, H]; the caller disposes of it.
 *
 * Source: Vaswani et al. 2017 section 3.3; `BertIntermediate` and `BertOutput`.
 *
 * @example
 * ```ts
 * import { feedForward } from "bert/model/layers.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const weights = {
 *   inner: { weight: tf.zeros<tf.Rank.R2>([2, 8]), bias: tf.zeros<tf.Rank.R1>([8]) },
 *   output: { weight: tf.zeros<tf.Rank.R2>([8, 2]), bias: tf.zeros<tf.Rank.R1>([2]) },
 *   norm: { gamma: tf.ones<tf.Rank.R1>([2]), beta: tf.zeros<tf.Rank.R1>([2]) },
 * };
 * const y = feedForward(tf.tensor2d([[1, 3]]), weights, { epsilon: 1e-12 });
 * deepStrictEqual(y.arraySync(), [[-1, 1]]); // zero weights leave LayerNorm(x)
 * ```
 */
export function feedForward(
  x: tf.Tensor2D,
  weights: FeedForwardWeights,
  options: Omit<LayerOptions, "heads">,
): tf.Tensor2D {
  checkArguments("feedForward(x, weights, options)", [
    ["x", x, TENSOR],
    ["weights", weights, FEED_FORWARD_WEIGHTS],
    ["options", options, OPTIONS],
  ]);
  const { inner, output, norm } = weights;
  const { epsilon, activation = "gelu", dropout: drop } = options;
  return tf.tidy(() => {
    const wide = linearActivated(x, inner.weight, inner.bias, activation); // [B*T, I]
    const sublayer = linear(wide, output.weight, output.bias); // [B*T, H]
    const rate = drop?.hidden ?? 0;
    const seed = mixSeed(drop?.seed ?? 0, 2);
    return residualLayerNorm(x, sublayer, norm.gamma, norm.beta, epsilon, rate, seed);
  });
}

/**
 * One encoder layer: attention, then feed-forward, LayerNorm after each ("post-LayerNorm").
 *
 * @param x [B*T, H].
 * @param mask [B, T], 1 at tokens, 0 at padding.
 * @param rows [P] int32: the positions, b*T + t, whose output to compute. Default: all. They attend
 * to all positions. In a last layer whose output is only partly used this saves most of the work.
 * @returns [B*T, H], or [P, H]; the caller disposes of it.
 *
 * Source: Vaswani et al. 2017 section 3.1; `BertLayer`.
 *
 * @example The second layer of a model, alone
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { encoderLayer } from "bert/model/layers.ts";
 * import { backboneShapes, createWeights, encoderLayerWeights } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const config = bertConfig("smoke", { vocabSize: 50, numHiddenLayers: 2 }); // H = 32
 * const weights = encoderLayerWeights(createWeights(backboneShapes(config), 0.02, 1), 1);
 * const x = tf.ones<tf.Rank.R2>([5, 32]); // one sequence of five positions
 * const y = encoderLayer(x, tf.ones([1, 5]), weights, { heads: 2, epsilon: 1e-12 });
 * deepStrictEqual(y.shape, [5, 32]);
 * ```
 */
export function encoderLayer(
  x: tf.Tensor2D,
  mask: tf.Tensor2D,
  weights: EncoderLayerWeights,
  options: LayerOptions,
  rows?: tf.Tensor1D,
): tf.Tensor2D {
  checkArguments("encoderLayer(x, mask, weights, options, rows)", [
    ["x", x, TENSOR],
    ["mask", mask, TENSOR],
    ["weights", weights, LAYER_WEIGHTS],
    ["options", options, OPTIONS],
  ]);
  return tf.tidy(() => {
    const attended = selfAttention(x, mask, weights.attention, options, rows); // [B*T, H] or [P, H]
    return feedForward(attended, weights.feedForward, options);
  });
}
