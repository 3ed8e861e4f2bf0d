/**
 * Matrix products: C = A · B with either factor transposed, rows at any stride. Both factors are
 * copied into narrow panels first, so that the inner loop reads memory in order; it keeps a tile of
 * 6 × 8 results in registers.
 */

const ROWS: i32 = 6; // of a tile
const COLUMNS: i32 = 8;
const DEPTH: i32 = 256; // of a panel: 8 KB, a quarter of the first cache
const WIDTH: i32 = 512; // of a block of panels: 512 KB, the second cache

let scratch: usize = 0;

/** Gives this instance its own working memory of `scratchBytes()`. */
export function setScratch(pointer: usize): void {
  scratch = pointer;
}

export function scratchBytes(): i32 {
  return 4 * (DEPTH * WIDTH + ROWS * DEPTH + ROWS * COLUMNS);
}

/**
 * Rows `begin` to `end` of C [m, n] = A [m, k] · B [k, n].
 *
 * @param lda Numbers between the rows of A as stored; `transposeA` says it is stored as [k, m].
 */
export function product(
  a: usize,
  b: usize,
  c: usize,
  n: i32,
  k: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  transposeA: i32,
  transposeB: i32,
  begin: i32,
  end: i32,
): void {
  const panelsB = scratch;
  const panelA = panelsB + 4 * <usize>(DEPTH * WIDTH);
  if (k == 0) {
    for (let i = begin; i < end; i++) memory.fill(c + 4 * <usize>(i * ldc), 0, 4 * <usize>n);
    return;
  }
  for (let j0 = 0; j0 < n; j0 += WIDTH) {
    const width = min(WIDTH, n - j0);
    for (let k0 = 0; k0 < k; k0 += DEPTH) {
      const depth = min(DEPTH, k - k0);
      packB(b, panelsB, ldb, transposeB, k0, depth, j0, width);
      for (let i0 = begin; i0 < end; i0 += ROWS) {
        const rows = min(ROWS, end - i0);
        packA(a, panelA, lda, transposeA, i0, rows, k0, depth);
        for (let j = 0; j < width; j += COLUMNS) {
          const target = c + 4 * (<usize>i0 * <usize>ldc + <usize>(j0 + j));
          const columns = min(COLUMNS, width - j);
          tile(panelA, panelsB + 4 * <usize>(j * depth), target, ldc, depth, rows, columns, k0 > 0);
        }
      }
    }
  }
}

/** B as panels of 8 columns, each row by row; missing columns are 0. */
function packB(
  b: usize,
  to: usize,
  ldb: i32,
  transposed: i32,
  k0: i32,
  depth: i32,
  j0: i32,
  width: i32,
): void {
  for (let j = 0; j < width; j += COLUMNS) {
    const columns = min(COLUMNS, width - j);
    let out = to + 4 * <usize>(j * depth);
    if (transposed) {
      if (columns < COLUMNS) memory.fill(out, 0, 4 * <usize>(depth * COLUMNS));
      for (let column = 0; column < columns; column++) {
        let from = b + 4 * (<usize>(j0 + j + column) * <usize>ldb + <usize>k0);
        let place = out + 4 * <usize>column;
        for (let row = 0; row < depth; row++) {
          store<f32>(place, load<f32>(from));
          from += 4;
          place += 4 * COLUMNS;
        }
      }
      continue;
    }
    let from = b + 4 * (<usize>k0 * <usize>ldb + <usize>(j0 + j));
    for (let row = 0; row < depth; row++) {
      if (columns == COLUMNS) {
        v128.store(out, v128.load(from));
        v128.store(out, v128.load(from, 16), 16);
      } else {
        v128.store(out, f32x4.splat(0));
        v128.store(out, f32x4.splat(0), 16);
        memory.copy(out, from, 4 * <usize>columns);
      }
      out += 4 * COLUMNS;
      from += 4 * <usize>ldb;
    }
  }
}

/** Up to 6 rows of A, column by column; missing rows are 0. */
function packA(
  a: usize,
  to: usize,
  lda: i32,
  transposed: i32,
  i0: i32,
  rows: i32,
  k0: i32,
  depth: i32,
): void {
  if (rows < ROWS) memory.fill(to, 0, 4 * <usize>(ROWS * depth));
  if (transposed) {
    let from = a + 4 * (<usize>k0 * <usize>lda + <usize>i0);
    for (let column = 0; column < depth; column++) {
      for (let row = 0; row < rows; row++) {
        store<f32>(to + 4 * <usize>row, load<f32>(from + 4 * <usize>row));
      }
      from += 4 * <usize>lda;
      to += 4 * ROWS;
    }
    return;
  }
  for (let row = 0; row < rows; row++) {
    let from = a + 4 * (<usize>(i0 + row) * <usize>lda + <usize>k0);
    let place = to + 4 * <usize>row;
    for (let column = 0; column < depth; column++) {
      store<f32>(place, load<f32>(from));
      from += 4;
      place += 4 * ROWS;
    }
  }
}

/** One tile of C: 6 × 8 sums in 12 registers. */
function tile(
  a: usize,
  b: usize,
  c: usize,
  ldc: i32,
  depth: i32,
  rows: i32,
  columns: i32,
  add: bool,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = f32x4.relaxed_madd(x, b0, c00);
    c01 = f32x4.relaxed_madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = f32x4.relaxed_madd(x, b0, c10);
    c11 = f32x4.relaxed_madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = f32x4.relaxed_madd(x, b0, c20);
    c21 = f32x4.relaxed_madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = f32x4.relaxed_madd(x, b0, c30);
    c31 = f32x4.relaxed_madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = f32x4.relaxed_madd(x, b0, c40);
    c41 = f32x4.relaxed_madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = f32x4.relaxed_madd(x, b0, c50);
    c51 = f32x4.relaxed_madd(x, b1, c51);
    a += 4 * ROWS;
    b += 4 * COLUMNS;
  }
  const row = 4 * <usize>ldc;
  if (rows == ROWS && columns == COLUMNS) {
    put(c, c00, c01, add);
    put(c + row, c10, c11, add);
    put(c + 2 * row, c20, c21, add);
    put(c + 3 * row, c30, c31, add);
    put(c + 4 * row, c40, c41, add);
    put(c + 5 * row, c50, c51, add);
    return;
  }
  const aside = scratch + 4 * <usize>(DEPTH * WIDTH + ROWS * DEPTH);
  put(aside, c00, c01, false);
  put(aside + 32, c10, c11, false);
  put(aside + 64, c20, c21, false);
  put(aside + 96, c30, c31, false);
  put(aside + 128, c40, c41, false);
  put(aside + 160, c50, c51, false);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const place = c + <usize>i * row + 4 * <usize>j;
      const value = load<f32>(aside + 4 * <usize>(i * COLUMNS + j));
      store<f32>(place, add ? load<f32>(place) + value : value);
    }
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, left: v128, right: v128, add: bool): void {
  if (add) {
    left = f32x4.add(left, v128.load(c));
    right = f32x4.add(right, v128.load(c, 16));
  }
  v128.store(c, left);
  v128.store(c, right, 16);
}
