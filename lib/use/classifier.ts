/** BERT with a head that classifies texts. `fine_tune.ts` trains it. */
import * as tf from "@tensorflow/tfjs";
import { type BertConfig, checkBertConfig } from "../config.ts";
import { checkArguments, checkChoice, checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { pooler } from "../model/heads.ts";
import type { DenseWeights } from "../model/layers.ts";
import { BertModel, type BertPretrainHead } from "../model/bert.ts";
import { type BackboneOptions, completeInputs, type ModelInputs } from "../model/inputs.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { linear } from "../model/ops/linear.ts";
import type { ClassifierPooling, Shares } from "../model/classes_json.ts";
import { denseWeights, startWeights, type Weights, type WeightShapes } from "../model/weights.ts";
import { copyPretrained, dropVectors } from "./classifier_parts.ts";

/** Options of a new classifier. */
export interface ClassifierOptions {
  /** The number of classes, C; at least 2. */
  readonly classes: number;
  /** The seed of the initial weights of the head, and of the backbone if it is new. */
  readonly seed: number;
  /**
   * The vector of a text: that of `[CLS]` after the pooler (default), or the mean of the vectors of
   * all tokens, which is better after a short pre-training.
   */
  readonly pooling?: "cls" | "mean";
}

/** The parts of a classifier with given weights, such as those of a folder. */
export interface GivenClassifier {
  /** The number of classes, C. */
  readonly classes: number;
  /** The weights of the backbone and the head. The classifier takes ownership of them. */
  readonly weights: Weights;
  /** The vector of a text. Default `"cls"`. */
  readonly pooling?: "cls" | "mean";
  /** How scores become probabilities. Default `"softmax"`. */
  readonly shares?: Shares;
}

/**
 * The names and shapes of the weights that a classifier adds to the backbone: the pooler, if it has
 * one, and a dense layer.
 *
 * @throws {ConfigError} If the configuration cannot work, or there is no class.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { classifierShapes } from "bert/use/classifier.ts";
 * import { deepStrictEqual } from "node:assert";
 * const shapes = classifierShapes(bertConfig("smoke"), 3, "mean"); // H = 32
 * deepStrictEqual([...shapes], [["classifier.weight", [32, 3]], ["classifier.bias", [3]]]);
 * ```
 */
export function classifierShapes(
  config: BertConfig,
  classes: number,
  pooling: ClassifierPooling = "cls",
): WeightShapes {
  const { hiddenSize: H } = checkBertConfig(config);
  checkWhole("classes", classes, 1);
  return new Map<string, readonly number[]>([
    ...(pooling === "cls"
      ? [["bert.pooler.dense.weight", [H, H]], ["bert.pooler.dense.bias", [H]]] as const
      : []),
    ["classifier.weight", [H, classes]],
    ["classifier.bias", [classes]],
  ]);
}

/**
 * BERT as a classifier of texts: backbone, pooler, dropout, and one dense layer. The caller disposes
 * of it.
 *
 * @example
 * ```ts
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { deepStrictEqual } from "node:assert";
 * const config = bertConfig("smoke", { vocabSize: 50 });
 * const model = new BertClassifier(config, { classes: 3, seed: 1 });
 * deepStrictEqual(model.forward({ tokenIds: [[2, 9, 4, 3], [2, 7, 3, 0]] }).shape, [2, 3]);
 * ```
 *
 * Source: Devlin et al. 2018 section 4.1; `BertForSequenceClassification`.
 */
export class BertClassifier {
  /** The configuration of the backbone. */
  readonly config: BertConfig;
  /** The number of classes, C. */
  readonly classes: number;
  /** The vector of a text: that of `[CLS]` after the pooler, or the mean over all tokens. */
  readonly pooling: "cls" | "mean";
  /** How scores become probabilities in `classify()`: `"softmax"`, except for some published models. */
  readonly shares: Shares;
  /** The backbone. `dispose()` frees it, too. */
  readonly bert: BertModel;
  /** All weights by name, the backbone's first. */
  readonly weights: Weights;
  readonly #head: Weights;
  readonly #pooler: DenseWeights | undefined;
  readonly #output: DenseWeights;

  /**
   * Makes a classifier with new weights, to compare with a pre-trained one, or with given weights.
   * `loadClassifier()` reads weights from a folder.
   *
   * @throws {ConfigError} If the configuration cannot work, or there are fewer than two classes.
   * @throws {ShapeError} If a given weight has another shape.
   */
  constructor(config: BertConfig, options: ClassifierOptions | GivenClassifier) {
    checkOptions("BertClassifier", options, ["classes", "seed", "pooling", "weights", "shares"]);
    const { classes, pooling = "cls" } = options;
    checkChoice("pooling", pooling, ["cls", "mean"]);
    const isGiven = "weights" in options;
    checkWhole("classes", classes, isGiven ? 1 : 2);
    this.classes = classes;
    this.pooling = pooling;
    this.shares = isGiven ? options.shares ?? "softmax" : "softmax";
    const start = isGiven ? { weights: options.weights } : { seed: options.seed };
    this.bert = new BertModel(config, start);
    this.config = this.bert.config;
    this.#head = startWeights(classifierShapes(config, classes, pooling), config, start);
    this.#pooler = pooling === "cls" ? denseWeights(this.#head, "bert.pooler.dense") : undefined;
    this.#output = denseWeights(this.#head, "classifier");
    this.weights = new Map([...this.bert.weights, ...this.#head]);
  }

  /**
   * Makes a classifier from a pre-trained model: a copy of its backbone and pooler, with a new dense
   * layer. The pre-trained model is not changed and stays with the caller.
   *
   * @param overrides Fields of the configuration that differ, such as dropout, which fine-tuning
   * needs more than pre-training. Sizes must not differ.
   * @throws {ConfigError} If there are fewer than two classes, or an override changes a size.
   */
  static from(
    model: BertPretrainHead,
    options: ClassifierOptions & { readonly overrides?: Partial<BertConfig> },
  ): BertClassifier {
    checkArguments("BertClassifier.from(model, options)", [["model", model, MODEL]]);
    checkOptions("BertClassifier.from()", options, ["classes", "seed", "pooling", "overrides"]);
    const { overrides, ...own } = options;
    const classifier = new BertClassifier({ ...model.config, ...overrides }, own);
    copyPretrained(model, classifier, overrides);
    return classifier;
  }

  /**
   * Computes a score of each class for each text. It is differentiable with respect to the weights.
   *
   * @param inputs Only `tokenIds` is needed: [B, T], a tensor or rows of numbers.
   * @param options `training` turns dropout on (default false); it then needs a `seed`.
   * @returns Logits, [B, C]; the caller disposes of them.
   * @throws The errors of `BertModel.forward()`.
   */
  forward(
    inputs: ModelInputs,
    options: Pick<BackboneOptions, "training" | "seed"> = {},
  ): tf.Tensor2D {
    checkOptions("forward()", options, ["training", "seed"]);
    const { training, seed } = options;
    return tf.tidy(() => {
      const ids = completeInputs(inputs, this.config);
      const { hidden } = this.bert.forward(ids, { training, seed }); // [B, T, H]
      const pooled = this.#pool(hidden, ids.attentionMask); // [B, H]
      const dropped = dropVectors(pooled, this.config, training, seed); // [B, H]
      return linear(dropped, this.#output.weight, this.#output.bias); // [B, C]
    });
  }

  #pool(hidden: tf.Tensor3D, attentionMask: tf.Tensor2D): tf.Tensor2D {
    const [batch, length, width] = hidden.shape;
    if (!this.#pooler) return meanOfTokens(hidden, attentionMask);
    const rows = tf.reshape<tf.Rank.R2>(hidden, [batch * length, width]); // [B*T, H]
    return pooler(rows, length, this.#pooler); // [B, H]
  }

  /** Frees the weights. */
  dispose(): void {
    for (const weight of this.weights.values()) weight.dispose();
  }

  /** Frees the weights at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The mean of each sequence's vectors, without padding: [B, T, H] -> [B, H]. */
function meanOfTokens(hidden: tf.Tensor3D, attentionMask: tf.Tensor2D): tf.Tensor2D {
  const [batch, length, width] = hidden.shape;
  const counts = tf.sum(attentionMask, 1, true); // [B, 1]
  const shares = tf.div(tf.cast(attentionMask, "float32"), tf.maximum(counts, 1)); // [B, T]
  const mean = tf.matMul(tf.reshape(shares, [batch, 1, length]), hidden); // [B, 1, H]
  return tf.reshape(mean, [batch, width]);
}

/** Throws `ConfigError` unless the model gives each text exactly one class, as the loss requires. */
export function checkSoftmax({ shares }: BertClassifier): void {
  if (shares === "softmax") return;
  const advice = 'must be "softmax", as each text has exactly one label';
  throw new ConfigError("shares of the model", shares, advice);
}
