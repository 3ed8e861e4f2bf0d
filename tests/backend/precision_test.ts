/**
 * Products of operands rounded to bf16; fixtures/make_bf16_fixtures.py writes PyTorch's roundings.
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { checkPrecision, withPrecision } from "bert/backend/precision.ts";
import { simdMachine } from "bert/backend/simd/start.ts";
import { attention } from "bert/model/ops/attention.ts";
import { linearGelu } from "bert/model/ops/linear.ts";
import { assertGradients, randomTensor } from "../support/gradients.ts";

const { roundings }: { roundings: [bits: number, rounded: number][] } = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/bf16.json", import.meta.url)),
);

/** The largest relative error of rounding to bf16, which has 8 bits of precision. */
const UNIT = 2 ** -8;

const rounded = <T>(compute: () => T) => withPrecision("bf16-emulated", compute);

/** A matrix that rounding does not change. */
const one = () => tf.ones<tf.Rank.R2>([1, 1]);

function bitsOf(values: Float32Array): number[] {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Array.from(words, (bits, i) => Number.isNaN(values[i]) ? 0x7fc00000 : bits);
}

Deno.test("an operand is rounded as PyTorch rounds to bfloat16, on either side of the product", async () => {
  await useBackend("simd");
  const numbers = new Float32Array(Uint32Array.from(roundings, ([bits]) => bits).buffer);
  const expected = new Float32Array(Uint32Array.from(roundings, ([, bits]) => bits).buffer);
  const column = tf.tensor2d(numbers, [numbers.length, 1]);
  const positive = expected.map((value) => value + 0); // a sum begins with 0, so that -0 becomes 0
  for (const transposeB of [false, true]) {
    const left = rounded(() => tf.matMul(column, one(), false, transposeB));
    deepStrictEqual(bitsOf(left.dataSync<"float32">()), bitsOf(positive));
    const right = rounded(() => tf.matMul(one(), column, transposeB, true));
    deepStrictEqual(bitsOf(right.dataSync<"float32">()), bitsOf(positive));
  }
});

Deno.test("an operand below the least normal number counts as 0, as with AVX512_BF16", async () => {
  await useBackend("simd");
  const tiny = tf.tensor2d([2 ** -126, 2 ** -127, -(2 ** -126) + 2 ** -149, 2 ** -149], [4, 1]);
  const large = tf.fill<tf.Rank.R2>([1, 1], 2 ** 100);
  const product = rounded(() => tf.matMul(tiny, large));
  deepStrictEqual([...product.dataSync()], [2 ** -26, 0, 0, 0]);
});

/** The product in double precision, and the sum of the absolute values of each element's terms. */
function exactly(a: number[][], b: number[][]) {
  const sum = (i: number, j: number, size: (x: number) => number) =>
    a[i].reduce((total, value, k) => total + size(value * b[k][j]), 0);
  const of = (size: (x: number) => number) => a.map((_, i) => b[0].map((_, j) => sum(i, j, size)));
  return { product: of((x) => x), sizes: of(Math.abs) };
}

Deno.test("products of rounded operands are within bf16's bound of the exact ones, in all layouts", async () => {
  await useBackend("simd");
  const [m, n, k] = [13, 37, 300]; // more than one panel in each direction
  const [a, b] = [randomTensor([m, k], 1), randomTensor([k, n], 2)] as tf.Tensor2D[];
  const { product, sizes } = exactly(a.arraySync(), b.arraySync());
  for (const [left, right] of [[false, false], [false, true], [true, false], [true, true]]) {
    const [x, y] = [left ? tf.transpose(a) : a, right ? tf.transpose(b) : b];
    const found = rounded(() => tf.matMul(x, y, left, right) as tf.Tensor2D).arraySync();
    const share = Math.max(
      ...found.flatMap((row, i) =>
        row.map((value, j) => Math.abs(value - product[i][j]) / sizes[i][j])
      ),
    );
    ok(share < 2 * UNIT + UNIT ** 2 + k * 2 ** -24, `off by ${share} of the sum of all terms`);
    ok(share > UNIT / 100, "operands were not rounded");
  }
});

/** Steps so wide that rounding errors are small in comparison. */
const STEPS = { step: 1 / 8, tolerance: 0.06 };

Deno.test("gradients in bf16 agree with finite differences of rounded products", async () => {
  await useBackend("simd");
  const [x, w] = [randomTensor([3, 4], 1), randomTensor([4, 5], 2)] as tf.Tensor2D[];
  const bias = randomTensor([5], 3) as tf.Tensor1D;
  const shape = { batch: 1, length: 4, heads: 2 };
  const mask = tf.ones<tf.Rank.R2>([1, 4]);
  const qkv = randomTensor([4, 12], 4) as tf.Tensor2D;
  rounded(() => {
    assertGradients((a, b) => tf.matMul(a, b), [x, w], STEPS);
    assertGradients((a, b, c) => linearGelu(a, b, c), [x, w, bias], STEPS);
    assertGradients((all) => attention(all, mask, shape), [qkv], STEPS);
  });
});

Deno.test("products are float32 again afterwards, also when the computation throws", async () => {
  await useBackend("simd");
  const [x, y] = [tf.tensor2d([[1.001]]), tf.tensor2d([[1.001]])];
  const before = tf.matMul(x, y).dataSync()[0];
  strictEqual(rounded(() => tf.matMul(x, y)).dataSync()[0], 1);
  throws(() =>
    rounded(() => {
      throw new Error("stopped");
    }), /stopped/);
  strictEqual(tf.matMul(x, y).dataSync()[0], before);
});

Deno.test("a precision that this machine lacks is refused, and the message says what to set instead", async () => {
  await useBackend("simd");
  const missing = simdMachine().missing("bf16");
  if (missing !== undefined) {
    const says = (error: Error) =>
      error.message ===
        `Invalid --precision = "bf16": it is not available here (${missing}): set ` +
          '"bf16-emulated", which rounds alike but saves no time, or "float32"';
    throws(() => checkPrecision("bf16", "--precision"), says);
    throws(() => simdMachine().computeIn("bf16"), /Cannot compute in bf16/);
  }
  await useBackend("wasm");
  throws(
    () => withPrecision("bf16-emulated", () => 1),
    /Invalid precision = "bf16-emulated": it needs the backend simd, and wasm is in use/,
  );
  strictEqual(withPrecision("float32", () => 1), 1);
  await useBackend("simd");
});
