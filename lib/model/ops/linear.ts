/**
 * A dense layer with an activation after it: the wide half of BERT's feed-forward block.
 */
import * as tf from "@tensorflow/tfjs";
import type { HiddenAct } from "../../config.ts";
import { checkShape } from "../../errors.ts";
import { gelu, geluSlope, linear } from "./rows.ts";
import { activate } from "./activation.ts";
import { differentiable, fused } from "../../backend/operation.ts";

/**
 * `gelu(x · weight + bias)`, in one step of tfjs's tape: what is kept for the gradient is GELU's
 * slope, and not both what went into it and what came out.
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
 * import { gelu, linear } from "bert/model/ops/rows.ts";
 * import { linearGelu } from "bert/model/ops/linear.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const [x, weight, bias] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [-4]]), tf.tensor1d([5.5])];
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

function plainGelu(x: tf.Tensor): [tf.Tensor, tf.Tensor] {
  return [gelu(x), geluSlope(x)];
}

/**
 * A dense layer and the activation of that name, in one step where it is `gelu`.
 *
 * @returns [N, O]; the caller disposes of it.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * @example
 * ```ts
 * import { linearActivated } from "bert/model/ops/linear.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const [x, weight, bias] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [-4]]), tf.tensor1d([1])];
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
