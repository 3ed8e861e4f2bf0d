/**
 * Fine-tuning a classifier on labelled texts; `fine_tune_words.ts` does the same with labelled words. A
 * step is like one of pre-training, with another loss; the optimizer and the schedule of the learning
 * rate are the same.
 */
import { macrotask } from "../training/macrotask.ts";
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import {
  checkArguments,
  checkOptions,
  checkPositive,
  checkShare,
  checkWhole,
  having,
  SIGNAL,
} from "../checks.ts";
import { ANY_CLASSIFIER, CLASSIFIER, OPTIMIZER } from "../training/argument_kinds.ts";
import { checkBatch, checkedToTensors } from "../training/batch_tensors.ts";
import { type BertClassifier, checkSoftmax } from "./classifier.ts";
import type { BertTokenClassifier } from "./token_classifier.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import {
  checkTexts,
  type LabelledBatch,
  type LabelledText,
  textBatch,
  textRows,
} from "./labelled_texts.ts";
import { countLabels, crossEntropyLoss } from "../training/loss.ts";
import { countRight } from "../training/right_answers.ts";
import { globalNorm } from "../training/global_norm.ts";
import { clipScale } from "../training/clipping.ts";
import { learningRateAt } from "../training/learning_rate.ts";
import { AdamW, type Optimizer } from "../training/optimizer.ts";
import { chunks } from "../data/epochs.ts";
import { createRng } from "../random.ts";
import { mostTokens } from "./text_inputs.ts";
import { checkRates, DivergedError } from "../training/train_step.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** One step of fine-tuning. */
export interface FineTuneLog {
  /** The number of the update, counted from 1. */
  readonly step: number;
  /** The mean cross-entropy over the batch before the update, in nats. */
  readonly loss: number;
  /**
   * The share of the batch's texts, or of its labelled words, that were classified right before the
   * update, 0 to 1.
   */
  readonly accuracy: number;
  /** The global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** The learning rate of the update. */
  readonly learningRate: number;
}

/** Options of `fineTune()` and `fineTuneWords()`. */
export interface FineTuneOptions {
  /** Passes over the texts, at least 1. */
  readonly epochs: number;
  /** Texts in a batch, at least 1; the last batch may have fewer. */
  readonly batchSize: number;
  /**
   * The highest learning rate. Default 1e-3, for small models; models of BERT's size need 2e-5 to
   * 5e-5.
   */
  readonly learningRate?: number;
  /** The share of the steps in which the learning rate rises, 0 to 1. Default 0.1. */
  readonly warmupShare?: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay?: number;
  /** Largest global norm of the gradient; a longer one is scaled down. Default 1. */
  readonly clipNorm?: number;
  /** Longer texts are cut to this many tokens. Default: the model's `maxPositionEmbeddings`. */
  readonly maxLength?: number;
  /** The seed of the order of the texts and of dropout. */
  readonly seed: number;
  /** Stops training after the current step. The model keeps what it has learned. */
  readonly signal?: AbortSignal;
}

/** Options of `fineTuneStep()`. */
export interface FineTuneStepOptions {
  /** The learning rate of this step. */
  readonly learningRate: number;
  /** The seed of the dropout, a different one for each step. */
  readonly seed: number;
  /** Largest global norm of the gradient; a longer one is scaled down. Default 1. */
  readonly clipNorm?: number;
}

/** A classifier of texts or of words. */
export type AnyClassifier = BertClassifier | BertTokenClassifier;

/**
 * Does one step of fine-tuning: forward pass, loss, gradients, clipping and update. It leaves no
 * tensor behind.
 *
 * @param labelled A batch of `labelledBatches()`, or for a classifier of words of
 * `labelledWordBatches()`. Tokens whose label is -1 count neither in the loss nor in the accuracy.
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown.
 * @throws {ShapeError} If there are more or fewer labels than texts, or than tokens.
 * @throws {RangeError} If a label is not one of the model's classes.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite. No weight is changed then.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { fineTuneStep } from "bert/use/fine_tune.ts";
 * import { labelledBatches } from "bert/use/labelled_texts.ts";
 * import { AdamW } from "bert/training/optimizer.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const model = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const texts = [{ text: "sea", label: 0 }, { text: "land", label: 1 }];
 * const [batch] = labelledBatches(texts, tokenizer, { batchSize: 2, maxLength: 8 });
 * const step = { learningRate: 0.001, seed: 1 };
 * const { loss } = await fineTuneStep(model, new AdamW(model.weights), batch, step);
 * ok(Math.abs(loss - Math.LN2) < 0.3); // it knows nothing yet
 * ```
 */
