/** The panels that `avx512_pack.ts` makes, and the parameters of its code. */

/** The type of a panel's elements. */
export type Operand = "float32" | "pairs";

/** Rows of a panel of A. */
export const WIDE_ROWS = 12;

/** The bytes after the last panel that may be overwritten. */
export const PACK_OVERSHOOT = 64;

/** The place of each parameter, in bytes from the start of the block. */
export const PACK_PARAMETER = {
  /** The address of the memory, from which the next two addresses count. */
  base: 0,
  /** The address of the piece's first number. */
  from: 8,
  /** The address of the panels. */
  to: 16,
  /** Bytes from one row of the operand in memory to the next. */
  stride: 24,
  /** Rows of A or columns of B, at least 1. */
  count: 32,
  /** Steps along the depth, at least 1. */
  depth: 40,
  /** The width of a panel: 12 of A or 16 of B. */
  width: 48,
  /** 1 if the numbers of a row of the operand in memory are steps along the depth. */
  along: 56,
  /** 16 bits: a 1 for each number of a step that the last panel has. */
  lastOfStep: 64,
  /** 16 bits: a 1 for each number of a step of a whole panel. */
  wholeStep: 72,
  /** Two words of 16 bits: a 1 for each step after the last whole block. */
  lastSteps: 80,
  /** Bytes of a panel. */
  bytesOfPanel: 88,
  /** 32 words of 16 bits: the places of each pair's halves in two vectors with one step each. */
  orderOfSteps: 128,
  /** 32 words of 16 bits: their places in two vectors with 16 steps each. */
  orderAlong: 192,
  /** The addresses of up to 16 rows, which the code stores here. */
  rows: 256,
} as const;

/** Bytes of a block of parameters. */
const PACK_PARAMETER_BYTES = 384;

/** A block of parameters with the constant ones set. */
export function packParameters(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(PACK_PARAMETER_BYTES / 4);
  for (let i = 0; i < 16; i++) {
    words[PACK_PARAMETER.orderOfSteps / 4 + i] = i << 16 | 32 + i;
    const first = i < 8 ? 2 * i : 16 + 2 * i; // the second vector's words begin at 32
    words[PACK_PARAMETER.orderAlong / 4 + i] = first << 16 | first + 1;
  }
  return words;
}

/**
 * Sets the parameters that depend on the size of a piece: the width of panels, and masks of their
 * ends.
 */
export function setPackEnds(
  words: Uint32Array,
  { count, depth, width, operand }: {
    readonly count: number;
    readonly depth: number;
    readonly width: number;
    readonly operand: Operand;
  },
): void {
  words[PACK_PARAMETER.count / 4] = count;
  words[PACK_PARAMETER.depth / 4] = depth;
  words[PACK_PARAMETER.width / 4] = width;
  words[PACK_PARAMETER.wholeStep / 4] = 2 ** width - 1;
  words[PACK_PARAMETER.lastOfStep / 4] = 2 ** (count % width || width) - 1;
  const steps = operand === "pairs" ? Math.ceil(depth / 2) : depth;
  words[PACK_PARAMETER.bytesOfPanel / 4] = 4 * width * steps;
  const left = depth % BLOCK[operand];
  words[PACK_PARAMETER.lastSteps / 4] = 2 ** Math.min(left, 16) - 1;
  words[PACK_PARAMETER.lastSteps / 4 + 1] = 2 ** Math.max(left - 16, 0) - 1;
}

/** Steps along the depth that are transposed at once. */
export const BLOCK: Readonly<Record<Operand, number>> = { float32: 16, pairs: 32 };
