/**
 * tfjs's `wasm` backend with four kernels for training: one that it lacks, and three that replace
 * slow ones, which compute single numbers or allocate for each element at the shapes of BERT's
 * gradients.
 *
 * It is used where `simd` cannot run. tfjs's own kernels compute everything else.
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** A kernel's inputs by name. The kernels here have no optional inputs. */
type Inputs = Readonly<Record<string, tf.TensorInfo>>;

type Kernel = (
  inputs: Inputs,
  attrs: tf.NamedAttrMap,
  backend: BackendWasm,
) => tf.TensorInfo;

/** tfjs's kernels that ours replace, by name; they still compute the shapes that ours do not. */
const stock = new Map<string, tf.KernelConfig>();

/**
 * Starts the `wasm` backend with the kernels that training needs, and makes it the current one.
 *
 * Its binary is a part of the npm package and is read from disk, without a network.
 *
 * @throws {Error} If this machine cannot run it.
 *
 * @example
 * ```ts
 * import { startWasm } from "bert/backend/wasm.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import { deepStrictEqual } from "node:assert";
 * await startWasm();
 * const sums = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 3]), tf.tensor1d([1, 0, 1], "int32"), 2);
 * deepStrictEqual([...sums.dataSync()], [2, 4]);
 * ```
 */
export async function startWasm(): Promise<void> {
  if (!await tf.setBackend("wasm")) throw new Error("tfjs could not start its wasm backend");
  if (stock.size > 0) return;
  replaceKernel("BatchMatMul", batchMatMul);
  replaceKernel("GatherV2", gatherRows);
  replaceKernel("Sum", sum);
  replaceKernel("UnsortedSegmentSum", unsortedSegmentSum);
}

/** Registers a kernel in place of tfjs's, which is kept in `stock`. */
function replaceKernel(kernelName: string, kernel: Kernel): void {
  const old = tf.getKernel(kernelName, "wasm");
  if (old) {
    stock.set(kernelName, old);
    tf.unregisterKernel(kernelName, "wasm");
  }
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) =>
    kernel(inputs as Inputs, attrs ?? {}, backend as BackendWasm);
  tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc });
}

function runKernel(
  kernel: tf.KernelConfig | undefined,
  inputs: Inputs,
  attrs: tf.NamedAttrMap,
  backend: BackendWasm,
): tf.TensorInfo {
  if (!kernel) throw new Error("This wasm backend lacks a kernel of tfjs 4.22");
  return kernel.kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
}

/** One matrix product on the wasm heap: the ids of three tensors. */
type Product = (
  aId: number,
  aShape: Uint8Array,
  aRank: number,
  bId: number,
  bShape: Uint8Array,
  bRank: number,
  transposeA: boolean,
  transposeB: boolean,
  outId: number,
) => void;

let product: Product | undefined;

/** The part of emscripten's module that tfjs's type declarations leave out. */
interface Emscripten {
  cwrap(name: string, result: null, parameters: readonly string[]): Product;
}

/**
 * The parameters of tfjs's BatchMatMul: id, shape and rank of each operand, two flags, the result's
 * id.
 */
const PARAMETERS = ["number", "array", "number", "number", "array", "number"]
  .concat(["number", "number", "number"]);

/**
 * Matrix products that all use SIMD: tfjs's kernel uses it only for one product without
 * transposition, and computes all others in a scalar triple loop, ten times slower.
 *
 * So operands are transposed first, and a batch is computed one product after the other. Each product
 * gets temporary tensor ids for its operands: XNNPACK keeps a packed copy of the right operand as
 * long as its id exists, which would take memory and be stale after weights change in place.
 */
function batchMatMul(
  { a, b }: Inputs,
  attrs: tf.NamedAttrMap,
  backend: BackendWasm,
): tf.TensorInfo {
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const countA = tf.util.sizeFromShape(batchA);
  const countB = tf.util.sizeFromShape(batchB);
  const alike = countA === 1 || countB === 1 || tf.util.arraysEqual(batchA, batchB);
  if (a.dtype !== "float32" || b.dtype !== "float32" || !alike) {
    return runKernel(stock.get("BatchMatMul"), { a, b }, attrs, backend);
  }
  const chunks = a.shape.length === 2 && b.shape.length === 2 ? a.shape[0] / CHUNK : 1;
  if (attrs.transposeA && !attrs.transposeB && chunks > 1 && Number.isInteger(chunks)) {
    return sumOfProducts(a, b, chunks, backend);
  }
  const left = attrs.transposeA ? swapLastAxes(a, backend) : a;
  const right = attrs.transposeB ? swapLastAxes(b, backend) : b;
  const [rows, inner] = left.shape.slice(-2);
  const columns = right.shape[right.shape.length - 1];
  const outer = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = backend.makeOutput([...outer, rows, columns], "float32");
  multiply(backend, left, right, out, { rows, inner, columns, countA, countB });
  if (left !== a) backend.disposeData(left.dataId);
  if (right !== b) backend.disposeData(right.dataId);
  return out;
}

/** The rows of a batch in one product of a weight's gradient, so that they stay in cache. */
const CHUNK = 512;

/** `aᵀ b` over many rows, the gradient of a weight, as the sum of such products over fewer rows. */
function sumOfProducts(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  chunks: number,
  backend: BackendWasm,
): tf.TensorInfo {
  const shape = [a.shape[1], b.shape[1]];
  const cut = (x: tf.TensorInfo) => ({ ...x, shape: [chunks, CHUNK, x.shape[1]] });
  const parts = batchMatMul({ a: cut(a), b: cut(b) }, { transposeA: true }, backend);
  const flat = { ...parts, shape: [chunks, shape[0] * shape[1]] };
  const total = sum({ x: flat }, { axis: 0 }, backend);
  backend.disposeData(parts.dataId);
  return { ...total, shape };
}

