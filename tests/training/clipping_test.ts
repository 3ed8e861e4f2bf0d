import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { clipByGlobalNorm } from "bert/training/clipping.ts";

await useBackend("cpu");

Deno.test("clipByGlobalNorm() measures all gradients as one vector", () => {
  const gradients = { a: tf.tensor2d([[3, 0], [0, 0]]), b: tf.tensor1d([-4]) };
  deepStrictEqual(clipByGlobalNorm(gradients, 10), { norm: 5, scale: 1 });
  deepStrictEqual(clipByGlobalNorm(gradients, 2.5), { norm: 5, scale: 0.5 });
  deepStrictEqual(clipByGlobalNorm({ a: tf.zeros([2]) }, 1), { norm: 0, scale: 1 });
  ok(Number.isNaN(clipByGlobalNorm({ a: tf.tensor1d([NaN]) }, 1).norm));
});
