// Functions of four numbers at a time. The polynomials are least-squares fits made for this file;
// errors are given against exact arithmetic. The result of NaN is NaN.
//
// Constants of inner loops are in memory: V8 loads a vector from there in one instruction, but
// makes a literal vector in three, again in each turn of a loop.

/** A number, four times. */
// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a * b + c, fused if the build has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the four numbers. */
// @ts-ignore: decorator
@inline
export function total(x: v128): f32 {
  const pairs = f32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of the four numbers; NaN if one of them is NaN. */
// @ts-ignore: decorator
@inline
export function largest(x: v128): f32 {
  const pairs = f32x4.max(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(pairs, i32x4.shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** The i-th number of a table of constants, four times. */
// @ts-ignore: decorator
@inline
export function constant(table: usize, i: usize): v128 {
  return v128.load_splat<f32>(table + (i << 2));
}

/** p * x + the i-th number of a table: one step of Horner's rule. */
// @ts-ignore: decorator
@inline
function next(p: v128, x: v128, table: usize, i: usize): v128 {
  return madd(p, x, constant(table, i));
}

/** e^x, within 2 units in the last place; below e^-87.3 it is 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const inside = f32x4.pmax(f32x4.pmin(x, constant(EXP, 9)), constant(EXP, 10)); // NaN stays NaN
  const shifted = madd(inside, constant(EXP, 0), constant(EXP, 1));
  const p = expSeries(inside, f32x4.sub(shifted, constant(EXP, 1)));
  const e = i32x4.sub(shifted, constant(EXP, 1));
  const half = i32x4.shr_s(e, 1); // 2^e in two factors, as 2^128 is no float
  const result = f32x4.mul(f32x4.mul(p, power2(half)), power2(i32x4.sub(e, half)));
  return v128.andnot(result, f32x4.lt(x, constant(EXP, 11)));
}

/** The same for numbers that are at most 88, with half the work. */
// @ts-ignore: decorator
@inline
export function expLow4(x: v128): v128 {
  const shifted = madd(x, constant(EXP, 0), constant(EXP, 1));
  const p = expSeries(x, f32x4.sub(shifted, constant(EXP, 1)));
  return v128.andnot(f32x4.mul(p, power2(shifted)), f32x4.lt(x, constant(EXP, 11)));
}

/**
 * 1 / ln 2; 1.5 * 2^23, which rounds a number to a whole one when it is added and subtracted again,
 * and has that whole number in the lowest bits of the sum; -ln 2 in two parts; the coefficients of
 * the series; three bounds of x; 1.
 */
const EXP = memory.data<f32>([
  1.4426950408889634, 12582912, -0.693359375, 2.12194440e-4,
  0.001394263, 0.008366409, 0.041666318, 0.1666654, 0.5, 89, -88, -87.33654, 1,
]);

/** e^(x - n ln 2), where n is the nearest whole number to x / ln 2. */
// @ts-ignore: decorator
@inline
function expSeries(x: v128, n: v128): v128 {
  const r = madd(n, constant(EXP, 3), madd(n, constant(EXP, 2), x));
  let p = next(constant(EXP, 4), r, EXP, 5);
  p = next(p, r, EXP, 6);
  p = next(p, r, EXP, 7);
  p = next(p, r, EXP, 8);
  return madd(f32x4.mul(p, r), r, f32x4.add(r, constant(EXP, 12)));
}

/** 2^n; only the lowest 9 bits of n are used. */
// @ts-ignore: decorator
@inline
function power2(n: v128): v128 {
  return i32x4.add(i32x4.shl(n, 23), constant(EXP, 12)); // 127 in the exponent, as 1 has
}

/** `yes` where all bits of the mask are set, `no` where none is. */
// @ts-ignore: decorator
@inline
function choose(yes: v128, no: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_laneselect(yes, no, mask);
  return v128.bitselect(yes, no, mask);
}

/**
 * Φ(x), the distribution function of the standard normal distribution, within 2.6e-7. `bell` is
 * exp(-x² / 2): the smaller of Φ(x) and 1 - Φ(x) is computed as a multiple of it, so that small
 * values keep their digits.
 */
// @ts-ignore: decorator
@inline
export function normalShare4(x: v128, bell: v128): v128 {
  const size = f32x4.abs(x), one = constant(TAIL, 9);
  const t = f32x4.div(one, madd(size, constant(TAIL, 8), one));
  let p = next(constant(TAIL, 0), t, TAIL, 1);
  p = next(p, t, TAIL, 2);
  p = next(p, t, TAIL, 3);
  p = next(p, t, TAIL, 4);
  p = next(p, t, TAIL, 5);
  p = next(p, t, TAIL, 6);
  p = next(p, t, TAIL, 7);
  const tail = f32x4.mul(f32x4.mul(p, t), bell);
  return choose(tail, f32x4.sub(one, tail), i32x4.shr_s(x, 31)); // by the sign
}

/** The coefficients of the series; the factor of |x|; 1. */
const TAIL = memory.data<f32>([
  0.035932045, -0.1582772, 0.20820852, -0.055395465, 0.12946998, 0.09963728, 0.12079839, 0.11962639,
  0.3, 1,
]);

/** The coefficients of `erfSeries()`. */
const ERF = memory.data<f32>([
  8.5131e-5, -0.00081756385, 0.005203859, -0.026860509, 0.11283715, -0.37612635, 1.1283792,
]);

/** erf(x) / x from u = x², for |x| below 0.9. */
// @ts-ignore: decorator
@inline
function erfSeries(u: v128): v128 {
  let q = next(constant(ERF, 0), u, ERF, 1);
  q = next(q, u, ERF, 2);
  q = next(q, u, ERF, 3);
  q = next(q, u, ERF, 4);
  q = next(q, u, ERF, 5);
  return next(q, u, ERF, 6);
}

/** The error function, within 1.5e-7. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.mul(x, splat(1.4142135623730951));
  const share = normalShare4(z, expLow4(f32x4.neg(f32x4.mul(x, x))));
  const far = f32x4.sub(f32x4.add(share, share), splat(1));
  const near = f32x4.mul(x, erfSeries(f32x4.mul(x, x)));
  return choose(near, far, f32x4.lt(f32x4.abs(x), splat(0.9)));
}

/** The hyperbolic tangent, within 1.5e-7. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const u = f32x4.mul(x, x);
  let p = madd(u, splat(-0.005659982), splat(0.020590981));
  p = madd(p, u, splat(-0.053721067));
  p = madd(p, u, splat(0.13331127));
  p = madd(p, u, splat(-0.3333326));
  const near = madd(f32x4.mul(p, u), x, x);
  const size = f32x4.abs(x);
  const grown = f32x4.add(exp4(f32x4.add(size, size)), splat(1));
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), grown));
  const signed = choose(f32x4.neg(far), far, f32x4.lt(x, splat(0)));
  return choose(near, signed, f32x4.lt(size, splat(0.625)));
}

/** The logistic function, 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp4(f32x4.neg(x))));
}

/** The natural logarithm of one number, with a relative error of at most 1e-7. */
export function log1(x: f32): f32 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  const bits = reinterpret<u64>(<f64> x);
  let exponent = <i32> (bits >> 52) - 1023;
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  const series = 2 + z * (2.0 / 3 + z * (0.4 + z * (2.0 / 7 + z * (2.0 / 9 + z * (2.0 / 11)))));
  return <f32> (s * series + <f64> exponent * 0.6931471805599453);
}
