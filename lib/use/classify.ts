/** Classifying texts, and evaluating a classifier. */
import { macrotask } from "../training/macrotask.ts";
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { type Batch } from "../data/batch.ts";
import { checkArguments, checkOptions, TEXT } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { CLASSIFIER } from "../training/argument_kinds.ts";
import { checkedToTensors } from "../training/batch_tensors.ts";
import type { Shares } from "../model/classes_json.ts";
import { noConfusion, shareRight } from "./class_scores.ts";
import { type BertClassifier, checkSoftmax } from "./classifier.ts";
import { checkTexts, labelledBatches, type LabelledText } from "./labelled_texts.ts";
import { crossEntropyLoss } from "../training/loss.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** The scores of a classifier. */
export interface ClassifierScore {
  /** The mean cross-entropy over the texts, in nats. */
  readonly loss: number;
  /** The share of texts whose predicted class is their label, 0 to 1. */
  readonly accuracy: number;
  /** The number of texts. */
  readonly count: number;
  /** The confusion matrix, [C, C]: `confusion[label][predicted]` is a number of texts. */
  readonly confusion: readonly (readonly number[])[];
}

/** How texts are put into batches. */
export interface ClassifyOptions {
  /** Texts in a batch, at least 1. Default 32. */
  readonly batchSize?: number;
  /** Longer texts are cut to this many tokens. Default: the model's `maxPositionEmbeddings`. */
  readonly maxLength?: number;
}

/**
 * Evaluates a classifier on labelled texts, without dropout. It waits for a macrotask after each
 * batch.
 *
 * @param options How texts are put into batches.
 * @throws {ConfigError} If there is no text, an option is unknown or cannot work, or the model is for
 * texts with several classes.
 * @throws {RangeError} If a label is not one of the model's classes. The message names the label and
 * the number of its text.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { evaluateClassifier } from "bert/use/classify.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const model = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const texts = [{ text: "sea", label: 0 }, { text: "land", label: 1 }];
 * const { count, confusion } = await evaluateClassifier(model, texts, tokenizer);
 * strictEqual(count, 2);
 * strictEqual(confusion[0][0] + confusion[0][1], 1); // the one text of class 0
 * ```
 */
export async function evaluateClassifier(
  model: BertClassifier,
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  options: ClassifyOptions = {},
): Promise<ClassifierScore> {
  const call = "evaluateClassifier(model, texts, tokenizer, options)";
  checkArguments(call, [["model", model, CLASSIFIER]]);
  checkOptions("evaluateClassifier()", options, ["batchSize", "maxLength"]);
  checkSoftmax(model);
  checkTexts(call, texts, tokenizer, model.classes);
  if (texts.length === 0) throw new ConfigError("texts", [], "must have at least one");
  const { batchSize = 32, maxLength = model.config.maxPositionEmbeddings } = options;
  const confusion = noConfusion(model.classes);
  let loss = 0;
  for (const { batch, labels } of labelledBatches(texts, tokenizer, { batchSize, maxLength })) {
    const rows = await scoreRows(model, batch, labels);
    for (const [i, label] of labels.entries()) {
      loss += rows.losses[i];
      confusion[label][rows.predicted[i]]++;
    }
    await macrotask();
  }
  const count = texts.length;
  return { loss: loss / count, accuracy: shareRight(confusion), count, confusion };
}

async function scoreRows(model: BertClassifier, batch: Batch, labels: Int32Array) {
  await ensureBackend();
  using tensors = checkedToTensors(batch);
  const scores = tf.tidy(() => {
    const logits = model.forward(tensors); // [B, C]
    const wanted = tf.tensor1d(labels, "int32"); // [B]
    const losses = crossEntropyLoss(logits, wanted, { reduction: "none" }); // [B]
    return { losses, predicted: tf.argMax(logits, -1) }; // [B]
  });
  try {
    return { losses: await scores.losses.data(), predicted: await scores.predicted.data() };
  } finally {
    tf.dispose(scores);
  }
}

/**
 * Computes the probability of each class for one text, or a pair. Longer texts are cut to the model's
 * length.
 *
 * @returns C numbers that sum to 1. For a published model whose `shares` is `"sigmoid"` they are
 * independent probabilities; for `"none"` they are the logits.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { classify } from "bert/use/classify.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const model = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const [sea, land] = await classify(model, tokenizer, "the sea");
 * ok(Math.abs(sea + land - 1) < 1e-5);
 * ```
 */
export async function classify(
  model: BertClassifier,
  tokenizer: BertTokenizer,
  text: string,
  pair?: string,
): Promise<number[]> {
  checkArguments("classify(model, tokenizer, text, pair)", [
    ["model", model, CLASSIFIER],
    ["tokenizer", tokenizer, TOKENIZER],
    ["text", text, TEXT],
    ["pair", pair ?? "", TEXT],
  ]);
  const maxLength = model.config.maxPositionEmbeddings;
  const [{ batch }] = labelledBatches([{ text, pair, label: 0 }], tokenizer, {
    batchSize: 1,
    maxLength,
  });
  await ensureBackend();
  using tensors = checkedToTensors(batch);
  const shares = tf.tidy(() => sharesOf(model.forward(tensors), model.shares)); // [1, C]
  try {
    return [...await shares.data()];
  } finally {
    shares.dispose();
  }
}

/** Turns logits into probabilities, as the model's `shares` says: [B, C] -> [B, C]. */
function sharesOf(logits: tf.Tensor2D, shares: Shares): tf.Tensor2D {
  if (shares === "none") return logits;
  return shares === "softmax" ? tf.softmax(logits) : tf.sigmoid(logits);
}
