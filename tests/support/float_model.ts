/** Exact but slow arithmetic of float32 and bfloat16 in JavaScript, with which machine code is compared. */

const wide = new Float64Array(1);
const wideBits = new BigInt64Array(wide.buffer);
const narrow = new Float32Array(1);
const narrowBits = new Uint32Array(narrow.buffer);

/**
 * Computes `a * b + c` of three float32 numbers with one rounding. The product is exact in double
 * precision. The sum is rounded to odd there, so that rounding it again to float32 gives the same as
 * a single rounding.
 *
 * Source: Boldo & Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using
 * rounding to odd".
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  if (!Number.isFinite(sum)) return Math.fround(sum);
  const part = sum - product;
  const error = (product - (sum - part)) + (c - part); // exact: Knuth's sum of two
  if (error === 0) return Math.fround(sum);
  wide[0] = sum;
  const isEven = (wideBits[0] & 1n) === 0n;
  if (isEven) wideBits[0] += (error > 0) === (sum > 0) ? 1n : -1n; // towards the exact sum
  return Math.fround(wide[0]);
}

/** Rounds to the nearest bfloat16, ties to even. A number with an absolute value below 2^-126 becomes 0. */
export function roundToHalf(value: number): number {
  if (Number.isNaN(value)) return NaN;
  if (Math.abs(value) < 2 ** -126) return value < 0 || Object.is(value, -0) ? -0 : 0;
  narrow[0] = value;
  const even = narrowBits[0] >>> 16 & 1;
  const [isInfinite, sign] = [!Number.isFinite(value), Math.sign(value)];
  if (isInfinite) return sign * Infinity;
  narrowBits[0] = narrowBits[0] + 0x7fff + even & 0xffff0000;
  return narrow[0];
}
