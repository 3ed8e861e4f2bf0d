import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual } from "node:assert";
import {
  type AttentionWeights,
  type Dropout,
  embeddings,
  encoderLayer,
  feedForward,
  type FeedForwardWeights,
  selfAttention,
  selfAttentionWeights,
} from "bert/model/layers.ts";
import { gatherRows } from "bert/model/ops/rows.ts";
import { linear } from "bert/model/ops/linear.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { attention } from "bert/model/ops/attention.ts";
import { dropout, mixSeed } from "bert/model/ops/dropout.ts";
import { layerNorm, residualLayerNorm } from "bert/model/ops/layer_norm.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { testOnBackends } from "../support/backends.ts";
import { gradientAt, randomTensor } from "../support/gradients.ts";

const OPTIONS = { heads: 2, epsilon: 1e-6 };
const DROPOUT: Dropout = { hidden: 0.3, attention: 0.4, seed: 11 };

const matrix = (shape: [number, number], seed: number) => randomTensor<tf.Rank.R2>(shape, seed);
const vector = (size: number, seed: number) => randomTensor<tf.Rank.R1>([size], seed);
const dense = (inputs: number, outputs: number, seed: number) => ({
  weight: matrix([inputs, outputs], seed),
  bias: vector(outputs, seed + 1),
});
const norm = (size: number, seed: number) => ({
  gamma: vector(size, seed),
  beta: vector(size, seed + 1),
});

function attentionWeights(): AttentionWeights {
  return { qkv: dense(4, 12, 1), output: dense(4, 4, 3), norm: norm(4, 5) };
}

function feedForwardWeights(): FeedForwardWeights {
  return { inner: dense(4, 6, 7), output: dense(6, 4, 9), norm: norm(4, 11) };
}

function twoSequences() {
  return { x: matrix([6, 4], 20), mask: tf.tensor2d([[1, 1, 1], [1, 1, 0]]) };
}

function ids(rows: number[][]): tf.Tensor2D {
  return tf.tensor2d(rows, undefined, "int32");
}

testOnBackends("embeddings() are the sum of three rows, then LayerNorm, then dropout", () => {
  const weights = {
    word: tf.tensor2d([[1, 0], [0, 10]]),
    position: tf.tensor2d([[0, 0], [100, 0]]),
    segment: tf.tensor2d([[0, 0], [1000, 0], [0, 5000]]),
    norm: norm(2, 1),
  };
  const batch = {
    tokenIds: ids([[0, 1]]),
    positionIds: ids([[0, 1]]),
    segmentIds: ids([[1, 2]]),
  };
  const sum = tf.tensor2d([[1001, 0], [100, 5010]]);
  const expected = layerNorm(sum, weights.norm.gamma, weights.norm.beta, 1e-6);
  assertClose(embeddings(batch, weights, OPTIONS), expected, { atol: 1e-6 });
  const dropped = embeddings(batch, weights, { ...OPTIONS, dropout: DROPOUT });
  assertClose(dropped, dropout(expected, DROPOUT.hidden, DROPOUT.seed), { atol: 1e-6 });
});

testOnBackends("selfAttention() is attention, a dense layer and LayerNorm of the sum", () => {
  const [{ x, mask }, weights] = [twoSequences(), attentionWeights()];
  const { qkv, output, norm } = weights;
  const context = attention(linear(x, qkv.weight, qkv.bias), mask, {
    batch: 2,
    length: 3,
    heads: 2,
  });
  const sublayer = linear(context, output.weight, output.bias);
  const expected = layerNorm(tf.add(x, sublayer), norm.gamma, norm.beta, 1e-6);
  assertClose(selfAttention(x, mask, weights, OPTIONS), expected, { atol: 1e-5 });
});

