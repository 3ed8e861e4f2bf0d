/** The kernels of BERT's dense layers and of GELU, alone and after a dense layer. */
import type * as tf from "@tensorflow/tfjs";
import { type Inputs, type Kernels, reshaped, rowsPerTask, sizeOf, tasksFor } from "./kernel.ts";
import { productOf } from "./product_kernels.ts";
import { CHUNK, GELU, unary } from "./elementwise_kernels.ts";
import { reduceAxis } from "./reduce_kernels.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The most partial sums that the tasks of a kernel leave, which are added up afterwards. */
const MOST_PARTS = 32;

/**
 * The rows in a task of a kernel that also sums columns. The number of threads does not change it.
 */
export function rowsPerPart(rows: number, width: number): number {
  return Math.max(rowsPerTask(width), Math.ceil(rows / MOST_PARTS));
}

/** The sums of the columns of [tasks, N], which this function frees: [N]. */
export function sumOfParts(backend: SimdBackend, parts: tf.TensorInfo): tf.TensorInfo {
  const sums = columnSums(backend, parts);
  backend.disposeData(parts.dataId);
  return sums;
}

/** The sum of each column of [N, H]: [H]. */
function columnSums(backend: SimdBackend, x: tf.TensorInfo): tf.TensorInfo {
  const [rows, columns] = x.shape;
  return { ...reduceAxis(backend, x, [1, rows, columns], 0), shape: [columns] };
}

function linear(backend: SimdBackend, { x, weight, bias }: Inputs): tf.TensorInfo {
  return productOf(backend, x, weight, { bias }); // [N, O]
}

function linearGradient(backend: SimdBackend, { dy, x, weight }: Inputs): tf.TensorInfo[] {
  return [
    productOf(backend, dy, weight, { transposeB: true }), // [N, I]
    productOf(backend, x, dy, { transposeA: true }), // [I, O]
    columnSums(backend, dy), // [O]
  ];
}

function project(backend: SimdBackend, { x, table, bias }: Inputs): tf.TensorInfo {
  return productOf(backend, x, table, { transposeB: true, bias }); // [N, V]
}

function projectGradient(backend: SimdBackend, { dy, x, table }: Inputs): tf.TensorInfo[] {
  return [
    productOf(backend, dy, table), // [N, H]
    productOf(backend, dy, x, { transposeA: true }), // [V, H]
    columnSums(backend, dy), // [V]
  ];
}

/** GELU of a dense layer, and GELU's derivative, both [N, O]. */
function linearGelu(backend: SimdBackend, { x, weight, bias }: Inputs): tf.TensorInfo[] {
  const slope = productOf(backend, x, weight); // [N, O]
  const y = backend.output(slope.shape);
  const [rows, width] = slope.shape;
  const each = rowsPerTask(width);
  const pointers = [slope, bias, y].map((tensor) => backend.pointer(tensor));
  backend.run("biasGelu", tasksFor(rows, each), ...pointers, rows, width, each);
  return [y, slope];
}

/** The gradient of `linearGelu()`. It writes into `slope` if nothing else refers to it. */
function linearGeluGradient(backend: SimdBackend, inputs: Inputs): tf.TensorInfo[] {
  const { dy, x, weight, slope } = inputs;
  const [rows, width] = dy.shape;
  const each = rowsPerPart(rows, width);
  const inner = ownedOrNew(backend, slope); // [N, O]
  const parts = backend.output([tasksFor(rows, each), width]);
  const pointers = [slope, dy, inner, parts].map((tensor) => backend.pointer(tensor));
  backend.run("slope", tasksFor(rows, each), ...pointers, rows, width, each);
  const gradients = [
    productOf(backend, inner, weight, { transposeB: true }), // [N, I]
    productOf(backend, x, inner, { transposeA: true }), // [I, O]
    sumOfParts(backend, parts), // [O]
  ];
  backend.disposeData(inner.dataId);
  return gradients;
}

/** A tensor of this shape: in the same memory if nothing else refers to it, else in new memory. */
export function ownedOrNew(backend: SimdBackend, x: tf.TensorInfo): tf.TensorInfo {
  return backend.refCount(x.dataId) === 1 ? reshaped(backend, x, x.shape) : backend.output(x.shape);
}

function gelu(backend: SimdBackend, { x }: Inputs): tf.TensorInfo {
  return unary(backend, x, GELU);
}

function geluGradient(backend: SimdBackend, { dy, x }: Inputs): tf.TensorInfo {
  const dx = backend.output(x.shape);
  const count = sizeOf(x);
  const pointers = [x, dy, dx].map((tensor) => backend.pointer(tensor));
  backend.run("geluGradient", tasksFor(count, CHUNK), ...pointers, count);
  return dx;
}

/** The kernels by the names with which `fused()` in `lib/backend/operation.ts` is called. */
export const DENSE_KERNELS: Kernels = {
  BertLinear: linear,
  BertLinearGradient: linearGradient,
  BertLinearGelu: linearGelu,
  BertLinearGeluGradient: linearGeluGradient,
  BertProject: project,
  BertProjectGradient: projectGradient,
  BertGelu: gelu,
  BertGeluGradient: geluGradient,
};
