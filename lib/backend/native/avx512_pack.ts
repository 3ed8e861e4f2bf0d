/**
 * Copies pieces of a product's operands into the panels that `avx512_panels.ts` multiplies. A panel
 * has 12 rows of A or 16 columns of B: for each step along the depth, their values side by side.
 * Vectors of 512 bits copy them. If a row in memory is a step, it is copied as it is; if it runs
 * along the depth, 16 steps at a time are transposed in registers.
 *
 * For AVX512_BF16 the numbers are rounded and two steps become one step of pairs. The first of them
 * is in the upper half, as the instruction that multiplies pairs adds that product first. After an
 * odd depth, the lower half of the last pair is 0.
 *
 * In rows or columns that the operand does not have, the last panel has arbitrary values, which no
 * stored sum depends on. Nothing beyond the operand is read. Up to `PACK_OVERSHOOT` bytes after the
 * last panel are overwritten.
 */
import { type Address, type Label, number, Reg } from "./assembler.ts";
import { beginFunction, endFunction } from "./calling_convention.ts";
import type { Convention } from "./executable_memory.ts";
import { BLOCK, type Operand, PACK_PARAMETER, WIDE_ROWS } from "./pack_parameters.ts";
import { COLUMNS } from "./panel_parameters.ts";
import { type Mask, WideAssembler } from "./avx512_assembler.ts";

const { rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 } = Reg;

// The contents of the general registers.
const parameters = r15;
const from = rbx; // the panel's first number
const to = rbp; // the next place in the current panel
const stride = r8;
const countLeft = r9;
const depth = r10; // of the panels, or of a block of their steps
const stepsLeft = rcx;
const bytesOfPanel = r13;
const bytesOf3Panels = r14;

/**
 * The steps that are copied into all panels before the next ones, if rows in memory are steps;
 * even.
 */
const STEPS_AT_ONCE = 16;

// The contents of other registers where rows in memory are steps.
const bytesOfRows = rax; // of STEPS_AT_ONCE
const firstOfBlock = r11; // the first number of these steps
const panelsOfBlock = r12; // their place in the first panel
const depthLeft = rdi;
const firstTo = rsi; // their place in the first of the current panels

/** Vectors 0 to 15 hold rows, then steps; these are the others. */
const ZERO = 30;
const ORDER = 31;
const SECOND = 29;
const SPARE = [16, 17, 18, 19] as const;

/** Masks of the numbers of a step: in a whole panel, and in the last one. */
const WHOLE: Mask = 1;
const LAST: Mask = 4;
/** Masks of the steps of a last block: the first 16 and the second 16. */
const STEPS: readonly [Mask, Mask] = [2, 3];

/** The machine code of a function whose argument is the address of a block of parameters. */
export function assembleWidePack(
  convention: Convention,
  operand: Operand,
): Uint8Array<ArrayBuffer> {
  const assembler = new WideAssembler();
  beginFunction(assembler, convention, parameters);
  const parameter = (offset: number) => ({ base: parameters, offset });
  assembler.load(rsi, parameter(PACK_PARAMETER.base));
  assembler.load(from, parameter(PACK_PARAMETER.from));
  assembler.add(from, rsi);
  assembler.load(to, parameter(PACK_PARAMETER.to));
  assembler.add(to, rsi);
  assembler.load(stride, parameter(PACK_PARAMETER.stride));
  assembler.load(countLeft, parameter(PACK_PARAMETER.count));
  assembler.load(depth, parameter(PACK_PARAMETER.depth));
  assembler.load(bytesOfPanel, parameter(PACK_PARAMETER.bytesOfPanel));
  assembler.loadAddress(bytesOf3Panels, { base: bytesOfPanel, index: bytesOfPanel, scale: 2 });
  assembler.clearWide(ZERO);
  assembler.load(r11, parameter(PACK_PARAMETER.along));
  assembler.load(r12, parameter(PACK_PARAMETER.width));
  const [panelsOfA, along, alongA, done] = [0, 1, 2, 3].map(() => assembler.label());
  assembler.compare(r11, number(0));
  assembler.jump(along, "notEqual");
  assembler.loadWide(ORDER, parameter(PACK_PARAMETER.orderOfSteps));
  assembler.compare(r12, number(COLUMNS));
  assembler.jump(panelsOfA, "notEqual");
  emitCopies(assembler, operand, COLUMNS, done);
  assembler.place(panelsOfA);
  emitCopies(assembler, operand, WIDE_ROWS, done);
  assembler.place(along);
  assembler.loadWide(ORDER, parameter(PACK_PARAMETER.orderAlong));
  STEPS.forEach((mask, i) => {
    assembler.loadMask(mask, parameter(PACK_PARAMETER.lastSteps + 4 * i));
  });
  assembler.compare(r12, number(COLUMNS));
  assembler.jump(alongA, "notEqual");
  emitTranspositions(assembler, operand, COLUMNS, done);
  assembler.place(alongA);
  emitTranspositions(assembler, operand, WIDE_ROWS, done);
  assembler.place(done);
  return endFunction(assembler, convention);
}

