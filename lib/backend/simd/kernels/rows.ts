// Calls of native code for rows of numbers, if there is any. It gives the same bits as the kernels
// in this folder. The length of a row has to be a multiple of 16, and at most 1024 if its numbers
// are summed.

const ROWS: usize = 412; // 1 if there is native code for rows

/** The kernels, by the numbers that `native/row_kernels.ts` gives them. */
export const WEIGHTS: i32 = 0;
export const OPEN_WEIGHTS: i32 = 1;
export const WEIGHTS_GRADIENT: i32 = 2;
export const BIAS_GELU: i32 = 3;
export const NORM: i32 = 4;
export const NORM_GRADIENT: i32 = 5;
export const SUM_OF_EXPS: i32 = 6;
export const SCALED_EXPS: i32 = 7;

/** The longest row that native code sums, as the kernels sum longer rows in parts. */
const LONGEST: i32 = 1024;

// Calls native code by its number. Parameters that are floats are given as their bits.
// @ts-ignore: decorator
@external("env", "rows")
export declare function nativeRows(
  kernel: i32, p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: i32, p6: i32, p7: i32,
  p8: i32, p9: i32, p10: i32, p11: i32, p12: i32, p13: i32, p14: i32,
): void;

/** Whether there is native code for rows of n numbers. */
// @ts-ignore: decorator
@inline
export function hasRows(n: i32): bool {
  return load<i32>(ROWS) != 0 && n > 0 && (n & 15) == 0;
}

/** Whether there is native code that sums rows of n numbers. */
// @ts-ignore: decorator
@inline
export function hasSummedRows(n: i32): bool {
  return hasRows(n) && n <= LONGEST;
}

/**
 * How many of n numbers, from the first on, native code computes: a multiple of `unit`, a power of
 * 2.
 */
// @ts-ignore: decorator
@inline
export function countOfRows(n: i32, unit: i32): i32 {
  return load<i32>(ROWS) != 0 ? n & -unit : 0;
}

/** The bits of a float, as a parameter. */
// @ts-ignore: decorator
@inline
export function bits(x: f32): i32 {
  return reinterpret<i32>(x);
}