export async function fineTuneStep(
  model: AnyClassifier,
  optimizer: Optimizer,
  labelled: LabelledBatch,
  options: FineTuneStepOptions,
): Promise<FineTuneLog> {
  checkStep(model, optimizer, labelled, options);
  const { batch, labels } = labelled;
  const { learningRate, seed, clipNorm = 1 } = options;
  await ensureBackend();
  using inputs = checkedToTensors(batch);
  const wanted = tf.tensor1d(labels, "int32"); // [N]: B texts or B*T tokens
  let gradients: tf.NamedTensorMap = {};
  let found: tf.Tensor | undefined;
  try {
    const { value, grads } = tf.variableGrads(() => {
      const scores: tf.Tensor = model.forward(inputs, { training: true, seed }); // [B, C] or [B, T, C]
      const logits = tf.reshape<tf.Rank.R2>(scores, [labels.length, model.classes]); // [N, C]
      const loss = crossEntropyLoss(logits, wanted, { reduction: "mean" }).asScalar();
      found = tf.keep(tf.stack([loss, countRight(logits, wanted)])); // [2]
      return loss;
    }, [...model.weights.values()]);
    value.dispose();
    gradients = byName(model, grads);
    const [loss, right, norm] = await readWithNorm(found!, gradients);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const what = `the loss is ${loss} and the gradient norm ${norm}`;
      throw new DivergedError(optimizer.steps + 1, [batch], what, learningRate);
    }
    optimizer.step(gradients, learningRate, clipScale(norm, clipNorm));
    const accuracy = right / Math.max(countLabels(labels), 1);
    return { step: optimizer.steps, loss, accuracy, gradientNorm: norm, learningRate };
  } finally {
    tf.dispose([found ?? [], gradients, wanted]);
  }
}

const LABELLED = having(
  "a batch, as labelledBatches() and labelledWordBatches() give it",
  "batch",
  "labels",
);

function checkStep(
  model: AnyClassifier,
  optimizer: Optimizer,
  labelled: LabelledBatch,
  options: FineTuneStepOptions,
): void {
  const call = "fineTuneStep(model, optimizer, batch, options)";
  checkArguments(call, [
    ["model", model, ANY_CLASSIFIER],
    ["optimizer", optimizer, OPTIMIZER],
    ["batch", labelled, LABELLED],
  ]);
  checkBatch(call, "batch.batch", labelled.batch);
  checkOptions("fineTuneStep()", options, ["learningRate", "seed", "clipNorm"]);
  checkRates(options);
  if ("shares" in model) checkSoftmax(model);
  checkLabels(model, labelled);
}

/** Reads the loss, the number of right answers and the norm of the gradient in one transfer. */
async function readWithNorm(figures: tf.Tensor, gradients: tf.NamedTensorMap) {
  const all = tf.tidy(() => tf.concat([figures, tf.reshape(globalNorm(gradients), [1])])); // [3]
  try {
    return await all.data<"float32">();
  } finally {
    all.dispose();
  }
}

/**
 * Checks the labels before gradients are recorded, as an error within the recording would leak
 * tensors.
 */
