/**
 * Every kernel and every gradient of the simd backend, in both builds, with and without a native
 * library. They are compared with tfjs's cpu backend, where BERT's own operations run by their
 * definitions, and with finite differences, at random shapes and with special numbers.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { startSimd } from "bert/backend/simd/start.ts";
import { createRng } from "bert/random.ts";
import { fusedCases, longAttention, standardCases } from "../../support/kernel_cases.ts";
import {
  checkAgainstCpu,
  checkDifferences,
  ordinary,
  withOneOdd,
} from "../../support/kernel_check.ts";

await useBackend("cpu"); // silences tfjs's advice

/** The options of each build, and the kernels that are tested with it. */
const BUILDS = {
  "relaxed SIMD, native library where there is one": { relaxedSimd: true, blas: true, own: /./ },
  "relaxed SIMD": { relaxedSimd: true, blas: false, own: /matMul|linear|project|attention/ },
  "plain SIMD": { relaxedSimd: false, blas: false, own: /./ },
};

const rng = createRng(9);
const random = () => [rng.below(40) + 1, rng.below(40) + 1];
/** Heights and widths: 0, 1, odd ones, those of several tasks or blocks, and random ones. */
const SIZES = [
  ...[[0, 3], [1, 1], [3, 0], [0, 0], [4, 130], [33, 17], [130, 131]],
  ...[random(), random(), random()],
];

for (const [build, { own, ...options }] of Object.entries(BUILDS)) {
  /** The cases of a size, each with its number. */
  const every = (n: number, m: number) =>
    [...standardCases(n, m), ...fusedCases(n, m)].entries()
      .filter(([, { name }]) => own.test(name));
  const test = (name: string, work: () => void | Promise<void>) =>
    Deno.test(`kernels: ${name} (${build})`, async () => {
      if (tf.findBackend("simd")) tf.removeBackend("simd");
      await startSimd({ ...options, threads: 2 });
      await work();
    });

  test("values and gradients are those of tfjs's cpu backend", async () => {
    for (const [n, m] of SIZES) {
      for (const [i, entry] of every(n, m)) {
        await checkAgainstCpu(entry, ordinary(entry, i), `ordinary numbers, size ${n}`);
      }
    }
  });

  test("special numbers among the inputs", async () => {
    for (const [n, m] of [[1, 1], [4, 130], [33, 17]]) {
      for (const [i, entry] of every(n, m)) {
        const given = ordinary(entry, i + 100, 0.3);
        await checkAgainstCpu({ ...entry, constant: true }, given, `a third special, size ${n}`);
      }
    }
  });

  test("NaN and infinity reach exactly the results that they reach by the definition", async () => {
    for (const [i, entry] of every(5, 7)) {
      if (entry.cpuSpreads) continue;
      for (const [about, given] of withOneOdd(entry, i)) await checkAgainstCpu(entry, given, about);
    }
  });

  test("attention of several blocks of queries, its weights kept or computed again", async () => {
    for (const [length, width] of [[130, 66], [131, 3], [64, 31]]) {
      const entry = longAttention(length, width);
      await checkAgainstCpu(entry, ordinary(entry, 1), "ordinary numbers");
    }
  });

  test("gradients agree with finite differences", () => {
    for (const [i, entry] of every(5, 7)) if (!entry.constant) checkDifferences(entry, i);
  });
}

Deno.test("simd adds NaN and infinity to their own segment only", async () => {
  await startSimd();
  const x = tf.tensor2d([[1, NaN], [Infinity, 3], [5, 7]]);
  const sums = tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2], "int32"), 3);
  deepStrictEqual(sums.arraySync(), [[Infinity, 3], [0, 0], [6, NaN]]);
});
