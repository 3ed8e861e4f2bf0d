// Attention of one head of one sequence, a block of queries at a time, so that it stays in cache:
// queries, keys and values are read in place from [B*T, 3H]. The weights are kept for the gradient if
// parameter 12 is an address, else the gradient computes them again.
//
// A weight that dropout drops is stored with a negative sign, so that one number says both the
// result of softmax and whether it was dropped.
import { address, float, hasLibrary, int, scratch } from "./parameters";
import { GEMM_SCRATCH, multiply } from "./gemm";
import { transpose } from "./pack";
import { expRow } from "./reduce";
import { keep1, keep4 } from "./dropout";
import { constant, largest, madd, splat, total } from "./math";
import {
  hasRows, hasSummedRows, nativeRows, OPEN_WEIGHTS, WEIGHTS, WEIGHTS_GRADIENT,
} from "./rows";

// Parameters: qkv, mask ([B, T], 1 or 0), out or dy, dqkv (gradient only), length, heads, width,
// a, b, least, float kept, float scale, weights ([B, A, T, T], 0: not kept), queries a block

/** The address of row 0 of one of the three parts of [B*T, 3H] for this task's head. */
// @ts-ignore: decorator
@inline
function part(base: usize, task: i32, which: i32): usize {
  const length = int(4), heads = int(5), width = int(6);
  const batch = task / heads, head = task % heads;
  return base + (<usize> (batch * length * 3 * heads * width + (which * heads + head) * width) << 2);
}

/** The address of row 0 of [B*T, H] for this task's head. */
// @ts-ignore: decorator
@inline
function joined(base: usize, task: i32): usize {
  const length = int(4), heads = int(5), width = int(6);
  return base + (<usize> ((task / heads) * length * heads * width + (task % heads) * width) << 2);
}

/** The address of a row. */
// @ts-ignore: decorator
@inline
function rowAt(base: usize, row: i32, stride: i32): usize {
  return base + (<usize> (row * stride) << 2);
}

// Scratch memory, after that of products: a block of weights after dropout or of their gradient; a
// block of weights that are not kept; keys and values, transposed.

/** The address of this scratch memory. */
// @ts-ignore: decorator
@inline
function other(): usize {
  return scratch() + GEMM_SCRATCH;
}

/** The bytes of a block of weights. */
// @ts-ignore: decorator
@inline
function blockBytes(): usize {
  return <usize> (int(13) * (int(4) + 3 & ~3)) << 2;
}

/** The address of the weights of the block whose first query is `first`. */
// @ts-ignore: decorator
@inline
function weightsAt(task: i32, first: i32): usize {
  return int(12) != 0 ? rowAt(address(12), task * int(4) + first, int(4)) : other() + blockBytes();
}

/** The address of the transposed keys (1) or values (2), [D, T]. */
// @ts-ignore: decorator
@inline
function turned(which: i32): usize {
  return other() + 2 * blockBytes() + <usize> (which - 1) * (<usize> (int(6) * (int(4) + 3 & ~3)) << 2);
}

/**
 * Transposes keys (1) or values (2) for a native library: they are so much faster without a
 * transposed second operand that this saves time.
 */
function turn(task: i32, which: i32): void {
  const from = part(address(0), task, which);
  if (hasLibrary()) transpose(int(4), int(6), from, 3 * int(5) * int(6), turned(which), int(4));
}

/** The products of some rows with all keys (1) or values (2): out is [rows, T]. */
function multiplyByAll(task: i32, which: i32, rows: i32, a: usize, lda: i32, out: usize): void {
  const length = int(4), width = int(6), ldb = 3 * int(5) * width;
  if (hasLibrary()) {
    multiply(false, false, rows, length, width, a, lda, turned(which), length, out, length, 0, false);
  } else {
    const b = part(address(0), task, which);
    multiply(false, true, rows, length, width, a, lda, b, ldb, out, length, 0, false);
  }
}

/** The output of attention, [T, D], for one head of one sequence. */
export function attentionTask(task: i32): void {
  const length = int(4), width = int(6), inner = int(5) * width;
  const values = part(address(0), task, 2);
  turn(task, 1);
  for (let first = 0; first < length; first += int(13)) {
    const rows = min(int(13), length - first);
    computeWeights(task, first, rows);
    const out = rowAt(joined(address(2), task), first, inner);
    multiply(false, false, rows, width, length, other(), length, values, 3 * inner, out, inner, 0, false);
  }
}

/** softmax(q kᵀ * scale + mask) for some queries, at `weightsAt()`; after dropout in `other()`. */
function computeWeights(task: i32, first: i32, rows: i32): void {
  const length = int(4), stride = 3 * int(5) * int(6);
  multiplyByAll(task, 1, rows, rowAt(part(address(0), task, 0), first, stride), stride, other());
  const mask = rowAt(address(1), task / int(5), length);
  if (hasSummedRows(length)) {
    const index = (task * length + first) * length;
    return nativeRows(
      WEIGHTS, other(), weightsAt(task, first), mask, rows, length, int(11), int(7), int(8), int(9),
      int(10), index, 0, 0, 0, 0,
    );
  }
  for (let i = 0; i < rows; i++) {
    const row = rowAt(other(), i, length);
    const sum = expRow(row, row, length, scoreRow(row, mask, length, float(11)));
    const index = (task * length + first + i) * length;
    dropRowOfWeights(row, rowAt(weightsAt(task, first), i, length), length, 1 / sum, index);
  }
}

/**
 * x becomes x * scale + mask; returns the largest, without NaN, whose exponential is NaN in any
 * case.
 */