/** Multiplies a batch of matrices without transposition; one of `countA` and `countB` may be 1. */
function multiply(
  backend: BackendWasm,
  left: tf.TensorInfo,
  right: tf.TensorInfo,
  out: tf.TensorInfo,
  size: { rows: number; inner: number; columns: number; countA: number; countB: number },
): void {
  const { rows, inner, columns, countA, countB } = size;
  const [a, b, c] = [left, right, out].map(({ dataId }) => backend.getMemoryOffset(dataId));
  for (let i = 0; i < Math.max(countA, countB); i++) {
    multiplyOne(backend, rows, inner, columns, [
      a + 4 * rows * inner * (i % countA),
      b + 4 * inner * columns * (i % countB),
      c + 4 * rows * columns * i,
    ]);
  }
}

/** Temporary ids of the operands of a product, far above those that the backend gives out. */
const OPERANDS = [2 ** 30, 2 ** 30 + 1, 2 ** 30 + 2] as const;

function multiplyOne(
  backend: BackendWasm,
  rows: number,
  inner: number,
  columns: number,
  offsets: readonly number[],
): void {
  const sizes = [rows * inner, inner * columns, rows * columns];
  OPERANDS.forEach((id, i) => backend.wasm.tfjs.registerTensor(id, sizes[i], offsets[i]));
  const wasm = backend.wasm as unknown as Emscripten;
  product ??= wasm.cwrap("BatchMatMul", null, PARAMETERS);
  const [left, right, out] = OPERANDS;
  const shapes = [[1, rows, inner], [1, inner, columns]].map((shape) =>
    new Uint8Array(Int32Array.from(shape).buffer)
  );
  product(left, shapes[0], 3, right, shapes[1], 3, false, false, out);
  OPERANDS.forEach((id) => backend.wasm.tfjs.disposeData(id));
}

/** Transposes the last two axes: [..., R, C] becomes [..., C, R]. */
function swapLastAxes(x: tf.TensorInfo, backend: BackendWasm): tf.TensorInfo {
  const rank = x.shape.length;
  const batch = tf.util.sizeFromShape(x.shape.slice(0, -2));
  const flat = { ...x, shape: [batch, x.shape[rank - 2], x.shape[rank - 1]] };
  const kernel = tf.getKernel("Transpose", "wasm");
  return runKernel(kernel, { x: flat }, { perm: [0, 2, 1] }, backend);
}

/** Copies whole rows; tfjs's kernel allocates memory for every single element. */
function gatherRows(
  { x, indices }: Inputs,
  attrs: tf.NamedAttrMap,
  backend: BackendWasm,
): tf.TensorInfo {
  const axis = tf.util.parseAxisParam(attrs.axis as number, x.shape)[0];
  if (axis !== 0 || attrs.batchDims !== 0 || indices.dtype !== "int32" || x.dtype !== "float32") {
    return runKernel(stock.get("GatherV2"), { x, indices }, attrs, backend);
  }
  const [count, ...rest] = x.shape;
  const width = tf.util.sizeFromShape(rest);
  checkRows("gather", backend.typedArrayFromHeap(indices), 0, count);
  const out = backend.makeOutput([...indices.shape, ...rest], "float32");
  const rows = backend.typedArrayFromHeap(indices); // taken again, as views become invalid when the heap grows
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  for (let i = 0; i < rows.length; i++) {
    target.set(source.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
  }
  return out;
}

/** Sums the rows of a matrix in one pass; tfjs's kernel transposes it first. */
function sum({ x }: Inputs, attrs: tf.NamedAttrMap, backend: BackendWasm): tf.TensorInfo {
  const [count, width] = x.shape;
  const axes = tf.util.parseAxisParam(attrs.axis as number[], x.shape);
  if (x.shape.length !== 2 || x.dtype !== "float32" || axes.length !== 1 || axes[0] !== 0) {
    return runKernel(stock.get("Sum"), { x }, attrs, backend);
  }
  const out = backend.makeOutput(attrs.keepDims ? [1, width] : [width], "float32");
  const source = backend.typedArrayFromHeap(x);
  const totals = new Float64Array(width);
  for (let row = 0, i = 0; row < count; row++) {
    for (let column = 0; column < width; column++) totals[column] += source[i++];
  }
  backend.typedArrayFromHeap(out).set(totals);
  return out;
}

/** Sums the rows that have the same segment id; rows with an id below 0 are ignored. */
function unsortedSegmentSum(
  { x, segmentIds }: Inputs,
  attrs: tf.NamedAttrMap,
  backend: BackendWasm,
): tf.TensorInfo {
  const count = attrs.numSegments as number;
  const rest = x.shape.slice(segmentIds.shape.length);
  const width = tf.util.sizeFromShape(rest);
  checkRows("unsortedSegmentSum", backend.typedArrayFromHeap(segmentIds), -Infinity, count);
  const out = backend.makeOutput([count, ...rest], x.dtype);
  const ids = backend.typedArrayFromHeap(segmentIds);
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out).fill(0);
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < 0) continue;
    const from = i * width;
    const to = ids[i] * width;
    for (let j = 0; j < width; j++) target[to + j] += source[from + j];
  }
  return out;
}

/** Throws `RangeError` unless all rows are from `least` to `count` - 1. */
function checkRows(operation: string, rows: tf.TypedArray, least: number, count: number): void {
  const wrong = rows.findIndex((row) => row < least || row >= count);
  if (wrong < 0) return;
  throw new RangeError(`${operation}: index ${rows[wrong]} is outside of 0 to ${count - 1}`);
}
