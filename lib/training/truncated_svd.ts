/** The largest singular values of a matrix and their left singular vectors. */
import * as tf from "@tensorflow/tfjs";
import { TENSOR } from "../model/argument_kinds.ts";
import { ensureBackend } from "../backend/choose.ts";
import { checkArguments, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { createRng, type Rng } from "../random.ts";

/** The truncated singular value decomposition of X = U S Vᵀ, without V. */
export interface TruncatedSvd {
  /** `[k]`: the singular values, the largest first. */
  readonly singularValues: Float64Array;
  /** `k` columns of R numbers each: the left singular vectors, orthogonal and of length 1. */
  readonly left: readonly Float64Array[];
}

/** The number of additional columns, which make the last singular vectors more accurate. */
const SPARE = 10;

/** The number of power iterations. */
const ROUNDS = 4;

/**
 * Approximates the `k` largest singular values of a matrix and their left singular vectors by
 * subspace iteration.
 *
 * It begins with `k + 10` random columns Q. Four times it replaces Q by X Xᵀ Q and makes the columns
 * orthonormal again: in each round the directions with large singular values grow faster than the
 * others. Within the space of Q the answer is exact: the eigenvectors of Qᵀ X Xᵀ Q. Singular values
 * that lie close together are separated less well. Products are in single precision.
 *
 * @param matrix `[R, C]`, with at least `k` rows. The caller disposes of it.
 * @param k How many singular values to compute.
 * @param seed The same seed gives the same vectors, signs included.
 * @throws {ConfigError} If `k` is not a whole number from 1 to the number of rows.
 *
 * Source: Halko, Martinsson and Tropp 2011, "Finding Structure with Randomness", algorithms 4.4 and
 * 5.1; `sklearn.utils.extmath.randomized_svd`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { truncatedSvd } from "bert/training/truncated_svd.ts";
 * import { ok } from "node:assert";
 * const { singularValues } = await truncatedSvd(tf.tensor2d([[3, 0], [0, 4]]), 2, 1);
 * ok(Math.abs(singularValues[0] - 4) < 1e-5 && Math.abs(singularValues[1] - 3) < 1e-5);
 * ```
 */
export async function truncatedSvd(
  matrix: tf.Tensor2D,
  k: number,
  seed: number,
): Promise<TruncatedSvd> {
  checkArguments("truncatedSvd(matrix, k, seed)", [["matrix", matrix, TENSOR]]);
  const [rows] = matrix.shape;
  checkWhole("k", k, 1);
  if (k > rows) throw new ConfigError("k", k, `must be at most ${rows}, the number of rows`);
  await ensureBackend();
  const count = Math.min(k + SPARE, rows);
  let space = orthonormal(randomColumns(rows, count, createRng(seed)));
  for (let round = 0; round < ROUNDS; round++) {
    space = orthonormal(product(space, (q) => tf.matMul(matrix, tf.matMul(matrix, q, true))));
  }
  const images = product(space, (q) => tf.matMul(matrix, q, true)); // Xᵀ Q: columns of C numbers
  const { values, vectors } = symmetricEigen(images.map((a) => images.map((b) => dot(a, b))));
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, k);
  return {
    singularValues: Float64Array.from(order, (i) => Math.sqrt(Math.max(0, values[i]))),
    left: order.map((i) => combined(space, vectors[i])),
  };
}

function randomColumns(rows: number, count: number, rng: Rng): Float64Array[] {
  return Array.from({ length: count }, () => {
    return Float64Array.from({ length: rows }, () => 2 * rng.random() - 1);
  });
}

/**
 * Applies an operation of the backend to columns: they are uploaded side by side, and the result is
 * read back.
 */
function product(
  columns: readonly Float64Array[],
  multiply: (side: tf.Tensor2D) => tf.Tensor2D,
): Float64Array[] {
  const height = columns[0].length;
  const flat = new Float32Array(columns.length * height);
  for (const [i, column] of columns.entries()) flat.set(column, i * height);
  const tensor = tf.tidy(() => {
    const side = tf.transpose(tf.tensor2d(flat, [columns.length, height])) as tf.Tensor2D; // [height, columns]
    return tf.transpose(multiply(side));
  });
  const result = tensor.dataSync<"float32">();
  tensor.dispose();
  const length = result.length / columns.length;
  return columns.map((_, i) => Float64Array.from(result.subarray(i * length, (i + 1) * length)));
}

/** The dot product Σ a[i] b[i]. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Adds a multiple of `b` to `a`. */
function addTo(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] += factor * b[i];
}

/**
 * Makes columns orthonormal by Gram-Schmidt. A column that depends linearly on the ones before
 * becomes 0.
 */
function orthonormal(columns: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const given of columns) {
    const column = given.slice();
    const before = Math.sqrt(dot(column, column));
    for (const other of done) addTo(column, other, -dot(column, other));
    const length = Math.sqrt(dot(column, column));
    const factor = length > 1e-10 * before ? 1 / length : 0;
    done.push(column.map((value) => value * factor));
  }
  return done;
}

/** The weighted sum of the columns. */
function combined(columns: readonly Float64Array[], weights: ArrayLike<number>): Float64Array {
  const result = new Float64Array(columns[0].length);
  for (const [i, column] of columns.entries()) addTo(result, column, weights[i]);
  return result;
}

/** The eigenvalues of a matrix; `vectors[i]` is the eigenvector of `values[i]`. */
interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/**
 * Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations: each makes one
 * entry beside the diagonal 0, and a few rounds over all of them make all nearly 0.
 */
function symmetricEigen(matrix: readonly number[][]): Eigen {
  const size = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const vectors = a.map((_, i) => new Float64Array(size).fill(1, i, i + 1)); // row i becomes eigenvector i
  const largest = Math.max(...a.map((row, i) => Math.abs(row[i])));
  for (let round = 0; round < 30; round++) {
    let rotated = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(a[p][q]) <= 1e-14 * largest) continue;
        rotate(a, vectors, p, q);
        rotated = true;
      }
    }
    if (!rotated) break;
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

/**
 * Applies the rotation by an angle φ that makes a[p][q] zero, to the matrix and to the vectors: with
 * θ = cot 2φ, t = tan φ is the root of t² + 2 θ t - 1 = 0 with the smaller absolute value.
 */
function rotate(a: Float64Array[], vectors: Float64Array[], p: number, q: number): void {
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of a) turn(row, p, row, q, c, s);
  for (const rows of [a, vectors]) {
    for (let i = 0; i < rows.length; i++) turn(rows[p], i, rows[q], i, c, s);
  }
}

/** Rotates the point (a[i], b[j]) by the angle whose cosine is c and whose sine is s. */
function turn(a: Float64Array, i: number, b: Float64Array, j: number, c: number, s: number): void {
  const [x, y] = [a[i], b[j]];
  a[i] = c * x - s * y;
  b[j] = s * x + c * y;
}
