/**
 * The kernels of the simd backend for tfjs's operations, compared with tfjs's cpu backend;
 * `kernels_test.ts` tests those of BERT's own operations, too.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { useBackend } from "bert/backend/choose.ts";
import { createRng } from "bert/random.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { gradientAt, randomTensor } from "../../support/gradients.ts";

await useBackend("cpu"); // silences tfjs's advice
await startSimd();

/** Computes on both backends and compares the results, where NaN is equal to NaN. */
async function compare(work: () => tf.Tensor, tolerance = { atol: 1e-5, rtol: 1e-5 }) {
  await tf.setBackend("cpu");
  const expected = work();
  const values = expected.dataSync(); // before its data moves to the other backend
  await tf.setBackend("simd");
  const actual = work();
  deepStrictEqual(actual.shape, expected.shape);
  strictEqual(actual.dtype, expected.dtype);
  const found = actual.dataSync();
  const same = (a: number, b: number) => Object.is(a, b) || a === b;
  const [left, right] = [Array.from(found), Array.from(values)];
  const odd = right.map((value) => !Number.isFinite(value));
  odd.forEach((is, i) => is && ok(same(left[i], right[i]), `${left[i]} for ${right[i]} at ${i}`));
  const finite = (numbers: number[]) => numbers.filter((_, i) => !odd[i]);
  assertClose(finite(left), finite(right), tolerance);
}

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 129];

/** Random numbers after special ones, such as NaN and infinity. */
function special(count: number): tf.Tensor1D {
  const odd = [NaN, Infinity, -Infinity, 0, -0, 1e-40, 88.5, -88.5, -104, 1e30, -1e30, 3.5, -1.27];
  const rng = createRng(count);
  return tf.tensor1d(
    Array.from({ length: count }, (_, i) => i < 13 ? odd[i] : 12 * rng.random() - 6),
  );
}

Deno.test("simd multiplies in every layout, at odd sizes, at size 0 and at size 1", async () => {
  const rng = createRng(1);
  const shapes = Array.from({ length: 40 }, () => [0, 1, 2].map(() => SIZES[rng.below(12)]));
  for (const [m, n, k] of [...shapes, [130, 600, 300], [7, 520, 260], [121, 9, 513]]) {
    const [ta, tb] = [rng.below(2) === 1, rng.below(2) === 1];
    await compare(() => {
      const a = randomTensor(ta ? [k, m] : [m, k], 1);
      const b = randomTensor(tb ? [n, k] : [k, n], 2);
      return tf.matMul(a, b, ta, tb);
    });
  }
});

Deno.test("simd multiplies batches, also broadcast ones", async () => {
  const batches = [[[3], [3]], [[3], []], [[], [3]], [[2, 3], [1, 3]], [[4, 1], [
    1,
  ]]];
  for (const [outerA, outerB] of batches) {
    for (const transposed of [false, true]) {
      await compare(() => {
        const a = randomTensor([...outerA, ...(transposed ? [7, 5] : [5, 7])] as [number], 1);
        const b = randomTensor([...outerB, ...(transposed ? [9, 7] : [7, 9])] as [number], 2);
        return tf.matMul(a, b, transposed, transposed);
      });
    }
  }
});

Deno.test("simd multiplies batches broadcast both ways, which tfjs's cpu backend does not", () => {
  const [a, b] = [randomTensor([2, 1, 4, 5], 1), randomTensor<tf.Rank.R3>([3, 5, 2], 2)];
  const whole = tf.matMul(tf.tile(a, [1, 3, 1, 1]), tf.tile(tf.expandDims(b), [2, 1, 1, 1]));
  assertClose(tf.matMul(a, b), whole, { atol: 1e-6 });
});

Deno.test("simd multiplies with bias and activation in one", async () => {
  const [a, b] = [
    () => randomTensor<tf.Rank.R2>([5, 7], 1),
    () => randomTensor<tf.Rank.R2>([7, 9], 2),
  ];
  for (const activation of ["linear", "relu", "sigmoid", "elu"] as const) {
    for (const shape of [[9], [5, 9], [1]]) {
      await compare(() =>
        tf.fused.matMul({ a: a(), b: b(), bias: randomTensor(shape as [number], 3), activation })
      );
    }
  }
});

