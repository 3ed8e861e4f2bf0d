/** Kernels that work number by number. Blocks end in padding, so they go on to a multiple of four. */
import { exp4, normalShare4 } from "./math";

/** GELU of numbers `begin` to `end`, four at a time; `begin` is a multiple of four. */
export function gelu(x: usize, y: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 4) {
    const o = 4 * <usize>i;
    const v = v128.load(x + o);
    const e = exp4(f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5)));
    v128.store(y + o, f32x4.mul(v, normalShare4(v, e)));
  }
}

/** The gradient of GELU: dy times (the normal share below x, plus x times the density at x). */
export function geluGradient(x: usize, dy: usize, dx: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 4) {
    const o = 4 * <usize>i;
    const v = v128.load(x + o);
    const e = exp4(f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5)));
    const slope = f32x4.add(normalShare4(v, e), f32x4.mul(f32x4.mul(v, e), f32x4.splat(0.39894228)));
    v128.store(dx + o, f32x4.mul(v128.load(dy + o), slope));
  }
}

/** z = x + y. */
export function add(x: usize, y: usize, z: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 4) {
    const o = 4 * <usize>i;
    v128.store(z + o, f32x4.add(v128.load(x + o), v128.load(y + o)));
  }
}

/** z = x * y. */
export function multiply(x: usize, y: usize, z: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 4) {
    const o = 4 * <usize>i;
    v128.store(z + o, f32x4.mul(v128.load(x + o), v128.load(y + o)));
  }
}

/**
 * y = x times 0 or `kept`, by the hash of `dropoutScales()`; number i of the block is position
 * i + `first` of the dropped tensor.
 */
export function dropout(
  x: usize,
  y: usize,
  first: i32,
  a: i32,
  b: i32,
  least: i32,
  kept: f32,
  begin: i32,
  end: i32,
): void {
  let at = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(begin + first + a));
  for (let i = begin; i < end; i += 4) {
    const o = 4 * <usize>i;
    v128.store(y + o, f32x4.mul(v128.load(x + o), dropScale(at, b, least, kept)));
    at = i32x4.add(at, i32x4.splat(4));
  }
}

// @ts-ignore: decorator
@inline
function dropScale(position: v128, b: i32, least: i32, kept: f32): v128 {
  let x = v128.xor(position, i32x4.shr_u(position, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(i32x4.add(x, i32x4.splat(b)), i32x4.splat(0x846ca68b));
  x = v128.xor(x, i32x4.shr_u(x, 16));
  return v128.and(i32x4.ge_u(x, i32x4.splat(least)), f32x4.splat(kept));
}
