/**
 * The two heads of pre-training: from hidden vectors to a score for every word, and from [CLS] to
 * scores for "follows" and "does not follow". The functions take weights as arguments; the classes
 * own weights.
 */
import * as tf from "@tensorflow/tfjs";
import { DENSE, TENSOR } from "./argument_kinds.ts";
import { checkArguments, checkWhole, having, type Kind, NUMBER } from "../checks.ts";
import type { BertConfig, HiddenAct } from "../config.ts";
import type { DenseWeights, NormWeights } from "./layers.ts";
import { gatherRows } from "./ops/rows.ts";
import { linear, linearActivated, project } from "./ops/linear.ts";
import { layerNorm } from "./ops/layer_norm.ts";
import {
  decoderBias,
  denseWeights,
  disposeWeights,
  mlmHeadShapes,
  normWeights,
  nspHeadShapes,
  startWeights,
  type Weights,
  type WeightStart,
} from "./weights.ts";

/** The weights of the masked-language-model head. Its decoder is the table of word embeddings. */
export interface MlmHeadWeights {
  /** [H, H]: the dense layer before the activation. */
  readonly dense: DenseWeights;
  /** The LayerNorm after the activation, over [H]. */
  readonly norm: NormWeights;
  /** [V, H]: the table of word embeddings. */
  readonly decoder: tf.Tensor2D;
  /** [V]: the bias of the decoder. */
  readonly bias: tf.Tensor1D;
}

const MLM_WEIGHTS: Kind = having(
  "weights, { dense, norm, decoder, bias }",
  "dense",
  "norm",
  "decoder",
  "bias",
);

/** The weights of the next-sentence head. */
export interface NspHeadWeights {
  /** [H, H]: the dense layer on `[CLS]`, before tanh. */
  readonly pooler: DenseWeights;
  /** [H, 2]: the scores of the two classes. */
  readonly classifier: DenseWeights;
}

const NSP_WEIGHTS: Kind = having("weights, { pooler, classifier }", "pooler", "classifier");

/**
 * Scores every word of the vocabulary for each hidden vector.
 *
 * @param hidden [N, H]: all positions, or those picked by `gatherRows()`.
 * @param epsilon Added to the variance inside LayerNorm.
 * @param activation The function after the dense layer, the same as in the encoder.
 * @returns Logits, [N, V]; the caller disposes of them.
 *
 * Source: Devlin et al. 2018 section 3.1; `BertLMPredictionHead`.
 *
 * @example
 * ```ts
 * import { mlmHead } from "bert/model/heads.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const weights = {
 *   dense: { weight: tf.ones<tf.Rank.R2>([2, 2]), bias: tf.zeros<tf.Rank.R1>([2]) },
 *   norm: { gamma: tf.zeros<tf.Rank.R1>([2]), beta: tf.tensor1d([1, 10]) }, // gives [1, 10]
 *   decoder: tf.tensor2d([[1, 0], [0, 1], [1, 1]]), // three words
 *   bias: tf.zeros<tf.Rank.R1>([3]),
 * };
 * deepStrictEqual(mlmHead(tf.tensor2d([[5, 7]]), weights, 1e-12).arraySync(), [[1, 10, 11]]);
 * ```
 */
export function mlmHead(
  hidden: tf.Tensor2D,
  weights: MlmHeadWeights,
  epsilon: number,
  activation: HiddenAct = "gelu",
): tf.Tensor2D {
  checkArguments("mlmHead(hidden, weights, epsilon, activation)", [
    ["hidden", hidden, TENSOR],
    ["weights", weights, MLM_WEIGHTS],
    ["epsilon", epsilon, NUMBER],
  ]);
  const { dense, norm, decoder, bias } = weights;
  return tf.tidy(() => {
    const changed = linearActivated(hidden, dense.weight, dense.bias, activation); // [N, H]
    const normed = layerNorm(changed, norm.gamma, norm.beta, epsilon); // [N, H]
    return project(normed, decoder, bias); // [N, V]
  });
}

/**
 * Computes one vector for each sequence: that of its first token, [CLS], after a dense layer and
 * tanh.
 *
 * @param hidden [B*T, H].
 * @param length Positions in a sequence, T.
 * @returns [B, H], each number in (-1, 1); the caller disposes of it.
 *
 * Source: `BertPooler`.
 *
 * @example
 * ```ts
 * import { pooler } from "bert/model/heads.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const hidden = tf.tensor2d([[0], [7], [0], [9]]); // two sequences of two positions
 * const dense = { weight: tf.ones<tf.Rank.R2>([1, 1]), bias: tf.zeros<tf.Rank.R1>([1]) };
 * deepStrictEqual(pooler(hidden, 2, dense).arraySync(), [[0], [0]]);
 * ```
 */
