/**
 * The innermost part of a matrix product for AVX-512: the same as `avx2_panels.ts` with the same
 * parameters, but with tiles of 12 rows and 32 columns in 32 registers of 512 bits. 24 of them hold
 * sums, two hold B, and four hold A by turns. A tile takes one panel of A, or its first half for
 * the last rows, and two neighbouring panels of B, or the last one alone. `avx512_pack.ts` makes
 * the panels.
 *
 * It multiplies float32 or pairs of bfloat16, which are as wide as a float: one instruction then
 * computes two products. In both cases each element of C is summed over the depth in order, with
 * one rounding for each product.
 */
import { type Label, number, Reg } from "./assembler.ts";
import { beginFunction, endFunction } from "./calling_convention.ts";
import { emitDepthLoop } from "./depth_loop.ts";
import type { Convention } from "./executable_memory.ts";
import { type Operand, WIDE_ROWS } from "./pack_parameters.ts";
import {
  COLUMNS,
  loadPanelParameters,
  multiplyByPower,
  PANEL_REGISTER,
  PARAMETER,
} from "./panel_parameters.ts";
import { type Mask, WideAssembler } from "./avx512_assembler.ts";

/** The rows of a tile, and the panels of B that it takes. */
interface Tile {
  readonly rows: number;
  readonly across: 1 | 2;
}

const HALF = WIDE_ROWS / 2;

const { rax, rcx, rdx, rsi, rdi } = Reg;
const { parameters, panelB, columnC, rowBytes, columnsLeft } = PANEL_REGISTER;
const { depth, rowsLeft, bytesOfB, panelA, tileC } = PANEL_REGISTER;
const bytesOfA = rdi; // of a panel

/** The vector of a sum: 8 to 31, two for each row. */
const sum = (row: number, half: number) => 8 + 2 * row + half;
const value = (row: number) => 2 + row % 4;

/** The mask of the columns that the last panel of a tile has. */
const LAST: Mask = 1;

/** The machine code of a function of a block of parameters, whose depth counts floats or pairs. */
export function assembleWidePanels(
  convention: Convention,
  operand: Operand,
): Uint8Array<ArrayBuffer> {
  const assembler = new WideAssembler();
  beginFunction(assembler, convention, parameters);
  loadPanelParameters(assembler);
  assembler.loadAddress(bytesOfA, { base: depth, index: depth, scale: 2 }); // 3 depth
  multiplyByPower(assembler, bytesOfA, 4 * WIDE_ROWS / 3);
  assembler.move(bytesOfB, depth);
  multiplyByPower(assembler, bytesOfB, 4 * COLUMNS);
  const [next, single, finished] = [0, 1, 2].map(() => assembler.label());
  assembler.place(next);
  assembler.compare(columnsLeft, number(COLUMNS + 1));
  assembler.jump(single, "below");
  emitColumns(assembler, operand, 2, next, finished);
  assembler.place(single);
  emitColumns(assembler, operand, 1, next, finished);
  assembler.place(finished);
  return endFunction(assembler, convention);
}

/** Computes all tiles of one or two panels of B; jumps to `next` if C has more columns. */
function emitColumns(
  assembler: WideAssembler,
  operand: Operand,
  across: 1 | 2,
  next: Label,
  finished: Label,
): void {
  const mask = { full: PARAMETER.allColumns, last: PARAMETER.lastColumns };
  const [whole, masked, tile, single, advance] = [0, 1, 2, 3, 4].map(() => assembler.label());
  assembler.compare(columnsLeft, number(across * COLUMNS));
  assembler.jump(whole, "aboveOrEqual");
  assembler.loadMask(LAST, { base: parameters, offset: mask.last });
  assembler.jump(masked);
  assembler.place(whole);
  assembler.loadMask(LAST, { base: parameters, offset: mask.full });
  assembler.place(masked);
  assembler.load(panelA, { base: parameters, offset: PARAMETER.a });
  assembler.add(panelA, rsi);
  assembler.move(tileC, columnC);
  assembler.load(rowsLeft, { base: parameters, offset: PARAMETER.rows });
  assembler.place(tile);
  assembler.compare(rowsLeft, number(HALF + 1));
  assembler.jump(single, "below");
  emitTile(assembler, operand, { rows: WIDE_ROWS, across });
  assembler.compare(rowsLeft, number(WIDE_ROWS + 1));
  assembler.jump(advance, "below");
  assembler.subtract(rowsLeft, number(WIDE_ROWS));
  assembler.jump(tile);
  assembler.place(single);
  emitTile(assembler, operand, { rows: HALF, across });
  assembler.place(advance);
  assembler.compare(columnsLeft, number(across * COLUMNS + 1));
  assembler.jump(finished, "below");
  assembler.subtract(columnsLeft, number(across * COLUMNS));
  for (let i = 0; i < across; i++) assembler.add(panelB, bytesOfB);
  assembler.add(columnC, number(4 * COLUMNS * across));
  assembler.jump(next);
}

