/** Dense layers: alone, followed by an activation, and as scores against the rows of a table. */
import * as tf from "@tensorflow/tfjs";
import { differentiable, fused, one } from "../../backend/operation.ts";
import type { HiddenAct } from "../../config.ts";
import { checkShape } from "../../errors.ts";
import { activate, gelu, geluSlope } from "./activation.ts";

/**
 * `gelu(x · weight + bias)` as one operation. For the gradient it keeps GELU's derivative, but
 * neither its input nor its output.
 *
 * @param x [N, I] float32.
 * @param weight [I, O].
 * @param bias [O].
 * @returns [N, O]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * Source: `BertIntermediate`, and `BertPredictionHeadTransform` before its LayerNorm.
 *
 * @example
 * ```ts
 * import { linear, linearGelu } from "bert/model/ops/linear.ts";
 * import { gelu } from "bert/model/ops/activation.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const x = tf.tensor2d([[1, 2]]);
 * const weight = tf.tensor2d([[3], [-4]]);
 * const bias = tf.tensor1d([5.5]);
 * const apart = gelu(linear(x, weight, bias)).dataSync()[0];
 * ok(Math.abs(linearGelu(x, weight, bias).dataSync()[0] - apart) < 1e-6);
 * ```
 */
export function linearGelu(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  checkShape("linearGelu() from x", x, ["N", "I"]);
  checkShape("linearGelu() from weight", weight, [x.shape[1], "O"]);
  checkShape("linearGelu() from bias", bias, [weight.shape[1]]);
  return differentiable(
    [x, weight, bias],
    (save) => {
      const own = fused("BertLinearGelu", { x, weight, bias });
      const [y, slope] = own ?? plainGelu(tf.add(tf.matMul(x, weight), bias)); // [N, O] each
      save([x, weight, slope]);
      return y as tf.Tensor2D;
    },
    (dy, [x, weight, slope]) => {
      const own = fused("BertLinearGeluGradient", { dy, x, weight, slope });
      if (own) return own;
      const inner = tf.mul(dy, slope); // [N, O]
      return [
        tf.matMul(inner, weight, false, true), // [N, I]
        tf.matMul(x, inner, true, false), // [I, O]
        tf.sum(inner, 0), // [O]
      ];
    },
  );
}

/** GELU and its derivative, both of the shape of x. */
function plainGelu(x: tf.Tensor): [tf.Tensor, tf.Tensor] {
  return [gelu(x), geluSlope(x)];
}

/**
 * A dense layer and an activation by name, as one operation if it is `gelu`.
 *
 * @param x [N, I] float32.
 * @param weight [I, O].
 * @param bias [O].
 * @param activation The name of the activation, as in `config.json`.
 * @returns [N, O]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import { linearActivated } from "bert/model/ops/linear.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const x = tf.tensor2d([[1, 2]]);
 * const weight = tf.tensor2d([[3], [-4]]);
 * const bias = tf.tensor1d([1]);
 * deepStrictEqual(linearActivated(x, weight, bias, "relu").arraySync(), [[0]]);
 * ```
 */
export function linearActivated(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  activation: HiddenAct,
): tf.Tensor2D {
  if (activation === "gelu" || activation === "gelu_python") return linearGelu(x, weight, bias);
  return tf.tidy(() => activate(linear(x, weight, bias), activation));
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
 * import { linear } from "bert/model/ops/linear.ts";
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
 * Scores each row against every row of a table: `x · tableᵀ + bias`. With the word embeddings as the
 * table this is BERT's decoder, whose weights are tied to the input.
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
 * import { project } from "bert/model/ops/linear.ts";
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