/**
 * Copies all panels of an operand whose rows in memory are steps: some steps into all panels, then
 * the next steps, so that rows are read in long pieces, which the processor prefetches.
 */
function emitCopies(assembler: WideAssembler, operand: Operand, width: number, done: Label): void {
  const [block, cut, next] = [0, 1, 2].map(() => assembler.label());
  assembler.loadMask(WHOLE, { base: parameters, offset: PACK_PARAMETER.wholeStep });
  assembler.move(bytesOfRows, stride);
  for (let rows = 1; rows < STEPS_AT_ONCE; rows *= 2) assembler.add(bytesOfRows, bytesOfRows);
  assembler.move(firstOfBlock, from);
  assembler.move(panelsOfBlock, to);
  assembler.move(depthLeft, depth);
  assembler.place(block);
  assembler.move(from, firstOfBlock);
  assembler.move(to, panelsOfBlock);
  assembler.load(countLeft, { base: parameters, offset: PACK_PARAMETER.count });
  assembler.move(depth, depthLeft);
  assembler.compare(depthLeft, number(STEPS_AT_ONCE + 1));
  assembler.jump(cut, "below");
  assembler.subtract(depth, depth);
  assembler.add(depth, number(STEPS_AT_ONCE));
  assembler.place(cut);
  emitAcross(assembler, operand, width, next);
  assembler.place(next);
  assembler.compare(depthLeft, number(STEPS_AT_ONCE + 1));
  assembler.jump(done, "below");
  assembler.subtract(depthLeft, number(STEPS_AT_ONCE));
  assembler.add(firstOfBlock, bytesOfRows);
  assembler.add(panelsOfBlock, number(STEPS_AT_ONCE * 4 * width / (operand === "pairs" ? 2 : 1)));
  assembler.jump(block);
}

/** Copies the steps of a block into all panels: four panels at a time, then one at a time. */
function emitAcross(assembler: WideAssembler, operand: Operand, width: number, done: Label): void {
  const [four, single, whole] = [0, 1, 2].map(() => assembler.label());
  assembler.place(four);
  assembler.compare(countLeft, number(4 * width));
  assembler.jump(single, "below");
  emitPanels(assembler, { operand, width, panels: 4, mask: WHOLE });
  assembler.subtract(countLeft, number(4 * width));
  assembler.jump(done, "equal");
  assembler.jump(four);
  assembler.place(single);
  assembler.compare(countLeft, number(width));
  assembler.jump(whole, "aboveOrEqual");
  assembler.loadMask(LAST, { base: parameters, offset: PACK_PARAMETER.lastOfStep });
  emitPanels(assembler, { operand, width, panels: 1, mask: LAST });
  assembler.jump(done);
  assembler.place(whole);
  emitPanels(assembler, { operand, width, panels: 1, mask: WHOLE });
  assembler.subtract(countLeft, number(width));
  assembler.jump(done, "equal");
  assembler.jump(single);
}

