import * as tf from "@tensorflow/tfjs";
import { strictEqual, throws } from "node:assert";
import { linear, linearActivated, linearGelu } from "bert/model/ops/linear.ts";
import { activate, gelu } from "bert/model/ops/activation.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { testOnBackends } from "../../support/backends.ts";
import { assertGradients, gradientsAt, randomTensor } from "../../support/gradients.ts";

/** Shapes as rows, inputs and outputs. */
const SHAPES = [[1, 1, 1], [3, 2, 5], [7, 9, 4], [70, 3, 33], [130, 8, 1030], [0, 3, 2]];

type Inputs = [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];

function inputs([rows, from, to]: number[]): Inputs {
  const wide = tf.mul<tf.Tensor2D>(randomTensor<tf.Rank.R2>([rows, from], 1), 4); // so that both tails of GELU occur
  return [wide, randomTensor<tf.Rank.R2>([from, to], 2), randomTensor<tf.Rank.R1>([to], 3)];
}

const apart = (...[x, weight, bias]: Inputs) => gelu(linear(x, weight, bias));

testOnBackends("linearGelu() is a dense layer and GELU, forward and backward", () => {
  for (const shape of SHAPES) {
    const given = inputs(shape);
    const y = linearGelu(...given);
    assertClose(y, apart(...given), { atol: 2e-6, rtol: 2e-6 });
    const weights = randomTensor<tf.Rank.R2>(y.shape, 4);
    const weighed = (f: typeof linearGelu) => (...xs: Inputs) => tf.sum(tf.mul(f(...xs), weights));
    const [found, expected] = [linearGelu, apart].map((f) => gradientsAt(weighed(f), given));
    found.forEach((gradient, i) => assertClose(gradient, expected[i], { atol: 1e-4, rtol: 1e-5 }));
  }
});

testOnBackends("linearGelu() has the gradient that finite differences give", () => {
  assertGradients(linearGelu, inputs([3, 2, 5]), { step: 1e-2, tolerance: 3e-3 });
});

testOnBackends(
  "linearGelu() leaves no tensor behind and refuses shapes that do not fit",
  async () => {
    const given = inputs([3, 2, 5]);
    await assertNoLeak(() => linearGelu(...given).dispose());
    await assertNoLeak(() =>
      tf.dispose(gradientsAt((...xs: Inputs) => tf.sum(linearGelu(...xs)), given))
    );
    throws(() => linearGelu(given[0], given[1], tf.ones([4])), { name: "ShapeError" });
    strictEqual(linearGelu(...given).shape[1], 5);
  },
);

testOnBackends("linearActivated() is a dense layer and the activation of that name", () => {
  const given = inputs([3, 2, 5]);
  for (const name of ["gelu", "gelu_python", "gelu_new", "relu"] as const) {
    const expected = activate(linear(...given), name);
    assertClose(linearActivated(...given, name), expected, { atol: 2e-6 }, name);
  }
});
