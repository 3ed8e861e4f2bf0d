// A dense layer's bias followed by GELU, and their gradient.
import { address, int } from "./parameters";
import { constant, expLow4, normalShare4, splat } from "./math";
import { BIAS_GELU, hasRows, nativeRows } from "./rows";

/** -1 / 2, and 1 / √(2π) */
const BELL = memory.data<f32>([-0.5, 0.3989422804014327]);

/** exp(-x² / 2) */
// @ts-ignore: decorator
@inline
export function bell4(x: v128): v128 {
  return expLow4(f32x4.mul(f32x4.mul(x, x), constant(BELL, 0)));
}

/** x · Φ(x) */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  return f32x4.mul(x, normalShare4(x, bell4(x)));
}

/** GELU's derivative Φ(x) + x φ(x), from `share` = Φ(x) and `bell` = exp(-x² / 2). */
// @ts-ignore: decorator
@inline
export function slope4(x: v128, share: v128, bell: v128): v128 {
  return f32x4.add(share, f32x4.mul(x, f32x4.mul(bell, constant(BELL, 1))));
}

/**
 * y = gelu(x + bias); x becomes GELU's derivative at x + bias, for the gradient.
 * Parameters: x, bias, y, rows, n, rows in a task
 */
export function biasGeluTask(task: i32): void {
  const n = int(4), first = task * int(5), last = min(first + int(5), int(3));
  if (hasRows(n)) {
    const at = <usize> (first * n) << 2;
    return nativeRows(
      BIAS_GELU, address(0) + at, address(1), address(2) + at, last - first, n,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    );
  }
  for (let row = first; row < last; row++) {
    const at = <usize> (row * n) << 2;
    biasGeluRow(address(0) + at, address(1), address(2) + at, n);
  }
}

/** The same for one row. */
function biasGeluRow(x: usize, bias: usize, y: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const v = f32x4.add(v128.load(x + at), v128.load(bias + at));
    const bell = bell4(v), share = normalShare4(v, bell);
    v128.store(y + at, f32x4.mul(v, share));
    v128.store(x + at, slope4(v, share, bell));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const v = splat(load<f32>(x + at) + load<f32>(bias + at));
    const bell = bell4(v), share = normalShare4(v, bell);
    v128.store32_lane(y + at, f32x4.mul(v, share), 0);
    v128.store32_lane(x + at, slope4(v, share, bell), 0);
  }
}

/**
 * out = dy * slope, and for each task the sums of its columns.
 * Parameters: slope, dy, out, sums [tasks, n], rows, n, rows in a task
 */
export function slopeTask(task: i32): void {
  const n = int(5), last = min((task + 1) * int(6), int(4));
  const sums = address(3) + (<usize> (task * n) << 2);
  memory.fill(sums, 0, <usize> n << 2);
  for (let row = task * int(6); row < last; row++) {
    const at = <usize> (row * n) << 2;
    slopeRow(address(0) + at, address(1) + at, address(2) + at, sums, n);
  }
}

/** The same for one row, which is added to the sums. */
function slopeRow(slope: usize, dy: usize, out: usize, sums: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const d = f32x4.mul(v128.load(slope + at), v128.load(dy + at));
    v128.store(out + at, d);
    v128.store(sums + at, f32x4.add(v128.load(sums + at), d));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const d = load<f32>(slope + at) * load<f32>(dy + at);
    store<f32>(out + at, d);
    store<f32>(sums + at, load<f32>(sums + at) + d);
  }
}
