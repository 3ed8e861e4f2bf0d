/** Which answers of a model are right: those whose largest logit is the label. */
import * as tf from "@tensorflow/tfjs";

/**
 * 1 where the largest logit is the label, 0 elsewhere; a label of -1 is never hit.
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
  return tf.tidy(() => {
    const predicted = tf.argMax(logits, -1); // [...] int32
    return tf.cast(tf.equal(predicted, tf.cast(labels, "int32")), "float32");
  });
}

/** How many labels are hit by the largest logit of their row. */
export function countRight(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sum(hits(logits, labels)).asScalar());
}
