// Rounding to bfloat16, the upper half of a float32, which has 8 instead of 24 bits of precision.

/** Rounds numbers in place, four at a time, also beyond the last one. */
export function roundNumbers(at: usize, count: i32): void {
  for (const end = at + (<usize> count << 2); at < end; at += 16) {
    v128.store(at, round4(v128.load(at)));
  }
}

/**
 * Rounds to the nearest, ties to even, as VCVTNEPS2BF16 does: NaN stays NaN, numbers that are too
 * large become infinite, and those below the least normal number become 0 with the same sign.
 */
// @ts-ignore: decorator
@inline
function round4(x: v128): v128 {
  const upper = bits(4);
  const odd = v128.and(i32x4.shr_u(x, 16), bits(0));
  const nearest = v128.and(i32x4.add(i32x4.add(x, bits(1)), odd), upper);
  const quiet = v128.and(v128.or(x, bits(2)), upper);
  const number = v128.bitselect(quiet, nearest, f32x4.ne(x, x));
  const tiny = f32x4.lt(f32x4.abs(x), bits(3));
  return v128.andnot(number, i32x4.shr_u(tiny, 1)); // all but the sign
}

/** The i-th word of `BITS`, four times. */
// @ts-ignore: decorator
@inline
function bits(i: usize): v128 {
  return v128.load32_splat(BITS + (i << 2));
}

/**
 * 1; half of the lowest kept bit, less 1; the bit of a quiet NaN; 2^-126; the mask of the kept
 * bits.
 */
const BITS = memory.data<u32>([1, 0x7fff, 0x400000, 0x800000, 0xffff0000]);
