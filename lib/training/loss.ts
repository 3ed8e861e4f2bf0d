/**
 * Cross-entropy, in nats, and the loss of BERT's two tasks. Two known mistakes are avoided: the
 * ignored label is -1, which is no class of either task, and a mean divides by the number of labels
 * that are not ignored, not by the number of rows.
 */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../model/argument_kinds.ts";
import { differentiable, fused } from "../backend/operation.ts";
import { checkArguments, checkChoice, checkOptions, having, type Kind } from "../checks.ts";
import { checkShape, ShapeError } from "../errors.ts";
import { hits } from "./right_answers.ts";

/** How the losses of the positions become one number, and which label is ignored. */
export interface CrossEntropyOptions {
  /** The `"sum"` over the positions (default), their `"mean"`, or `"none"` for a loss of each. */
  readonly reduction?: "sum" | "mean" | "none";
  /** The label of positions that are ignored. Default -1. */
  readonly ignoreIndex?: number;
}

/**
 * The cross-entropy of each position, -log p(right class), summed by default.
 *
 * A position whose label is `ignoreIndex` adds nothing to the loss or its gradient. If all labels
 * are, the loss is 0. The mean divides by the number of positions that are not ignored. Large logits do
 * not overflow, as the largest is subtracted first.
 *
 * @param logits `[..., C]` float32: unnormalised scores of C classes.
 * @param labels `[...]` integers: the right classes, in [0, C), or `ignoreIndex`.
 * @returns A scalar, or with `"none"` a tensor of the shape of `labels`; the caller disposes of it.
 * @throws {ShapeError} If `labels` does not have the shape of `logits` without its last axis.
 * @throws {RangeError} If a label is no class.
 *
 * @example Four equally likely classes, two positions that count and one that does not
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { crossEntropyLoss } from "bert/training/loss.ts";
 * import { ok } from "node:assert";
 * const labels = tf.tensor1d([0, 3, -1], "int32");
 * const loss = crossEntropyLoss(tf.zeros([3, 4]), labels);
 * ok(Math.abs(loss.dataSync()[0] - 2 * Math.log(4)) < 1e-6);
 * ```
 *
 * Source: Devlin et al. 2018, 3.1; `get_masked_lm_output` in google-research/bert, which computes the
 * mean with 1e-5 added to the denominator. Here a denominator of 0 becomes 1.
 */
export function crossEntropyLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  options: CrossEntropyOptions = {},
): tf.Tensor {
  checkOptions("crossEntropyLoss()", options, ["reduction", "ignoreIndex"]);
  const { reduction = "sum", ignoreIndex = -1 } = options;
  checkChoice("reduction", reduction, ["sum", "mean", "none"]);
  if (!(logits instanceof tf.Tensor) || logits.rank === 0) {
    const found = logits instanceof tf.Tensor ? [] : ["no tensor"];
    throw new ShapeError("crossEntropyLoss() from logits", ["...", "C"], found);
  }
  const classes = logits.shape[logits.rank - 1];
  checkShape("crossEntropyLoss() from labels", labels, logits.shape.slice(0, -1));
  const wanted = checkedLabels(labels.dataSync(), classes, ignoreIndex);
  return tf.tidy(() => {
    const floats = logits.dtype === "float32" ? logits : tf.cast(logits, "float32");
    const rows = tf.reshape(floats, [wanted.length, classes]) as tf.Tensor2D; // [N, C]
    const losses = softmaxCrossEntropy(rows, tf.tensor1d(wanted, "int32")); // [N]
    if (reduction === "none") return tf.reshape(losses, labels.shape);
    const total = tf.sum(losses); // []
    return reduction === "sum" ? total : tf.div(total, Math.max(countLabels(wanted), 1));
  });
}

/** The labels as int32, with -1 for those to ignore. */
function checkedLabels(labels: ArrayLike<number>, classes: number, ignoreIndex: number) {
  return Int32Array.from(labels, (label, i) => {
    if (label === ignoreIndex) return -1;
    if (Number.isInteger(label) && label >= 0 && label < classes) return label;
    throw new RangeError(
      `Cannot compute crossEntropyLoss(): label ${label} at position ${i} is no class: ` +
        `expected 0 to ${classes - 1}, or ${ignoreIndex} to ignore the position`,
    );
  });
}

