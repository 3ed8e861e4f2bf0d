// Sums and extremes along the middle axis of [outer, n, inner], softmax of rows, the index of a
// maximum.
import { address, float, int, scratch } from "./parameters";
import { expLow4, largest, log1, splat, total } from "./math";

/** The rows in a task if the reduced axis is the last. */
const ROWS_PER_TASK: i32 = 64;

/**
 * Reduces [outer, n, inner] to [outer, inner].
 * Parameters: x, out, outer, n, inner, code (0 sum, 1 max, 2 min), columns in a task, float scale
 */
export function reduceTask(task: i32): void {
  if (int(4) == 1) return reduceRows(task);
  const columns = int(6), n = int(3), inner = int(4);
  const strips = (inner + columns - 1) / columns;
  const outer = task / strips, first = (task % strips) * columns;
  const x = address(0) + (<usize> (outer * n * inner + first) << 2);
  const out = address(1) + (<usize> (outer * inner + first) << 2);
  reduceStrip(x, out, n, inner, min(columns, inner - first));
}

/** Reduces a strip of columns. Sums are those of blocks of 64 rows, added up, to keep more digits. */
function reduceStrip(x: usize, out: usize, n: i32, stride: i32, width: i32): void {
  const code = int(5);
  let j = code == 0 ? width & ~15 : 0;
  if (j > 0) sumColumns(x, out, n, stride, j);
  for (; j < width; j += 4) reduceColumns4(x + (<usize> j << 2), out + (<usize> j << 2), n, stride, min(4, width - j));
}

/** Reduces up to four columns. */
function reduceColumns4(x: usize, out: usize, n: i32, stride: i32, lanes: i32): void {
  const code = int(5);
  const step = <usize> stride << 2;
  let all = start4(code);
  for (let block = 0; block < n; block += 64) {
    let part = start4(code);
    const last = min(block + 64, n);
    for (let i = block; i < last; i++) {
      part = combine4(code, part, loadLanes(x + <usize> i * step, lanes));
    }
    all = combine4(code, all, part);
  }
  if (code == 0) all = f32x4.mul(all, splat(float(7)));
  storeLanes(out, all, lanes);
}

/**
 * Sums a multiple of 16 columns, in the same order as `reduceColumns4()`. Memory is read fastest in
 * long runs: rows without a gap between them are read one after the other, other rows eight at a
 * time, 16 columns after 16. The scratch memory holds the sums of the block's earlier rows.
 */
function sumColumns(x: usize, out: usize, n: i32, stride: i32, width: i32): void {
  const step = <usize> stride << 2, bytes = <usize> width << 2, scale = splat(float(7));
  const atOnce = width == stride ? 1 : 8;
  memory.fill(out, 0, bytes);
  for (let block = 0; block < n; block += 64) {
    const end = min(block + 64, n);
    for (let i = block; i < end; i += atOnce) {
      const from = x + <usize> i * step, rows = min(atOnce, end - i);
      for (let j: usize = 0; j < bytes; j += 64) {
        addColumns16(from + j, scratch() + j, rows, step, i > block);
        if (i + atOnce >= end) addColumns16(scratch() + j, out + j, 1, 0, true);
      }
    }
  }
  for (let j: usize = 0; j < bytes; j += 16) {
    v128.store(out + j, f32x4.mul(v128.load(out + j), scale));
  }
}

/** Sums 16 columns of some rows; with `keep` it adds to the old sums. */
// @ts-ignore: decorator
@inline
function addColumns16(from: usize, sums: usize, rows: i32, step: usize, keep: bool): void {
  let a = splat(0), b = a, c = a, d = a;
  if (keep) {
    a = v128.load(sums);
    b = v128.load(sums, 16);
    c = v128.load(sums, 32);
    d = v128.load(sums, 48);
  }
  for (let i = 0; i < rows; i++) {
    a = f32x4.add(a, v128.load(from));
    b = f32x4.add(b, v128.load(from, 16));
    c = f32x4.add(c, v128.load(from, 32));
    d = f32x4.add(d, v128.load(from, 48));
    from += step;
  }
  v128.store(sums, a);
  v128.store(sums, b, 16);
  v128.store(sums, c, 32);
  v128.store(sums, d, 48);
}

/** The neutral element of a reduction, four times. */
// @ts-ignore: decorator
@inline
function start4(code: i32): v128 {
  return splat(code == 0 ? 0 : code == 1 ? -Infinity : Infinity);
}

/** One step of a reduction, for four numbers. */
// @ts-ignore: decorator
@inline
function combine4(code: i32, a: v128, b: v128): v128 {
  return code == 0 ? f32x4.add(a, b) : code == 1 ? f32x4.max(a, b) : f32x4.min(a, b);
}

/** Loads one to four numbers; the other lanes are 0. */
// @ts-ignore: decorator
@inline
function loadLanes(from: usize, lanes: i32): v128 {
  if (lanes == 4) return v128.load(from);
  let x = v128.load32_zero(from);
  if (lanes > 1) x = v128.load32_lane(from, x, 1, 4);
  if (lanes > 2) x = v128.load32_lane(from, x, 2, 8);
  return x;
}

/** Stores one to four numbers. */
// @ts-ignore: decorator
@inline
function storeLanes(to: usize, x: v128, lanes: i32): void {
  if (lanes == 4) return v128.store(to, x);
  v128.store32_lane(to, x, 0);
  if (lanes > 1) v128.store32_lane(to, x, 1, 4);
  if (lanes > 2) v128.store32_lane(to, x, 2, 8);
}

