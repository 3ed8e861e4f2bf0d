import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { adamWUpdate } from "bert/training/adamw_update.ts";
import { assertClose } from "../support/assert_close.ts";
import { BACKENDS, testOnBackends } from "../support/backends.ts";
import { randomTensor } from "../support/gradients.ts";

const FACTORS = {
  beta1: 0.8,
  beta2: 0.9,
  epsilon: 1e-3,
  scale: 0.5,
  rate: 0.1,
  correction2: 1.5,
  shrink: 0.99,
};
const SIZES = [0, 1, 3, 4, 1000, 16384, 40001];

/** A weight, a mean and a mean of squares after three updates. */
function afterThree(size: number): Float32Array[] {
  const weight = tf.variable(randomTensor([size], 1));
  const moments = { first: randomTensor([size], 2), second: tf.abs(randomTensor([size], 3)) };
  for (let step = 0; step < 3; step++) {
    adamWUpdate(weight, randomTensor([size], 4 + step), moments, FACTORS);
  }
  return [weight, moments.first, moments.second].map((x) => x.dataSync<"float32">());
}

/** The same by the formula, in double precision. */
function byHand(size: number): number[][] {
  const [w, m, v] = [1, 2, 3].map((seed) => Array.from(randomTensor([size], seed).dataSync()));
  for (let i = 0; i < size; i++) v[i] = Math.abs(v[i]);
  for (let step = 0; step < 3; step++) {
    randomTensor([size], 4 + step).dataSync().forEach((gradient, i) => {
      const g = gradient * 0.5;
      m[i] = 0.8 * m[i] + 0.2 * g;
      v[i] = 0.9 * v[i] + 0.1 * g * g;
      w[i] = 0.99 * w[i] - 0.1 * m[i] / (Math.sqrt(1.5 * v[i]) + 1e-3);
    });
  }
  return [w, m, v];
}

testOnBackends("adamWUpdate() computes its formula, at any size", () => {
  for (const size of SIZES) {
    const expected = byHand(size);
    afterThree(size).forEach((found, i) => assertClose(found, expected[i], { atol: 3e-6 }));
  }
});

testOnBackends("adamWUpdate() passes NaN and infinity on to their own entries only", () => {
  const odd = [NaN, Infinity, -Infinity, 1, 1e30]; // the square of the last is infinite
  const weight = tf.variable(tf.ones([10]));
  const moments = { first: tf.zeros([10]), second: tf.zeros([10]) };
  adamWUpdate(weight, tf.tensor1d([...odd, 1, 1, 1, 1, 1]), moments, FACTORS);
  const finite = (x: tf.Tensor) => [...x.dataSync()].slice(0, 6).map(Number.isFinite);
  deepStrictEqual(finite(weight), [false, false, false, true, true, true]);
  deepStrictEqual(finite(moments.first), [false, false, false, true, true, true]);
  deepStrictEqual(finite(moments.second), [false, false, false, true, false, true]);
  strictEqual(weight.dataSync()[4], Math.fround(0.99)); // the update is 0, so that only weight decay changes it
});

testOnBackends("adamWUpdate() does not change clones and views of the old weight", () => {
  const weight = tf.variable(tf.tensor2d([[1, 2], [3, 4]]));
  const copies = [weight.clone(), tf.reshape(weight, [4])];
  const moments = { first: tf.zeros([2, 2]), second: tf.zeros([2, 2]) };
  adamWUpdate(weight, tf.ones([2, 2]), moments, FACTORS);
  for (const copy of copies) deepStrictEqual([...copy.dataSync()], [1, 2, 3, 4]);
  ok(weight.dataSync()[0] < 1);
});

testOnBackends("adamWUpdate() leaves no tensor behind", () => {
  const weight = tf.variable(tf.ones([5]));
  const moments = { first: tf.zeros([5]), second: tf.zeros([5]) };
  const gradient = tf.ones([5]);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) adamWUpdate(weight, gradient, moments, FACTORS);
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("adamWUpdate() gives the same bits twice on the fastest backend", async () => {
  await useBackend(BACKENDS[0]);
  deepStrictEqual(afterThree(40001), afterThree(40001));
});