/** The number of labels that are not -1, which marks positions without a label. */
export function countLabels(labels: Int32Array): number {
  return labels.reduce((count, label) => label >= 0 ? count + 1 : count, 0);
}

/**
 * The share of positions whose largest logit is the right class; 0 if every label is ignored.
 *
 * @param logits `[..., C]` float32.
 * @param labels `[...]` int32.
 * @param ignoreIndex The label of positions that are ignored.
 * @returns A scalar in [0, 1]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { accuracy } from "bert/training/loss.ts";
 * import { strictEqual } from "node:assert";
 * const logits = tf.tensor2d([[1, 2], [3, 0], [5, 5]]);
 * strictEqual(accuracy(logits, tf.tensor1d([1, 1, -1], "int32")).dataSync()[0], 0.5);
 * ```
 */
export function accuracy(logits: tf.Tensor, labels: tf.Tensor, ignoreIndex = -1): tf.Scalar {
  checkArguments("accuracy(logits, labels)", [["logits", logits, TENSOR]]);
  checkShape("accuracy() from labels", labels, logits.shape.slice(0, -1));
  return tf.tidy(() => {
    const counts = tf.cast(tf.notEqual(labels, ignoreIndex), "float32"); // [...]
    const right = tf.sum(tf.mul(hits(logits, labels), counts)); // []
    return tf.div(right, tf.maximum(tf.sum(counts), 1)).asScalar();
  });
}

/**
 * The logits of both tasks, as `BertPretrainHead.forward()` returns them for the predicted positions.
 */
export interface PretrainLogits {
  /** `[P, V]`: a score of each word for each predicted position. */
  readonly mlmLogits: tf.Tensor;
  /** `[B, 2]`: the scores of "follows" and "does not follow" for each pair. */
  readonly nspLogits: tf.Tensor;
}

/** The labels of both tasks, which `BatchTensors` has. */
export interface PretrainLabels {
  /** `[P]` int32: the right word of each position, or -1 for positions that are ignored. */
  readonly predictedLabels: tf.Tensor;
  /** `[B]` int32: 0 if the second segment follows, 1 if not, -1 if there is none. */
  readonly nspLabels: tf.Tensor;
}