Deno.test("simd products carry NaN and infinity to their own rows and columns only", async () => {
  await compare(() => {
    const a = randomTensor<tf.Rank.R2>([9, 10], 1).arraySync();
    [a[2][3], a[7][0]] = [NaN, Infinity];
    return tf.matMul(a, tf.ones([10, 9]));
  });
});

Deno.test("simd computes functions of one number as tfjs's cpu backend does", async () => {
  const functions = [
    ...[tf.exp, tf.sqrt, tf.rsqrt, tf.square, tf.neg, tf.abs, tf.reciprocal, tf.erf, tf.tanh],
    ...[tf.sigmoid, tf.relu, tf.log],
  ];
  const tolerance = { atol: 4e-7, rtol: 4e-7 };
  for (const f of functions) {
    for (const size of [0, 1, 3, 4, 200]) await compare(() => f(special(size)), tolerance);
  }
  await compare(() => tf.square(tf.tensor1d([3, -4], "int32")));
});

Deno.test("simd computes functions of two numbers, broadcast in every way", async () => {
  const shapes = [
    [[5], [5]],
    [[1], [5]],
    [[5], []],
    [[3, 5], [5]],
    [[3, 5], [3, 1]],
    [[3, 1], [1, 5]],
    [[0], [1]],
    [[2, 3, 4], [3, 1]],
    [[2, 1, 4], [1, 3, 1]],
    [[2, 3, 4, 5], [2, 1, 4, 1]],
    [[0, 3], [3]],
    [[1, 2, 1, 2, 3], [2, 1, 2, 1, 3]],
    [[2, 1, 2, 1, 2, 3], [1, 2, 1, 2, 1, 3]],
    [[40000], [40000]],
    [[32768], []],
    [[], [32768]],
    [[300, 70], [70]],
  ];
  const functions = [
    ...[tf.add, tf.sub, tf.mul, tf.div, tf.maximum, tf.minimum, tf.squaredDifference],
  ];
  for (const [i, [a, b]] of shapes.entries()) {
    const of = i < 5 ? functions : [functions[i % 7], functions[(i + 3) % 7]];
    for (const f of of) {
      await compare(() => f(randomTensor(a as [number], 1), randomTensor(b as [number], 2)));
      await compare(() => f(randomTensor(b as [number], 1), randomTensor(a as [number], 2)));
    }
  }
  await compare(() => tf.maximum(special(20), tf.reverse(special(20))));
  await compare(() => tf.add(tf.tensor1d([1, 2], "int32"), tf.tensor1d([3, 4], "int32")));
  await compare(() => tf.add(tf.tensor1d([1, 2], "int32"), tf.tensor1d([3, 4.5])));
});

Deno.test("simd reduces over any axes", async () => {
  const functions = [tf.sum, tf.mean, tf.max, tf.min];
  for (const shape of [[1], [7], [130, 67], [3, 1, 5], [2, 3, 4, 5], [5, 300]]) {
    const axes = [undefined, 0, -1, ...(shape.length > 2 ? [[0, 2], [1, 2], [0, 1]] : [])];
    for (const axis of axes) {
      for (const f of functions) {
        await compare(() => f(randomTensor(shape as [number], 1), axis, axis === 0));
      }
    }
  }
  await compare(() => tf.sum(tf.zeros([0, 3]), 0));
  await compare(() => tf.sum(tf.tensor1d([1, 2, 3], "int32")));
  await compare(() => tf.max(special(20)));
  await compare(() => tf.sum(special(3)));
});

Deno.test("simd sums a million numbers without losing digits", () => {
  const ones = tf.fill([1000, 1000], 0.1);
  const near = (x: tf.Tensor, n: number) =>
    assertClose(x, new Array(x.size).fill(n / 10), { rtol: 5e-6 });
  near(tf.sum(ones), 1e6);
  near(tf.sum(ones, 0), 1e3);
});

