import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { ShapeError } from "bert/errors.ts";
import { embed, gatherRows } from "bert/model/ops/rows.ts";
import { softmaxCrossEntropy } from "bert/training/loss.ts";
import { linear, project } from "bert/model/ops/linear.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { BACKENDS, testOnBackends } from "../../support/backends.ts";
import { assertGradients, gradientAt, gradientsAt, randomTensor } from "../../support/gradients.ts";

function ids(values: number[]): tf.Tensor1D {
  return tf.tensor1d(values, "int32");
}

const matrix = (shape: [number, number], seed: number) => randomTensor<tf.Rank.R2>(shape, seed);
const vector = (size: number, seed: number) => randomTensor<tf.Rank.R1>([size], seed);

testOnBackends(
  "embed() takes rows, and its gradient sums the gradients of a row that was taken twice",
  () => {
    const table = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
    deepStrictEqual(embed(table, ids([2, 0, 2])).arraySync(), [[5, 6], [1, 2], [5, 6]]);
    const dy = tf.tensor2d([[1, 10], [2, 20], [4, 40]]);
    const gradient = gradientAt((x) => embed(x, ids([2, 0, 2])), table, dy);
    deepStrictEqual(gradient.arraySync(), [[2, 20], [0, 0], [5, 50]]);
  },
);

testOnBackends("gatherRows() takes rows, also the last one alone", () => {
  const x = tf.tensor2d([[1], [2], [3]]);
  deepStrictEqual(gatherRows(x, ids([2])).arraySync(), [[3]]);
  assertGradients((y) => gatherRows(y, ids([1, 1, 2])), [matrix([3, 2], 1)]);
});

testOnBackends("linear() is x W + b", () => {
  const weight = tf.tensor2d([[1, 0, 2], [0, 1, 3]]); // [in, out]
  const y = linear(tf.tensor2d([[1, 2], [3, 4]]), weight, tf.tensor1d([10, 20, 30]));
  deepStrictEqual(y.arraySync(), [[11, 22, 38], [13, 24, 48]]);
});

testOnBackends("linear() has the right gradient by x, weight and bias", () => {
  assertGradients(
    linear,
    [matrix([3, 4], 1), matrix([4, 5], 2), vector(5, 3)],
  );
});

testOnBackends("project() scores each row against each row of the table", () => {
  const table = tf.tensor2d([[1, 0], [0, 1], [1, 1]]);
  const y = project(tf.tensor2d([[2, 3]]), table, tf.tensor1d([0, 0, 100]));
  deepStrictEqual(y.arraySync(), [[2, 3, 105]]);
  assertGradients(
    project,
    [matrix([3, 4], 1), matrix([6, 4], 2), vector(6, 3)],
  );
});

testOnBackends("gelu() is the exact form, x · Φ(x)", () => {
  // 0.5 x (1 + erf(x / sqrt 2)) in double precision; the tanh form gives 0.841192 and -0.045402
  const [x, expected] = [[0, 1, -2, 8, -8], [0, 0.8413447461, -0.0455002639, 8, 0]];
  assertClose(gelu(tf.tensor1d(x)), expected, { atol: 1e-6 });
  assertGradients(gelu, [tf.tensor2d([[0, 1, -2], [3, -0.3, 0.7]])]);
});

/** -log softmax(row)[label], in double precision. */
function surprise(row: readonly number[], label: number): number {
  const most = Math.max(...row);
  return most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)) - row[label];
}

testOnBackends("softmaxCrossEntropy() is -log p(right class), and 0 for ignored rows", () => {
  const rows = [[1, 2, 3], [0, 0, 0], [5, -5, 0], [2, 2, -1]];
  const loss = softmaxCrossEntropy(tf.tensor2d(rows), ids([2, 0, 1, -1]));
  const expected = [surprise(rows[0], 2), Math.log(3), surprise(rows[2], 1), 0];
  assertClose(loss, expected, { rtol: 1e-6, atol: 1e-7 });
});

testOnBackends("softmaxCrossEntropy() is stable for logits of any size", () => {
  const rows = tf.tensor2d([[1e4, 0], [0, 1e4], [-1e4, -1e4], [3e38, -3e38]]);
  const loss = softmaxCrossEntropy(rows, ids([0, 0, 1, 0]));
  assertClose(loss, [0, 1e4, Math.LN2, 0], { rtol: 1e-6 });
  const gradient = gradientAt((x) => softmaxCrossEntropy(x, ids([0, 0, 1, 0])), rows);
  assertClose(gradient, [0, 0, -1, 1, 0.5, -0.5, 0, 0], { atol: 1e-6 });
});

