/**
 * The test of a native library: every kind of product that the kernels use is tried once, on whole
 * numbers, whose sums of products are exact in float32 in any order.
 */

/** Row-major `cblas_sgemm` on addresses within the memory. */
export type Sgemm = (
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/** Rows and columns of the product, and the numbers added up for each of its entries. */
type Sizes = readonly [m: number, n: number, k: number];

/** A small product, and one that no vector length divides. */
const SMALL: readonly Sizes[] = [[3, 4, 5], [67, 37, 35]];

/**
 * Products of which one size is larger than the blocks of libraries, which are 384 to 768 in
 * OpenBLAS.
 */
const LARGE: readonly Sizes[] = [[900, 6, 10], [6, 900, 10], [11, 10, 900]];

/** The unused numbers after each row: of the left matrix, the right one and the product. */
const TIGHT = [0, 0, 0];
const WIDE = [3, 5, 7];

/** The address of the matrices, after the control block and the constants. */
const START = 16384;

/** The value of the gaps after the product's rows, which must not change. */
const UNTOUCHED = 12345;

/** A matrix in the memory, row after row. */
interface Matrix {
  readonly address: number;
  /** Numbers from one row's start to the next. */
  readonly stride: number;
  readonly values: Float32Array;
}

/**
 * Whether a product is right in all four layouts (each operand as it is or transposed), with and
 * without gaps between rows, added to the old values and overwriting them, also if they are NaN.
 *
 * @param memory At least a mebibyte, which is overwritten.
 */
export function multipliesRight(sgemm: Sgemm, memory: WebAssembly.Memory): boolean {
  return trials().every((trial) => isRight(sgemm, memory, trial));
}

function trials(): Trial[] {
  const layouts = [0, 1, 2, 3];
  const small = SMALL.flatMap((sizes) =>
    [TIGHT, WIDE].flatMap((gaps) =>
      [0, 1].flatMap((beta) => layouts.map((layout) => ({ sizes, gaps, beta, layout })))
    )
  );
  const large = LARGE.flatMap((sizes) =>
    layouts.map((layout) => ({ sizes, gaps: WIDE, beta: 0, layout }))
  );
  return [...small, ...large];
}

/** One product to try. */
interface Trial {
  readonly sizes: Sizes;
  readonly gaps: readonly number[];
  /** 1 adds to what is there, 0 overwrites it. */
  readonly beta: number;
  /** Bit 0: the left operand is stored transposed; bit 1: the right one. */
  readonly layout: number;
}

function isRight(
  sgemm: Sgemm,
  memory: WebAssembly.Memory,
  { sizes: [m, n, k], gaps, beta, layout }: Trial,
): boolean {
  const leftTransposed = layout & 1;
  const rightTransposed = layout >> 1;
  const place = placing(memory);
  const [leftRows, leftColumns] = leftTransposed ? [k, m] : [m, k];
  const [rightRows, rightColumns] = rightTransposed ? [n, k] : [k, n];
  const a = place(leftRows, leftColumns, gaps[0]);
  const b = place(rightRows, rightColumns, gaps[1]);
  const c = place(m, n, gaps[2]);
  fill(a, leftColumns, (i) => i * 7 % 11 - 5, NaN);
  fill(b, rightColumns, (i) => i * 5 % 13 - 6, NaN);
  fill(c, n, (i) => beta === 0 ? NaN : i % 9, UNTOUCHED);
  const before = c.values.slice();
  sgemm(
    leftTransposed,
    rightTransposed,
    m,
    n,
    k,
    a.address,
    a.stride,
    b.address,
    b.stride,
    beta,
    c.address,
    c.stride,
  );
  const left = (i: number, l: number) =>
    a.values[leftTransposed ? l * a.stride + i : i * a.stride + l];
  const right = (l: number, j: number) =>
    b.values[rightTransposed ? j * b.stride + l : l * b.stride + j];
  const old = (i: number, j: number) => beta === 0 ? 0 : before[i * c.stride + j];
  return sameProduct(c, [m, n, k], { left, right, old }) && gapsUntouched(c, n);
}

/** A function that places matrices one after the other. */
function placing(memory: WebAssembly.Memory) {
  let address = START;
  return (rows: number, columns: number, gap: number): Matrix => {
    const stride = columns + gap;
    const values = new Float32Array(memory.buffer, address, rows * stride);
    const matrix = { address, stride, values };
    address += values.byteLength;
    return matrix;
  };
}

/**
 * Fills the columns with `value` of their index in the array, and the gaps after them with `gap`.
 */
function fill(
  { values, stride }: Matrix,
  columns: number,
  value: (i: number) => number,
  gap: number,
) {
  for (let i = 0; i < values.length; i++) values[i] = i % stride < columns ? value(i) : gap;
}

/** The entries of the operands and the old entries of the product. */
interface Entries {
  readonly left: (i: number, l: number) => number;
  readonly right: (l: number, j: number) => number;
  readonly old: (i: number, j: number) => number;
}

/**
 * Whether C = A B + old, by Freivalds' test: C w = A (B w) + old w for a vector w without zeros. Sums
 * of whole numbers are exact here, so one wrong entry shows.
 *
 * Source: Freivalds 1977, "Probabilistic Machines Can Use Less Running Time".
 */
function sameProduct(c: Matrix, [m, n, k]: Sizes, { left, right, old }: Entries): boolean {
  const weight = (j: number) => 1 + j * j * 31 % 1009;
  const combined = new Float64Array(k); // B w
  for (let l = 0; l < k; l++) {
    for (let j = 0; j < n; j++) combined[l] += right(l, j) * weight(j);
  }
  for (let i = 0; i < m; i++) {
    let found = 0;
    let expected = 0;
    for (let j = 0; j < n; j++) {
      found += c.values[i * c.stride + j] * weight(j);
      expected += old(i, j) * weight(j);
    }
    for (let l = 0; l < k; l++) expected += left(i, l) * combined[l];
    if (found !== expected) return false; // also where it is NaN
  }
  return true;
}

function gapsUntouched({ values, stride }: Matrix, columns: number): boolean {
  return values.every((value, i) => i % stride < columns || value === UNTOUCHED);
}