/** Panels that are copied together. */
interface Copies {
  readonly operand: Operand;
  readonly width: number;
  readonly panels: 1 | 4;
  /** The mask of the numbers of a step that they have. */
  readonly mask: Mask;
}

/** Copies the steps of a block into one panel, or into four neighbouring ones. */
function emitPanels(assembler: WideAssembler, copies: Copies): void {
  const { operand, width, panels } = copies;
  assembler.move(rdx, from);
  assembler.move(stepsLeft, depth);
  assembler.move(firstTo, to);
  if (operand === "pairs") emitPairsOfSteps(assembler, copies);
  else emitSteps(assembler, copies);
  assembler.add(from, number(4 * width * panels));
  assembler.loadAddress(to, { base: firstTo, index: bytesOfPanel, scale: panels });
}

/** The next place in each of the panels. */
const PANEL: readonly Address[] = [
  { base: to },
  { base: to, index: bytesOfPanel },
  { base: to, index: bytesOfPanel, scale: 2 },
  { base: to, index: bytesOf3Panels },
];

/** Copies one step after the other. */
function emitSteps(assembler: WideAssembler, { width, panels, mask }: Copies): void {
  const step = assembler.label();
  assembler.place(step);
  for (let i = 0; i < panels; i++) {
    assembler.loadWide(i, { base: rdx, offset: 4 * width * i }, mask);
    assembler.storeWide(PANEL[i], i, WHOLE);
  }
  assembler.add(rdx, stride);
  assembler.add(to, number(4 * width));
  assembler.subtract(stepsLeft, number(1));
  assembler.jump(step, "notEqual");
}

/** Copies two steps at a time as one step of pairs. */
function emitPairsOfSteps(assembler: WideAssembler, copies: Copies): void {
  const [pair, last, end] = [0, 1, 2].map(() => assembler.label());
  assembler.compare(stepsLeft, number(2));
  assembler.jump(last, "below");
  assembler.place(pair);
  emitPairOfSteps(assembler, copies, 2);
  assembler.loadAddress(rdx, { base: rdx, index: stride, scale: 2 });
  assembler.subtract(stepsLeft, number(2));
  assembler.compare(stepsLeft, number(2));
  assembler.jump(pair, "aboveOrEqual");
  assembler.place(last);
  assembler.compare(stepsLeft, number(0));
  assembler.jump(end, "equal");
  emitPairOfSteps(assembler, copies, 1);
  assembler.place(end);
}

/** Makes one step of pairs from two steps, or from one step and zeros. */
function emitPairOfSteps(
  assembler: WideAssembler,
  { width, panels, mask }: Copies,
  steps: 1 | 2,
): void {
  for (let i = 0; i < panels; i++) {
    const [first, second] = [2 * i, 2 * i + 1];
    const offset = 4 * width * i;
    assembler.loadWide(first, { base: rdx, offset }, mask);
    assembler.roundToHalves(first, first);
    if (steps === 2) {
      assembler.loadWide(second, { base: rdx, index: stride, offset }, mask);
      assembler.roundToHalves(second, second);
    }
    assembler.permuteWords(first, ORDER, steps === 2 ? second : ZERO);
    assembler.storeWide(PANEL[i], first, WHOLE);
  }
  assembler.add(to, number(4 * width));
}

/** Jumps to `done` after the last panel, else counts the panel. */
function leaveOrCount(assembler: WideAssembler, width: number, done: Label): void {
  assembler.compare(countLeft, number(width + 1));
  assembler.jump(done, "below");
  assembler.subtract(countLeft, number(width));
}

/** Copies all panels of an operand whose rows in memory run along the depth. */
function emitTranspositions(
  assembler: WideAssembler,
  operand: Operand,
  width: number,
  done: Label,
): void {
  const [panel, block, last, end] = [0, 1, 2, 3].map(() => assembler.label());
  assembler.place(panel);
  emitRowAddresses(assembler, width);
  assembler.move(stepsLeft, depth);
  assembler.subtract(rdx, rdx);
  assembler.place(block);
  assembler.compare(stepsLeft, number(BLOCK[operand]));
  assembler.jump(last, "below");
  emitBlock(assembler, operand, width);
  assembler.subtract(stepsLeft, number(BLOCK[operand]));
  assembler.jump(block);
  assembler.place(last);
  assembler.compare(stepsLeft, number(0));
  assembler.jump(end, "equal");
  emitBlock(assembler, operand, width, end);
  assembler.place(end);
  leaveOrCount(assembler, width, done);
  assembler.jump(panel);
}