testOnBackends("selfAttentionWeights() are the weights that selfAttention() uses", () => {
  const [{ x, mask }, weights] = [twoSequences(), attentionWeights()];
  const probabilities = selfAttentionWeights(x, mask, weights, 2);
  deepStrictEqual(probabilities.shape, [2, 2, 3, 3]);
  assertClose(tf.sum(probabilities, 3), new Float32Array(12).fill(1), { atol: 1e-6 });
  const values = linear(x, weights.qkv.weight, weights.qkv.bias).slice([3, 8], [3, 2]); // head 0
  const seen = tf.matMul(probabilities.slice([1, 0], [1, 1]).reshape([3, 3]), values);
  const shape = { batch: 2, length: 3, heads: 2 };
  const context = attention(linear(x, weights.qkv.weight, weights.qkv.bias), mask, shape);
  assertClose(context.slice([3, 0], [3, 2]), seen, { atol: 1e-5 });
});

testOnBackends(
  "feedForward() is a wider dense layer, GELU, a dense layer back, and LayerNorm of the sum",
  () => {
    const [{ x }, weights] = [twoSequences(), feedForwardWeights()];
    const { inner, output, norm } = weights;
    const wide = gelu(linear(x, inner.weight, inner.bias));
    const sublayer = linear(wide, output.weight, output.bias);
    const expected = (rate: number) => {
      const seed = mixSeed(DROPOUT.seed, 2);
      return residualLayerNorm(x, sublayer, norm.gamma, norm.beta, 1e-6, rate, seed);
    };
    assertClose(feedForward(x, weights, OPTIONS), expected(0), { atol: 1e-5 });
    const dropped = feedForward(x, weights, { ...OPTIONS, dropout: DROPOUT });
    assertClose(dropped, expected(DROPOUT.hidden), { atol: 1e-5 });
  },
);

testOnBackends("encoderLayer() is attention, then the feed-forward block", () => {
  const { x, mask } = twoSequences();
  const weights = { attention: attentionWeights(), feedForward: feedForwardWeights() };
  const attended = selfAttention(x, mask, weights.attention, OPTIONS);
  const expected = feedForward(attended, weights.feedForward, OPTIONS);
  assertClose(encoderLayer(x, mask, weights, OPTIONS), expected, { atol: 1e-6 });
});

testOnBackends("encoderLayer() drops the same with the same seed", () => {
  const { x, mask } = twoSequences();
  const weights = { attention: attentionWeights(), feedForward: feedForwardWeights() };
  const run = (dropout: Dropout) =>
    encoderLayer(x, mask, weights, { ...OPTIONS, dropout }).arraySync();
  deepStrictEqual(run(DROPOUT), run(DROPOUT));
  notDeepStrictEqual(run(DROPOUT), run({ ...DROPOUT, seed: 12 }));
  notDeepStrictEqual(run({ ...DROPOUT, hidden: 0 }), run({ ...DROPOUT, hidden: 0, attention: 0 }));
});

testOnBackends("the layers leave no tensor behind except their result", async () => {
  const { x, mask } = twoSequences();
  const weights = { attention: attentionWeights(), feedForward: feedForwardWeights() };
  const options = { ...OPTIONS, dropout: DROPOUT };
  await assertNoLeak(() => encoderLayer(x, mask, weights, options).dispose());
  await assertNoLeak(() => selfAttentionWeights(x, mask, weights.attention, 2).dispose());
  const loss = (x: tf.Tensor) => encoderLayer(x as tf.Tensor2D, mask, weights, options);
  await assertNoLeak(() => tf.grad(loss)(x).dispose());
});

testOnBackends(
  "encoderLayer() of chosen positions gives the layer's output there, and its gradient",
  () => {
    const { x, mask } = twoSequences();
    const weights = { attention: attentionWeights(), feedForward: feedForwardWeights() };
    const rows = tf.tensor1d([5, 0, 5, 3], "int32");
    const picked = (x: tf.Tensor2D) => encoderLayer(x, mask, weights, OPTIONS, rows);
    const after = (x: tf.Tensor2D) => gatherRows(encoderLayer(x, mask, weights, OPTIONS), rows);
    assertClose(picked(x), after(x), { atol: 1e-5 });
    const dy = matrix([4, 4], 30);
    assertClose(gradientAt(picked, x, dy), gradientAt(after, x, dy), { atol: 1e-4 });
  },
);