testOnBackends(
  "softmaxCrossEntropy() has the gradient softmax - one-hot, 0 in ignored rows",
  () => {
    const dy = tf.tensor1d([1, 2, 5]);
    const logits = tf.tensor2d([[0, 0], [0, 0], [7, 8]]);
    const gradient = gradientAt((x) => softmaxCrossEntropy(x, ids([0, 1, -1])), logits, dy);
    assertClose(gradient, [-0.5, 0.5, 1, -1, 0, 0], { atol: 1e-6 });
    const labels = ids([4, -1, 0, 2]);
    assertGradients((x) => softmaxCrossEntropy(x, labels), [matrix([4, 5], 8)]);
  },
);

testOnBackends("softmaxCrossEntropy() does not overwrite logits that something else holds", () => {
  const x = matrix([3, 6], 12);
  const kept: tf.Tensor[] = [];
  const losses = (x: tf.Tensor2D) => {
    const logits = tf.mul<tf.Tensor2D>(x, 2);
    if (kept.length < 2) kept.push(tf.keep(logits.clone()), tf.keep(tf.reshape(logits, [18])));
    return softmaxCrossEntropy(logits, ids([0, -1, 5]));
  };
  const first = gradientAt(losses, x);
  const alone = gradientAt(losses, x); // nothing is held this time
  assertClose(alone, first, {});
  for (const logits of kept) assertClose(logits.dataSync(), tf.mul(x, 2).dataSync(), {});
});

Deno.test("softmaxCrossEntropy() finds the label in a wide row far down", async () => {
  await useBackend(BACKENDS[0]);
  const [rows, classes] = [300, 60_000]; // 18 million places: more than float32 can number exactly
  const logits = tf.buffer([rows, classes]);
  logits.set(9, rows - 1, classes - 1);
  const labels = ids([...Array(rows - 1).fill(-1), classes - 1]);
  const loss = tf.tidy(() => softmaxCrossEntropy(logits.toTensor() as tf.Tensor2D, labels));
  assertClose(loss.dataSync()[rows - 1], Math.log(Math.exp(9) + classes - 1) - 9, { rtol: 1e-3 });
});

testOnBackends(
  "the operations and their gradients leave no tensor behind",
  async () => {
    const [x, w, b] = [matrix([4, 3], 1), matrix([3, 5], 2), vector(5, 3)];
    const [table, rows, labels] = [matrix([5, 3], 4), ids([0, 2, 1]), ids([0, 1, 2, -1])];
    const all = (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D, table: tf.Tensor2D) => {
      const chosen = gatherRows(gelu(linear(x, w, b)), rows); // [3, 5]
      const looked = tf.matMul<tf.Tensor2D>(embed(table, rows), chosen); // [3, 5]
      return softmaxCrossEntropy(project(looked, w, tf.slice(b, 0, 3)), rows);
    };
    await assertNoLeak(() => linear(x, w, b).dispose());
    await assertNoLeak(() => tf.dispose([gelu(x), embed(table, rows), project(x, table, b)]));
    await assertNoLeak(() => softmaxCrossEntropy(x, labels).dispose());
    await assertNoLeak(() => tf.dispose(gradientsAt(all, [x, w, b, table])));
  },
);

testOnBackends("each operation frees its temporaries at once", () => {
  const [x, w, b] = [matrix([4, 3], 1), matrix([3, 5], 2), vector(5, 3)];
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    gelu(x);
    linear(x, w, b);
    strictEqual(tf.memory().numTensors - before, 2); // the two results
  });
});

Deno.test("the operations refuse shapes that do not fit, and name the expected ones", () => {
  const [x, w, b] = [matrix([4, 3], 1), matrix([2, 5], 2), vector(4, 3)];
  throws(() => linear(x, w, b), new ShapeError("linear() from weight", [3, "O"], [2, 5]));
  throws(() => linear(x, matrix([3, 5], 2), b), new ShapeError("linear() from bias", [5], [4]));
  throws(() => project(x, w, b), new ShapeError("project() from table", ["V", 3], [2, 5]));
  const labels = ids([1]);
  const expected = new ShapeError("softmaxCrossEntropy() from labels", [4], [1]);
  throws(() => softmaxCrossEntropy(x, labels), expected);
  const flat = vector(3, 1) as tf.Tensor as tf.Tensor2D;
  throws(() => embed(flat, labels), new ShapeError("embed() from table", ["V", "H"], [3]));
});

testOnBackends("embed() of an id beyond the table fails", () => {
  throws(() => embed(matrix([2, 3], 1), ids([0, 2])), /index.* 2 /);
});
