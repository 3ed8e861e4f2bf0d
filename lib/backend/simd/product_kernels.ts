/** Matrix products: cutting them into tasks, and tfjs's kernels for them. */
import * as tf from "@tensorflow/tfjs";
import { type Attributes, call, type Inputs, type Kernels, stock } from "./kernel.ts";
import { reduceInto } from "./reduce_kernels.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The number of multiplications for which another task is worth its start. */
const WORTH = 1e6;

/**
 * Twice as many blocks, which load the threads more evenly, are made if fewer numbers than this have to
 * be copied for each multiplication.
 */
const COPYING = 0.005;

/** The least depth of a part of a product. */
const PART_DEPTH = 1500;

/** A product, or several of the same sizes; addresses are in bytes, steps in numbers. */
export interface Product {
  /** The address of the left operand. */
  readonly a: number;
  /** The address of the right operand. */
  readonly b: number;
  /** The address of the result. */
  readonly out: number;
  /** The address of a bias, [n], that is added to every row; 0 if there is none. */
  readonly bias?: number;
  /** Rows of the result. */
  readonly m: number;
  /** Columns of the result. */
  readonly n: number;
  /** Terms in each sum. */
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** The number of products, whose results lie one after the other in memory. Default 1. */
  readonly count?: number;
  /** The step from one product's left operand to the next one's; 0 if all have the same. */
  readonly stepA?: number;
  /** The same for the right operand. */
  readonly stepB?: number;
}

/** Computes `out = op(a) op(b) + bias`, [m, k] by [k, n], on several threads. */
export function multiply(backend: SimdBackend, product: Product): void {
  const { m, n, k, count = 1 } = product;
  const parts = depthParts(product);
  if (parts > 1) return multiplyInParts(backend, product, parts);
  const lda = product.transposeA ? m : k;
  const ldb = product.transposeB ? k : n;
  if (count * m * n > 0) multiplyInBlocks(backend, product, lda, ldb);
}

/**
 * The number of parts into which a deep and narrow product is cut along its depth, as blocks of the
 * result would copy an operand for every block. It depends on the sizes only, so that the number of
 * threads changes no bit.
 */
function depthParts({ m, n, k, bias = 0, count = 1 }: Product): number {
  let parts = 1;
  if (bias !== 0 || count > 1 || k < 2 * Math.max(m, n)) return parts;
  while (k % (2 * parts) === 0 && k / (2 * parts) >= PART_DEPTH) parts *= 2;
  return parts;
}

/** Computes the products of the parts of the depth as a batch, and adds them up in order. */
function multiplyInParts(backend: SimdBackend, product: Product, parts: number): void {
  const { m, n, k, out, transposeA = false, transposeB = false } = product;
  const depth = k / parts;
  const sums = backend.output([parts, m, n]);
  const to = backend.pointer(sums);
  const steps = { stepA: transposeA ? depth * m : depth, stepB: transposeB ? depth : depth * n };
  const part = { ...product, ...steps, k: depth, count: parts, out: to };
  multiplyInBlocks(backend, part, transposeA ? m : k, transposeB ? k : n);
  reduceInto(backend, to, out, [1, parts, m * n]);
  backend.disposeData(sums.dataId);
}

/** Runs a task for each block; `lda` and `ldb` are the strides of the operands' rows, in numbers. */
function multiplyInBlocks(
  backend: SimdBackend,
  product: Product,
  lda: number,
  ldb: number,
): void {
  const { a, b, out, bias = 0, m, n, k, count = 1, stepA = 0, stepB = 0 } = product;
  const ta = product.transposeA ? 1 : 0;
  const tb = product.transposeB ? 1 : 0;
  const worth = Math.ceil(m * n * k * count / WORTH);
  const [down, across] = blockSize(m, n, count, Math.min(backend.machine.threads, worth));
  const tasks = count * Math.ceil(m / down) * Math.ceil(n / across);
  const strides = [lda, ldb, n, ta, tb, down, across];
  backend.run("product", tasks, a, b, out, bias, m, n, k, ...strides, stepA, stepB, m * n);
}

/**
 * The rows and columns of a block: one block for each of `wanted` threads, so that as little as
 * possible is copied. If blocks stay large enough, there are twice as many, which load the threads
 * more evenly.
 */
function blockSize(m: number, n: number, count: number, wanted: number): [number, number] {
  const one = Math.ceil(wanted / count);
  const fewer = bestBlock(m, n, one);
  const more = bestBlock(m, n, 2 * one);
  return wanted > 1 && copying(more) < COPYING ? more : fewer;
}

/**
 * The block for which a cut into `parts` blocks copies least. Sizes are multiples of the kernels'
 * tiles.
 */