/**
 * The sums of the columns of [n, columns] in float32: those of blocks of 64 rows, added up in
 * order.
 */
function columnSums(values: Float32Array, n: number, columns: number): Float32Array {
  const sums = new Float32Array(columns);
  for (let block = 0; block < n; block += 64) {
    for (let j = 0; j < columns; j++) {
      let part = 0;
      for (let i = block; i < Math.min(n, block + 64); i++) {
        part = Math.fround(part + values[i * columns + j]);
      }
      sums[j] += part;
    }
  }
  return sums;
}

Deno.test("simd sums columns in blocks of 64 rows, to the last bit, in one job or two", () => {
  for (const [n, columns] of [[64, 80], [128, 48], [4096, 67], [4224, 48], [200, 272], [2, 9000]]) {
    const x = randomTensor([n, columns], n);
    const sums = tf.sum(x, 0).dataSync() as Float32Array;
    deepStrictEqual(sums, columnSums(x.dataSync() as Float32Array, n, columns), `${[n, columns]}`);
  }
});

Deno.test("simd computes softmax, its logarithm, and the index of the maximum", async () => {
  for (const shape of [[1], [5], [3, 4], [2, 3, 37], [3, 5000]]) {
    for (const f of [tf.softmax, tf.logSoftmax, (x: tf.Tensor) => tf.argMax(x, -1)]) {
      await compare(() => f(tf.mul(randomTensor(shape as [number], 1), 30)));
    }
  }
  await compare(() =>
    tf.argMax(tf.tensor2d([[1, NaN, 3], [2, 2, 1], [-Infinity, -1, NaN], [NaN, 1, 2]]), -1)
  );
  await compare(() => tf.argMax(randomTensor<tf.Rank.R2>([4, 5], 3), 0));
});

Deno.test("simd moves numbers: transpose, gather, slice, concat, tile, where, cast", async () => {
  const x = (shape: number[]) => randomTensor(shape as [number], 1);
  await compare(() => tf.transpose(x([17, 35])));
  await compare(() => tf.transpose(x([3, 4, 5, 6]), [0, 2, 1, 3]));
  await compare(() => tf.transpose(x([3, 4, 5, 6]), [3, 1, 0, 2]));
  await compare(() => tf.transpose(x([2, 3, 4, 2, 3]), [4, 0, 3, 1, 2]));
  await compare(() => tf.gather(x([5, 3]), tf.tensor2d([[4, 0], [4, 1]], [2, 2], "int32")));
  await compare(() => tf.gather(x([5, 3]), tf.tensor1d([2, 0], "int32"), 1));
  await compare(() => tf.unsortedSegmentSum(x([4, 3]), tf.tensor1d([1, -1, 1, 5], "int32"), 6));
  await compare(() => tf.slice(x([4, 5, 3]), [0, 1, 0], [4, 2, 3]));
  await compare(() => tf.slice(x([4, 5, 3]), [1, 1, 0], [2, 2, 3]));
  await compare(() => tf.concat([x([2, 3]), x([2, 4])], 1));
  await compare(() => tf.concat([x([0, 3]), x([2, 3])], 0));
  await compare(() => tf.tile(x([2, 3, 2]), [2, 1, 3]));
  await compare(() => tf.tile(x([3]), [0]));
  await compare(() => tf.where(tf.greater(x([3, 4]), 0), x([3, 4]), tf.zeros([3, 4])));
  await compare(() => tf.cast(special(20), "int32"));
  await compare(() => tf.cast(tf.cast(special(20), "bool"), "float32"));
  await compare(() => tf.addN([x([5]), x([5]), x([5])]));
});

Deno.test("simd runs operations that it has no kernel for on tfjs's cpu kernels, and computes with their results", async () => {
  await compare(() => tf.add(tf.cumsum(randomTensor<tf.Rank.R1>([9], 1)), 1));
  await compare(() =>
    tf.conv1d(randomTensor<tf.Rank.R2>([9, 2], 1), randomTensor([3, 2, 4], 2), 1, "same")
  );
  await compare(() => tf.real(tf.fft(tf.complex(randomTensor([8], 1), randomTensor([8], 2)))));
  strictEqual(tf.tensor(["a", "b"]).dataSync()[1], "b");
});