function checkLabels({ classes, pooling }: AnyClassifier, { batch, labels }: LabelledBatch): void {
  const isOfWords = pooling === "none";
  const count = isOfWords ? batch.size * batch.length : batch.size;
  if (labels.length !== count) {
    throw new ShapeError("fineTuneStep() from labels of batch", [count], [labels.length]);
  }
  const least = isOfWords ? -1 : 0;
  const wrong = labels.findIndex((label) => !(label >= least && label < classes));
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot train on label ${labels[wrong]} of ${isOfWords ? "token" : "text"} ${wrong} of the ` +
      `batch: the classifier has the classes 0 to ${classes - 1}`,
  );
}

/** Gradients by the model's names of the weights instead of tfjs's. */
function byName({ weights }: AnyClassifier, grads: tf.NamedTensorMap): tf.NamedTensorMap {
  const known = [...weights].filter(([, { name: id }]) => grads[id]);
  return Object.fromEntries(known.map(([name, { name: id }]) => [name, grads[id]]));
}

/**
 * Fine-tunes a classifier on labelled texts, in a new random order for each epoch.
 *
 * It waits for a macrotask before each step, so that timers, the page and a stop button can respond.
 * The same seed gives the same weights.
 *
 * @returns One entry for each step.
 * @throws {ConfigError} If there is no text, or an option is unknown or cannot work.
 * @throws {RangeError} If a label is not one of the model's classes. The message names the label and
 * the number of its text.
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite.
 *
 * Source: Devlin et al. 2018 section 4.1 and appendix A.3: all weights are trained, for 2 to 4
 * epochs of batches of 16 or 32. With few texts more epochs are better (Mosbach et al. 2021).
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { fineTune } from "bert/use/fine_tune.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const model = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const texts = [{ text: "sea", label: 0 }, { text: "land", label: 1 }];
 * const logs = await fineTune(model, texts, tokenizer, { epochs: 3, batchSize: 2, maxLength: 8, seed: 1 });
 * strictEqual(logs.length, 3);
 * ```
 */
export async function fineTune(
  model: BertClassifier,
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  options: FineTuneOptions,
): Promise<FineTuneLog[]> {
  const call = "fineTune(model, texts, tokenizer, options)";
  checkArguments(call, [["model", model, CLASSIFIER]]);
  checkOptions("fineTune()", options, FINE_TUNE_OPTIONS);
  checkTexts(call, texts, tokenizer, model.classes);
  if (texts.length === 0) throw new ConfigError("texts", [], "must have at least one");
  checkRun(call, options);
  const maxLength = mostTokens(options, model.config);
  const rows = textRows(texts, tokenizer, maxLength);
  return await runEpochs(model, rows, (part) => textBatch(part, tokenizer, maxLength), options);
}

/** The names of the options of `fineTune()` and `fineTuneWords()`. */
export const FINE_TUNE_OPTIONS = [
  "epochs",
  "batchSize",
  "learningRate",
  "warmupShare",
  "weightDecay",
  "clipNorm",
  "maxLength",
  "seed",
  "signal",
] as const satisfies readonly (keyof FineTuneOptions)[];

/**
 * Checks the values of the options before anything is computed.
 *
 * @param call The function with the names of its arguments.
 * @throws {ConfigError} If one cannot work.
 * @throws {TypeError} If `signal` is not an `AbortSignal`.
 */
export function checkRun(call: string, options: FineTuneOptions): void {
  checkWhole("epochs", options.epochs, 1);
  checkWhole("batchSize", options.batchSize, 1);
  const { peak, warmupShare } = scheduleOf(options);
  checkPositive("learningRate", peak);
  checkShare("warmupShare", warmupShare);
  checkRates({ learningRate: peak, clipNorm: options.clipNorm });
  checkArguments(call, [["options.signal", options.signal, SIGNAL]]);
}

/** The learning rate's schedule, as `learningRateAt()` takes it. */
function scheduleOf({ learningRate = 1e-3, warmupShare = 0.1 }: FineTuneOptions) {
  return { peak: learningRate, warmupShare };
}

/**
 * The loop of `fineTune()` and `fineTuneWords()`, with arguments that were checked.
 *
 * @param rows All examples, encoded. Each epoch has its own order of them.
 * @param batchOf Makes a batch of some of them.
 */
export async function runEpochs<Row>(
  model: AnyClassifier,
  rows: readonly Row[],
  batchOf: (part: readonly Row[]) => LabelledBatch,
  options: FineTuneOptions,
): Promise<FineTuneLog[]> {
  const { epochs, batchSize, weightDecay, clipNorm, signal } = options;
  const schedule = scheduleOf(options);
  const planned = epochs * Math.ceil(rows.length / batchSize);
  using optimizer = new AdamW(model.weights, { weightDecay }); // which checks it
  const rng = createRng(options.seed);
  const [orders, seeds] = [rng.fork("order"), rng.fork("dropout")];
  const logs: FineTuneLog[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = [...rows];
    orders.shuffle(order);
    for (const part of chunks(order, batchSize)) {
      await macrotask();
      if (signal?.aborted) return logs;
      const learningRate = learningRateAt((logs.length + 0.5) / planned, schedule);
      const settings = { learningRate, seed: seeds.below(2 ** 31), clipNorm };
      logs.push(await fineTuneStep(model, optimizer, batchOf(part), settings));
    }
  }
  return logs;
}
