// Copies a product's operands into panels, which the innermost loop reads in order. A panel has
// some rows of A or columns of B: for each step along the depth, their values side by side.
//
// Panels have 5 rows and 8 columns for the WebAssembly loop, 6 and 16 for native code for AVX2.
// Native code for AVX-512 copies its own panels.
import { hasNativeLoop } from "./parameters";

/** The address of element (i, j) of a matrix that may be stored transposed. */
// @ts-ignore: decorator
@inline
export function at(base: usize, transposed: bool, i: i32, j: i32, stride: i32): usize {
  return base + (<usize> (transposed ? j * stride + i : i * stride + j) << 2);
}

/**
 * Copies A's block into panels of 5 or 6 rows, with zeros below the last row; returns how
 * many numbers they have.
 */
export function packA(
  to: usize, transposed: bool, m: i32, depth: i32, a: usize, lda: i32,
): i32 {
  const start = to, native = hasNativeLoop(), height = native ? 6 : 5;
  for (let i = 0; i < m; i += height) {
    const rows = min(height, m - i), from = at(a, transposed, i, 0, lda);
    if (rows < height) packSlowly(!transposed, height, rows, depth, from, lda, to);
    else if (native && transposed) packColumns6(depth, from, lda, to);
    else if (native) packRows6(depth, from, lda, to);
    else if (transposed) packColumns5(depth, from, lda, to);
    else packRows5(depth, from, lda, to);
    to += <usize> (height * 4 * depth);
  }
  return <i32> (to - start) >> 2;
}

/**
 * Copies B's block into panels of 8 or 16 columns, with zeros after the last; returns how many
 * numbers they have.
 */
export function packB(
  to: usize, transposed: bool, depth: i32, n: i32, b: usize, ldb: i32,
): i32 {
  const start = to, native = hasNativeLoop(), width = native ? 16 : 8;
  for (let j = 0; j < n; j += width) {
    const columns = min(width, n - j), from = at(b, transposed, 0, j, ldb);
    if (columns < width) packSlowly(transposed, width, columns, depth, from, ldb, to);
    else if (native && transposed) packRows16(depth, from, ldb, to);
    else if (native) packColumns16(depth, from, ldb, to);
    else if (transposed) packRows8(depth, from, ldb, to);
    else packColumns8(depth, from, ldb, to);
    to += <usize> (width * 4 * depth);
  }
  return <i32> (to - start) >> 2;
}

/**
 * Copies a panel number by number, with zeros from `used` to `width`. `along`: rows in memory run
 * along the depth.
 */
function packSlowly(
  along: bool, width: i32, used: i32, depth: i32, from: usize, stride: i32, to: usize,
): void {
  for (let k = 0; k < depth; k++) {
    for (let i = 0; i < width; i++) {
      const place = along ? i * stride + k : k * stride + i;
      const value: f32 = i < used ? load<f32>(from + (<usize> place << 2)) : 0;
      store<f32>(to + (<usize> (k * width + i) << 2), value);
    }
  }
}

// The functions below copy whole panels of 5, 6, 8 or 16 rows or columns: `packColumns…` where a
// row in memory is a step along the depth, `packRows…` where it runs along the depth.

function packColumns5(depth: i32, from: usize, stride: i32, to: usize): void {
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(from));
    store<u32>(to, load<u32>(from, 16), 16);
    to += 20;
    from += <usize> stride << 2;
  }
}

function packColumns8(depth: i32, from: usize, stride: i32, to: usize): void {
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    from += <usize> stride << 2;
  }
}

function packRows5(depth: i32, from: usize, stride: i32, to: usize): void {
  const step = <usize> stride << 2;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    packFour(from, step, to, 20);
    const last = v128.load(from + 4 * step);
    v128.store32_lane(to, last, 0, 16);
    v128.store32_lane(to, last, 1, 36);
    v128.store32_lane(to, last, 2, 56);
    v128.store32_lane(to, last, 3, 76);
    from += 16;
    to += 80;
  }
  packSlowly(true, 5, 5, depth - k, from, stride, to);
}

function packRows8(depth: i32, from: usize, stride: i32, to: usize): void {
  const step = <usize> stride << 2;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    packFour(from, step, to, 32);
    packFour(from + 4 * step, step, to + 16, 32);
    from += 16;
    to += 128;
  }
  packSlowly(true, 8, 8, depth - k, from, stride, to);
}

function packColumns6(depth: i32, from: usize, stride: i32, to: usize): void {
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(from));
    store<u64>(to, load<u64>(from, 16), 16);
    to += 24;
    from += <usize> stride << 2;
  }
}

function packColumns16(depth: i32, from: usize, stride: i32, to: usize): void {
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    to += 64;
    from += <usize> stride << 2;
  }
}

function packRows6(depth: i32, from: usize, stride: i32, to: usize): void {
  const step = <usize> stride << 2;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    packFour(from, step, to, 24);
    const r4 = v128.load(from + 4 * step), r5 = v128.load(from + 5 * step);
    const first = i32x4.shuffle(r4, r5, 0, 4, 1, 5), last = i32x4.shuffle(r4, r5, 2, 6, 3, 7);
    v128.store64_lane(to, first, 0, 16);
    v128.store64_lane(to, first, 1, 40);
    v128.store64_lane(to, last, 0, 64);
    v128.store64_lane(to, last, 1, 88);
    from += 16;
    to += 96;
  }
  packSlowly(true, 6, 6, depth - k, from, stride, to);
}

function packRows16(depth: i32, from: usize, stride: i32, to: usize): void {
  const step = <usize> stride << 2;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    for (let j: usize = 0; j < 16; j += 4) packFour(from + j * step, step, to + (j << 2), 64);
    from += 16;
    to += 256;
  }
  packSlowly(true, 16, 16, depth - k, from, stride, to);
}

/**
 * Transposes an [m, n] matrix; rows are `stride` numbers apart there, `gap` numbers in the
 * transpose.
 */
export function transpose(
  m: i32, n: i32, from: usize, stride: i32, to: usize, gap: i32,
): void {
  const step = <usize> stride << 2, down = <usize> gap << 2;
  for (let i = 0; i + 4 <= m; i += 4) {
    const row = from + <usize> i * step, column = to + (<usize> i << 2);
    for (let j = 0; j + 4 <= n; j += 4) {
      packFour(row + (<usize> j << 2), step, column + <usize> j * down, down);
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < (m & ~3) ? n & ~3 : 0; j < n; j++) {
      const value = load<u32>(from + <usize> i * step + (<usize> j << 2));
      store<u32>(to + <usize> j * down + (<usize> i << 2), value);
    }
  }
}

/** Transposes 4 rows of 4 values; the rows of the result are `gap` bytes apart. */
// @ts-ignore: decorator
@inline
function packFour(from: usize, step: usize, to: usize, gap: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + step);
  const r2 = v128.load(from + 2 * step), r3 = v128.load(from + 3 * step);
  const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5), b = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const c = i32x4.shuffle(r2, r3, 0, 4, 1, 5), d = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(a, c, 0, 2));
  v128.store(to + gap, i64x2.shuffle(a, c, 1, 3));
  v128.store(to + 2 * gap, i64x2.shuffle(b, d, 0, 2));
  v128.store(to + 3 * gap, i64x2.shuffle(b, d, 1, 3));
}