/** Reduces rows, if the reduced axis is the last. */
function reduceRows(task: i32): void {
  const n = int(3), rows = int(2), code = int(5);
  const last = min((task + 1) * ROWS_PER_TASK, rows);
  for (let row = task * ROWS_PER_TASK; row < last; row++) {
    const x = address(0) + (<usize> (row * n) << 2);
    const value = code == 0 ? sumRow(x, n) * float(7) : extremeOf(code, x, n);
    store<f32>(address(1) + (<usize> row << 2), value);
  }
}

/** The sum of a row: those of blocks of 1024 numbers in four lanes, added up in double precision. */
export function sumRow(x: usize, n: i32): f32 {
  let all: f64 = 0;
  let i = 0;
  while (i + 4 <= n) {
    const last = min(i + 1024, n & ~3);
    let part = splat(0);
    for (; i < last; i += 4) part = f32x4.add(part, v128.load(x + (<usize> i << 2)));
    all += <f64> total(part);
  }
  for (; i < n; i++) all += <f64> load<f32>(x + (<usize> i << 2));
  return <f32> all;
}

/** The largest or smallest number of a row; NaN if there is one. */
function extremeOf(code: i32, x: usize, n: i32): f32 {
  let all = start4(code);
  let i = 0;
  for (; i + 4 <= n; i += 4) all = combine4(code, all, v128.load(x + (<usize> i << 2)));
  for (; i < n; i++) all = combine4(code, all, v128.load_splat<f32>(x + (<usize> i << 2)));
  return code == 1 ? largest(all) : -largest(f32x4.neg(all));
}

/** The largest number of a row, without NaN, whose exponential in softmax is NaN in any case. */
export function topOfRow(x: usize, n: i32): f32 {
  let a = splat(-Infinity), b = a, c = a, d = a;
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const at = x + (<usize> i << 2);
    a = f32x4.pmax(a, v128.load(at));
    b = f32x4.pmax(b, v128.load(at, 16));
    c = f32x4.pmax(c, v128.load(at, 32));
    d = f32x4.pmax(d, v128.load(at, 48));
  }
  for (; i + 4 <= n; i += 4) a = f32x4.pmax(a, v128.load(x + (<usize> i << 2)));
  for (; i < n; i++) a = f32x4.pmax(a, v128.load_splat<f32>(x + (<usize> i << 2)));
  return largest(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)));
}

/**
 * to = exp(x - shift) for a row; returns the sum of the results. `shift` is the largest number of
 * x.
 */
export function expRow(x: usize, to: usize, n: i32, shift: f32): f32 {
  const by = splat(shift);
  let all: f64 = 0;
  let i = 0;
  while (i + 4 <= n) {
    const last = min(i + 1024, n & ~3);
    let part = splat(0);
    for (; i < last; i += 4) {
      const at = <usize> i << 2;
      const e = expLow4(f32x4.sub(v128.load(x + at), by));
      v128.store(to + at, e);
      part = f32x4.add(part, e);
    }
    all += <f64> total(part);
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const e = f32x4.extract_lane(expLow4(splat(load<f32>(x + at) - shift)), 0);
    store<f32>(to + at, e);
    all += <f64> e;
  }
  return <f32> all;
}

/** to = x * factor, for a row. */
export function scaleRow(x: usize, to: usize, n: i32, factor: f32): void {
  const by = splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    v128.store(to + at, f32x4.mul(v128.load(x + at), by));
  }
  for (; i < n; i++) store<f32>(to + (<usize> i << 2), load<f32>(x + (<usize> i << 2)) * factor);
}

/**
 * Softmax of each row, or its logarithm. Parameters: x, out, rows, n, rows in a task, log (1 or 0)
 */
export function softmaxTask(task: i32): void {
  const n = int(3), last = min((task + 1) * int(4), int(2));
  for (let row = task * int(4); row < last; row++) {
    const x = address(0) + (<usize> (row * n) << 2), out = address(1) + (<usize> (row * n) << 2);
    const most = topOfRow(x, n);
    const sum = expRow(x, out, n, most);
    if (int(5) == 0) scaleRow(out, out, n, 1 / sum);
    else shiftRow(x, out, n, most + log1(sum));
  }
}

/** to = x - by, for a row. */
function shiftRow(x: usize, to: usize, n: i32, by: f32): void {
  for (let i = 0; i < n; i++) {
    store<f32>(to + (<usize> i << 2), load<f32>(x + (<usize> i << 2)) - by);
  }
}

/** The first index of each row's largest number. Parameters: x, out, rows, n, rows in a task */
export function argMaxTask(task: i32): void {
  const n = int(3), last = min((task + 1) * int(4), int(2));
  for (let row = task * int(4); row < last; row++) {
    store<i32>(address(1) + (<usize> row << 2), argMaxOfRow(address(0) + (<usize> (row * n) << 2), n));
  }
}

/**
 * The index of the largest number, as in tfjs: 0 if the first number is NaN; other NaN are ignored.
 */
function argMaxOfRow(x: usize, n: i32): i32 {
  const first = load<f32>(x);
  if (first != first) return 0;
  const most = topOfRow(x, n), all = splat(most);
  let i = 0;
  while (i + 4 <= n && !v128.any_true(f32x4.eq(v128.load(x + (<usize> i << 2)), all))) i += 4;
  while (load<f32>(x + (<usize> i << 2)) != most) i++;
  return i;
}