function scoreRow(x: usize, mask: usize, n: i32, scale: f32): f32 {
  const by = splat(scale);
  let most = splat(-Infinity);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const score = madd(v128.load(x + at), by, away4(v128.load(mask + at)));
    v128.store(x + at, score);
    most = f32x4.pmax(most, score);
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const score = madd(v128.load_splat<f32>(x + at), by, away4(v128.load_splat<f32>(mask + at)));
    v128.store32_lane(x + at, score, 0);
    most = f32x4.pmax(most, score);
  }
  return largest(most);
}

/** 0 where the mask is 1, -10000 where it is 0. */
// @ts-ignore: decorator
@inline
function away4(mask: v128): v128 {
  const far = constant(AWAY, 0);
  return f32x4.sub(f32x4.mul(mask, far), far);
}

/** The absolute value of the additive mask at padding. */
const AWAY = memory.data<f32>([10000]);

/**
 * Scales a row of exponentials to weights: `signed` has the sign of dropout, x becomes dropout's
 * result.
 */
function dropRowOfWeights(x: usize, signed: usize, n: i32, factor: f32, index: i32): void {
  const a = int(7), b = int(8), least = int(9), kept = float(10), by = splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const weight = f32x4.mul(v128.load(x + at), by);
    const stays = least == 0 ? i32x4.splat(-1) : keep4(index + i, a, b, least);
    v128.store(signed + at, v128.or(weight, i32x4.shl(v128.not(stays), 31)));
    v128.store(x + at, f32x4.mul(weight, v128.and(splat(kept), stays))); // NaN stays NaN
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const weight = load<f32>(x + at) * factor;
    const stays = least == 0 || keep1(index + i, a, b, least);
    store<f32>(signed + at, stays ? weight : -weight);
    store<f32>(x + at, weight * (stays ? kept : 0));
  }
}

/** to = max(signed, 0) * kept: the weights after dropout. */
function openWeights(signed: usize, to: usize, count: i32): void {
  if (hasRows(count)) {
    return nativeRows(
      OPEN_WEIGHTS, signed, to, count, int(10), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    );
  }
  const zero = splat(0), kept = splat(float(10));
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize> i << 2;
    v128.store(to + at, f32x4.mul(f32x4.pmax(v128.load(signed + at), zero), kept)); // NaN stays NaN
  }
  for (; i < count; i++) {
    const at = <usize> i << 2;
    const weight = load<f32>(signed + at);
    store<f32>(to + at, weight < 0 ? 0 : weight * float(10));
  }
}

/** The gradient of one head of one sequence, by its queries, keys and values. */
export function attentionGradientTask(task: i32): void {
  const length = int(4), width = int(6), inner = int(5) * width, stride = 3 * inner;
  const keys = part(address(0), task, 1);
  const dKeys = part(address(3), task, 1), dValues = part(address(3), task, 2);
  turn(task, 2);
  if (int(12) == 0) turn(task, 1);
  for (let first = 0; first < length; first += int(13)) {
    const rows = min(int(13), length - first);
    const add = first > 0;
    const dy = rowAt(joined(address(2), task), first, inner);
    const queries = rowAt(part(address(0), task, 0), first, stride);
    const dQueries = rowAt(part(address(3), task, 0), first, stride);
    const weights = weightsAt(task, first), d = other();
    if (int(12) != 0) openWeights(weights, d, rows * length);
    else computeWeights(task, first, rows);
    multiply(true, false, length, width, rows, d, length, dy, inner, dValues, stride, 0, add);
    multiplyByAll(task, 2, rows, dy, inner, d);
    weightsGradients(weights, d, rows);
    multiply(false, false, rows, width, length, d, length, keys, stride, dQueries, stride, 0, false);
    multiply(true, false, length, width, rows, d, length, queries, stride, dKeys, stride, 0, add);
  }
}

/** The gradient by the scores of some queries; it replaces the gradient by their weights, d. */
function weightsGradients(weights: usize, d: usize, rows: i32): void {
  const length = int(4);
  if (hasSummedRows(length)) {
    return nativeRows(
      WEIGHTS_GRADIENT, weights, d, rows, length, int(10), int(11), 0, 0, 0, 0, 0, 0, 0, 0, 0,
    );
  }
  for (let i = 0; i < rows; i++) {
    weightsGradient(rowAt(weights, i, length), rowAt(d, i, length), length);
  }
}

/** d becomes weights * (d - Σ d * weights) * scale, where the d on the right is after dropout. */
function weightsGradient(signed: usize, d: usize, n: i32): void {
  const common = dropGradient(signed, d, n, float(10)), scale = float(11);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const weight = f32x4.mul(f32x4.abs(v128.load(signed + at)), splat(scale));
    v128.store(d + at, f32x4.mul(weight, f32x4.sub(v128.load(d + at), splat(common))));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    store<f32>(d + at, abs(load<f32>(signed + at)) * scale * (load<f32>(d + at) - common));
  }
}

/** d becomes 0 where the weight is dropped, d * kept elsewhere; returns Σ d * weights. */
function dropGradient(signed: usize, d: usize, n: i32, kept: f32): f32 {
  const by = splat(kept);
  let sums = splat(0);
  let rest: f32 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const weight = v128.load(signed + at);
    const open = f32x4.mul(v128.load(d + at), v128.andnot(by, i32x4.shr_s(weight, 31)));
    v128.store(d + at, open);
    sums = madd(f32x4.abs(weight), open, sums);
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const weight = load<f32>(signed + at);
    const open = load<f32>(d + at) * (reinterpret<i32>(weight) < 0 ? 0 : kept);
    store<f32>(d + at, open);
    rest += abs(weight) * open;
  }
  return total(sums) + rest;
}