export function pooler(hidden: tf.Tensor2D, length: number, dense: DenseWeights): tf.Tensor2D {
  const call = "pooler(hidden, length, dense)";
  checkArguments(call, [["hidden", hidden, TENSOR], ["dense", dense, DENSE]]);
  checkWhole("length", length, 1);
  return tf.tidy(() => {
    const starts = tf.range(0, hidden.shape[0], length, "int32"); // [B]
    return tf.tanh(linear(gatherRows(hidden, starts), dense.weight, dense.bias)); // [B, H]
  });
}

/**
 * Scores whether the second sentence follows the first (class 0) or does not (class 1).
 *
 * @param hidden [B*T, H].
 * @param length Positions in a sequence, T.
 * @returns Logits, [B, 2]; the caller disposes of them.
 *
 * Source: Devlin et al. 2018 section 3.1; `BertPooler` and `BertOnlyNSPHead`.
 *
 * @example
 * ```ts
 * import { nspHead } from "bert/model/heads.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const weights = {
 *   pooler: { weight: tf.ones<tf.Rank.R2>([1, 1]), bias: tf.zeros<tf.Rank.R1>([1]) },
 *   classifier: { weight: tf.tensor2d([[1, -1]]), bias: tf.tensor1d([3, 4]) },
 * };
 * const hidden = tf.tensor2d([[0], [7], [0], [9]]); // two sequences of two positions
 * deepStrictEqual(nspHead(hidden, 2, weights).arraySync(), [[3, 4], [3, 4]]);
 * ```
 */
export function nspHead(
  hidden: tf.Tensor2D,
  length: number,
  weights: NspHeadWeights,
): tf.Tensor2D {
  const call = "nspHead(hidden, length, weights)";
  checkArguments(call, [["hidden", hidden, TENSOR], ["weights", weights, NSP_WEIGHTS]]);
  const { pooler: dense, classifier } = weights;
  return tf.tidy(() => {
    const pooled = pooler(hidden, length, dense); // [B, H]
    return linear(pooled, classifier.weight, classifier.bias); // [B, 2]
  });
}

/** The masked-language-model head. Its decoder belongs to the backbone. */
export class MlmHead {
  /** The weights, by the names in `weights.ts`. */
  readonly weights: Weights;
  readonly #parts: MlmHeadWeights;
  readonly #epsilon: number;
  readonly #activation: HiddenAct;

  /**
   * Makes a head with fresh weights, or with those given.
   *
   * @param config The configuration of the model.
   * @param decoder [V, H], the backbone's word embeddings. The backbone disposes of them.
   * @param start A seed for initial weights, or weights, which the head then owns.
   */
  constructor(config: BertConfig, decoder: tf.Tensor2D, start: WeightStart) {
    this.weights = startWeights(mlmHeadShapes(config), config, start);
    this.#epsilon = config.layerNormEps;
    this.#activation = config.hiddenAct;
    this.#parts = {
      dense: denseWeights(this.weights, "cls.predictions.transform.dense"),
      norm: normWeights(this.weights, "cls.predictions.transform.LayerNorm"),
      decoder,
      bias: decoderBias(this.weights),
    };
  }

  /** Computes the logits, [N, V], of hidden vectors, [N, H]. The caller disposes of them. */
  forward(hidden: tf.Tensor2D): tf.Tensor2D {
    return mlmHead(hidden, this.#parts, this.#epsilon, this.#activation);
  }

  /** Frees the weights. */
  dispose(): void {
    disposeWeights(this.weights);
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The next-sentence head with its pooler. */
export class NspHead {
  /** The weights, by the names in `weights.ts`. */
  readonly weights: Weights;
  readonly #parts: NspHeadWeights;

  /**
   * Makes a head with fresh weights, or with those given.
   *
   * @param config The configuration of the model.
   * @param start A seed for initial weights, or weights, which the head then owns.
   */
  constructor(config: BertConfig, start: WeightStart) {
    this.weights = startWeights(nspHeadShapes(config), config, start);
    this.#parts = {
      pooler: denseWeights(this.weights, "bert.pooler.dense"),
      classifier: denseWeights(this.weights, "cls.seq_relationship"),
    };
  }

  /**
   * Computes the logits, [B, 2], of the hidden vectors, [B*T, H], of sequences of `length` positions. The
   * caller disposes of them.
   */
  forward(hidden: tf.Tensor2D, length: number): tf.Tensor2D {
    return nspHead(hidden, length, this.#parts);
  }

  /** Frees the weights. */
  dispose(): void {
    disposeWeights(this.weights);
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
