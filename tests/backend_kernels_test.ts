/**
 * Both builds of the simd backend's kernels, with and without relaxed SIMD: kernels, gradients and
 * fused operations against tfjs's cpu backend, on random shapes and on numbers of every kind.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { startSimd } from "bert/backend/simd.ts";
import { embed, gelu, linear, project, softmaxCrossEntropy } from "bert/ops.ts";
import { attention } from "bert/ops_attention.ts";
import { dropout } from "bert/ops_dropout.ts";
import { linearGelu } from "bert/ops_linear_gelu.ts";
import { layerNorm, residualLayerNorm } from "bert/ops_norm.ts";
import { createRng } from "bert/random.ts";
import { randomTensor } from "./support/gradients.ts";

await useBackend("cpu"); // silences tfjs's advice

/** What one number may be instead of an ordinary one; sums in another order agree on these. */
const ODD_TERMS = [NaN, Infinity, -Infinity, -0, 1e-40, -1e-40];
const ODD = [...ODD_TERMS, 3e38, -3e38, 89, -104];

/** A table entry: inputs of these shapes, ordinary numbers from -2 to 2 or positive ones. */
interface Case {
  readonly name: string;
  readonly shapes: readonly number[][];
  readonly f: (...xs: tf.Tensor[]) => tf.Tensor;
  /** Odd numbers at which the cpu backend's answer is one to be held to. */
  readonly odd?: readonly number[];
  readonly gradient?: boolean;
}

const matrix = (x: tf.Tensor) => x as tf.Tensor2D;
const vector = (x: tf.Tensor) => x as tf.Tensor1D;
const ids = (count: number, height: number) =>
  tf.tensor1d(Array.from({ length: count }, (_, i) => i * 7 % height), "int32");
const one = (name: string, f: (x: tf.Tensor) => tf.Tensor, shape: number[]): Case => //
({ name, shapes: [shape], f, odd: ODD, gradient: true });
const two = (
  name: string,
  f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  a: number[],
  b: number[],
) => ({ name, shapes: [a, b], f, odd: ODD, gradient: true });

/** The cases for a width and a height, which may be 0, 1 or odd. */
function cases(n: number, m: number): Case[] {
  return [
    one("exp", tf.exp, [n, m]),
    one("sqrt", (x) => tf.sqrt(tf.abs(x)), [n, m]),
    one("rsqrt", (x) => tf.rsqrt(tf.add(tf.square(x), 1)), [n, m]),
    one("log", (x) => tf.log(tf.add(tf.abs(x), 1)), [m]),
    one("reciprocal", tf.reciprocal, [n]),
    one("erf", tf.erf, [n, m]),
    one("tanh", tf.tanh, [n, m]),
    one("sigmoid", tf.sigmoid, [n, m]),
    one("relu", tf.relu, [n, m]),
    one("neg", tf.neg, [n, m]),
    { ...one("sum of columns", (x) => tf.sum(x, 0), [n, m]), odd: ODD_TERMS },
    { ...one("mean of rows", (x) => tf.mean(x, 1, true), [n, m]), odd: ODD_TERMS },
    one("max of rows", (x) => tf.max(x, 1), [n, m + 1]),
    one("transpose", (x) => tf.transpose(x), [n, m]),
    one("transpose of heads", (x) => tf.transpose(x, [0, 2, 1, 3]), [2, n, 3, m]),
    one("slice", (x) => tf.slice(x, [0, 1], [-1, m]), [n, m + 1]),
    one("tile", (x) => tf.tile(x, [2, 3]), [n, m]),
    one("gather", (x) => tf.gather(x, ids(5, n + 1)), [n + 1, m]),
    { ...one("softmax", tf.softmax, [n, m + 1]), odd: undefined },
    { ...one("log of softmax", (x) => tf.logSoftmax(x), [n, m + 1]), odd: undefined },
    two("add", tf.add, [n, m], [m]),
    two("sub", tf.sub, [n, m], [n, 1]),
    two("mul", tf.mul, [n, 1], [1, m]),
    two("div", tf.div, [n, m], []),
    two("maximum", tf.maximum, [n, m], [n, m]),
    two("minimum", tf.minimum, [n, m], [n, m]),
    two("squaredDifference", tf.squaredDifference, [n, m], [n, m]),
    two("concat", (a, b) => tf.concat([a, b], 1), [n, m], [n, 3]),
    { ...two("matMul", (a, b) => tf.matMul(a, b), [n, m], [m, 5]), odd: undefined },
    {
      ...two("matMul, transposed", (a, b) => tf.matMul(a, b, true, true), [m, n], [4, m]),
      odd: undefined,
    },
    // tfjs's cpu kernel multiplies by a mask, so that a NaN goes to every segment
    {
      ...one("segment sum", (x) => tf.unsortedSegmentSum(x, ids(n, 3), 4), [n, m]),
      odd: undefined,
    },
  ];
}

