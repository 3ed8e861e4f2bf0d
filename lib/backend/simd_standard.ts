/**
 * Kernels of tfjs's own operations. Each takes the fast way where it has one and otherwise calls
 * tfjs's CPU kernel, so that every operation still works on every shape and type.
 */
import * as tf from "@tensorflow/tfjs";
import type { Attributes, SimdKernel } from "./simd.ts";
import type { SimdBackend } from "./simd_backend.ts";

type Inputs = Record<string, tf.TensorInfo>;

/** tfjs's CPU kernel of the same name. */
function fallback(name: string, backend: SimdBackend, inputs: Inputs, attrs: Attributes) {
  const kernel = tf.getKernel(name, "cpu");
  return kernel.kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap });
}

/** Products of stacks of matrices, either factor transposed, one stack possibly of size 1. */
function batchMatMul(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { a, b } = inputs;
  const { transposeA, transposeB } = attrs;
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [n, depth] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  if (k !== depth) {
    throw new TypeError(
      `Cannot multiply [${a.shape}] and [${b.shape}]: inner sizes ${k} and ${depth} differ`,
    );
  }
  const stackA = a.shape.slice(0, -2);
  const stackB = b.shape.slice(0, -2);
  const stack = tf.broadcast_util.assertAndGetBroadcastShape(stackA, stackB);
  const [result, out] = backend.output([...stack, m, n]);
  const [pa, pb] = [backend.pointer(a), backend.pointer(b)];
  const count = tf.util.sizeFromShape(stack);
  const [placeA, placeB] = [stackPlaces(stackA, stack), stackPlaces(stackB, stack)];
  const flags = [transposeA ? 1 : 0, transposeB ? 1 : 0];
  for (let i = 0; i < count; i++) {
    const from = [pa + 4 * placeA(i) * m * k, pb + 4 * placeB(i) * n * k, out + 4 * i * m * n];
    backend.kernels.product(...from, n, k, columnsA, columnsB, n, ...flags, 0, m);
  }
  return result;
}

/** Which matrix of a stack belongs to the i-th of the broadcast stack. */
function stackPlaces(own: readonly number[], all: readonly number[]): (i: number) => number {
  const padded = [...new Array(all.length - own.length).fill(1), ...own];
  return (i) => {
    let [place, stride, rest] = [0, 1, i];
    for (let axis = all.length - 1; axis >= 0; axis--) {
      const at = rest % all[axis];
      rest = Math.floor(rest / all[axis]);
      if (padded[axis] > 1) place += at * stride;
      stride *= padded[axis];
    }
    return place;
  };
}

/** A binary operation on two tensors of one shape; broadcasting is left to tfjs. */
function elementwise(name: string, kernel: string): SimdKernel {
  return {
    name,
    run(backend, inputs, attrs) {
      const { a, b } = inputs;
      const fits = a.dtype === "float32" && b.dtype === "float32" &&
        tf.util.arraysEqual(a.shape, b.shape);
      if (!fits) return fallback(name, backend, inputs, attrs);
      const [result, out] = backend.output(a.shape);
      backend.kernels[kernel](
        backend.pointer(a),
        backend.pointer(b),
        out,
        0,
        tf.util.sizeFromShape(a.shape),
      );
      return result;
    },
  };
}

/** Columns side by side to rows side by side, for matrices; more axes are left to tfjs. */
export const STANDARD_KERNELS: readonly SimdKernel[] = [
  {
    name: "BatchMatMul",
    run: (backend, inputs, attrs) => {
      const fits = inputs.a.dtype === "float32" && inputs.b.dtype === "float32";
      if (!fits) return fallback("BatchMatMul", backend, inputs, attrs);
      return batchMatMul(backend, inputs, attrs);
    },
  },
  {
    name: "Cast",
    run: (backend, inputs, attrs) => {
      const { x } = inputs;
      const widens = attrs.dtype === "float32" && (x.dtype === "int32" || x.dtype === "bool");
      if (!widens) return fallback("Cast", backend, inputs, attrs);
      const [result] = backend.output(x.shape); // tfjs would relabel the integers as they are
      backend.values(result).set(backend.values(x));
      return result;
    },
  },
  elementwise("Add", "add"),
  elementwise("Multiply", "multiply"),
];
