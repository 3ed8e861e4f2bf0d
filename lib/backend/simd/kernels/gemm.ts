// The matrix product of one block, on one thread: C = op(A) op(B), plus a bias or the old values of
// C.
//
// Both operands are first copied into panels (of 5 rows of A and 8 columns of B), so that the
// innermost loop reads memory in order also if an operand is transposed. That loop keeps 5 x 8 sums
// in registers. Each element of C is summed in the same order, whatever the borders of the blocks.
//
// If there is native code for that loop, the panels have its sizes (6 rows, 16 columns), and it
// multiplies them in the same steps and order. Native code for AVX-512 also copies the panels.
//
// In bf16 the numbers of the panels are rounded in cache, after they were copied; native code for
// pairs of bf16 makes the pairs, half as many, while it copies.
import {
  hasLibrary, hasNativeLoop, hasWideCode, pairsOperands, roundsOperands, scratch,
} from "./parameters";
import { madd } from "./math";
import { at, packA, packB } from "./pack";
import { roundNumbers } from "./round";

// The names of these sizes are those of the BLIS library.
const MR: i32 = 5; // rows of a tile
const NR: i32 = 8; // columns of a tile
const KC: i32 = 256; // depth of a panel: 8 of B's columns are 8 kB, half of a small L1 cache
const MC: i32 = 120; // rows of A at a time: 123 kB, which stay in the L2 cache
const NC: i32 = 512; // columns of B at a time

/** The scratch memory of a product, in bytes: panels of A, panels of B, one tile at the border. */
export const GEMM_SCRATCH: usize = (MC * KC + NC * KC + MR * NR + 48) * 4;

// @ts-ignore: decorator
@external("env", "sgemm")
declare function sgemm(
  ta: i32, tb: i32, m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32,
  beta: f32, c: usize, ldc: i32,
): void;

// The native loop over panels. Parameters: rows, columns, depth, panels of A, panels of B, C, bytes
// from one row of C to the next, and whether C's old values are added to the sums.
// @ts-ignore: decorator
@external("env", "panels")
declare function nativePanels(
  m: i32, n: i32, depth: i32, a: usize, b: usize, c: usize, stride: usize, keep: bool,
): void;

// The same for AVX-512, whose panels `packWide` below copies. `added` says what is added to the sums
// (NOTHING, C or BIAS); `bias` is the address of the bias.
// @ts-ignore: decorator
@external("env", "wide")
declare function nativeWide(
  m: i32, n: i32, depth: i32, a: usize, b: usize, c: usize, stride: usize, added: i32, bias: usize,
): void;

// The same for panels of pairs, where the depth is the number of pairs.
// @ts-ignore: decorator
@external("env", "pairs")
declare function nativePairs(
  m: i32, n: i32, depth: i32, a: usize, b: usize, c: usize, stride: usize, added: i32, bias: usize,
): void;

/** What is added to the sums of a product. */
const NOTHING: i32 = 0;
const C: i32 = 1;
const BIAS: i32 = 2;

// Copies rows of A or columns of B into panels. Parameters: the panels, the source, bytes from row
// to row in memory, the number of rows or columns, depth, width of a panel, and whether rows in
// memory run along the depth.
// @ts-ignore: decorator
@external("env", "packWide")
declare function nativePackWide(
  to: usize, from: usize, stride: usize, count: i32, depth: i32, width: i32, along: bool,
): void;

// The same into panels of pairs.
// @ts-ignore: decorator
@external("env", "packPairs")
declare function nativePackPairs(
  to: usize, from: usize, stride: usize, count: i32, depth: i32, width: i32, along: bool,
): void;

/**
 * Computes one block. `ta` and `tb` say whether an operand is transposed; strides count numbers;
 * `bias` is an address or 0; with `add`, C's old values are added to the sums.
 */
