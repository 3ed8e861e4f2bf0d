/** tfjs's elementwise kernels: functions of one tensor, and of two with broadcasting. */
import * as tf from "@tensorflow/tfjs";
import {
  type Attributes,
  call,
  type Compute,
  type Inputs,
  type Kernels,
  reshaped,
  rowsPerTask,
  sizeOf,
  stock,
  tasksFor,
} from "./kernel.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The codes of `unaryTask()` in `kernels/elementwise.ts`. */
const UNARY = {
  Exp: 0,
  Sqrt: 1,
  Rsqrt: 2,
  Square: 3,
  Neg: 4,
  Abs: 5,
  Reciprocal: 6,
  Erf: 7,
  Tanh: 8,
  Sigmoid: 9,
  Relu: 10,
  Log: 12,
} as const;

/** The code of GELU, which is no kernel of tfjs. */
export const GELU = 11;

/** The codes of `binaryTask()`. */
const BINARY = {
  Add: 0,
  Sub: 1,
  Multiply: 2,
  RealDiv: 3,
  Maximum: 4,
  Minimum: 5,
  SquaredDifference: 6,
} as const;

/** The numbers in a task, as in the kernels. */
export const CHUNK = 16384;

/** Applies one of the functions of one number to all numbers of a tensor. */
export function unary(backend: SimdBackend, x: tf.TensorInfo, code: number): tf.TensorInfo {
  const out = backend.output(x.shape);
  const count = sizeOf(x);
  const from = backend.pointer(x);
  const to = backend.pointer(out);
  backend.run("unary", tasksFor(count, CHUNK), from, to, count, code);
  return out;
}

function unaryKernel(name: string, code: number): Compute {
  return (backend, inputs, attrs) =>
    inputs.x.dtype === "float32"
      ? unary(backend, inputs.x, code)
      : stock(name, backend, inputs, attrs);
}

/** An axis of a broadcast result: its length, and the step of each operand along it. */
interface Axis {
  length: number;
  a: number;
  b: number;
}

/**
 * The axes of a broadcast result, innermost last. Neighbouring axes are merged if the steps of both
 * operands allow it.
 */
function broadcastAxes(a: readonly number[], b: readonly number[], out: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  let stepA = 1;
  let stepB = 1;
  for (let i = 1; i <= out.length; i++) {
    const length = out[out.length - i];
    const ownA = a[a.length - i] ?? 1;
    const ownB = b[b.length - i] ?? 1;
    if (length !== 1) {
      const axis = { length, a: ownA === 1 ? 0 : stepA, b: ownB === 1 ? 0 : stepB };
      const inner = axes[0];
      const merges = inner && axis.a === inner.a * inner.length &&
        axis.b === inner.b * inner.length;
      if (merges) inner.length *= length;
      else axes.unshift(axis);
    }
    stepA *= ownA;
    stepB *= ownB;
  }
  while (axes.length < 4) axes.unshift({ length: 1, a: 0, b: 0 });
  return axes;
}

function binaryKernel(name: keyof typeof BINARY): Compute {
  return (backend, inputs, attrs) => {
    const { a, b } = inputs;
    if (a.dtype !== "float32" || b.dtype !== "float32") return stock(name, backend, inputs, attrs);
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const axes = broadcastAxes(a.shape, b.shape, shape);
    if (axes.length > 4) return stock(name, backend, inputs, attrs);
    const out = backend.output(shape);
    if (sizeOf(out) > 0) runBinary(backend, [a, b, out], BINARY[name], axes);
    return out;
  };
}

function runBinary(
  backend: SimdBackend,
  tensors: readonly tf.TensorInfo[],
  code: number,
  axes: Axis[],
): void {
  axes = splitLongRow(axes);
  const rows = axes[0].length * axes[1].length * axes[2].length;
  const each = rowsPerTask(axes[3].length);
  const pointers = tensors.map((tensor) => backend.pointer(tensor));
  const sizes = [...axes.map(({ length }) => length), ...axes.map(({ a }) => a)];
  const steps = axes.map(({ b }) => b);
  backend.run("binary", tasksFor(rows, each), ...pointers, code, ...sizes, ...steps, each);
}

