/** BERT with a head that labels each token of a text. `fine_tune_words.ts` trains it. */
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { checkArguments, checkOptions, checkWhole } from "../checks.ts";
import { BertModel, type BertPretrainHead } from "../model/bert.ts";
import type { DenseWeights } from "../model/layers.ts";
import type { BackboneOptions, ModelInputs } from "../model/inputs.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { linear } from "../model/ops/linear.ts";
import { denseWeights, startWeights, type Weights } from "../model/weights.ts";
import { classifierShapes } from "./classifier.ts";
import { copyPretrained, dropVectors } from "./classifier_parts.ts";

/** Options of a new classifier of words. */
export interface TokenClassifierOptions {
  /** The number of classes, C; at least 2. */
  readonly classes: number;
  /** The seed of the initial weights of the head, and of the backbone if it is new. */
  readonly seed: number;
}

/** The parts of a classifier of words with given weights, such as those of a folder. */
export interface GivenTokenClassifier {
  /** The number of classes, C. */
  readonly classes: number;
  /** The weights of the backbone and the head. The classifier takes ownership of them. */
  readonly weights: Weights;
}

/**
 * BERT as a classifier of words: backbone, dropout, and one dense layer on the vector of each token.
 * The caller disposes of it.
 *
 * A word of several pieces has the scores of its first piece.
 *
 * @example
 * ```ts
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { deepStrictEqual } from "node:assert";
 * const config = bertConfig("smoke", { vocabSize: 50 });
 * const model = new BertTokenClassifier(config, { classes: 3, seed: 1 });
 * deepStrictEqual(model.forward({ tokenIds: [[2, 9, 4, 3], [2, 7, 3, 0]] }).shape, [2, 4, 3]);
 * ```
 *
 * Source: Devlin et al. 2018 section 5.3; `BertForTokenClassification`.
 */
export class BertTokenClassifier {
  /** The configuration of the backbone. */
  readonly config: BertConfig;
  /** The number of classes, C. */
  readonly classes: number;
  /** Always `"none"`: each token is classified by its own vector. */
  readonly pooling = "none";
  /** The backbone. `dispose()` frees it, too. */
  readonly bert: BertModel;
  /** All weights by name, the backbone's first. */
  readonly weights: Weights;
  readonly #output: DenseWeights;

  /**
   * Makes a classifier with new weights, to compare with a pre-trained one, or with given weights.
   * `loadTokenClassifier()` reads weights from a folder.
   *
   * @throws {ConfigError} If the configuration cannot work, or there are fewer than two classes.
   * @throws {ShapeError} If a given weight has another shape.
   */
  constructor(config: BertConfig, options: TokenClassifierOptions | GivenTokenClassifier) {
    checkOptions("BertTokenClassifier", options, ["classes", "seed", "weights"]);
    const { classes } = options;
    const isGiven = "weights" in options;
    checkWhole("classes", classes, isGiven ? 1 : 2);
    this.classes = classes;
    const start = isGiven ? { weights: options.weights } : { seed: options.seed };
    this.bert = new BertModel(config, start);
    this.config = this.bert.config;
    const head = startWeights(classifierShapes(config, classes, this.pooling), config, start);
    this.#output = denseWeights(head, "classifier");
    this.weights = new Map([...this.bert.weights, ...head]);
  }

  /**
   * Makes a classifier from a pre-trained model: a copy of its backbone, with a new dense layer. The
   * pre-trained model is not changed and stays with the caller.
   *
   * @param overrides Fields of the configuration that differ, such as dropout, which fine-tuning
   * needs more than pre-training. Sizes must not differ.
   * @throws {ConfigError} If there are fewer than two classes, or an override changes a size.
   * @throws {TypeError} If `model` is not a `BertPretrainHead`.
   */
  static from(
    model: BertPretrainHead,
    options: TokenClassifierOptions & { readonly overrides?: Partial<BertConfig> },
  ): BertTokenClassifier {
    checkArguments("BertTokenClassifier.from(model, options)", [["model", model, MODEL]]);
    checkOptions("BertTokenClassifier.from()", options, ["classes", "seed", "overrides"]);
    const { overrides, ...own } = options;
    const classifier = new BertTokenClassifier({ ...model.config, ...overrides }, own);
    copyPretrained(model, classifier, overrides);
    return classifier;
  }

  /**
   * Computes a score of each class for each token. It is differentiable with respect to the weights.
   *
   * @param inputs Only `tokenIds` is needed: [B, T], a tensor or rows of numbers.
   * @param options `training` turns dropout on (default false); it then needs a `seed`.
   * @returns Logits, [B, T, C] float32, also at `[CLS]`, `[SEP]` and padding, where they mean nothing;
   * the caller disposes of them.
   * @throws The errors of `BertModel.forward()`.
   */
  forward(
    inputs: ModelInputs,
    options: Pick<BackboneOptions, "training" | "seed"> = {},
  ): tf.Tensor3D {
    checkOptions("forward()", options, ["training", "seed"]);
    const { training, seed } = options;
    return tf.tidy(() => {
      const { hidden } = this.bert.forward(inputs, { training, seed }); // [B, T, H]
      const [batch, length, width] = hidden.shape;
      const rows = tf.reshape<tf.Rank.R2>(hidden, [batch * length, width]); // [B*T, H]
      const dropped = dropVectors(rows, this.config, training, seed); // [B*T, H]
      const logits = linear(dropped, this.#output.weight, this.#output.bias); // [B*T, C]
      return tf.reshape<tf.Rank.R3>(logits, [batch, length, this.classes]);
    });
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
