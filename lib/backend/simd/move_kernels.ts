/**
 * tfjs's kernels that move numbers: transposition, rows by index, slices, concatenation,
 * repetition.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type Attributes,
  checkRows,
  type Inputs,
  type Kernels,
  reshaped,
  rowsPerTask,
  sizeOf,
  stock,
  tasksFor,
} from "./kernel.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The columns of a table in a task, as in the kernel. */
const STRIP = 64;

/** An axis of a result: its length, and the step in the source along it, in numbers. */
interface Axis {
  length: number;
  step: number;
}

/** The axes of a permuted tensor, at least four; axes that stay neighbours are merged. */
function permutedAxes(shape: readonly number[], perm: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (let i = perm.length - 1; i >= 0; i--) {
    const length = shape[perm[i]];
    const step = tf.util.sizeFromShape(shape.slice(perm[i] + 1));
    if (length === 1) continue;
    if (axes[0] && step === axes[0].step * axes[0].length) axes[0].length *= length;
    else axes.unshift({ length, step });
  }
  while (axes.length < 4) axes.unshift({ length: 1, step: 0 });
  return axes;
}

function transpose(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x } = inputs;
  const perm = attrs.perm as number[];
  const axes = permutedAxes(x.shape, perm);
  const wide = x.dtype === "float32" || x.dtype === "int32";
  if (!wide || axes.length > 4) return stock("Transpose", backend, inputs, attrs);
  const out = backend.output(perm.map((axis) => x.shape[axis]), x.dtype as "float32" | "int32");
  if (sizeOf(x) > 0) runTranspose(backend, x, out, axes);
  return out;
}

function runTranspose(backend: SimdBackend, x: tf.TensorInfo, out: tf.TensorInfo, axes: Axis[]) {
  const from = backend.pointer(x);
  const to = backend.pointer(out);
  const [, batch, columns, rows] = axes;
  const swaps = axes[0].length === 1 && columns.step === 1 && rows.step === columns.length &&
    (batch.length === 1 || batch.step === rows.length * columns.length);
  if (swaps) {
    const tiles = Math.ceil(rows.length / 16);
    const sizes = [batch.length, rows.length, columns.length, tiles];
    backend.run("swap", batch.length * tiles, from, to, ...sizes);
    return;
  }
  const count = axes[0].length * axes[1].length * axes[2].length;
  const each = rowsPerTask(axes[3].length);
  const sizes = [...axes.map(({ length }) => length), ...axes.map(({ step }) => step)];
  backend.run("transpose", tasksFor(count, each), from, to, ...sizes, each);
}

/** Copies rows of a table, [height, width], by index into `out`, [count, width]. */
export function gatherInto(
  backend: SimdBackend,
  table: tf.TensorInfo,
  ids: tf.TensorInfo,
  out: tf.TensorInfo,
  height: number,
): void {
  const count = sizeOf(ids);
  const width = count === 0 ? 0 : sizeOf(out) / count;
  checkRows("GatherV2", backend.values(ids), 0, height);
  const each = rowsPerTask(width);
  const pointers = [table, ids, out].map((tensor) => backend.pointer(tensor));
  backend.run("gather", tasksFor(count, each), ...pointers, count, width, each);
}

function gather(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x, indices } = inputs;
  const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
  const numbers = (x.dtype === "float32" || x.dtype === "int32") && indices.dtype === "int32";
  if (!numbers || axis !== 0 || attrs.batchDims > 0) {
    return stock("GatherV2", backend, inputs, attrs);
  }
  const shape = [...indices.shape, ...x.shape.slice(1)];
  const out = backend.output(shape, x.dtype as "float32" | "int32");
  gatherInto(backend, x, indices, out, x.shape[0]);
  return out;
}

/** Sums rows by index into a new table of this shape; rows with a negative index are ignored. */
export function scatterRows(
  backend: SimdBackend,
  x: tf.TensorInfo,
  ids: tf.TensorInfo,
  shape: readonly number[],
): tf.TensorInfo {
  const out = backend.output(shape);
  const count = sizeOf(ids);
  const width = tf.util.sizeFromShape(shape.slice(1));
  checkRows("UnsortedSegmentSum", backend.values(ids), -Infinity, shape[0]);
  const pointers = [x, ids, out].map((tensor) => backend.pointer(tensor));
  backend.run("scatter", tasksFor(width, STRIP), ...pointers, count, width, shape[0]);
  return out;
}