/** How each task's losses become one number. */
export interface PretrainLossOptions {
  /** The `"mean"` over a task's labels (default), or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
}

const LOGITS: Kind = having("logits, { mlmLogits, nspLogits }", "mlmLogits", "nspLogits");

const LABELS: Kind = having(
  "labels, { predictedLabels, nspLabels }",
  "predictedLabels",
  "nspLabels",
);

/**
 * The loss of pre-training: the loss of the masked words plus that of the next sentence, each by
 * default the mean over its labels.
 *
 * @returns Three scalars, in nats; the caller disposes of them.
 * @throws {ConfigError} If an option is unknown or cannot work.
 * @throws {ShapeError} If the shapes do not fit.
 * @throws {RangeError} If a label is no class.
 *
 * Source: Devlin et al. 2018, appendix A.2: "the sum of the mean masked LM likelihood and the mean
 * next sentence prediction likelihood".
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { pretrainLoss } from "bert/training/loss.ts";
 * import { ok } from "node:assert";
 * const logits = { mlmLogits: tf.zeros([2, 8]), nspLogits: tf.zeros([1, 2]) };
 * const predictedLabels = tf.tensor1d([3, -1], "int32");
 * const { totalLoss } = pretrainLoss(logits, { predictedLabels, nspLabels: tf.tensor1d([0], "int32") });
 * ok(Math.abs(totalLoss.dataSync()[0] - Math.log(8) - Math.log(2)) < 1e-6);
 * ```
 */
export function pretrainLoss(
  logits: PretrainLogits,
  labels: PretrainLabels,
  options: PretrainLossOptions = {},
): { totalLoss: tf.Scalar; mlmLoss: tf.Scalar; nspLoss: tf.Scalar } {
  checkOptions("pretrainLoss()", options, ["reduction"]);
  const { reduction = "mean" } = options;
  checkChoice("reduction", reduction, ["mean", "sum"]);
  checkArguments("pretrainLoss(logits, labels, options)", [
    ["logits", logits, LOGITS],
    ["labels", labels, LABELS],
  ]);
  const { mlmLogits, nspLogits } = logits;
  const { predictedLabels, nspLabels } = labels;
  return tf.tidy(() => {
    const mlmLoss = crossEntropyLoss(mlmLogits, predictedLabels, { reduction }).asScalar();
    const nspLoss = crossEntropyLoss(nspLogits, nspLabels, { reduction }).asScalar();
    return { totalLoss: tf.add(mlmLoss, nspLoss).asScalar(), mlmLoss, nspLoss };
  });
}

/**
 * The cross-entropy of each row, in nats: -log softmax(logits)[label].
 *
 * @param logits `[P, V]` float32. Large ones do not overflow, as the largest is subtracted first.
 * @param labels `[P]` int32: the right class, or -1 for a row that is ignored. They are not checked.
 * @returns `[P]`: the losses, 0 where the label is -1, even if the logits are NaN; the caller disposes
 * of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { softmaxCrossEntropy } from "bert/training/loss.ts";
 * import { ok } from "node:assert";
 * const labels = tf.tensor1d([0, -1], "int32");
 * const [counted, ignored] = softmaxCrossEntropy(tf.zeros([2, 8]), labels).dataSync();
 * ok(Math.abs(counted - Math.log(8)) < 1e-6 && ignored === 0);
 * ```
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  checkShape("softmaxCrossEntropy() from logits", logits, ["P", "V"]);
  checkShape("softmaxCrossEntropy() from labels", labels, [logits.shape[0]]);
  return differentiable(
    [logits],
    (save) => {
      const own = fused("BertCrossEntropy", { logits, labels });
      const [loss, ...logSum] = own ?? [rowLosses(logits, labels)]; // [P] each
      save([logits, labels, loss, ...logSum]);
      return loss as tf.Tensor1D;
    },
    (dy, [logits, labels, loss, logSum]) => {
      const own = logSum && fused("BertCrossEntropyGradient", { dy, logits, labels, logSum });
      if (own) return own;
      const weight = zeroIgnored(dy, labels); // [P]
      const [rows, classes] = logits.shape;
      const all = tf.mul(tf.softmax(zeroIgnored(logits, labels)), tf.reshape(weight, [rows, 1])); // [P, V]
      const right = tf.mul(tf.sub(tf.exp(tf.neg(loss)), 1), weight); // [P]: softmax - 1 at the label
      const places = tf.reshape(labelPlaces(labels, classes), [rows, 1]); // [P, 1]
      const flat = tf.tensorScatterUpdate(tf.reshape(all, [rows * classes]), places, right); // [P*V]
      return [tf.reshape(flat, [rows, classes])]; // [P, V]: (softmax - one-hot) · dy
    },
  );
}

/** The loss of each row, log Σ exp(x) - x[label], after its largest logit has been subtracted. */
function rowLosses(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const rows = zeroIgnored(logits, labels); // [P, V]
  const shifted = tf.sub(rows, tf.max(rows, 1, true)); // [P, V]
  const total = tf.log(tf.sum(tf.exp(shifted), 1)); // [P]
  const right = tf.gather(tf.reshape(shifted, [-1]), labelPlaces(labels, logits.shape[1])); // [P]
  return zeroIgnored(tf.sub(total, right), labels);
}

/** `x` with 0 in the ignored rows, even where `x` is NaN. */
function zeroIgnored<T extends tf.Tensor>(x: T, labels: tf.Tensor): T {
  const shape = x.shape.map((length, axis) => axis === 0 ? length : 1);
  return tf.where<T>(tf.reshape(tf.greaterEqual(labels, 0), shape), x, tf.zerosLike(x));
}

/**
 * The index of each row's label in the flattened logits. A label of -1 is replaced by the first
 * class.
 */
function labelPlaces(labels: tf.Tensor, classes: number): tf.Tensor {
  const starts = tf.range(0, labels.size * classes, classes, "int32");
  return tf.add(starts, tf.maximum(labels, tf.scalar(0, "int32"))); // [P] int32
}
