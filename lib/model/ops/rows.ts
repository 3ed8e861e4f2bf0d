/**
 * Looking up rows. The files of this folder hold BERT's differentiable operations.
 *
 * Each of them is one operation with a gradient of its own. It is defined by tfjs operations, so that it
 * runs on every backend. A backend may have a kernel for it, which is tested against this definition.
 */
import * as tf from "@tensorflow/tfjs";
import { differentiable, fused, one } from "../../backend/operation.ts";
import { checkShape } from "../../errors.ts";

/**
 * Looks up a row of a table for each id.
 *
 * @param table [V, H] float32.
 * @param ids [N] int32, from 0 to V - 1; the model has checked their range.
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
 * Selects rows of a batch, for instance the positions to predict.
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

/** Takes rows of a matrix. In the gradient, a row that was taken twice gets the sum of both gradients. */
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
      // tf.gather's own gradient uses unsortedSegmentSum, which tfjs's wasm backend lacks
      const places = tf.reshape(rows, [rows.size, 1]); // [N, 1]
      return [tf.scatterND(places, dy, [height, width])]; // [V, H]
    },
  );
}