export function multiply(
  ta: bool, tb: bool, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, bias: usize, add: bool,
): void {
  let added = add ? C : NOTHING;
  if (bias != 0) {
    added = hasWideCode() && k > 0 ? BIAS : C;
    if (added == C) fillRows(m, n, c, ldc, bias);
  } else if (!add && k == 0) zeroRows(m, n, c, ldc);
  if (hasLibrary()) {
    if (m > 0 && n > 0 && k > 0) sgemm(ta, tb, m, n, k, a, lda, b, ldb, <f32> added, c, ldc);
    return;
  }
  if (hasNativeLoop() || hasWideCode()) {
    touchEnd(ta ? k : m, ta ? m : k, a, lda);
    touchEnd(tb ? n : k, tb ? k : n, b, ldb);
    touchEnd(m, n, c, ldc);
    if (added == BIAS) touchEnd(1, n, bias, n);
  }
  const size = pairsOperands() ? 2 : 1; // pairs take half the room
  for (let p = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    for (let j = 0; j < n; j += size * NC) {
      const columns = min(size * NC, n - j);
      copyB(tb, depth, columns, at(b, tb, p, j, ldb), ldb);
      for (let i = 0; i < m; i += size * MC) {
        const rows = min(size * MC, m - i);
        copyA(ta, rows, depth, at(a, ta, i, p, lda), lda);
        const block = c + (<usize> (i * ldc + j) << 2);
        multiplyPanels(rows, columns, depth, block, <usize> ldc << 2, added, bias + (<usize> j << 2));
      }
    }
    added = C;
  }
}

let touched: f32 = 0; // a variable of the module, so that the compiler keeps the reads

/** Traps if a matrix reaches beyond the memory, as native code checks no bounds. */
function touchEnd(rows: i32, columns: i32, from: usize, stride: i32): void {
  if (rows == 0 || columns == 0) return;
  touched = load<f32>(from + (<usize> ((rows - 1) * stride + columns - 1) << 2));
}

/** Copies a piece of A into panels, and rounds it in bf16. */
function copyA(transposed: bool, rows: i32, depth: i32, from: usize, lda: i32): void {
  const to = scratch(), stride = <usize> lda << 2;
  if (pairsOperands()) return nativePackPairs(to, from, stride, rows, depth, 12, !transposed);
  let count = 0;
  if (hasWideCode()) {
    nativePackWide(to, from, stride, rows, depth, 12, !transposed);
    count = (rows + 11) / 12 * 12 * depth;
  } else count = packA(to, transposed, rows, depth, from, lda);
  if (roundsOperands()) roundNumbers(to, count);
}

/** Copies a piece of B into panels, and rounds it in bf16. */
function copyB(transposed: bool, depth: i32, columns: i32, from: usize, ldb: i32): void {
  const to = panelsOfB(), stride = <usize> ldb << 2;
  if (pairsOperands()) return nativePackPairs(to, from, stride, columns, depth, 16, transposed);
  let count = 0;
  if (hasWideCode()) {
    nativePackWide(to, from, stride, columns, depth, 16, transposed);
    count = (columns + 15) / 16 * 16 * depth;
  } else count = packB(to, transposed, depth, columns, from, ldb);
  if (roundsOperands()) roundNumbers(to, count);
}

/** Multiplies the panels that have been copied. */
function multiplyPanels(
  m: i32, n: i32, depth: i32, c: usize, stride: usize, added: i32, bias: usize,
): void {
  const a = scratch(), b = panelsOfB();
  if (pairsOperands()) nativePairs(m, n, depth + 1 >> 1, a, b, c, stride, added, bias);
  else if (hasWideCode()) nativeWide(m, n, depth, a, b, c, stride, added, bias);
  else if (hasNativeLoop()) nativePanels(m, n, depth, a, b, c, stride, added == C);
  else multiplyTiles(m, n, depth, c, stride, added == C);
}

/** The address of the panels of B, after those of A. */
// @ts-ignore: decorator
@inline
function panelsOfB(): usize {
  return scratch() + <usize> (MC * KC * 4 + 64); // native code writes up to 64 bytes past those of A
}

