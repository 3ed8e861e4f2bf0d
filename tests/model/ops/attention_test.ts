import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, throws } from "node:assert";
import { ShapeError } from "bert/errors.ts";
import { attention, attentionProbabilities } from "bert/model/ops/attention.ts";
import { dropoutScales } from "bert/model/ops/dropout.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { testOnBackends } from "../../support/backends.ts";
import { assertGradients, gradientAt, randomTensor } from "../../support/gradients.ts";

const SHAPE = { batch: 2, length: 3, heads: 2 }; // D = 2, H = 4
const MASK = [[1, 1, 1], [1, 1, 0]];
const matrix = (shape: [number, number], seed: number) => randomTensor<tf.Rank.R2>(shape, seed);
const qkvOf = (seed: number) => matrix([6, 12], seed);

/** Attention by the paper's formula, one number at a time, in double precision. */
function byHand(qkv: number[][], mask: number[][], scales?: Float32Array) {
  const { batch, length, heads } = SHAPE;
  const width = qkv[0].length / 3 / heads;
  const weights: number[] = [];
  const context = qkv.map((row) => Array<number>(row.length / 3).fill(0));
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      for (let from = 0; from < length; from++) {
        const at = (part: number, t: number, d: number) =>
          qkv[b * length + t][(part * heads + head) * width + d];
        const scores = mask[b].map((real, to) => {
          let dot = 0;
          for (let d = 0; d < width; d++) dot += at(0, from, d) * at(1, to, d);
          return real ? Math.exp(dot / Math.sqrt(width)) : 0;
        });
        const total = scores.reduce((sum, score) => sum + score, 0);
        scores.forEach((score, to) => {
          const place = weights.push(score / total) - 1;
          for (let d = 0; d < width; d++) {
            context[b * length + from][head * width + d] += score / total * (scales?.[place] ?? 1) *
              at(2, to, d);
          }
        });
      }
    }
  }
  return { weights, context: context.flat() };
}

testOnBackends("attention() is the paper's formula, head by head, without padding", () => {
  const qkv = qkvOf(1);
  const expected = byHand(qkv.arraySync(), MASK);
  assertClose(attention(qkv, tf.tensor2d(MASK), SHAPE), expected.context, { atol: 1e-6 });
  const weights = attentionProbabilities(qkv, tf.tensor2d(MASK), SHAPE);
  deepStrictEqual(weights.shape, [2, 2, 3, 3]);
  assertClose(weights, expected.weights, { atol: 1e-6 });
});

testOnBackends("attention() drops attention weights by the mask of the seed", () => {
  const qkv = qkvOf(1);
  const scales = dropoutScales(36, 0.5, 4);
  const expected = byHand(qkv.arraySync(), MASK, scales).context;
  const options = { ...SHAPE, dropoutRate: 0.5, seed: 4 };
  assertClose(attention(qkv, tf.tensor2d(MASK), options), expected, { atol: 1e-6 });
});

testOnBackends(
  "attention() has the right gradient by queries, keys and values, also with dropout",
  () => {
    const mask = tf.tensor2d(MASK, undefined, "int32");
    for (const dropoutRate of [0, 0.5]) {
      const options = { ...SHAPE, dropoutRate, seed: 4 };
      assertGradients((qkv) => attention(qkv, mask, options), [qkvOf(2)]);
    }
  },
);

testOnBackends("attention() takes nothing from padding, and gives it no gradient", () => {
  const values = qkvOf(3).arraySync();
  const mask = tf.tensor2d(MASK);
  const context = attention(tf.tensor2d(values), mask, SHAPE).arraySync();
  values[5] = values[5].map((value, i) => i < 4 ? value : 1000 * value); // the key and the value of padding
  const changed = attention(tf.tensor2d(values), mask, SHAPE).arraySync();
  deepStrictEqual(changed.slice(0, 5), context.slice(0, 5));
  const gradient = gradientAt((qkv) => attention(qkv, mask, SHAPE), tf.tensor2d(values));
  const keyAndValue = gradient.dataSync().slice(5 * 12 + 4, 6 * 12);
  ok(keyAndValue.every((slope) => slope === 0), `${keyAndValue}`);
});

testOnBackends("attention() over nothing but padding is attention over everything", () => {
  const qkv = qkvOf(4);
  const context = attention(qkv, tf.zeros([2, 3]), SHAPE);
  assertClose(context, attention(qkv, tf.ones([2, 3]), SHAPE), { atol: 1e-3 });
});

testOnBackends("attention() leaves no tensor behind except its result", async () => {
  const [qkv, mask] = [qkvOf(1), tf.tensor2d(MASK)];
  const options = { ...SHAPE, dropoutRate: 0.5, seed: 4 };
  await assertNoLeak(() => attention(qkv, mask, options).dispose());
  await assertNoLeak(() => attentionProbabilities(qkv, mask, SHAPE).dispose());
  await assertNoLeak(() => gradientAt((x) => attention(x, mask, options), qkv).dispose());
});

Deno.test("attention() refuses shapes that do not fit", () => {
  const mask = tf.ones<tf.Rank.R2>([2, 3]);
  const rows = new ShapeError("attention() from qkv", [6, "3H"], [5, 12]);
  throws(() => attention(matrix([5, 12], 1), mask, SHAPE), rows);
  const columns = new ShapeError("attention() from qkv", [6, 12], [6, 10]);
  throws(() => attention(matrix([6, 10], 1), mask, SHAPE), columns);
  const narrow = new ShapeError("attention() from mask", [2, 3], [3, 2]);
  throws(() => attention(qkvOf(1), tf.ones([3, 2]), SHAPE), narrow);
});
