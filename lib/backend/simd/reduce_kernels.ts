/** tfjs's kernels that reduce along axes: sums, means, extremes, softmax, the index of a maximum. */
import * as tf from "@tensorflow/tfjs";
import {
  type Attributes,
  type Compute,
  type Inputs,
  type Kernels,
  reshaped,
  rowsPerTask,
  sizeOf,
  stock,
  tasksFor,
} from "./kernel.ts";
import { float } from "./float_word.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The codes of `reduceTask()` in `kernels/reduce.ts`. */
const SUM = 0;
const MAX = 1;
const MIN = 2;

/** The rows in a task if the last axis is reduced, as in the kernel. */
const ROWS_PER_TASK = 64;

/** The columns in a task are a multiple of this. */
const STRIP = 64;
/** The most columns in a task, so that their sums stay in cache. */
const MOST_COLUMNS = 4096;

/**
 * The rows of a block: the kernel sums each block of 64 rows on its own, then the sums of the
 * blocks. So the blocks can be summed in one job, which reads memory in order, and their sums in
 * another: the result has the same bits.
 */
const BLOCK = 64;

/** Reduces [outer, n, inner] to [outer, inner]. */
export function reduceAxis(
  backend: SimdBackend,
  x: tf.TensorInfo,
  sizes: readonly [number, number, number],
  code: number,
  scale = 1,
): tf.TensorInfo {
  const [outer, , inner] = sizes;
  const out = backend.output([outer, inner]);
  reduceInto(backend, backend.pointer(x), backend.pointer(out), sizes, { code, scale });
  return out;
}

/** Reduces [outer, n, inner] at address `from` to [outer, inner] at `to`; by default sums. */
export function reduceInto(
  backend: SimdBackend,
  from: number,
  to: number,
  [outer, n, inner]: readonly [number, number, number],
  { code = SUM, scale = 1 } = {},
): void {
  if (outer * inner === 0) return;
  const blocks = n / BLOCK;
  if (code === SUM && inner > 1 && Number.isInteger(blocks) && blocks > 1 && blocks <= BLOCK) {
    const sums = backend.output([outer * blocks, inner]);
    const at = backend.pointer(sums);
    reduceAtOnce(backend, from, at, [outer * blocks, BLOCK, inner]);
    reduceAtOnce(backend, at, to, [outer, blocks, inner], { code, scale });
    backend.disposeData(sums.dataId);
  } else reduceAtOnce(backend, from, to, [outer, n, inner], { code, scale });
}

/** The same reduction in one job. */
function reduceAtOnce(
  backend: SimdBackend,
  from: number,
  to: number,
  [outer, n, inner]: readonly [number, number, number],
  { code = SUM, scale = 1 } = {},
): void {
  const columns = columnsPerTask(outer, inner, backend.machine.threads);
  const tasks = inner === 1 ? tasksFor(outer, ROWS_PER_TASK) : outer * Math.ceil(inner / columns);
  backend.run("reduce", tasks, from, to, outer, n, inner, code, columns, float(scale));
}

/** The columns in a task: as many as load the threads evenly. No sum depends on it. */
function columnsPerTask(outer: number, inner: number, threads: number): number {
  const wanted = Math.ceil(2 * threads / outer);
  return Math.min(STRIP * Math.ceil(inner / wanted / STRIP), MOST_COLUMNS);
}

/** Groups of neighbouring axes, as first and last axis, the last group first. */
function groups(axes: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const axis of [...axes].sort((a, b) => b - a)) {
    const last = found[found.length - 1];
    if (last && last[0] === axis + 1) last[0] = axis;
    else found.push([axis, axis]);
  }
  return found;
}

function reduceKernel(name: string, attribute: string, code: number, mean = false): Compute {
  return (backend, inputs, attrs) => {
    const { x } = inputs;
    const axes = tf.util.parseAxisParam(attrs[attribute], x.shape);
    if (x.dtype !== "float32" || sizeOf(x) === 0) return stock(name, backend, inputs, attrs);
    const shape = [...x.shape];
    let result = reshaped(backend, x, shape);
    for (const [first, last] of groups(axes)) {
      const size = (from: number, to: number) => tf.util.sizeFromShape(shape.slice(from, to));
      const sizes = [size(0, first), size(first, last + 1), size(last + 1, shape.length)] as const;
      const next = reduceAxis(backend, result, sizes, code, mean ? 1 / sizes[1] : 1);
      backend.disposeData(result.dataId);
      shape.fill(1, first, last + 1);
      result = next;
    }
    const kept = attrs.keepDims ? shape : shape.filter((_, axis) => !axes.includes(axis));
    return { ...result, shape: kept };
  };
}

function softmaxKernel(name: string, attribute: string, log: boolean): Compute {
  return (backend, inputs, attrs) => {
    const { logits } = inputs;
    const [axis] = tf.util.parseAxisParam(attrs[attribute] ?? -1, logits.shape);
    const inner = axis === logits.shape.length - 1;
    if (logits.dtype !== "float32" || !inner || sizeOf(logits) === 0) {
      return stock(name, backend, inputs, attrs);
    }
    const n = logits.shape[axis];
    const rows = sizeOf(logits) / n;
    const out = backend.output(logits.shape);
    const each = rowsPerTask(n);
    const from = backend.pointer(logits);
    const to = backend.pointer(out);
    backend.run("softmax", tasksFor(rows, each), from, to, rows, n, each, log ? 1 : 0);
    return out;
  };
}

function argMax(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x } = inputs;
  const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
  if (x.dtype !== "float32" || axis !== x.shape.length - 1 || sizeOf(x) === 0) {
    return stock("ArgMax", backend, inputs, attrs);
  }
  const n = x.shape[axis];
  const rows = sizeOf(x) / n;
  const out = backend.output(x.shape.slice(0, -1), "int32");
  const each = rowsPerTask(n);
  const from = backend.pointer(x);
  const to = backend.pointer(out);
  backend.run("argMax", tasksFor(rows, each), from, to, rows, n, each);
  return out;
}

/** tfjs's kernels that reduce. */
export const REDUCE_KERNELS: Kernels = {
  Sum: reduceKernel("Sum", "axis", SUM),
  Mean: reduceKernel("Mean", "axis", SUM, true),
  Max: reduceKernel("Max", "reductionIndices", MAX),
  Min: reduceKernel("Min", "axis", MIN),
  Softmax: softmaxKernel("Softmax", "dim", false),
  LogSoftmax: softmaxKernel("LogSoftmax", "axis", true),
  ArgMax: argMax,
};
