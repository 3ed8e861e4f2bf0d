/**
 * The parameters of the code that multiplies panels, for AVX2 and for AVX-512, and the registers
 * that hold them.
 */
import { type Assembler, Reg } from "./assembler.ts";

/** Columns of a panel of B: two vectors. */
export const COLUMNS = 16;

/** The place of each parameter, in bytes from the start of the block. */
export const PARAMETER = {
  /** The address of the memory, from which the next three addresses and `bias` count. */
  base: 0,
  /** Panels of A, each `depth` times 6 floats (for AVX-512 12). */
  a: 8,
  /**
   * Panels of B, each `depth` times 16 floats. Numbers of a last panel beyond A or B do not matter.
   */
  b: 16,
  /** The first element of C. */
  c: 24,
  /** Bytes from one row of C to the next. */
  rowBytes: 32,
  /** Rows of C, at least 1. */
  rows: 40,
  /** Columns of C, at least 1. */
  columns: 48,
  /** Products in each sum, at least 1. */
  depth: 56,
  /** What is added to the sums: 0 nothing, 1 the old values of C, 2 (only for AVX-512) `bias`. */
  keep: 64,
  /** 16 words: -1 for each column of the last panel that C has, else 0. */
  mask: 72,
  /** For AVX-512 the same: 16 bits, a 1 for each column of the last panel that C has. */
  lastColumns: 136,
  /** 16 bits, all 1. */
  allColumns: 144,
  /** For AVX-512, with `keep` 2: the address of a row of numbers that is added to all rows of C. */
  bias: 152,
} as const;

/** Bytes of a block of parameters. */
export const PARAMETER_BYTES = 160;

const { rbx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15 } = Reg;

/** The contents of the general registers; rsi is the memory's address. */
export const PANEL_REGISTER = {
  /** The address of the parameters. */
  parameters: r15,
  /** The current panel of B, or the first of two. */
  panelB: r8,
  /** The first row of C, at the first column of that panel. */
  columnC: r9,
  /** Bytes from one row of C to the next. */
  rowBytes: r10,
  /** The columns of C from there on. */
  columnsLeft: r11,
  /** Products in each sum. */
  depth: r12,
  /** Rows of C from the tile on. */
  rowsLeft: r13,
  /** Bytes of a panel of B. */
  bytesOfB: r14,
  /** The current panel of A. */
  panelA: rbx,
  /** The first row of the tile in C. */
  tileC: rbp,
} as const;

/** Loads the parameters that stay in registers; those of a tile are loaded for each panel. */
export function loadPanelParameters(assembler: Assembler): void {
  const { parameters, panelB, columnC, rowBytes, columnsLeft, depth } = PANEL_REGISTER;
  const from = (offset: number) => ({ base: parameters, offset });
  assembler.load(rsi, from(PARAMETER.base));
  assembler.load(panelB, from(PARAMETER.b));
  assembler.add(panelB, rsi);
  assembler.load(columnC, from(PARAMETER.c));
  assembler.add(columnC, rsi);
  assembler.load(rowBytes, from(PARAMETER.rowBytes));
  assembler.load(columnsLeft, from(PARAMETER.columns));
  assembler.load(depth, from(PARAMETER.depth));
}

/** Multiplies a register by a power of two. */
export function multiplyByPower(assembler: Assembler, register: Reg, power: number): void {
  for (let done = 1; done < power; done *= 2) assembler.add(register, register);
}
