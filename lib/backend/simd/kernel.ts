/**
 * What all kernels of the `simd` backend use: their type, and the call of tfjs's CPU kernel for the
 * cases that ours do not compute.
 */
import * as tf from "@tensorflow/tfjs";
import type { SimdBackend } from "./simd_backend.ts";

/** A kernel's tensors by name; those that tfjs calls optional may be missing. */
export type Inputs = Readonly<Record<string, tf.TensorInfo>>;

/** A kernel's settings; each kernel knows the types of its own. */
// deno-lint-ignore no-explicit-any
export type Attributes = Readonly<Record<string, any>>;

/** Computes a kernel's outputs, which the caller owns. */
export type Compute = (
  backend: SimdBackend,
  inputs: Inputs,
  attrs: Attributes,
) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels by name. */
export type Kernels = Readonly<Record<string, Compute>>;

/** Runs tfjs's own CPU kernel, on the same tensors. */
export function stock(
  name: string,
  backend: SimdBackend,
  inputs: Inputs,
  attrs: Attributes,
): tf.TensorInfo {
  const kernel = tf.getKernel(name, "cpu")!;
  return kernel.kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
}

/** Runs this backend's kernel, ours or tfjs's. */
export function call(
  name: string,
  backend: SimdBackend,
  inputs: Inputs,
  attrs: Attributes = {},
): tf.TensorInfo {
  const kernel = tf.getKernel(name, "simd")!;
  return kernel.kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
}

/** How many numbers a tensor has. */
export function sizeOf({ shape }: tf.TensorInfo): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** The same numbers in another shape; the caller disposes of the result, too. */
export function reshaped(
  backend: SimdBackend,
  { dataId, dtype }: tf.TensorInfo,
  shape: readonly number[],
): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, dtype, shape: [...shape] };
}

/** The number of tasks for `count` items, `each` of them in a task. */
export function tasksFor(count: number, each: number): number {
  return Math.ceil(count / each);
}

/** The rows in a task of about 16,000 numbers. */
export function rowsPerTask(width: number): number {
  return Math.max(1, Math.floor(16384 / Math.max(width, 1)));
}

/** Throws `RangeError` unless all indices are from `least` to `count` - 1. */
export function checkRows(what: string, rows: ArrayLike<number>, least: number, count: number) {
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] >= least && rows[i] < count) continue;
    throw new RangeError(
      `${what}: the index value ${rows[i]} is not in [0, ${count - 1}], at position ${i}`,
    );
  }
}
