/** What computes the products, and how: the names of numbers in the control block. */

/** What can compute products, in the order of the numbers in the control block. */
export const MULTIPLIERS = ["wasm", "library", "avx2", "avx512"] as const;

/** How products are computed, in the order of the numbers in the control block. */
export const ARITHMETICS = ["float32", "rounded", "pairs"] as const;

/**
 * How products are computed: in float32, in float32 from rounded operands, or from pairs of
 * bfloat16.
 */
export type Arithmetic = typeof ARITHMETICS[number];

/** What computes products: the WebAssembly kernels, a native library, or native code of our own. */
export type Multiplier = typeof MULTIPLIERS[number];