Deno.test("values that are read from simd are copies, which later tensors do not change", () => {
  const first = tf.tensor1d([1, 2, 3]);
  const read = first.dataSync();
  first.dispose();
  tf.tensor1d([7, 8, 9]);
  deepStrictEqual([...read], [1, 2, 3]);
  const given = Float32Array.of(1, 2);
  const tensor = tf.tensor1d(given);
  given[0] = 9;
  deepStrictEqual([...tensor.dataSync()], [1, 2]);
});

Deno.test("simd reshapes and clones without copying, and frees with the last owner", async () => {
  const machine = simdMachine();
  const x = tf.ones([1024]);
  const { used } = machine.usage;
  const same = tf.reshape(x, [32, 32]).clone();
  strictEqual(machine.usage.used, used);
  x.dispose();
  strictEqual(same.dataSync()[0], 1);
  await assertNoLeak(() => tf.tidy(() => void tf.matMul(same as tf.Tensor2D, same as tf.Tensor2D)));
});

Deno.test("simd gives all memory back", async () => {
  const work = () =>
    tf.tidy(() =>
      void gradientAt((x) => tf.softmax(tf.matMul(x, x)), tf.ones<tf.Rank.R2>([65, 65]))
    );
  work();
  const before = simdMachine().usage;
  for (let i = 0; i < 20; i++) await assertNoLeak(work);
  deepStrictEqual(simdMachine().usage, before);
});

Deno.test("simd sums deep, narrow products up in parts, transposed or not", async () => {
  for (const [ta, tb] of [[false, false], [false, true], [true, false], [true, true]]) {
    await compare(() => {
      const a = randomTensor<tf.Rank.R2>(ta ? [6002, 33] : [33, 6002], 1);
      const b = randomTensor<tf.Rank.R2>(tb ? [17, 6002] : [6002, 17], 2);
      return tf.matMul(a, b, ta, tb);
    }, { atol: 1e-4, rtol: 1e-4 });
  }
});

Deno.test("simd does not depend on the number of threads, to the last bit", async () => {
  const results: Uint8Array[] = [];
  for (const threads of [1, 2, 3]) {
    tf.removeBackend("simd");
    await startSimd({ threads, blas: false });
    for (let run = 0; run < 3; run++) {
      const [a, b] = [
        randomTensor<tf.Rank.R2>([301, 270], 1),
        randomTensor<tf.Rank.R2>([270, 515], 2),
      ];
      const y = tf.softmax(tf.matMul(a, b));
      const deep = randomTensor<tf.Rank.R2>([6000, 40], 3);
      const all = [y, tf.sum(y, 0), tf.matMul(deep, deep, true)].map((x) => tf.reshape(x, [-1]));
      results.push(new Uint8Array(tf.concat(all).dataSync().buffer));
    }
  }
  for (const result of results.slice(1)) deepStrictEqual(result, results[0]);
  tf.removeBackend("simd");
  await startSimd();
});

Deno.test("simd refuses indices that would reach beyond a table", () => {
  const ids = tf.tensor1d([0, 5], "int32");
  throws(() => tf.gather(tf.zeros([5, 2]), ids), RangeError);
  throws(() => tf.unsortedSegmentSum(tf.zeros([2, 2]), ids, 5), RangeError);
  strictEqual(tf.sum(tf.ones([3])).arraySync(), 3);
});

Deno.test("simd gives the same products with a native library, if there is one", async () => {
  const machine = simdMachine();
  if (!machine.blas) return;
  const work = () =>
    tf.matMul(randomTensor<tf.Rank.R2>([70, 90], 1), randomTensor<tf.Rank.R2>([90, 50], 2));
  await compare(work);
  machine.multiplyWith("wasm");
  await compare(work);
  machine.multiplyWith("library");
});