function bestBlock(m: number, n: number, parts: number): [number, number] {
  let best: [number, number] = [m, n];
  for (let down = 1; down <= parts; down++) {
    const rows = m / down;
    const columns = n * down / parts;
    const block: [number, number] = [40 * Math.ceil(rows / 40), 16 * Math.ceil(columns / 16)];
    if (parts % down === 0 && (down === 1 || copying(block) < copying(best))) best = block;
  }
  return [Math.min(best[0], m), Math.min(best[1], n)];
}

/**
 * The numbers that are copied for each multiplication of a block: each value of A serves all
 * columns, each of B all rows.
 */
function copying([rows, columns]: readonly [number, number]): number {
  return 1 / rows + 1 / columns;
}

/** The index of an operand's matrix in the i-th product of a broadcast batch. */
function batchPlace(shape: readonly number[], outer: readonly number[], i: number): number {
  let place = 0;
  let step = 1;
  for (let axis = 1; axis <= outer.length; axis++) {
    const length = outer[outer.length - axis];
    const own = shape[shape.length - axis] ?? 1;
    place += step * (own === 1 ? 0 : i % length);
    i = Math.floor(i / length);
    step *= own;
  }
  return place;
}

function batchMatMul(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  return fusedMatMul(backend, { a: inputs.a, b: inputs.b }, attrs);
}

/** The product with a bias; the activation is a kernel of its own. */
function fusedMatMul(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { a, b, bias, preluActivationWeights: alpha } = inputs;
  if (a.dtype !== "float32" || b.dtype !== "float32") {
    return stock(bias ? "_FusedMatMul" : "BatchMatMul", backend, inputs, attrs);
  }
  const columns = b.shape[b.shape.length - (attrs.transposeB ? 2 : 1)];
  const direct = bias?.dtype === "float32" && bias.shape.length === 1 && bias.shape[0] === columns
    ? bias
    : undefined;
  let out = plainProduct(backend, a, b, direct, attrs);
  const replace = (next: tf.TensorInfo) => {
    backend.disposeData(out.dataId);
    out = next;
  };
  if (bias && !direct) replace(call("Add", backend, { a: out, b: bias }));
  const { activation = "linear", leakyreluAlpha } = attrs;
  if (activation === "linear") return out;
  const name = ACTIVATIONS[activation];
  if (!name) throw new TypeError(`There is no activation ${activation}`);
  replace(call(name, backend, alpha ? { x: out, alpha } : { x: out }, { alpha: leakyreluAlpha }));
  return out;
}

const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  prelu: "Prelu",
  leakyrelu: "LeakyRelu",
  sigmoid: "Sigmoid",
};

function plainProduct(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  bias: tf.TensorInfo | undefined,
  { transposeA = false, transposeB = false }: Attributes,
): tf.TensorInfo {
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [inner, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  tf.util.assert(
    k === inner,
    () => `Cannot multiply [${a.shape}] by [${b.shape}]: inner sizes ${k} and ${inner} differ`,
  );
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const outer = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = backend.output([...outer, m, n]);
  const one = { m, n, k, transposeA, transposeB, bias: bias && backend.pointer(bias) };
  multiplyAll(backend, a, b, out, { one, outer, batchA, batchB });
  return out;
}

function multiplyAll(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  out: tf.TensorInfo,
  { one, outer, batchA, batchB }: {
    one: Pick<Product, "m" | "n" | "k" | "transposeA" | "transposeB" | "bias">;
    outer: readonly number[];
    batchA: readonly number[];
    batchB: readonly number[];
  },
): void {
  const { m, n, k } = one;
  const [countA, countB, count] = [batchA, batchB, outer].map((batch) =>
    tf.util.sizeFromShape([...batch])
  );
  const [pa, pb, po] = [a, b, out].map((tensor) => backend.pointer(tensor));
  const regular = [countA, countB].every((own) => own === 1 || own === count);
  if (regular) {
    const stepA = countA === 1 ? 0 : m * k;
    const stepB = countB === 1 ? 0 : k * n;
    return multiply(backend, { ...one, a: pa, b: pb, out: po, count, stepA, stepB });
  }
  for (let i = 0; i < count; i++) {
    multiply(backend, {
      ...one,
      a: pa + 4 * m * k * batchPlace(batchA, outer, i),
      b: pb + 4 * k * n * batchPlace(batchB, outer, i),
      out: po + 4 * m * n * i,
    });
  }
}

/** The product of two matrices, [m, n], for BERT's own operations. */
export function productOf(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA = false, transposeB = false, bias }: {
    transposeA?: boolean;
    transposeB?: boolean;
    bias?: tf.TensorInfo;
  } = {},
): tf.TensorInfo {
  return plainProduct(backend, a, b, bias, { transposeA, transposeB });
}

/** tfjs's kernels that compute products. */
export const PRODUCT_KERNELS: Kernels = { BatchMatMul: batchMatMul, _FusedMatMul: fusedMatMul };
