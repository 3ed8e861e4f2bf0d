import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, strictEqual } from "node:assert";
import { differentiable } from "bert/backend/operation.ts";
import { testOnBackends } from "../support/backends.ts";
import { gradientAt, gradientsAt } from "../support/gradients.ts";

let runs = 0;

/** x · y, computed with temporaries that are not disposed of here. */
function product(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return differentiable([x, y], (save) => {
    runs++;
    save([x, y]);
    return tf.sub(tf.add(tf.mul(x, y), 1), 1);
  }, (dy, [x, y]) => [tf.mul(dy, tf.mul(y, 1)), tf.mul(dy, tf.mul(x, 1))]);
}

testOnBackends("differentiable() uses the gradient it was given", () => {
  const [dx, dy] = gradientsAt(product, [tf.scalar(3), tf.scalar(5)]);
  deepStrictEqual([dx.arraySync(), dy.arraySync()], [5, 3]);
  const doubled = (x: tf.Tensor) =>
    differentiable([x], () => tf.mul(x, 2), (dy) => [tf.mul(dy, 7)]);
  strictEqual(gradientAt(doubled, tf.scalar(1)).arraySync(), 7);
});

testOnBackends("differentiable() runs forward once and keeps only the value", () => {
  const [x, y] = [tf.scalar(3), tf.scalar(5)];
  runs = 0;
  const before = tf.memory().numTensors;
  const value = product(x, y);
  deepStrictEqual([runs, value.arraySync(), tf.memory().numTensors - before], [1, 15, 1]);
});

testOnBackends(
  "differentiable() keeps what was saved until the gradient is known, no longer",
  () => {
    const [x, y] = [tf.scalar(3), tf.scalar(5)];
    const before = tf.memory().numTensors;
    const { value, grads } = tf.valueAndGrads(product)([x, y]);
    strictEqual(tf.memory().numTensors - before, 3);
    tf.dispose([value, grads]);
    strictEqual(tf.memory().numTensors, before);
  },
);
