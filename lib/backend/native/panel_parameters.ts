/**
 * What the code that multiplies panels is given, for AVX2 and for AVX-512: its parameters, and the
 * registers that they are held in.
 */
import { type Assembler, Reg } from "./assembler.ts";

/** Columns of a panel of B: two vectors. */
export const COLUMNS = 16;

/** Where each parameter lies, in bytes from the start of the block that the code is given. */
export const PARAMETER = {
  /** Address of the memory that the next three count from. */
  base: 0,
  /** Panels of A, each `depth` times 6 floats (for AVX-512 12). */
  a: 8,
  /** Panels of B, each `depth` times 16 floats. What a last panel has beyond A or B does not matter. */
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
  /** 1 if what C holds is added to the sums, 0 if nothing is; for AVX-512 also 2, if `bias` is. */
  keep: 64,
  /** 16 words: -1 for each column of the last panel that C has, else 0. */
  mask: 72,
  /** For AVX-512 the same: 16 bits, a 1 for each column of the last panel that C has. */
  lastColumns: 136,
  /** 16 bits, all 1. */
  allColumns: 144,
  /** For AVX-512, with `keep` 2: the first number of a row that is added to all rows of C. */
  bias: 152,
} as const;

/** Bytes of a block of parameters. */
export const PARAMETER_BYTES = 160;

const { rbx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15 } = Reg;

/** What the general registers hold throughout; rsi is the memory's base. */
export const PANEL_REGISTER = {
  /** The address of the parameters. */
  parameters: r15,
  /** The panel of B under way, or the first one of several. */
  panelB: r8,
  /** The first row of C, at the first column of that panel. */
  columnC: r9,
  /** Bytes from one row of C to the next. */
  rowBytes: r10,
  /** Columns of C from there on. */
  columnsLeft: r11,
  /** Products in each sum. */
  depth: r12,
  /** Rows of C from the tile on. */
  rowsLeft: r13,
  /** Bytes of a panel of B. */
  bytesOfB: r14,
  /** The place in the panel of A. */
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
