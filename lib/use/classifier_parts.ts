/** What the classifiers of texts and of words have in common. */
import type * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { dropout, mixSeed } from "../model/ops/dropout.ts";
import type { Weights } from "../model/weights.ts";

/** A classifier whose weights are to be filled. */
interface NewClassifier {
  readonly weights: Weights;
  dispose(): void;
}

/**
 * Copies all weights of a pre-trained model that a new classifier has, too. The others, which are
 * those of its dense layer, stay as they are.
 *
 * @param overrides What the classifier's configuration differs in, for the error.
 * @throws {ConfigError} If a weight has another shape in the classifier, which is then disposed of.
 */
export function copyPretrained(
  { weights }: BertPretrainHead,
  classifier: NewClassifier,
  overrides: Partial<BertConfig> | undefined,
): void {
  for (const [name, weight] of classifier.weights) {
    const known = weights.get(name);
    if (!known) continue; // the new dense layer
    if (`${known.shape}` !== `${weight.shape}`) {
      classifier.dispose();
      const advice =
        `must leave ${name} its shape [${known.shape}], and makes it [${weight.shape}]`;
      throw new ConfigError("overrides", overrides, advice);
    }
    const copy = known.clone(); // shares its memory until AdamW first updates the copy
    weight.assign(copy);
    copy.dispose();
  }
}

/**
 * Dropout on the vectors before a classifier's dense layer. Its seed is derived from `seed` and
 * differs from that of every layer.
 */
export function dropVectors<T extends tf.Tensor>(
  vectors: T,
  { hiddenDropoutProb, numHiddenLayers }: BertConfig,
  training = false,
  seed = 0,
): T {
  if (!training) return vectors;
  return dropout(vectors, hiddenDropoutProb, mixSeed(seed, numHiddenLayers + 1));
}
