import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { dropout, dropoutScales, mixSeed } from "bert/model/ops/dropout.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { testOnBackends } from "../../support/backends.ts";
import { gradientAt } from "../../support/gradients.ts";

const COUNT = 100_000;

/** The share of the positions that a mask drops. */
function dropped(scales: Float32Array): number {
  return scales.reduce((count, scale) => count + (scale === 0 ? 1 : 0), 0) / scales.length;
}

/** The share of the positions that both masks drop. */
function together(a: Float32Array, b: Float32Array): number {
  return a.reduce((count, scale, i) => count + (scale === 0 && b[i] === 0 ? 1 : 0), 0) / a.length;
}

Deno.test("dropoutScales() is 0 or 1 / (1 - rate)", () => {
  const scales = new Set(dropoutScales(1000, 0.2, 3));
  deepStrictEqual([...scales].sort(), [0, Math.fround(1.25)]);
  deepStrictEqual(dropoutScales(3, 0, 3), Float32Array.of(1, 1, 1));
});

Deno.test("dropoutScales() keeps its definition, which the backends' kernels repeat", () => {
  const bits = [...dropoutScales(32, 0.5, 1)].map((scale) => scale === 0 ? "0" : "1").join("");
  strictEqual(bits, "10111010011000111110000101101011");
});

Deno.test("dropoutScales() depends on the seed and nothing else", () => {
  deepStrictEqual(dropoutScales(100, 0.5, 7), dropoutScales(100, 0.5, 7));
  deepStrictEqual(dropoutScales(100, 0.5, 7), dropoutScales(200, 0.5, 7).slice(0, 100));
  notDeepStrictEqual(dropoutScales(100, 0.5, 7), dropoutScales(100, 0.5, 8));
});

Deno.test("dropoutScales() drops the share asked for, with any seed", () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const deviation = Math.sqrt(rate * (1 - rate) / COUNT);
    for (let seed = 0; seed < 20; seed++) {
      const share = dropped(dropoutScales(COUNT, rate, seed));
      ok(Math.abs(share - rate) < 4.5 * deviation, `${share} of ${rate} with seed ${seed}`);
    }
  }
});

Deno.test("dropoutScales() drops neighbours, and the same position of other seeds, independently", () => {
  const rate = 0.3;
  const limit = 4.5 * Math.sqrt(rate ** 2 * (1 - rate ** 2) / COUNT);
  const scales = dropoutScales(COUNT + 1024, rate, 5);
  const first = scales.subarray(0, COUNT);
  for (const distance of [1, 2, 3, 4, 8, 64, 128, 256, 1024]) {
    const both = together(first, scales.subarray(distance, COUNT + distance));
    ok(Math.abs(both - rate ** 2) < limit, `${both} at distance ${distance}`);
  }
  for (const seed of [4, 6, 5 + 2 ** 16, -5, mixSeed(5, 0), mixSeed(5, 1)]) {
    const both = together(first, dropoutScales(COUNT, rate, seed));
    ok(Math.abs(both - rate ** 2) < limit, `${both} with seed ${seed}`);
  }
});

Deno.test("mixSeed() gives a different seed for every use of every seed", () => {
  const seeds = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    for (let use = 0; use < 100; use++) seeds.add(mixSeed(seed, use));
  }
  strictEqual(seeds.size, 10_000);
});

testOnBackends("dropout() scales by the mask, forward and backward", () => {
  const x = tf.tensor2d(Array.from({ length: 60 }, (_, i) => i + 1), [6, 10]);
  const scales = dropoutScales(60, 0.4, 9);
  assertClose(dropout(x, 0.4, 9), scales.map((scale, i) => scale * (i + 1)), { rtol: 1e-6 });
  const gradient = gradientAt((y) => dropout(y, 0.4, 9), x, tf.fill([6, 10], 3));
  assertClose(gradient, scales.map((scale) => 3 * scale), { rtol: 1e-6 });
});

testOnBackends("dropout() of rate 0 returns a copy", () => {
  const x = tf.tensor1d([1, 2]);
  const same = dropout(x, 0, 1);
  x.dispose();
  deepStrictEqual(same.arraySync(), [1, 2]);
});

testOnBackends("dropout() leaves no tensor behind", async () => {
  const x = tf.ones([4, 5]);
  await assertNoLeak(() => dropout(x, 0.5, 1).dispose());
  await assertNoLeak(() => gradientAt((y) => dropout(y, 0.5, 1), x).dispose());
});

Deno.test("dropout() refuses impossible rates and seeds", () => {
  const x = tf.ones([2]);
  const rate = /^ConfigError: Invalid dropout rate = 1: it must be at least 0 and below 1$/;
  throws(() => dropout(x, 1, 1), rate);
  throws(() => dropout(x, NaN, 1), /dropout rate/);
  throws(() => dropout(x, 0.5, 0.5), /Invalid dropout seed = 0.5: it must be an integer/);
});
