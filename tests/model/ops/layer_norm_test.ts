import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, throws } from "node:assert";
import { ShapeError } from "bert/errors.ts";
import { dropout } from "bert/model/ops/dropout.ts";
import { layerNorm, residualLayerNorm } from "bert/model/ops/layer_norm.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { testOnBackends } from "../../support/backends.ts";
import { assertGradients, gradientsAt, randomTensor } from "../../support/gradients.ts";

const matrix = (shape: [number, number], seed: number) => randomTensor<tf.Rank.R2>(shape, seed);
const vector = (size: number, seed: number) => randomTensor<tf.Rank.R1>([size], seed);

testOnBackends("layerNorm() brings rows to mean 0 and variance 1, then scales and shifts", () => {
  const x = tf.tensor2d([[1, 2, 3], [0, 10, 20]]);
  const y = layerNorm(x, tf.tensor1d([1, 1, 2]), tf.tensor1d([0, 5, 0]), 1e-12);
  const root = Math.sqrt(1.5); // 1 / √(2/3): the biased variance of 1, 2, 3 is 2/3
  assertClose(y, [-root, 5, 2 * root, -root, 5, 2 * root], { atol: 1e-5 });
});

testOnBackends("layerNorm() adds epsilon to the variance, inside the root", () => {
  const x = tf.tensor2d([[-1, 1]]); // variance 1
  const y = layerNorm(x, tf.ones([2]), tf.zeros([2]), 3);
  assertClose(y, [-0.5, 0.5], { atol: 1e-6 });
});

testOnBackends("layerNorm() of a row far from 0 keeps its precision", () => {
  const x = tf.tensor2d([[1000, 1001, 1002]]);
  const y = layerNorm(x, tf.ones([3]), tf.zeros([3]), 1e-12);
  assertClose(y, [-Math.sqrt(1.5), 0, Math.sqrt(1.5)], { atol: 1e-3 });
});

testOnBackends("layerNorm() has the right gradient by x, gamma and beta", () => {
  assertGradients(
    (x, gamma, beta) => layerNorm(x, gamma, beta, 0.1),
    [matrix([3, 5], 1), vector(5, 2), vector(5, 3)],
  );
});

testOnBackends(
  "residualLayerNorm() is LayerNorm of the sum, with dropout of the second input",
  () => {
    const [x, sublayer, gamma, beta] = [
      matrix([4, 6], 1),
      matrix([4, 6], 2),
      vector(6, 3),
      vector(6, 4),
    ];
    const expected = layerNorm(tf.add(x, dropout(sublayer, 0.5, 8)), gamma, beta, 1e-3);
    assertClose(residualLayerNorm(x, sublayer, gamma, beta, 1e-3, 0.5, 8), expected, {
      atol: 1e-5,
    });
  },
);

testOnBackends(
  "residualLayerNorm() has the right gradient by all inputs, with and without dropout",
  () => {
    for (const rate of [0, 0.5]) {
      assertGradients(
        (x, sublayer, gamma, beta) => residualLayerNorm(x, sublayer, gamma, beta, 0.1, rate, 8),
        [matrix([3, 5], 1), matrix([3, 5], 2), vector(5, 3), vector(5, 4)],
      );
    }
  },
);

testOnBackends("the norms leave no tensor behind except their result", async () => {
  const [x, gamma, beta] = [matrix([3, 5], 1), vector(5, 3), vector(5, 4)];
  const norm = (x: tf.Tensor2D, gamma: tf.Tensor1D, beta: tf.Tensor1D) =>
    residualLayerNorm(x, x, gamma, beta, 1e-6, 0.5, 1);
  await assertNoLeak(() => layerNorm(x, gamma, beta, 1e-6).dispose());
  await assertNoLeak(() => norm(x, gamma, beta).dispose());
  await assertNoLeak(() => tf.dispose(gradientsAt(norm, [x, gamma, beta])));
});

testOnBackends("the gradients of residualLayerNorm() are tensors of their own", () => {
  const [x, gamma, beta] = [matrix([3, 5], 1), vector(5, 3), vector(5, 4)];
  const sum = (x: tf.Tensor2D, y: tf.Tensor2D) => residualLayerNorm(x, y, gamma, beta, 1e-6, 0, 0);
  const [dx, dy] = gradientsAt(sum, [x, matrix([3, 5], 2)]);
  dx.dispose();
  deepStrictEqual(dy.dataSync().length, 15);
});

Deno.test("the norms refuse shapes that do not fit", () => {
  const [x, four, five] = [matrix([3, 5], 1), vector(4, 1), vector(5, 1)];
  const gamma = new ShapeError("layerNorm() from gamma", [5], [4]);
  throws(() => layerNorm(x, four, five, 1e-6), gamma);
  const sublayer = new ShapeError("residualLayerNorm() from sublayer", [3, 5], [2, 5]);
  throws(() => residualLayerNorm(x, matrix([2, 5], 1), five, five, 1e-6, 0, 0), sublayer);
});