/**
 * Stores the addresses of a panel's rows. Rows that the operand does not have get that of its last
 * row.
 */
function emitRowAddresses(assembler: WideAssembler, width: number): void {
  assembler.move(rax, from);
  for (let row = 0; row < width; row++) {
    assembler.store({ base: parameters, offset: PACK_PARAMETER.rows + 8 * row }, rax);
    if (row === width - 1) continue;
    const missing = assembler.label();
    assembler.compare(countLeft, number(row + 2));
    assembler.jump(missing, "below");
    assembler.add(rax, stride);
    assembler.place(missing);
  }
  assembler.loadAddress(from, { base: rax, index: stride });
}

/**
 * Copies a block of steps of all rows of a panel. With `end`, it is a last, shorter block, which
 * jumps there when it has stored its steps.
 */
function emitBlock(assembler: WideAssembler, operand: Operand, width: number, end?: Label): void {
  for (let row = 0; row < width; row++) {
    const mask = (half: 0 | 1) => end === undefined ? 0 : STEPS[half];
    assembler.load(rax, { base: parameters, offset: PACK_PARAMETER.rows + 8 * row });
    assembler.loadWide(row, { base: rax, index: rdx }, mask(0));
    if (operand === "float32") continue;
    assembler.loadWide(SECOND, { base: rax, index: rdx, offset: 64 }, mask(1));
    assembler.roundToHalves(row, row);
    assembler.roundToHalves(SECOND, SECOND);
    assembler.permuteWords(row, ORDER, SECOND);
  }
  emitTransposition(assembler, width);
  for (let step = 0; step < 16; step++) {
    assembler.storeWide({ base: to, offset: end === undefined ? 4 * width * step : 0 }, step);
    if (end === undefined) continue;
    assembler.add(to, number(4 * width));
    if (step === 15) continue;
    const steps = (step + 1) * (operand === "pairs" ? 2 : 1); // written so far
    assembler.compare(stepsLeft, number(steps + 1));
    assembler.jump(end, "below");
  }
  if (end !== undefined) return;
  assembler.add(to, number(16 * 4 * width));
  assembler.add(rdx, number(4 * BLOCK[operand]));
}

/** Transposes vectors 0 to 15 (or 11), which hold rows, into vectors 0 to 15, which hold steps. */
function emitTransposition(assembler: WideAssembler, width: number): void {
  const [a, b, c, d] = SPARE;
  for (let row = 0; row < width; row += 4) { // four rows become four steps of each quarter
    assembler.interleaveLow(a, row, row + 1);
    assembler.interleaveHigh(b, row, row + 1);
    assembler.interleaveLow(c, row + 2, row + 3);
    assembler.interleaveHigh(d, row + 2, row + 3);
    assembler.joinLow(row, a, c);
    assembler.joinHigh(row + 1, a, c);
    assembler.joinLow(row + 2, b, d);
    assembler.joinHigh(row + 3, b, d);
  }
  const [even, odd] = [0b10_00_10_00, 0b11_01_11_01];
  for (let step = 0; step < 4; step++) { // the same quarter of all rows comes together
    const third = 8 + step;
    const fourth = width === 16 ? 12 + step : third;
    assembler.shuffleFours(a, step, 4 + step, even);
    assembler.shuffleFours(b, step, 4 + step, odd);
    assembler.shuffleFours(c, third, fourth, even);
    assembler.shuffleFours(d, third, fourth, odd);
    assembler.shuffleFours(step, a, c, even);
    assembler.shuffleFours(4 + step, b, d, even);
    assembler.shuffleFours(8 + step, a, c, odd);
    assembler.shuffleFours(12 + step, b, d, odd);
  }
}
