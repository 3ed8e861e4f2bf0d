import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual } from "node:assert";
import { mlmHead, nspHead, pooler } from "bert/model/heads.ts";
import { linear, project } from "bert/model/ops/linear.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { layerNorm } from "bert/model/ops/layer_norm.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { testOnBackends } from "../support/backends.ts";
import { assertGradients, randomTensor } from "../support/gradients.ts";

const matrix = (shape: [number, number], seed: number) => randomTensor<tf.Rank.R2>(shape, seed);
const vector = (size: number, seed: number) => randomTensor<tf.Rank.R1>([size], seed);
const dense = (inputs: number, outputs: number, seed: number) => ({
  weight: matrix([inputs, outputs], seed),
  bias: vector(outputs, seed + 1),
});

function mlmWeights() {
  const norm = { gamma: vector(4, 3), beta: vector(4, 4) };
  return { dense: dense(4, 4, 1), norm, decoder: matrix([7, 4], 5), bias: vector(7, 6) };
}

function nspWeights() {
  return { pooler: dense(4, 4, 1), classifier: dense(4, 2, 3) };
}

testOnBackends(
  "mlmHead() is a dense layer, GELU, LayerNorm, and the tied decoder with a bias of its own",
  () => {
    const [hidden, weights] = [matrix([3, 4], 9), mlmWeights()];
    const changed = gelu(linear(hidden, weights.dense.weight, weights.dense.bias));
    const normed = layerNorm(changed, weights.norm.gamma, weights.norm.beta, 1e-6);
    const expected = project(normed, weights.decoder, weights.bias);
    const logits = mlmHead(hidden, weights, 1e-6);
    deepStrictEqual(logits.shape, [3, 7]);
    assertClose(logits, expected, { atol: 1e-5 });
  },
);

testOnBackends("pooler() is the tanh of a dense layer on the first token of each sequence", () => {
  const hidden = tf.tensor2d([[1, 0], [9, 9], [9, 9], [0, 2], [9, 9], [9, 9]]);
  const weight = tf.tensor2d([[1, 2], [3, 4]]);
  const pooled = pooler(hidden, 3, { weight, bias: tf.tensor1d([0, -1]) });
  assertClose(pooled, [1, 1, 6, 7].map(Math.tanh), { atol: 1e-6 });
});

testOnBackends("nspHead() scores two classes from the pooled vector", () => {
  const [hidden, weights] = [matrix([6, 4], 9), nspWeights()];
  const pooled = pooler(hidden, 3, weights.pooler);
  const expected = linear(pooled, weights.classifier.weight, weights.classifier.bias);
  assertClose(nspHead(hidden, 3, weights), expected, { atol: 1e-6 });
  assertGradients((x) => nspHead(x, 3, weights), [hidden]);
});

testOnBackends("the heads leave no tensor behind except their result", async () => {
  const [hidden, mlm, nsp] = [matrix([6, 4], 9), mlmWeights(), nspWeights()];
  await assertNoLeak(() => mlmHead(hidden, mlm, 1e-6).dispose());
  await assertNoLeak(() => nspHead(hidden, 3, nsp).dispose());
});
