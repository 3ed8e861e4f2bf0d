import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { accuracy, countLabels, crossEntropyLoss, pretrainLoss } from "bert/training/loss.ts";
import { useBackend } from "bert/backend/choose.ts";

await useBackend();

const LOGITS = tf.tensor2d([[1, 2, 3], [0, 0, 0], [5, -5, 0], [2, 2, -1]]); // [4, 3]

function ids(labels: number[]): tf.Tensor1D {
  return tf.tensor1d(labels, "int32");
}

/** The textbook formula, in double precision. */
function byHand(row: number[], label: number): number {
  return -Math.log(Math.exp(row[label]) / row.reduce((sum, x) => sum + Math.exp(x), 0));
}

const ROWS = LOGITS.arraySync();

function near(actual: number, expected: number, tolerance = 2e-6): void {
  ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

function value(tensor: tf.Tensor): number {
  strictEqual(tensor.rank, 0);
  return tensor.dataSync()[0];
}

Deno.test("crossEntropyLoss() by default sums over the positions that are not ignored", () => {
  const expected = byHand(ROWS[0], 2) + byHand(ROWS[1], 0) + byHand(ROWS[3], 1);
  near(value(crossEntropyLoss(LOGITS, ids([2, 0, -1, 1]))), expected);
});

Deno.test("crossEntropyLoss() takes the mean over the labels, not over the padding", () => {
  const expected = (byHand(ROWS[0], 2) + byHand(ROWS[1], 0)) / 2;
  near(value(crossEntropyLoss(LOGITS, ids([2, 0, -1, -1]), { reduction: "mean" })), expected);
});

Deno.test("crossEntropyLoss() counts label 0, as only -1 is ignored", () => {
  const logits = tf.tensor2d([[0, 3], [0, 3]]);
  near(value(crossEntropyLoss(logits, ids([0, 0]))), 2 * byHand([0, 3], 0));
  const gradient = tf.grad((x: tf.Tensor) => crossEntropyLoss(x, ids([0, 0])))(logits);
  near(gradient.dataSync()[0], 1 / (1 + Math.exp(3)) - 1);
});

Deno.test("crossEntropyLoss() without a reduction gives a loss for each position, in the labels' shape", () => {
  const labels = tf.tensor2d([[2, 0], [-1, 1]], [2, 2], "int32");
  const losses = crossEntropyLoss(tf.reshape(LOGITS, [2, 2, 3]), labels, { reduction: "none" });
  deepStrictEqual(losses.shape, [2, 2]);
  const expected = [byHand(ROWS[0], 2), byHand(ROWS[1], 0), 0, byHand(ROWS[3], 1)];
  for (const [i, loss] of losses.dataSync().entries()) near(loss, expected[i]);
});

Deno.test("crossEntropyLoss() takes another ignore index", () => {
  const loss = crossEntropyLoss(LOGITS, ids([2, -100, -100, 1]), { ignoreIndex: -100 });
  near(value(loss), byHand(ROWS[0], 2) + byHand(ROWS[3], 1));
  const noZeros = crossEntropyLoss(LOGITS, ids([2, 0, 0, 1]), { ignoreIndex: 0 });
  near(value(noZeros), byHand(ROWS[0], 2) + byHand(ROWS[3], 1));
});

Deno.test("crossEntropyLoss() is exact for large logits", () => {
  const logits = tf.tensor2d([[1e4, 0, -1e4], [-3e37, 3e37, 0]]);
  near(value(crossEntropyLoss(logits, ids([1, 1]))), 1e4);
  const gradient = tf.grad((x: tf.Tensor) => crossEntropyLoss(x, ids([1, 1])))(logits);
  deepStrictEqual([...gradient.dataSync()], [1, -1, 0, 0, 0, 0]);
});

Deno.test("crossEntropyLoss() of labels that are all ignored is 0, and so is its gradient", () => {
  for (const reduction of ["sum", "mean"] as const) {
    const none = ids([-1, -1, -1, -1]);
    const loss = (x: tf.Tensor) => crossEntropyLoss(x, none, { reduction });
    strictEqual(value(loss(LOGITS)), 0);
    const gradient = tf.grad(loss)(LOGITS).dataSync();
    ok(gradient.every((g) => g === 0), `${reduction}: ${gradient}`);
  }
});

Deno.test("crossEntropyLoss() has the gradient softmax minus one-hot", () => {
  const labels = [2, 0, -1, 1];
  const gradient = tf.grad((x: tf.Tensor) => crossEntropyLoss(x, ids(labels)))(LOGITS).arraySync();
  for (const [i, row] of (gradient as number[][]).entries()) {
    for (const [j, g] of row.entries()) {
      const softmax = Math.exp(-byHand(ROWS[i], j));
      near(g, labels[i] < 0 ? 0 : softmax - (labels[i] === j ? 1 : 0));
    }
  }
});

Deno.test("accuracy() is the share of right answers among the labels that are not ignored", () => {
  near(value(accuracy(LOGITS, ids([2, -1, 0, 2]))), 2 / 3);
  strictEqual(value(accuracy(LOGITS, ids([0, 2, 1, 2]))), 0);
  strictEqual(value(accuracy(LOGITS, ids([-1, -1, -1, -1]))), 0);
  near(value(accuracy(LOGITS, ids([2, 9, 0, 9]), 9)), 1);
  near(value(accuracy(LOGITS, ids([2, 2, 0, 0]), 0)), 1 / 2); // right answers for ignored labels do not count
});

Deno.test("countLabels() counts the labels that are not -1, 0 included", () => {
  strictEqual(countLabels(Int32Array.of(-1, 0, 5, -1)), 2);
});

const NSP = tf.tensor2d([[1, 0], [0, 2]]);

Deno.test("pretrainLoss() is the mean over predictions plus the mean over pairs", () => {
  const labels = { predictedLabels: ids([2, 0, -1, -1]), nspLabels: ids([0, 0]) };
  const loss = pretrainLoss({ mlmLogits: LOGITS, nspLogits: NSP }, labels);
  const mlm = (byHand(ROWS[0], 2) + byHand(ROWS[1], 0)) / 2;
  const nsp = (byHand([1, 0], 0) + byHand([0, 2], 0)) / 2;
  near(value(loss.mlmLoss), mlm);
  near(value(loss.nspLoss), nsp);
  near(value(loss.totalLoss), mlm + nsp);
});

Deno.test("pretrainLoss() with reduction `sum` sums both tasks; without pairs the NSP loss is 0", () => {
  const labels = { predictedLabels: ids([2, 0, -1, -1]), nspLabels: ids([-1, -1]) };
  const logits = { mlmLogits: LOGITS, nspLogits: NSP };
  const loss = pretrainLoss(logits, labels, { reduction: "sum" });
  near(value(loss.totalLoss), byHand(ROWS[0], 2) + byHand(ROWS[1], 0));
  strictEqual(value(loss.nspLoss), 0);
});

Deno.test("the losses leave no tensors behind except their results", () => {
  const labels = { predictedLabels: ids([2, 0, -1, -1]), nspLabels: ids([0, 1]) };
  const before = tf.memory().numTensors;
  crossEntropyLoss(LOGITS, labels.predictedLabels).dispose();
  accuracy(LOGITS, labels.predictedLabels).dispose();
  tf.dispose(pretrainLoss({ mlmLogits: LOGITS, nspLogits: NSP }, labels));
  tf.grad((x: tf.Tensor) => crossEntropyLoss(x, labels.predictedLabels))(LOGITS).dispose();
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("crossEntropyLoss() says which shape or label does not fit", () => {
  throws(() => crossEntropyLoss(LOGITS, ids([0, 1])), {
    name: "ShapeError",
    message: "Cannot compute crossEntropyLoss() from labels: expected shape [4], got [2]",
  });
  throws(() => crossEntropyLoss(LOGITS, ids([0, 1, 3, 0])), {
    name: "RangeError",
    message: /label 3 at position 2 is no class: expected 0 to 2, or -1 to ignore/,
  });
  throws(() => crossEntropyLoss(LOGITS, ids([0, 1, -2, 0])), { name: "RangeError" });
  throws(() => crossEntropyLoss(LOGITS, tf.tensor1d([0, 0.5, 0, 0])), { name: "RangeError" });
  throws(() => accuracy(LOGITS, ids([0])), { name: "ShapeError" });
});
