/**
 * The differentiable operations that BERT is made of, each defined once on plain tfjs operations:
 * look-ups and products here; dropout, LayerNorm and attention in `ops_*.ts` beside this file.
 *
 * Each is one step on tfjs's tape with a gradient of its own, which runs on every backend. A faster
 * backend brings kernels for the same functions; these definitions then serve as its oracle.
 */
import * as tf from "@tensorflow/tfjs";
import { checkShape } from "../../errors.ts";
import { differentiable, fused } from "../../backend/operation.ts";

/**
 * Looks up a row of a table for each id.
 *
 * @param table [V, H] float32.
 * @param ids [N] int32, from 0 to V - 1; the model checks them where they come in.
 * @returns [N, H]; the caller disposes of it.
 * @throws {ShapeError} If an argument has another rank.
 *
 * @example
 * ```ts
 * import { embed } from "bert/model/ops/rows.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const table = tf.tensor2d([[1, 2], [3, 4]]);
 * deepStrictEqual(embed(table, tf.tensor1d([1, 1], "int32")).arraySync(), [[3, 4], [3, 4]]);
 * ```
 */
export function embed(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  checkShape("embed() from table", table, ["V", "H"]);
  checkShape("embed() from ids", ids, ["N"]);
  return takeRows(table, ids);
}

/**
 * Picks rows out of the positions of a batch, for instance those whose token is to be predicted.
 *
 * @param x [N, H] float32.
 * @param rows [P] int32, from 0 to N - 1, repetitions allowed.
 * @returns [P, H]; the caller disposes of it.
 * @throws {ShapeError} If an argument has another rank.
 *
 * Source: `gather_indexes` in google-research/bert's `run_pretraining.py`.
 *
 * @example
 * ```ts
 * import { gatherRows } from "bert/model/ops/rows.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const x = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
 * deepStrictEqual(gatherRows(x, tf.tensor1d([2], "int32")).arraySync(), [[5, 6]]);
 * ```
 */
export function gatherRows(x: tf.Tensor2D, rows: tf.Tensor1D): tf.Tensor2D {
  checkShape("gatherRows() from x", x, ["N", "H"]);
  checkShape("gatherRows() from rows", rows, ["P"]);
  return takeRows(x, rows);
}

/** Rows of a matrix; in the gradient, what was taken twice gets the sum of both. */
function takeRows(matrix: tf.Tensor2D, rows: tf.Tensor1D): tf.Tensor2D {
  const [height, width] = matrix.shape;
  return differentiable(
    [matrix],
    (save) => {
      save([rows]);
      return one(fused("BertTakeRows", { table: matrix, ids: rows })) ?? tf.gather(matrix, rows); // [N, H]
    },
    (dy, [rows]) => {
      const own = fused("BertTakeRowsGradient", { dy, ids: rows }, { height });
      if (own) return own;
      // Not unsortedSegmentSum, as in tf.gather's own gradient: the wasm backend of tfjs lacks it.
      const places = tf.reshape(rows, [rows.size, 1]); // [N, 1]
      return [tf.scatterND(places, dy, [height, width])]; // [V, H]
    },
  );
}

/**
 * A dense layer: `x · weight + bias`.
 *
 * @param x [N, I] float32.
 * @param weight [I, O]; PyTorch's `nn.Linear` stores the transpose.
 * @param bias [O].
 * @returns [N, O]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import { linear } from "bert/model/ops/rows.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]), tf.tensor1d([5]));
 * deepStrictEqual(y.arraySync(), [[16]]);
 * ```
 */
export function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  checkShape("linear() from x", x, ["N", "I"]);
  checkShape("linear() from weight", weight, [x.shape[1], "O"]);
  checkShape("linear() from bias", bias, [weight.shape[1]]);
  return differentiable(
    [x, weight, bias],
    (save) => {
      save([x, weight]);
      const own = one<tf.Tensor2D>(fused("BertLinear", { x, weight, bias }));
      return own ?? tf.add(tf.matMul(x, weight), bias); // [N, O]
    },
    (dy, [x, weight]) =>
      fused("BertLinearGradient", { dy, x, weight }) ?? [
        tf.matMul(dy, weight, false, true), // [N, I]
        tf.matMul(x, dy, true, false), // [I, O]
        tf.sum(dy, 0), // [O]
      ],
  );
}

/**
 * Scores each row against every row of a table: `x · tableᵀ + bias`. With the word embeddings as
 * the table this is BERT's decoder, tied to its input.
 *
 * @param x [N, H] float32.
 * @param table [V, H].
 * @param bias [V].
 * @returns [N, V]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * Source: `get_masked_lm_output` in google-research/bert's `run_pretraining.py`.
 *
 * @example
 * ```ts
 * import { project } from "bert/model/ops/rows.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const table = tf.tensor2d([[1, 0], [0, 1], [1, 1]]); // three words
 * const y = project(tf.tensor2d([[2, 3]]), table, tf.tensor1d([0, 0, 100]));
 * deepStrictEqual(y.arraySync(), [[2, 3, 105]]);
 * ```
 */
