import * as tf from "@tensorflow/tfjs";
import { ok, strictEqual } from "node:assert";
import { globalNorm } from "bert/training/global_norm.ts";
import { testOnBackends } from "../support/backends.ts";

/** The norm as a number. */
function lengthOf(tensors: tf.NamedTensorMap): number {
  const norm = globalNorm(tensors);
  const [value] = norm.dataSync();
  norm.dispose();
  return value;
}

testOnBackends("globalNorm() is the norm of all numbers as one vector", () => {
  strictEqual(lengthOf({}), 0);
  strictEqual(lengthOf({ a: tf.tensor2d([[2, -4]]), b: tf.tensor1d([]), c: tf.scalar(4) }), 6);
  ok(Math.abs(lengthOf({ a: tf.fill([50001], 3), b: tf.fill([7], 3) }) / 670.8740565 - 1) < 1e-7);
  for (const odd of [NaN, Infinity, -Infinity]) {
    for (const place of [0, 3, 16385]) { // in a SIMD vector, after the last vector, in the second task
      const x = new Float32Array(16387).fill(1).with(place, odd);
      ok(
        !Number.isFinite(lengthOf({ a: tf.ones([2]), x: tf.tensor1d(x) })),
        `${odd} at ${place}`,
      );
    }
  }
  ok(Math.abs(lengthOf({ a: tf.tensor1d([3e30]), b: tf.tensor1d([4e30]) }) / 5e30 - 1) < 1e-6);
  const tensors = { a: tf.ones([3]) };
  const before = tf.memory().numTensors;
  lengthOf(tensors);
  strictEqual(tf.memory().numTensors, before);
});
