/** Who computes the products, and how: names of what the control block has numbers for. */

/** Who computes the products, in the order of the numbers that the kernels know. */
export const MULTIPLIERS = ["wasm", "library", "avx2", "avx512"] as const;

/** How they are computed, in the order of the numbers that the kernels know. */
export const ARITHMETICS = ["float32", "rounded", "pairs"] as const;

/** How products are computed: in float32, the same on rounded operands, or on pairs of bfloat16. */
export type Arithmetic = typeof ARITHMETICS[number];

/** Who computes the products: these kernels alone, a native library, or native code of our own for one of two kinds of processors. */
export type Multiplier = typeof MULTIPLIERS[number];
