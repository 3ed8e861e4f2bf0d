import * as tf from "@tensorflow/tfjs";
import { throws } from "node:assert";
import { attention } from "bert/model/ops/attention.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { dropout } from "bert/model/ops/dropout.ts";
import { layerNorm, residualLayerNorm } from "bert/model/ops/layer_norm.ts";
import { linear, linearGelu, project } from "bert/model/ops/linear.ts";
import { embed } from "bert/model/ops/rows.ts";
import { crossEntropyLoss } from "bert/training/loss.ts";
import { assertClose } from "../../support/assert_close.ts";
import { testOnBackends } from "../../support/backends.ts";

type Dtype = "float32" | "int32" | "bool";

const SHAPE = { batch: 1, length: 2, heads: 2, dropoutRate: 0, seed: 1 };
const TABLE = [[1, 2], [3, 4]];

/** Operations on zeros and ones of a type. */
const OPERATIONS: Readonly<Record<string, (dtype: Dtype) => tf.Tensor>> = {
  linear: (dtype) => linear(bits([1, 2], dtype), tf.tensor2d(TABLE), tf.tensor1d([1, 1])),
  "linear by weight and bias": (dtype) =>
    linear(tf.tensor2d([[1, 2]]), bits([2, 2], dtype), bits([2], dtype)),
  linearGelu: (dtype) => linearGelu(bits([1, 2], dtype), tf.tensor2d(TABLE), tf.tensor1d([1, 1])),
  project: (dtype) => project(bits([1, 2], dtype), tf.tensor2d(TABLE), tf.tensor1d([1, 1])),
  gelu: (dtype) => gelu(bits([4], dtype)),
  dropout: (dtype) => dropout(bits([4], dtype), 0.5, 1),
  layerNorm: (dtype) => layerNorm(bits([1, 3], dtype), tf.ones([3]), tf.zeros([3]), 1e-3),
  residualLayerNorm: (dtype) =>
    residualLayerNorm(
      ...[tf.tensor2d([[1, 2, 3]]), bits<tf.Rank.R2>([1, 3], dtype)] as const,
      ...[tf.ones<tf.Rank.R1>([3]), tf.zeros<tf.Rank.R1>([3]), 1e-3, 0, 1] as const,
    ),
  attention: (dtype) => attention(bits([2, 12], dtype), bits([1, 2], "int32"), SHAPE),
  "attention by mask": (dtype) =>
    attention(tf.range(0, 24).reshape([2, 12]), bits([1, 2], dtype), SHAPE),
  embed: (dtype) => embed(bits([2, 2], dtype), tf.tensor1d([1, 0], "int32")),
  crossEntropyLoss: (dtype) => crossEntropyLoss(bits([2, 3], dtype), tf.tensor1d([1, 0], "int32")),
};

/** Ones and zeros by turns. */
function bits<R extends tf.Rank>(shape: tf.ShapeMap[R], dtype: Dtype): tf.Tensor<R> {
  const count = (shape as number[]).reduce((product, axis) => product * axis, 1);
  return tf.tensor(Array.from({ length: count }, (_, i) => 1 - i % 2), shape, dtype);
}

for (const [name, run] of Object.entries(OPERATIONS)) {
  testOnBackends(`${name}: integers and booleans give the numbers that floats give`, () => {
    const expected = run("float32").dataSync();
    for (const dtype of ["int32", "bool"] as const) {
      let found: tf.Tensor;
      try {
        found = run(dtype);
      } catch (error) {
        if (/not yet supported/.test(`${error}`)) continue; // tfjs's wasm backend multiplies floats only
        throw error;
      }
      assertClose(found.dataSync(), expected, { atol: 1e-5 });
    }
  });
}

testOnBackends("embed() refuses ids that are floats", () => {
  throws(() => embed(tf.tensor2d(TABLE), tf.tensor1d([1, 0])), /must be int32 tensor/);
});
