/**
 * A baseline for text classifiers: logistic regression on how often each piece occurs in a text,
 * whatever the order of the pieces. It needs no tensors.
 */
import { checkNotNegative, checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { checkTexts } from "./labelled_texts.ts";

/** A piece and its feature, `ln(1 + count)`. */
type Feature = readonly [id: number, value: number];

/** Options of `BagOfWords.train()`. */
export interface BagOfWordsOptions {
  /** The number of classes, at least 2. Labels are 0 to `classes - 1`. */
  readonly classes: number;
  /** The strength of L2 regularisation, which pulls weights towards 0; at least 0. Default 1. */
  readonly penalty?: number;
  /** Passes of gradient descent over all texts, at least 1. Default 200. */
  readonly iterations?: number;
}

/**
 * Multinomial logistic regression on the counts of pieces.
 *
 * It minimises the summed cross-entropy plus `penalty / 2` times the sum of the squared weights, which
 * is a convex function. Weights start at 0 and each step uses all texts, so that nothing is random.
 *
 * @example
 * ```ts
 * import { BagOfWords } from "bert/use/bag_of_words.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const texts = [{ text: "sea sea", label: 0 }, { text: "land", label: 1 }];
 * const model = BagOfWords.train(texts, tokenizer, { classes: 2 });
 * ok(model.classify("sea")[0] > 0.5);
 * ```
 *
 * Source: scikit-learn's `LogisticRegression` has the same objective, where C is 1 / `penalty`, and
 * does not regularise the intercepts either. The steps are those of AdaGrad, Duchi et al. 2011.
 */
export class BagOfWords {
  readonly #tokenizer: BertTokenizer;
  readonly #classes: number;
  /** [C, V], class after class. */
  readonly #weights: Float64Array;
  /** [C]. */
  readonly #bias: Float64Array;

  private constructor(tokenizer: BertTokenizer, classes: number) {
    this.#tokenizer = tokenizer;
    this.#classes = classes;
    this.#weights = new Float64Array(classes * tokenizer.vocab.size);
    this.#bias = new Float64Array(classes);
  }

  /**
   * Trains a classifier on labelled texts.
   *
   * @throws {ConfigError} If there is no text, or an option is unknown or cannot work.
   * @throws {RangeError} If a label is not one of the classes. The message names the label and the
   * number of its text.
   */
  static train(
    texts: readonly { readonly text: string; readonly label: number }[],
    tokenizer: BertTokenizer,
    options: BagOfWordsOptions,
  ): BagOfWords {
    checkOptions("BagOfWords.train()", options, ["classes", "penalty", "iterations"]);
    const { classes, penalty = 1, iterations = 200 } = options;
    checkSizes(classes, penalty, iterations);
    checkTexts("BagOfWords.train(texts, tokenizer, options)", texts, tokenizer, classes);
    if (texts.length === 0) throw new ConfigError("texts", [], "must have at least one");
    const model = new BagOfWords(tokenizer, classes);
    const rows = texts.map(({ text, label }) => ({ features: model.#features(text), label }));
    const weights = new AdaGrad(model.#weights);
    const bias = new AdaGrad(model.#bias);
    for (let i = 0; i < iterations; i++) {
      for (const { features, label } of rows) model.#addGradients(features, label, weights, bias);
      weights.step(penalty);
      bias.step(0);
    }
    return model;
  }

  /** Returns the probability of each class. They sum to 1. */
  classify(text: string): number[] {
    return this.#probabilities(this.#features(text));
  }

  /**
   * Returns the share of texts whose most probable class is their label, 0 to 1.
   *
   * @throws {ConfigError} If there is no text.
   * @throws {RangeError} If a label is not one of the classes.
   */
  accuracy(texts: readonly { readonly text: string; readonly label: number }[]): number {
    checkTexts("accuracy(texts)", texts, this.#tokenizer, this.#classes);
    if (texts.length === 0) throw new ConfigError("texts", [], "must have at least one");
    const right = texts.filter(({ text, label }) => {
      const probabilities = this.classify(text);
      return probabilities.indexOf(Math.max(...probabilities)) === label;
    });
    return right.length / texts.length;
  }

  #features(text: string): Feature[] {
    const counts = new Map<number, number>();
    for (const id of this.#tokenizer.ids(text)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return [...counts].map(([id, count]) => [id, Math.log1p(count)]);
  }

  #probabilities(features: readonly Feature[]): number[] {
    const size = this.#tokenizer.vocab.size;
    const scores = Array.from(this.#bias, (bias, label) => {
      const from = label * size;
      return features.reduce((sum, [id, value]) => sum + value * this.#weights[from + id], bias);
    });
    const most = Math.max(...scores);
    const exponentials = scores.map((score) => Math.exp(score - most));
    const total = exponentials.reduce((a, b) => a + b);
    return exponentials.map((value) => value / total);
  }

  /**
   * Adds the gradient of a text's cross-entropy. With respect to the score of class c it is
   * `p[c] - 1` if c is the label, and `p[c]` otherwise.
   */
  #addGradients(
    features: readonly Feature[],
    label: number,
    weights: AdaGrad,
    bias: AdaGrad,
  ): void {
    const size = this.#tokenizer.vocab.size;
    const probabilities = this.#probabilities(features);
    for (let c = 0; c < this.#classes; c++) {
      const error = probabilities[c] - (c === label ? 1 : 0);
      bias.gradient[c] += error;
      for (const [id, value] of features) weights.gradient[c * size + id] += error * value;
    }
  }
}

/** The learning rate of AdaGrad before it is divided, and what keeps the divisor above 0. */
const LEARNING_RATE = 0.3;
const EPSILON = 1e-6;

/**
 * AdaGrad: gradient descent that divides the learning rate of each parameter by the root of the sum
 * of its squared gradients.
 */
class AdaGrad {
  readonly gradient: Float64Array;
  readonly #values: Float64Array;
  readonly #squares: Float64Array;

  constructor(values: Float64Array) {
    this.#values = values;
    this.gradient = new Float64Array(values.length);
    this.#squares = new Float64Array(values.length);
  }

  step(penalty: number): void {
    for (let i = 0; i < this.#values.length; i++) {
      const slope = this.gradient[i] + penalty * this.#values[i];
      this.#squares[i] += slope * slope;
      this.#values[i] -= LEARNING_RATE * slope / (Math.sqrt(this.#squares[i]) + EPSILON);
    }
    this.gradient.fill(0);
  }
}

function checkSizes(classes: number, penalty: number, iterations: number): void {
  checkWhole("classes", classes, 2);
  checkWhole("iterations", iterations, 1);
  checkNotNegative("penalty", penalty);
}