/** Copies a row of numbers to all rows of C. */
function fillRows(m: i32, n: i32, c: usize, ldc: i32, row: usize): void {
  for (let i = 0; i < m; i++) memory.copy(c + (<usize> (i * ldc) << 2), row, <usize> n << 2);
}

/** Sets all numbers of C to 0. */
function zeroRows(m: i32, n: i32, c: usize, ldc: i32): void {
  for (let i = 0; i < m; i++) memory.fill(c + (<usize> (i * ldc) << 2), 0, <usize> n << 2);
}

/** Multiplies all panels, tile by tile. Tiles at the border are computed whole and copied in part. */
function multiplyTiles(m: i32, n: i32, depth: i32, c: usize, stride: usize, keep: bool): void {
  const a = scratch(), b = panelsOfB();
  const tile = b + <usize> (NC * KC * 4);
  for (let j = 0; j < n; j += NR) {
    const panelB = b + (<usize> (j * depth) << 2);
    const columns = min(NR, n - j);
    for (let i = 0; i < m; i += MR) {
      const panelA = a + (<usize> (i * depth) << 2);
      const target = c + <usize> i * stride + (<usize> j << 2);
      const rows = min(MR, m - i);
      if (rows == MR && columns == NR) {
        microKernel(depth, panelA, panelB, target, stride, keep);
      } else {
        microKernel(depth, panelA, panelB, tile, <usize> (NR * 4), false);
        copyTile(tile, target, rows, columns, stride, keep);
      }
    }
  }
}

/** Copies a part of a tile to C, or adds it. */
function copyTile(from: usize, to: usize, m: i32, n: i32, stride: usize, keep: bool): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const place = to + <usize> i * stride + (<usize> j << 2);
      const old: f32 = keep ? load<f32>(place) : 0;
      store<f32>(place, old + load<f32>(from + (<usize> (i * NR + j) << 2)));
    }
  }
}

/**
 * Computes 5 x 8 sums. The shape was found by measuring: V8 checks the bounds of every memory
 * access, so it is faster to load four values of A at once and spread each than to load each with a
 * spread (45 against 37 GFLOP/s on a 3 GHz Zen 3). One more row would not fit into the registers
 * that V8 leaves free.
 */
function microKernel(
  depth: i32, a: usize, b: usize, c: usize, stride: usize, keep: bool,
): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0);
  const end = b + (<usize> depth << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a4 = v128.load_splat<f32>(a, 16);
    c40 = madd(a4, b0, c40);
    c41 = madd(a4, b1, c41);
    const four = v128.load(a);
    const a0 = i32x4.shuffle(four, four, 0, 0, 0, 0);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = i32x4.shuffle(four, four, 1, 1, 1, 1);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = i32x4.shuffle(four, four, 2, 2, 2, 2);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = i32x4.shuffle(four, four, 3, 3, 3, 3);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 20;
    b += 32;
  }
  if (keep) {
    addPair(c, c00, c01);
    addPair(c + stride, c10, c11);
    addPair(c + 2 * stride, c20, c21);
    addPair(c + 3 * stride, c30, c31);
    addPair(c + 4 * stride, c40, c41);
  } else {
    storePair(c, c00, c01);
    storePair(c + stride, c10, c11);
    storePair(c + 2 * stride, c20, c21);
    storePair(c + 3 * stride, c30, c31);
    storePair(c + 4 * stride, c40, c41);
  }
}

// @ts-ignore: decorator
@inline
function storePair(c: usize, left: v128, right: v128): void {
  v128.store(c, left);
  v128.store(c, right, 16);
}

// @ts-ignore: decorator
@inline
function addPair(c: usize, left: v128, right: v128): void {
  v128.store(c, f32x4.add(v128.load(c), left));
  v128.store(c, f32x4.add(v128.load(c, 16), right), 16);
}