/** Computes one tile, stores it in C, and moves on to the next tile below. */
function emitTile(assembler: WideAssembler, operand: Operand, tile: Tile): void {
  prefetchTile(assembler, tile);
  emitSums(assembler, operand, tile);
  const [plain, done] = [assembler.label(), assembler.label()];
  assembler.load(rcx, { base: parameters, offset: PARAMETER.keep });
  assembler.move(rdx, tileC);
  assembler.compare(rcx, number(0));
  assembler.jump(plain, "equal");
  emitPlaceOfAddends(assembler);
  emitRows(assembler, tile, true, done);
  assembler.place(plain);
  emitRows(assembler, tile, false, done);
  assembler.place(done);
  assembler.add(panelA, bytesOfA);
  assembler.loadAddress(rcx, { base: rowBytes, index: rowBytes, scale: 2 }); // 3 rows
  assembler.loadAddress(tileC, { base: tileC, index: rcx, scale: 4 });
}

/**
 * Sets rax to the address of the numbers that are added to the first row, and rcx to the bytes from
 * there to those of the next row: C itself, or the bias, which is the same for all rows.
 */
function emitPlaceOfAddends(assembler: WideAssembler): void {
  const [bias, found] = [assembler.label(), assembler.label()];
  assembler.compare(rcx, number(1));
  assembler.jump(bias, "notEqual");
  assembler.move(rax, tileC);
  assembler.move(rcx, rowBytes);
  assembler.jump(found);
  assembler.place(bias);
  assembler.load(rax, { base: parameters, offset: PARAMETER.bias });
  assembler.load(rcx, { base: parameters, offset: PARAMETER.c });
  assembler.add(rax, columnC);
  assembler.subtract(rax, rcx); // the bias plus the distance of the columns from the start of C
  assembler.subtract(rcx, rcx);
  assembler.place(found);
}

/** Prefetches a tile of C, which is read or written after the sums. */
function prefetchTile(assembler: WideAssembler, { rows, across }: Tile): void {
  assembler.move(rdx, tileC);
  for (let row = 0; row < rows; row++) {
    for (let half = 0; half < across; half++) assembler.prefetch({ base: rdx, offset: 64 * half });
    assembler.add(rdx, rowBytes);
  }
}

/** Computes the sums of a tile over the depth. */
function emitSums(assembler: WideAssembler, operand: Operand, tile: Tile): void {
  for (let row = 0; row < tile.rows; row++) {
    for (let half = 0; half < tile.across; half++) assembler.clearWide(sum(row, half));
  }
  emitDepthLoop(assembler, WIDE_ROWS, (step) => emitStep(assembler, operand, tile, step));
}

/** One step along the depth: 6 or 12 values of A, each times 16 or 32 of B. */
function emitStep(
  assembler: WideAssembler,
  operand: Operand,
  { rows, across }: Tile,
  step: number,
): void {
  for (let half = 0; half < across; half++) {
    const index = half === 0 ? undefined : bytesOfB;
    assembler.loadWide(half, { base: rdx, index, offset: 4 * COLUMNS * step });
  }
  for (let row = 0; row < rows; row++) {
    assembler.broadcastWide(value(row), { base: rax, offset: 4 * (WIDE_ROWS * step + row) });
    for (let half = 0; half < across; half++) {
      if (operand === "pairs") assembler.multiplyAddPairs(sum(row, half), value(row), half);
      else assembler.multiplyAddWide(sum(row, half), value(row), half);
    }
  }
}

/** Stores the rows that C has, with `keep` after adding the numbers at rax, and jumps to `done`. */
function emitRows(assembler: WideAssembler, tile: Tile, keep: boolean, done: Label): void {
  const { rows, across } = tile;
  for (let row = 0; row < rows; row++) {
    for (let half = 0; half < across; half++) {
      const to = { base: rdx, offset: 64 * half };
      const mask = half === across - 1 ? LAST : 0;
      const from = sum(row, half);
      if (keep) {
        assembler.loadWide(half, { base: rax, offset: 64 * half }, mask);
        assembler.addWide(from, half, from);
      }
      assembler.storeWide(to, from, mask);
    }
    if (row === rows - 1) continue;
    assembler.compare(rowsLeft, number(row + 2));
    assembler.jump(done, "below");
    assembler.add(rdx, rowBytes);
    if (keep) assembler.add(rax, rcx);
  }
  assembler.jump(done);
}