function segmentSum(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x, segmentIds } = inputs;
  if (x.dtype !== "float32" || segmentIds.dtype !== "int32") {
    return stock("UnsortedSegmentSum", backend, inputs, attrs);
  }
  const rest = x.shape.slice(segmentIds.shape.length);
  return scatterRows(backend, x, segmentIds, [attrs.numSegments, ...rest]);
}

/** A slice that cuts at most one axis, so that it consists of runs of memory; others go to tfjs. */
function slice(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x } = inputs;
  const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
  const cut = x.shape.map((length, axis) => size[axis] === length ? -1 : axis)
    .filter((axis) => axis >= 0);
  const known = x.dtype === "float32" || x.dtype === "int32";
  if (!known || cut.length > 1) return stock("Slice", backend, inputs, attrs);
  if (cut.length === 0) return reshaped(backend, x, x.shape);
  const [axis] = cut;
  const out = backend.output(size, x.dtype as "float32" | "int32");
  const inner = tf.util.sizeFromShape(x.shape.slice(axis + 1));
  const from = backend.values(x);
  const to = backend.values(out);
  const step = x.shape[axis] * inner;
  const run = size[axis] * inner;
  for (let i = 0, at = begin[axis] * inner; i < to.length; i += run, at += step) {
    to.set(from.subarray(at, at + run), i);
  }
  return out;
}

/** Concatenates tensors along an axis, by copying runs of memory. */
function concat(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const tensors = Object.values(inputs);
  const [axis] = tf.util.parseAxisParam(attrs.axis, tensors[0].shape);
  const { dtype } = tensors[0];
  const known = tensors.every((tensor) => tensor.dtype === dtype) &&
    (dtype === "float32" || dtype === "int32");
  if (!known) return stock("Concat", backend, inputs as Inputs, attrs);
  const shapes = tensors.map((tensor) => tensor.shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const shape = tf.backend_util.computeOutShape(shapes, axis);
  const out = backend.output(shape, dtype as "float32" | "int32");
  const to = backend.values(out);
  const step = tf.util.sizeFromShape(shape.slice(axis));
  let start = 0;
  for (const tensor of tensors) {
    const from = backend.values(tensor);
    const run = tf.util.sizeFromShape(tensor.shape.slice(axis));
    for (let i = 0, at = start; i < from.length; i += run, at += step) {
      to.set(from.subarray(i, i + run), at);
    }
    start += run;
  }
  return out;
}

/** Repeats a tensor along its axes. */
function tile(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x } = inputs;
  const reps = attrs.reps as number[];
  if (x.dtype !== "float32" && x.dtype !== "int32") return stock("Tile", backend, inputs, attrs);
  const shape = x.shape.map((length, axis) => length * reps[axis]);
  const out = backend.output(shape, x.dtype);
  if (sizeOf(out) > 0) repeat(backend.values(x), backend.values(out), x.shape, reps);
  return out;
}

type Numbers = ReturnType<SimdBackend["values"]>;

/**
 * Fills `to` with repetitions of `from`. `copy()` writes the part of one axis and of those inside
 * it, and returns how many numbers it has read and written.
 */
function repeat(from: Numbers, to: Numbers, shape: readonly number[], reps: readonly number[]) {
  const copy = (axis: number, source: number, target: number): [number, number] => {
    if (axis === shape.length) {
      to[target] = from[source];
      return [1, 1];
    }
    const plain = reps.slice(axis).every((count) => count === 1);
    let read = 0;
    let written = 0;
    if (plain) {
      read = written = shape.slice(axis).reduce((size, length) => size * length, 1);
      to.set(from.subarray(source, source + read), target);
    } else {
      for (let i = 0; i < shape[axis]; i++) {
        const [r, w] = copy(axis + 1, source + read, target + written);
        read += r;
        written += w;
      }
    }
    for (let i = 1; i < reps[axis]; i++) {
      to.copyWithin(target + i * written, target, target + written);
    }
    return [read, written * reps[axis]];
  };
  copy(0, 0, 0);
}

/** tfjs's kernels that move numbers. */
export const MOVE_KERNELS: Kernels = {
  Transpose: transpose,
  GatherV2: gather,
  UnsortedSegmentSum: segmentSum,
  Slice: slice,
  Concat: concat,
  Tile: tile,
};