export function project(x: tf.Tensor2D, table: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  checkShape("project() from x", x, ["N", "H"]);
  checkShape("project() from table", table, ["V", x.shape[1]]);
  checkShape("project() from bias", bias, [table.shape[0]]);
  return differentiable(
    [x, table, bias],
    (save) => {
      save([x, table]);
      const own = one<tf.Tensor2D>(fused("BertProject", { x, table, bias }));
      return own ?? tf.add(tf.matMul(x, table, false, true), bias); // [N, V]
    },
    (dy, [x, table]) =>
      fused("BertProjectGradient", { dy, x, table }) ?? [
        tf.matMul(dy, table), // [N, H]
        tf.matMul(dy, x, true, false), // [V, H]
        tf.sum(dy, 0), // [V]
      ],
  );
}

/**
 * The Gaussian error linear unit in its exact form: x times the probability that a standard normal
 * number is below x.
 *
 * @param x Any shape, float32.
 * @returns Same shape; the caller disposes of it.
 *
 * Source: Hendrycks and Gimpel 2016, section 2. BERT's first release used their tanh approximation,
 * which is another function; Hugging Face's `"gelu"` is this one.
 *
 * @example
 * ```ts
 * import { gelu } from "bert/model/ops/rows.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * ok(Math.abs(gelu(tf.scalar(1)).arraySync() - 0.841345) < 1e-6);
 * ```
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return differentiable(
    [x],
    (save) => {
      save([x]);
      return one<T>(fused("BertGelu", { x })) ?? tf.mul<T>(x, normalShare(x));
    },
    (dy, [x]) => {
      const own = fused("BertGeluGradient", { dy, x });
      return own ?? [tf.mul(dy, geluSlope(x))];
    },
  );
}

/** The derivative of `gelu()` at each number, which the caller disposes of. */
export function geluSlope(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(normalShare(x), tf.mul(x, density));
  });
}

/** The share of a standard normal distribution below each number. */
function normalShare(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/**
 * The cross-entropy of each row, in nats: minus the log of what softmax gives the right class.
 *
 * @param logits [P, V] float32, of any size: the largest is subtracted first.
 * @param labels [P] int32: the right class, or -1 for a row that does not count.
 * @returns [P], 0 where the label is -1, whatever the logits are; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import { softmaxCrossEntropy } from "bert/model/ops/rows.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
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
      const weight = asked(dy, labels); // [P]
      const [rows, classes] = logits.shape;
      const all = tf.mul(tf.softmax(asked(logits, labels)), tf.reshape(weight, [rows, 1])); // [P, V]
      const right = tf.mul(tf.sub(tf.exp(tf.neg(loss)), 1), weight); // [P]
      const places = tf.reshape(labelPlaces(labels, classes), [rows, 1]);
      const flat = tf.tensorScatterUpdate(tf.reshape(all, [rows * classes]), places, right);
      return [tf.reshape(flat, [rows, classes])]; // [P, V]: softmax, less 1 at the label
    },
  );
}

function rowLosses(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const rows = asked(logits, labels); // [P, V]
  const shifted = tf.sub(rows, tf.max(rows, 1, true)); // [P, V]
  const total = tf.log(tf.sum(tf.exp(shifted), 1)); // [P]
  const right = tf.gather(tf.reshape(shifted, [-1]), labelPlaces(labels, logits.shape[1])); // [P]
  return asked(tf.sub(total, right), labels);
}

/** Numbers by row, with 0 in rows that do not count: what is NaN there goes nowhere. */
function asked<T extends tf.Tensor>(x: T, labels: tf.Tensor): T {
  const shape = x.shape.map((length, axis) => axis === 0 ? length : 1);
  return tf.where<T>(tf.reshape(tf.greaterEqual(labels, 0), shape), x, tf.zerosLike(x));
}

/** The only tensor that a kernel gives, if there is one. */
function one<T extends tf.Tensor>(tensors: tf.Tensor[] | undefined): T | undefined {
  return tensors?.[0] as T | undefined;
}

/** Where each row's label lies in the flattened logits; the first class stands in for a label of -1. */
function labelPlaces(labels: tf.Tensor, classes: number): tf.Tensor {
  const starts = tf.range(0, labels.size * classes, classes, "int32");
  return tf.add(starts, tf.maximum(labels, tf.scalar(0, "int32"))); // [P] int32
}
