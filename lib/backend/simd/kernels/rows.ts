// Native code for rows of numbers, where the machine has it; it does what the kernels beside this file
// do, bit for bit. The length of a row has to be a multiple of 16, and at most 1024 where the numbers of
// a row are added up.

const ROWS: usize = 412; // 1 where there is native code for rows

/** The kernels, by the numbers that `native/row_kernels.ts` gives them. */
export const WEIGHTS: i32 = 0;
export const OPEN_WEIGHTS: i32 = 1;
export const WEIGHTS_GRADIENT: i32 = 2;
export const BIAS_GELU: i32 = 3;
export const NORM: i32 = 4;
export const NORM_GRADIENT: i32 = 5;
export const SUM_OF_EXPS: i32 = 6;
export const SCALED_EXPS: i32 = 7;

/** The longest row that native code adds up: from there on the kernels add up in parts. */
const LONGEST: i32 = 1024;

// A kernel's number and its parameters; floats as their bits.
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

/** Whether there is any that adds up rows of n numbers. */
// @ts-ignore: decorator
@inline
export function hasSummedRows(n: i32): bool {
  return hasRows(n) && n <= LONGEST;
}

/** How many of n numbers, from the first on, native code takes: a multiple of `unit`, a power of 2. */
// @ts-ignore: decorator
@inline
export function countOfRows(n: i32, unit: i32): i32 {
  return load<i32>(ROWS) != 0 ? n & -unit : 0;
}

/** A float as a parameter. */
// @ts-ignore: decorator
@inline
export function bits(x: f32): i32 {
  return reinterpret<i32>(x);
}
