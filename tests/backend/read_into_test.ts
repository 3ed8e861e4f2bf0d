import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { readInto } from "bert/backend/read_into.ts";
import { BACKENDS, testOnBackends } from "../support/backends.ts";

testOnBackends("readInto() copies all numbers of a tensor to a place in an array", async () => {
  const matrix = tf.tensor2d([[1, 2], [3, -0]]);
  const array = new Float32Array(6).fill(9);
  await readInto(tf.add(matrix, matrix), array, 1);
  deepStrictEqual([...array], [9, 2, 4, 6, -0, 9]);
  await readInto(tf.scalar(5), array);
  strictEqual(array[0], 5);
});

Deno.test({
  name: "readInto() makes no array of its own on simd",
  ignore: !BACKENDS.includes("simd"),
}, async () => {
  await useBackend("simd");
  const sum = tf.add(tf.ones([1000]), 1);
  const array = new Float32Array(1000);
  const { slice } = Float32Array.prototype;
  Float32Array.prototype.slice = () => {
    throw new Error("a copy");
  };
  try {
    await readInto(sum, array);
  } finally {
    Float32Array.prototype.slice = slice;
  }
  strictEqual(array[999], 2);
});