/** BERT's own operations. On the cpu backend they run as they are defined. */
function fusedCases(n: number, width: number): Case[] {
  const shape = { batch: 2, length: n, heads: 2 };
  const mask = () => tf.tensor2d(Array.from({ length: 2 * n }, (_, i) => i % 3 ? 1 : 0), [2, n]);
  const labels = () =>
    tf.tensor1d(Array.from({ length: n }, (_, i) => i % width - (i % 2)), "int32");
  const all = (name: string, shapes: number[][], f: Case["f"]) => ({
    name,
    shapes,
    f,
    gradient: true,
  });
  return [
    all("embed", [[7, width]], (t) => embed(matrix(t), ids(n, 7))),
    all(
      "linear",
      [[n, width], [width, 5], [5]],
      (x, w, b) => linear(matrix(x), matrix(w), vector(b)),
    ),
    all(
      "linearGelu",
      [[n, width], [width, 5], [5]],
      (x, w, b) => linearGelu(matrix(x), matrix(w), vector(b)),
    ),
    all(
      "project",
      [[n, width], [9, width], [9]],
      (x, t, b) => project(matrix(x), matrix(t), vector(b)),
    ),
    all("gelu", [[n, width]], gelu),
    all("dropout", [[n, width]], (x) => dropout(x, 0.3, 5)),
    all(
      "layerNorm",
      [[n, width + 1], [width + 1], [width + 1]],
      (x, g, b) => layerNorm(matrix(x), vector(g), vector(b), 1e-3),
    ),
    all(
      "residualLayerNorm",
      [[n, width + 1], [n, width + 1], [width + 1], [width + 1]],
      (x, s, g, b) => residualLayerNorm(matrix(x), matrix(s), vector(g), vector(b), 1e-3, 0.2, 3),
    ),
    all("attention", [[2 * n, 6 * width]], (x) => attention(matrix(x), mask(), shape)),
    all(
      "attention with dropout",
      [[2 * n, 6 * width]],
      (x) => attention(matrix(x), mask(), { ...shape, dropoutRate: 0.3, seed: 8 }),
    ),
    all("softmaxCrossEntropy", [[n, width]], (x) => softmaxCrossEntropy(matrix(x), labels())),
  ];
}

/** The values of a case's result and of its gradients, inputs drawn from the seed. */
function compute(
  { shapes, f, gradient }: Case,
  seed: number,
  odd: readonly number[] = [],
): tf.Tensor[] {
  const rng = createRng(seed);
  const inputs = shapes.map((shape) => {
    const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
      const value = 4 * rng.random() - 2;
      return odd.length > 0 && rng.below(3) === 0 ? odd[rng.below(odd.length)] : value;
    });
    return tf.tensor(values, shape);
  });
  const y = f(...inputs);
  if (odd.length > 0 || !gradient || y.size === 0) return [y];
  const weights = randomTensor(y.shape as [number], 3);
  return [y, ...tf.grads((...xs) => tf.sum(tf.mul(f(...xs), weights)))(inputs)];
}

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

async function resultsOn(
  backend: string,
  entry: Case,
  seed: number,
  odd?: readonly number[],
): Promise<Result[]> {
  await tf.setBackend(backend);
  return tf.tidy(() =>
    compute(entry, seed, odd).map((x) => ({
      shape: x.shape,
      dtype: x.dtype,
      values: x.dataSync(),
    })) as unknown as tf.TensorContainer
  ) as unknown as Result[];
}

/** Infinite alike, both NaN, or near. */
function near(found: number, expected: number): boolean {
  if (Object.is(found, expected) || found === expected) return true;
  return Math.abs(found - expected) <= 2e-5 + 2e-5 * Math.abs(expected);
}

async function check(entry: Case, seed: number, odd: readonly number[] = []): Promise<void> {
  const expected = await resultsOn("cpu", entry, seed, odd);
  const found = await resultsOn("simd", entry, seed, odd);
  strictEqual(found.length, expected.length);
  found.forEach(({ shape, dtype, values }, which) => {
    const what = `${entry.name} of [${entry.shapes.join("], [")}], ${
      which ? `gradient ${which}` : "value"
    }`;
    deepStrictEqual([shape, dtype], [expected[which].shape, expected[which].dtype], what);
    for (let i = 0; i < values.length; i++) {
      const wanted = expected[which].values[i];
      ok(near(values[i], wanted), `${what}: ${values[i]} for ${wanted} at ${i}`);
    }
  });
}

Deno.test("simd adds NaN and infinity to their own segment only", async () => {
  await startSimd();
  const x = tf.tensor2d([[1, NaN], [Infinity, 3], [5, 7]]);
  const sums = tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2], "int32"), 3);
  deepStrictEqual(sums.arraySync(), [[Infinity, 3], [0, 0], [6, NaN]]);
});

for (const relaxedSimd of [true, false]) {
  Deno.test(`kernels ${relaxedSimd ? "with" : "without"} relaxed SIMD are as tfjs's`, async () => {
    if (tf.findBackend("simd")) tf.removeBackend("simd");
    await startSimd({ relaxedSimd, blas: relaxedSimd ? undefined : false, threads: 2 });
    const rng = createRng(9);
    const random = [rng.below(60) + 1, rng.below(60) + 1];
    const sizes = [[0, 3], [1, 1], [3, 0], [4, 130], [33, 17], random];
    for (const [n, m] of relaxedSimd ? sizes : sizes.slice(4)) {
      for (const [i, entry] of cases(n, m).entries()) {
        await check(entry, i);
        if (entry.odd) await check(entry, i + 100, entry.odd);
      }
      for (const [i, entry] of fusedCases(n, Math.max(m, 1)).entries()) {
        await check(entry, i);
      }
    }
  });
}

Deno.test("attention of several blocks of queries, its weights kept or computed again", async () => {
  await startSimd();
  for (const [length, width] of [[130, 66], [131, 3], [64, 31]]) {
    const mask = () => tf.tensor2d([Array.from({ length }, (_, i) => i % 5 ? 1 : 0)]);
    const shape = { batch: 1, length, heads: 1, dropoutRate: 0.3, seed: 8 };
    const f = (x: tf.Tensor) => attention(matrix(x), mask(), shape);
    const name = `attention over ${length} positions`;
    await check({ name, shapes: [[length, 3 * width]], f, gradient: true }, 1);
  }
});
