/** The activation functions of feed-forward blocks, by their names in `config.json`. */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../argument_kinds.ts";
import { checkArguments, checkChoice } from "../../checks.ts";
import { differentiable, fused, one } from "../../backend/operation.ts";
import type { HiddenAct } from "../../config.ts";

type Activation = <T extends tf.Tensor>(x: T) => T;

const ACTIVATIONS: Readonly<Record<HiddenAct, Activation>> = {
  gelu,
  "gelu_python": gelu,
  "gelu_new": geluTanh,
  "gelu_fast": geluTanh,
  "gelu_accurate": geluTanh,
  "gelu_pytorch_tanh": geluTanh,
  "gelu_python_tanh": geluTanh,
  "quick_gelu": (x) => sigmoidLinear(x, 1.702),
  silu: (x) => sigmoidLinear(x, 1),
  swish: (x) => sigmoidLinear(x, 1),
  relu,
  tanh,
};

/**
 * Applies an activation function by name.
 *
 * @param x A float32 tensor of any shape.
 * @returns A tensor of the same shape; the caller disposes of it.
 *
 * Source: `ACT2FN` in transformers, where several names mean the same function.
 *
 * @example
 * ```ts
 * import { activate } from "bert/model/ops/activation.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * deepStrictEqual(activate(tf.tensor1d([-2, 3]), "relu").arraySync(), [0, 3]);
 * ```
 */
export function activate<T extends tf.Tensor>(x: T, name: HiddenAct): T {
  checkArguments("activate(x, name)", [["x", x, TENSOR]]);
  checkChoice("name", name, Object.keys(ACTIVATIONS));
  return ACTIVATIONS[name](x);
}

/** The factor of x³ in the tanh approximation of GELU. */
const CUBIC = 0.044715;

/** √(2/π), the factor of the argument of tanh in it. */
const SCALE = Math.sqrt(2 / Math.PI);

/**
 * The tanh approximation of GELU, ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). It differs from `gelu()`
 * by up to 5e-4. With s = ½ (1 + tanh u) its derivative is s + x · 2 s (1 - s) u′.
 *
 * Source: Hendrycks and Gimpel 2016, section 2; `gelu()` in google-research/bert.
 */
function geluTanh<T extends tf.Tensor>(x: T): T {
  return differentiable(
    [x],
    (save) => {
      save([x]);
      return tf.mul<T>(x, tanhShare(x));
    },
    (dy, [x]) => {
      const share = tanhShare(x);
      const curve = tf.mul(tf.mul(share, tf.sub(1, share)), 2 * SCALE); // 2 s (1 - s) √(2/π)
      const slope = tf.mul(curve, tf.add(tf.mul(tf.square(x), 3 * CUBIC), 1)); // ds/dx
      return [tf.mul(dy, tf.add(share, tf.mul(x, slope)))];
    },
  );
}

/** ½ (1 + tanh(√(2/π) (x + 0.044715 x³))), which rises from 0 to 1. */
function tanhShare(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), CUBIC)), SCALE);
  return tf.mul(tf.add(tf.tanh(inner), 1), 0.5);
}

/**
 * x · s with s = σ(slope · x), where σ is the logistic function. Its derivative is s + x · slope · s
 * (1 - s). Source: Ramachandran et al. 2017 ("Swish").
 */
function sigmoidLinear<T extends tf.Tensor>(x: T, slope: number): T {
  const share = (x: tf.Tensor) => tf.sigmoid(tf.mul(x, slope));
  return differentiable(
    [x],
    (save) => {
      save([x]);
      return tf.mul<T>(x, share(x));
    },
    (dy, [x]) => {
      const s = share(x);
      const change = tf.mul(tf.mul(s, tf.sub(1, s)), slope); // ds/dx
      return [tf.mul(dy, tf.add(s, tf.mul(x, change)))];
    },
  );
}

/** max(x, 0), with the derivative 0 at 0. */
function relu<T extends tf.Tensor>(x: T): T {
  return differentiable(
    [x],
    (save) => {
      save([x]);
      return tf.maximum<T>(x, 0);
    },
    (dy, [x]) => [tf.mul(dy, tf.cast(tf.greater(x, 0), "float32"))],
  );
}

/** tanh x, whose derivative is 1 - tanh² x. */
function tanh<T extends tf.Tensor>(x: T): T {
  return differentiable(
    [x],
    (save) => {
      const y = tf.tanh(x);
      save([y]);
      return y;
    },
    (dy, [y]) => [tf.mul(dy, tf.sub(1, tf.square(y)))],
  );
}

/**
 * The Gaussian error linear unit in its exact form: x · Φ(x), where Φ is the distribution function of
 * the standard normal distribution.
 *
 * @param x A float32 tensor of any shape.
 * @returns A tensor of the same shape; the caller disposes of it.
 *
 * Source: Hendrycks and Gimpel 2016, section 2. BERT's first release used their tanh approximation,
 * which is another function; Hugging Face's `"gelu"` is this one.
 *
 * @example
 * ```ts
 * import { gelu } from "bert/model/ops/activation.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * ok(Math.abs(gelu(tf.scalar(1)).arraySync() - 0.841345) < 1e-6);
 * ```
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  checkArguments("gelu(x)", [["x", x, TENSOR]]);
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

/**
 * The derivative of `gelu()`, Φ(x) + x φ(x), where φ is the density of the standard normal distribution.
 *
 * @param x A float32 tensor of any shape.
 * @returns A tensor of the same shape; the caller disposes of it.
 */
export function geluSlope(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(normalShare(x), tf.mul(x, density));
  });
}

/** Φ(x), the distribution function of the standard normal distribution. */
function normalShare(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}
