/** The native kernels that work on rows of numbers, by number, and their code. */
import { emitOpenWeights, emitWeights, emitWeightsGradient } from "./attention_rows.ts";
import type { Convention } from "./executable_memory.ts";
import { emitBiasGelu } from "./gelu_rows.ts";
import type { Lanes } from "./lane_assembler.ts";
import { emitScaledExps, emitSumOfExps } from "./loss_rows.ts";
import { emitNorm, emitNormGradient } from "./norm_rows.ts";
import { RowCode } from "./row_code.ts";

/** The function that emits each kernel, in the order of the numbers in `simd/kernels/rows.ts`. */
const EMITTERS = {
  weights: emitWeights,
  openWeights: emitOpenWeights,
  weightsGradient: emitWeightsGradient,
  biasGelu: emitBiasGelu,
  norm: emitNorm,
  normGradient: emitNormGradient,
  sumOfExps: emitSumOfExps,
  scaledExps: emitScaledExps,
} as const;

/** The name of a kernel. */
export type RowKernel = keyof typeof EMITTERS;

/** The names of all kernels, by number. */
export const ROW_KERNELS = Object.keys(EMITTERS) as readonly RowKernel[];

/**
 * The machine code of a kernel: a function whose argument is the address of a block of parameters.
 */
export function assembleRows(
  kernel: RowKernel,
  convention: Convention,
  lanes: Lanes,
): Uint8Array<ArrayBuffer> {
  const code = new RowCode(convention, lanes);
  EMITTERS[kernel](code);
  return code.finish(convention);
}
