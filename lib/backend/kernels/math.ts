// Functions of four numbers at a time. The polynomials are least-squares fits made for this file;
// errors are given against exact arithmetic. Not-a-number comes out where it went in.

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a * b + c, fused where the build has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the four. */
// @ts-ignore: decorator
@inline
export function total(x: v128): f32 {
  const pairs = f32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of the four; NaN if one is. */
// @ts-ignore: decorator
@inline
export function largest(x: v128): f32 {
  const pairs = f32x4.max(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(pairs, i32x4.shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** e^x, within 2 units in the last place; below e^-87.3 it is 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const inside = f32x4.max(f32x4.min(x, splat(89)), splat(-88)); // NaN stays NaN
  const n = f32x4.nearest(f32x4.mul(inside, splat(1.4426950408889634)));
  const high = madd(n, splat(-0.693359375), inside);
  const r = madd(n, splat(2.12194440e-4), high);
  let p = madd(r, splat(0.001394263), splat(0.008366409));
  p = madd(p, r, splat(0.041666318));
  p = madd(p, r, splat(0.1666654));
  p = madd(p, r, splat(0.5));
  p = madd(f32x4.mul(p, r), r, f32x4.add(r, splat(1)));
  const e = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(e, 1); // 2^e in two factors, as 2^128 is no float
  const result = f32x4.mul(f32x4.mul(p, power2(half)), power2(i32x4.sub(e, half)));
  return v128.bitselect(splat(0), result, f32x4.lt(x, splat(-87.33654)));
}

// @ts-ignore: decorator
@inline
function power2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}


/**
 * The share of a standard normal distribution below x, within 1.2e-7; `bell` is exp(-x^2 / 2). In the middle
 * a polynomial, outside a multiple of the density, which keeps the tails' digits.
 */
// @ts-ignore: decorator
@inline
export function normalShare4(x: v128, bell: v128): v128 {
  const size = f32x4.abs(x);
  const t = f32x4.div(splat(1), madd(size, splat(0.3), splat(1)));
  let p = madd(t, splat(0.035932045), splat(-0.1582772));
  p = madd(p, t, splat(0.20820852));
  p = madd(p, t, splat(-0.055395465));
  p = madd(p, t, splat(0.12946998));
  p = madd(p, t, splat(0.09963728));
  p = madd(p, t, splat(0.12079839));
  p = madd(p, t, splat(0.11962639));
  const tail = f32x4.mul(f32x4.mul(p, t), bell);
  const outer = v128.bitselect(tail, f32x4.sub(splat(1), tail), f32x4.lt(x, splat(0)));
  const scaled = f32x4.mul(x, splat(0.7071067811865476));
  const middle = madd(f32x4.mul(scaled, erfSeries(f32x4.mul(scaled, scaled))), splat(0.5), splat(0.5));
  return v128.bitselect(middle, outer, f32x4.lt(size, splat(1.27)));
}

/** erf(x) / x out of x^2, for |x| below 0.9. */
// @ts-ignore: decorator
@inline
function erfSeries(u: v128): v128 {
  let q = madd(u, splat(8.5131e-5), splat(-0.00081756385));
  q = madd(q, u, splat(0.005203859));
  q = madd(q, u, splat(-0.026860509));
  q = madd(q, u, splat(0.11283715));
  q = madd(q, u, splat(-0.37612635));
  return madd(q, u, splat(1.1283792));
}

/** The error function, within 1.5e-7. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.mul(x, splat(1.4142135623730951));
  const share = normalShare4(z, exp4(f32x4.neg(f32x4.mul(x, x))));
  const far = f32x4.sub(f32x4.add(share, share), splat(1));
  const near = f32x4.mul(x, erfSeries(f32x4.mul(x, x)));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), splat(0.9)));
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
  const signed = v128.bitselect(f32x4.neg(far), far, f32x4.lt(x, splat(0)));
  return v128.bitselect(near, signed, f32x4.lt(size, splat(0.625)));
}

/** The logistic function. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp4(f32x4.neg(x))));
}

/** The natural logarithm of one number, within 1e-7 of its size. */
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
