// Rounding to bfloat16: the upper half of a float32, 8 bits of precision where that has 24.

/** Rounds numbers in place; works on four at a time, past the end. */
export function roundNumbers(at: usize, count: i32): void {
  for (const end = at + (<usize> count << 2); at < end; at += 16) {
    v128.store(at, round4(v128.load(at)));
  }
}

/**
 * To the nearest, of two as near to the even one, as VCVTNEPS2BF16 does: NaN stays NaN, what is too
 * large becomes infinite, and what is below the least normal number becomes 0 of the same sign.
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

// @ts-ignore: decorator
@inline
function bits(i: usize): v128 {
  return v128.load32_splat(BITS + (i << 2));
}

/** 1; just below a half of the last bit that stays; a quiet NaN's bit; 2^-126; the bits that stay. */
const BITS = memory.data<u32>([1, 0x7fff, 0x400000, 0x800000, 0xffff0000]);
