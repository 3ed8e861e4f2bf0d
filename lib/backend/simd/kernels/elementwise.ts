// Elementwise operations: functions of one tensor, and of two with broadcasting.
import { address, float, int } from "./parameters";
import { erf4, exp4, log1, normalShare4, sigmoid4, splat, tanh4 } from "./math";
import { dropRow } from "./dropout";
import { bell4, gelu4, slope4 } from "./gelu";

/** The numbers in a task. */
const CHUNK: i32 = 16384;

/** One function of four numbers; the codes are those of `elementwise_kernels.ts`. */
// @ts-ignore: decorator
@inline
function unary4(code: i32, x: v128): v128 {
  if (code == 0) return exp4(x);
  if (code == 1) return f32x4.sqrt(x);
  if (code == 2) return f32x4.div(splat(1), f32x4.sqrt(x));
  if (code == 3) return f32x4.mul(x, x);
  if (code == 4) return f32x4.neg(x);
  if (code == 5) return f32x4.abs(x);
  if (code == 6) return f32x4.div(splat(1), x);
  if (code == 7) return erf4(x);
  if (code == 8) return tanh4(x);
  if (code == 9) return sigmoid4(x);
  if (code == 10) return f32x4.max(x, splat(0));
  if (code == 11) return gelu4(x);
  return log4(x);
}

/** The natural logarithm of four numbers. */
// @ts-ignore: decorator
@inline
function log4(x: v128): v128 {
  return f32x4(
    log1(f32x4.extract_lane(x, 0)),
    log1(f32x4.extract_lane(x, 1)),
    log1(f32x4.extract_lane(x, 2)),
    log1(f32x4.extract_lane(x, 3)),
  );
}

/** Applies a function to so many bytes of numbers. */
// @ts-ignore: decorator
@inline
function unaryLoop(code: i32, from: usize, to: usize, bytes: usize): void {
  // Blocks end on 64 bytes, so the last four may read and write past the tensor's end.
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, unary4(code, v128.load(from + i)));
}

/** y = a function of x. Parameters: x, y, count, code */
export function unaryTask(task: i32): void {
  const start = <usize> (task * CHUNK) << 2;
  const bytes = <usize> min(CHUNK, int(2) - task * CHUNK) << 2;
  const from = address(0) + start, to = address(1) + start;
  switch (int(3)) {
    case 0: return unaryLoop(0, from, to, bytes);
    case 1: return unaryLoop(1, from, to, bytes);
    case 2: return unaryLoop(2, from, to, bytes);
    case 3: return unaryLoop(3, from, to, bytes);
    case 4: return unaryLoop(4, from, to, bytes);
    case 5: return unaryLoop(5, from, to, bytes);
    case 6: return unaryLoop(6, from, to, bytes);
    case 7: return unaryLoop(7, from, to, bytes);
    case 8: return unaryLoop(8, from, to, bytes);
    case 9: return unaryLoop(9, from, to, bytes);
    case 10: return unaryLoop(10, from, to, bytes);
    case 11: return unaryLoop(11, from, to, bytes);
    default: return unaryLoop(12, from, to, bytes);
  }
}

/** dx = dy * GELU's derivative at x. Parameters: x, dy, dx, count */
export function geluGradientTask(task: i32): void {
  const start = <usize> (task * CHUNK) << 2;
  const bytes = <usize> min(CHUNK, int(3) - task * CHUNK) << 2;
  const x = address(0) + start, dy = address(1) + start, dx = address(2) + start;
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(x + i);
    const bell = bell4(v);
    const slope = slope4(v, normalShare4(v, bell), bell);
    v128.store(dx + i, f32x4.mul(v128.load(dy + i), slope));
  }
}

/** y = dropout(x). Parameters: x, y, count, a, b, least, float kept */
export function dropoutTask(task: i32): void {
  const first = task * CHUNK;
  const start = <usize> first << 2;
  const count = min(CHUNK, int(2) - first);
  dropRow(address(0) + start, address(1) + start, count, first, int(3), int(4), int(5), float(6));
}

/** One function of two times four numbers; the codes are those of `elementwise_kernels.ts`. */
// @ts-ignore: decorator
@inline
function binary4(code: i32, a: v128, b: v128): v128 {
  if (code == 0) return f32x4.add(a, b);
  if (code == 1) return f32x4.sub(a, b);
  if (code == 2) return f32x4.mul(a, b);
  if (code == 3) return f32x4.div(a, b);
  if (code == 4) return f32x4.max(a, b);
  if (code == 5) return f32x4.min(a, b);
  const d = f32x4.sub(a, b);
  return f32x4.mul(d, d);
}

/** A row of results; the steps `sa` and `sb` of the operands along it are 1 or 0. */
// @ts-ignore: decorator
@inline
function binaryRow(code: i32, a: usize, b: usize, to: usize, n: i32, sa: i32, sb: i32): void {
  const whole: i32 = sa == 0 && sb == 0 ? 0 : n & ~3;
  const bytes = <usize> whole << 2;
  if (sa != 0 && sb != 0) {
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(to + i, binary4(code, v128.load(a + i), v128.load(b + i)));
    }
  } else if (sa != 0) {
    const right = v128.load_splat<f32>(b);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, binary4(code, v128.load(a + i), right));
  } else {
    const left = v128.load_splat<f32>(a);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, binary4(code, left, v128.load(b + i)));
  }
  for (let i = whole; i < n; i++) {
    const at = <usize> i << 2;
    const left = v128.load_splat<f32>(a + at * sa), right = v128.load_splat<f32>(b + at * sb);
    store<f32>(to + at, f32x4.extract_lane(binary4(code, left, right), 0));
  }
}

/** The rows from `first` to before `last` of a result of four axes. */
// @ts-ignore: decorator
@inline
function binaryRows(code: i32, first: i32, last: i32): void {
  const d1 = int(5), d2 = int(6), n = int(7);
  for (let row = first; row < last; row++) {
    const i2 = row % d2, i1 = (row / d2) % d1, i0 = row / (d2 * d1);
    const a = address(0) + (<usize> (i0 * int(8) + i1 * int(9) + i2 * int(10)) << 2);
    const b = address(1) + (<usize> (i0 * int(12) + i1 * int(13) + i2 * int(14)) << 2);
    binaryRow(code, a, b, address(2) + (<usize> (row * n) << 2), n, int(11), int(15));
  }
}

/**
 * out = a function of a and b. Parameters: a, b, out, code, 4 sizes, 4 steps of a, 4 steps of b,
 * rows in a task
 */
export function binaryTask(task: i32): void {
  const first = task * int(16);
  const last = min(first + int(16), int(4) * int(5) * int(6));
  switch (int(3)) {
    case 0: return binaryRows(0, first, last);
    case 1: return binaryRows(1, first, last);
    case 2: return binaryRows(2, first, last);
    case 3: return binaryRows(3, first, last);
    case 4: return binaryRows(4, first, last);
    case 5: return binaryRows(5, first, last);
    default: return binaryRows(6, first, last);
  }
}
