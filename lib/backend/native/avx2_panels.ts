/**
 * The innermost part of a matrix product as machine code: C = A B or C += A B, where A and B have
 * been copied into panels that fit into the caches. `simd/kernels/gemm.ts` cuts a product into such
 * parts and copies the panels; without native code it also multiplies them.
 *
 * Each element of C is summed over the depth in order, by fused multiply-add from 0, then added to
 * its old value: the same steps as in the WebAssembly kernels with relaxed SIMD, so that the
 * results have the same bits.
 *
 * The tile is the usual one of Goto's algorithm on AVX2: 6 rows by 16 columns, with 12 vectors of
 * sums, two of B and two of A, which are all sixteen.
 * Source: Van Zee & van de Geijn 2015, "BLIS", ACM TOMS 41(3), sections 5 and 6.
 */
import { Assembler, type Label, number, Reg } from "./assembler.ts";
import { beginFunction, endFunction } from "./calling_convention.ts";
import { emitDepthLoop } from "./depth_loop.ts";
import type { Convention } from "./executable_memory.ts";
import {
  COLUMNS,
  loadPanelParameters,
  multiplyByPower,
  PANEL_REGISTER,
  PARAMETER,
} from "./panel_parameters.ts";

/** Rows of a panel of A. */
export const ROWS = 6;

const { rax, rcx, rdx, rsi } = Reg;
const { parameters, panelB, columnC, rowBytes, columnsLeft } = PANEL_REGISTER;
const { depth, rowsLeft, bytesOfB, panelA, tileC } = PANEL_REGISTER;

/** The vector of a sum: 4 to 15, two for each row. */
const sum = (row: number, half: number) => 4 + 2 * row + half;
const MASK = [2, 3] as const;

/** The machine code of a function whose argument is the address of a block of parameters. */
export function assemblePanels(convention: Convention): Uint8Array<ArrayBuffer> {
  const assembler = new Assembler();
  beginFunction(assembler, convention, parameters);
  loadPanelParameters(assembler);
  assembler.move(bytesOfB, depth);
  multiplyByPower(assembler, bytesOfB, 4 * COLUMNS);
  const nextPanelB = assembler.label();
  assembler.place(nextPanelB);
  assembler.load(panelA, { base: parameters, offset: PARAMETER.a });
  assembler.add(panelA, rsi);
  assembler.move(tileC, columnC);
  assembler.load(rowsLeft, { base: parameters, offset: PARAMETER.rows });
  emitTiles(assembler);
  assembler.add(panelB, bytesOfB);
  assembler.add(columnC, number(4 * COLUMNS));
  assembler.subtract(columnsLeft, number(COLUMNS));
  assembler.jump(nextPanelB, "above");
  return endFunction(assembler, convention);
}

/**
 * Computes all tiles of one panel of B. Counts are unsigned, so a loop ends when the rest is less
 * than a tile, or 0 after a subtraction.
 */
function emitTiles(assembler: Assembler): void {
  const next = assembler.label();
  const finished = assembler.label();
  const border = assembler.label();
  const advance = assembler.label();
  assembler.place(next);
  prefetchTile(assembler);
  emitSums(assembler);
  assembler.compare(columnsLeft, number(COLUMNS));
  assembler.jump(border, "below");
  emitResults(assembler, false, advance);
  assembler.place(border);
  MASK.forEach((mask, half) => {
    assembler.loadVector(mask, { base: parameters, offset: PARAMETER.mask + 32 * half });
  });
  emitResults(assembler, true, advance);
  assembler.place(advance);
  assembler.move(panelA, rax); // the end of the panel, where the sums have stopped reading
  assembler.loadAddress(rcx, { base: rowBytes, index: rowBytes, scale: 2 });
  assembler.loadAddress(tileC, { base: tileC, index: rcx, scale: 2 });
  assembler.compare(rowsLeft, number(ROWS));
  assembler.jump(finished, "below");
  assembler.subtract(rowsLeft, number(ROWS));
  assembler.jump(next, "notEqual");
  assembler.place(finished);
}

/** Prefetches a tile of C, which is read or written after the sums. */
function prefetchTile(assembler: Assembler): void {
  assembler.move(rdx, tileC);
  for (let row = 0; row < ROWS; row++) {
    assembler.prefetch({ base: rdx });
    assembler.prefetch({ base: rdx, offset: 4 * COLUMNS - 4 });
    if (row < ROWS - 1) assembler.add(rdx, rowBytes);
  }
}

/** Computes the 6 by 16 sums over the depth. */
function emitSums(assembler: Assembler): void {
  for (let row = 0; row < ROWS; row++) {
    for (let half = 0; half < 2; half++) assembler.clearVector(sum(row, half));
  }
  emitDepthLoop(assembler, ROWS, (step) => emitStep(assembler, step));
}

/** One step along the depth: 6 values of A, each times 16 of B. */
function emitStep(assembler: Assembler, step: number): void {
  for (let half = 0; half < 2; half++) {
    assembler.loadVector(half, { base: rdx, offset: 4 * COLUMNS * step + 32 * half });
  }
  for (let row = 0; row < ROWS; row++) {
    const value = 2 + row % 2;
    assembler.broadcast(value, { base: rax, offset: 4 * (ROWS * step + row) });
    for (let half = 0; half < 2; half++) assembler.multiplyAdd(sum(row, half), value, half);
  }
}

/** Stores the sums in the rows that C has, or adds them, and jumps to `done`. */
function emitResults(assembler: Assembler, masked: boolean, done: Label): void {
  const plain = assembler.label();
  assembler.load(rcx, { base: parameters, offset: PARAMETER.keep });
  assembler.move(rdx, tileC);
  assembler.compare(rcx, number(0));
  assembler.jump(plain, "equal");
  emitRows(assembler, masked, true, done);
  assembler.place(plain);
  emitRows(assembler, masked, false, done);
}

/** Stores the sums row by row; `keep` adds C's old values, `masked` leaves out columns. */
function emitRows(assembler: Assembler, masked: boolean, keep: boolean, done: Label): void {
  for (let row = 0; row < ROWS; row++) {
    for (let half = 0; half < 2; half++) {
      const to = { base: rdx, offset: 32 * half };
      const from = sum(row, half);
      if (keep && masked) {
        assembler.loadMasked(half, MASK[half], to);
        assembler.addVectors(from, half, from);
      } else if (keep) assembler.addFrom(from, from, to);
      if (masked) assembler.storeMasked(to, MASK[half], from);
      else assembler.storeVector(to, from);
    }
    if (row === ROWS - 1) continue;
    assembler.compare(rowsLeft, number(row + 2));
    assembler.jump(done, "below");
    assembler.add(rdx, rowBytes);
  }
  assembler.jump(done);
}