/** One long row is cut into several, so that threads can share it. */
function splitLongRow(axes: Axis[]): Axis[] {
  const [first, , , row] = axes;
  const cut = row.length > CHUNK && first.length === 1 && row.length % 1024 === 0;
  if (!cut) return axes;
  const outer = { length: row.length / 1024, a: row.a * 1024, b: row.b * 1024 };
  return [axes[1], axes[2], outer, { ...row, length: 1024 }];
}

/** Adds up any number of tensors of one shape. */
function addN(backend: SimdBackend, inputs: Inputs): tf.TensorInfo {
  const tensors = Object.values(inputs);
  let sum = reshaped(backend, tensors[0], tensors[0].shape);
  for (const next of tensors.slice(1)) {
    const added = call("Add", backend, { a: sum, b: next });
    backend.disposeData(sum.dataId);
    sum = added;
  }
  return sum;
}

/** Converts to another type. The cases that need more than a copy into another array go to tfjs. */
function cast(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { x } = inputs;
  const dtype = attrs.dtype as tf.DataType;
  if (dtype === x.dtype) return reshaped(backend, x, x.shape);
  const numbers = (type: tf.DataType) => type === "float32" || type === "int32";
  if (!numbers(dtype) || !(numbers(x.dtype) || x.dtype === "bool")) {
    return stock("Cast", backend, inputs, attrs);
  }
  const out = backend.output(x.shape, dtype as "float32" | "int32");
  backend.values(out).set(backend.values(x));
  return out;
}

/** A tensor of one value. */
function filled(
  backend: SimdBackend,
  shape: readonly number[],
  dtype: tf.DataType,
  value: number,
): tf.TensorInfo {
  const out = backend.output(shape, dtype as "float32" | "int32" | "bool");
  backend.values(out).fill(value);
  return out;
}

function isNumeric(dtype: tf.DataType): boolean {
  return dtype === "float32" || dtype === "int32" || dtype === "bool";
}

function likeKernel(name: string, value: number): Compute {
  return (backend, inputs, attrs) =>
    isNumeric(inputs.x.dtype)
      ? filled(backend, inputs.x.shape, inputs.x.dtype, value)
      : stock(name, backend, inputs, attrs);
}

function fill(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { shape, value } = attrs;
  const dtype: tf.DataType = attrs.dtype ?? tf.util.inferDtype(value);
  if (!isNumeric(dtype)) return stock("Fill", backend, inputs, attrs);
  return filled(backend, shape, dtype, value);
}

/** Chooses between two tensors. A condition of lower rank, which chooses whole rows, goes to tfjs. */
function select(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { condition, t, e } = inputs;
  if (t.dtype !== "float32" || e.dtype !== "float32" || sizeOf(condition) !== sizeOf(t)) {
    return stock("Select", backend, inputs, attrs);
  }
  const out = backend.output(t.shape);
  const [chosen, yes, no, to] = [condition, t, e, out].map((tensor) => backend.values(tensor));
  for (let i = 0; i < to.length; i++) to[i] = chosen[i] ? yes[i] : no[i];
  return out;
}

const unaryKernels = Object.entries(UNARY).map(([name, code]) => [name, unaryKernel(name, code)]);
const binaryKernels = (Object.keys(BINARY) as (keyof typeof BINARY)[])
  .map((name) => [name, binaryKernel(name)]);

/** tfjs's elementwise kernels. */
export const ELEMENTWISE_KERNELS: Kernels = {
  ...Object.fromEntries(unaryKernels),
  ...Object.fromEntries(binaryKernels),
  AddN: addN,
  Cast: cast,
  Fill: fill,
  ZerosLike: likeKernel("ZerosLike", 0),
  OnesLike: likeKernel("OnesLike", 1),
  Select: select,
};
