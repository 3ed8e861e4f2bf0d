// Attention of one head of one sequence, a block of queries at a time, all of it in cache: queries,
// keys and values are read where they lie in [B*T, 3H], and the weights are never stored. The
// gradient computes them again.
import { address, float, int, scratch } from "./parameters";
import { GEMM_SCRATCH, multiply } from "./gemm";
import { expRow, scaleRow, topOfRow } from "./reduce";
import { dropRow } from "./dropout";
import { splat, total } from "./math";

/** Queries at a time. */
const BLOCK: i32 = 128;

// Parameters: qkv, mask ([B, T], 1 or 0), out or dy, dqkv (gradient only), length, heads, width,
// a, b, least, float kept, float scale

/** The address of row 0 of one of the three parts of [B*T, 3H] for this task's head. */
// @ts-ignore: decorator
@inline
function part(base: usize, task: i32, which: i32): usize {
  const length = int(4), heads = int(5), width = int(6);
  const batch = task / heads, head = task % heads;
  return base + (<usize> (batch * length * 3 * heads * width + (which * heads + head) * width) << 2);
}

/** The same for [B*T, H]. */
// @ts-ignore: decorator
@inline
function joined(base: usize, task: i32): usize {
  const length = int(4), heads = int(5), width = int(6);
  return base + (<usize> ((task / heads) * length * heads * width + (task % heads) * width) << 2);
}

// @ts-ignore: decorator
@inline
function rowAt(base: usize, row: i32, stride: i32): usize {
  return base + (<usize> (row * stride) << 2);
}

/** Bytes that the weights of one block take. */
// @ts-ignore: decorator
@inline
function blockBytes(): usize {
  return <usize> (BLOCK * (int(4) + 3 & ~3)) << 2;
}

export function attentionTask(task: i32): void {
  const length = int(4), width = int(6), inner = int(5) * width;
  const weights = scratch() + GEMM_SCRATCH;
  const values = part(address(0), task, 2);
  for (let first = 0; first < length; first += BLOCK) {
    const rows = min(BLOCK, length - first);
    computeWeights(task, first, rows, weights);
    dropWeights(task, first, rows, weights, weights);
    const out = rowAt(joined(address(2), task), first, inner);
    multiply(false, false, rows, width, length, weights, length, values, 3 * inner, out, inner, 0, false);
  }
}

/** softmax(q k^T * scale + mask) for some queries. */
function computeWeights(task: i32, first: i32, rows: i32, to: usize): void {
  const length = int(4), width = int(6), stride = 3 * int(5) * width;
  const queries = rowAt(part(address(0), task, 0), first, stride);
  const keys = part(address(0), task, 1);
  multiply(false, true, rows, length, width, queries, stride, keys, stride, to, length, 0, false);
  const mask = rowAt(address(1), task / int(5), length);
  for (let i = 0; i < rows; i++) {
    const row = rowAt(to, i, length);
    scoreRow(row, mask, length, float(11));
    scaleRow(row, row, length, 1 / expRow(row, row, length, topOfRow(row, length)));
  }
}

function scoreRow(x: usize, mask: usize, n: i32, scale: f32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const away = f32x4.mul(f32x4.sub(v128.load(mask + at), splat(1)), splat(10000));
    v128.store(x + at, f32x4.add(f32x4.mul(v128.load(x + at), splat(scale)), away));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    store<f32>(x + at, load<f32>(x + at) * scale + (load<f32>(mask + at) - 1) * 10000);
  }
}

/** Drops weights; their positions count through [B, A, T, T]. */
function dropWeights(task: i32, first: i32, rows: i32, from: usize, to: usize): void {
  const length = int(4);
  if (int(9) == 0) {
    if (from != to) memory.copy(to, from, <usize> (rows * length) << 2);
    return;
  }
  const index = (task * length + first) * length;
  dropRow(from, to, rows * length, index, int(7), int(8), int(9), float(10));
}

export function attentionGradientTask(task: i32): void {
  const length = int(4), width = int(6), inner = int(5) * width, stride = 3 * inner;
  const weights = scratch() + GEMM_SCRATCH, other = weights + blockBytes();
  const keys = part(address(0), task, 1), values = part(address(0), task, 2);
  const dKeys = part(address(3), task, 1), dValues = part(address(3), task, 2);
  for (let first = 0; first < length; first += BLOCK) {
    const rows = min(BLOCK, length - first);
    const add = first > 0;
    const dy = rowAt(joined(address(2), task), first, inner);
    const queries = rowAt(part(address(0), task, 0), first, stride);
    const dQueries = rowAt(part(address(3), task, 0), first, stride);
    computeWeights(task, first, rows, weights);
    dropWeights(task, first, rows, weights, other);
    multiply(true, false, length, width, rows, other, length, dy, inner, dValues, stride, 0, add);
    multiply(false, true, rows, length, width, dy, inner, values, stride, other, length, 0, false);
    dropWeights(task, first, rows, other, other);
    for (let i = 0; i < rows; i++) {
      softmaxGradient(rowAt(weights, i, length), rowAt(other, i, length), length, float(11));
    }
    multiply(false, false, rows, width, length, other, length, keys, stride, dQueries, stride, 0, false);
    multiply(true, false, length, width, rows, other, length, queries, stride, dKeys, stride, 0, add);
  }
}

/** d becomes weights * (d - sum(d * weights)) * scale. */
function softmaxGradient(weights: usize, d: usize, n: i32, scale: f32): void {
  let sums = splat(0);
  let rest: f32 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    sums = f32x4.add(sums, f32x4.mul(v128.load(weights + at), v128.load(d + at)));
  }
  for (; i < n; i++) rest += load<f32>(weights + (<usize> i << 2)) * load<f32>(d + (<usize> i << 2));
  const common = total(sums) + rest;
  i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const w = f32x4.mul(v128.load(weights + at), splat(scale));
    v128.store(d + at, f32x4.mul(w, f32x4.sub(v128.load(d + at), splat(common))));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    store<f32>(d + at, load<f32>(weights + at) * scale * (load<f32>(d + at) - common));
  }
}
