/** Which predictions of a model are right: those whose largest logit is that of the label. */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../model/argument_kinds.ts";
import { checkArguments } from "../checks.ts";

/**
 * 1 where the largest logit is that of the label, 0 elsewhere and where the label is -1.
 *
 * @param logits `[..., C]` float32.
 * @param labels `[...]` int32.
 * @returns `[...]` float32; the caller disposes of it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { hits } from "bert/training/right_answers.ts";
 * import { deepStrictEqual } from "node:assert";
 * const logits = tf.tensor2d([[1, 2], [3, 0], [5, 5]]);
 * deepStrictEqual(hits(logits, tf.tensor1d([1, 1, -1], "int32")).arraySync(), [1, 0, 0]);
 * ```
 */
export function hits(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  checkArguments("hits(logits, labels)", [["logits", logits, TENSOR], ["labels", labels, TENSOR]]);
  return tf.tidy(() => {
    const predicted = tf.argMax(logits, -1); // [...] int32
    return tf.cast(tf.equal(predicted, tf.cast(labels, "int32")), "float32"); // [...]
  });
}

/**
 * The number of rows whose largest logit is that of the label.
 *
 * @param logits `[..., C]` float32.
 * @param labels `[...]` int32, -1 where there is none.
 * @returns A scalar; the caller disposes of it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { countRight } from "bert/training/right_answers.ts";
 * import { strictEqual } from "node:assert";
 * const logits = tf.tensor2d([[1, 2], [3, 0], [5, 5]]);
 * const right = countRight(logits, tf.tensor1d([1, 1, -1], "int32"));
 * strictEqual(right.arraySync(), 1);
 * tf.dispose([logits, right]);
 * ```
 */
export function countRight(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sum(hits(logits, labels)).asScalar());
}
