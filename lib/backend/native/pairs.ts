/**
 * Rounding for AVX512_BF16: turns copied panels of float32 into panels of bfloat16 pairs, in place. A pair
 * holds two steps along the depth of the same row or column: the first in its upper half, as the
 * instruction that multiplies pairs begins with that. Behind an odd depth follows a 0.
 */
import { number, Reg } from "./assembler.ts";
import { FIRST_ARGUMENT, restoreRegisters, saveRegisters } from "./calling_convention.ts";
import type { Convention } from "./executable_memory.ts";
import { COLUMNS, ROWS } from "./panels.ts";
import { type Mask, WideAssembler } from "./wide_assembler.ts";

/** Where each parameter lies, in bytes from the start of the block that the code is given. */
export const PAIR_PARAMETER = {
  /** Address of the memory that the next one counts from. */
  base: 0,
  /** The panels. */
  at: 8,
  /** How many there are, at least 1. */
  panels: 16,
  /** Numbers of a panel in a step along the depth: 6 of A or 16 of B. */
  width: 24,
  /** Steps along the depth, at least 1. */
  depth: 32,
  /** 16 bits: a 1 for each number of a step of A. */
  step: 40,
  /** 16 bits: a 1 for each number of two steps of A. */
  twoSteps: 48,
  /** 32 words: where the halves of each pair are among two steps of A, rounded in one vector. */
  orderOfA: 64,
  /** The same of B, whose second step is rounded in a second vector. */
  orderOfB: 128,
} as const;

/** Bytes of a block of parameters. */
export const PAIR_PARAMETER_BYTES = 192;

/** A block of parameters with what is always the same in it. */
export function pairParameters(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(PAIR_PARAMETER_BYTES / 4);
  words[PAIR_PARAMETER.step / 4] = 2 ** ROWS - 1;
  words[PAIR_PARAMETER.twoSteps / 4] = 2 ** (2 * ROWS) - 1;
  const orders = [[PAIR_PARAMETER.orderOfA, ROWS, ROWS], [PAIR_PARAMETER.orderOfB, COLUMNS, 32]];
  for (const [at, width, second] of orders) {
    for (let i = 0; i < width; i++) words[at / 4 + i] = i << 16 | second + i;
  }
  return words;
}

const { rax, rcx, rbx, rsi, r8, r9, r15 } = Reg;

const parameters = r15;
const from = rax;
const to = rbx;
const panelsLeft = r8;
const stepsLeft = rcx;

const ORDER = 4;
const ZERO = 5;
const STEP: Mask = 1;
const TWO_STEPS: Mask = 2;

/** The code, to be called with the address of a block of parameters. */
export function assemblePairs(convention: Convention): Uint8Array<ArrayBuffer> {
  const assembler = new WideAssembler();
  saveRegisters(assembler, convention);
  assembler.move(parameters, FIRST_ARGUMENT[convention]);
  const parameter = (offset: number) => ({ base: parameters, offset });
  assembler.load(from, parameter(PAIR_PARAMETER.at));
  assembler.load(rsi, parameter(PAIR_PARAMETER.base));
  assembler.add(from, rsi);
  assembler.move(to, from);
  assembler.load(panelsLeft, parameter(PAIR_PARAMETER.panels));
  assembler.load(r9, parameter(PAIR_PARAMETER.width));
  assembler.loadMask(STEP, parameter(PAIR_PARAMETER.step));
  assembler.loadMask(TWO_STEPS, parameter(PAIR_PARAMETER.twoSteps));
  assembler.clearWide(ZERO);
  const [panelsOfA, done] = [assembler.label(), assembler.label()];
  assembler.compare(r9, number(COLUMNS));
  assembler.jump(panelsOfA, "notEqual");
  assembler.loadWide(ORDER, parameter(PAIR_PARAMETER.orderOfB));
  emitPanels(assembler, COLUMNS);
  assembler.jump(done);
  assembler.place(panelsOfA);
  assembler.loadWide(ORDER, parameter(PAIR_PARAMETER.orderOfA));
  emitPanels(assembler, ROWS);
  assembler.place(done);
  assembler.clearUpperHalves();
  restoreRegisters(assembler, convention);
  assembler.return();
  return assembler.bytes();
}

/** All panels of one operand. What is written never reaches what is still to be read. */
function emitPanels(assembler: WideAssembler, width: number): void {
  const [panel, pair, last, next] = [0, 1, 2, 3].map(() => assembler.label());
  assembler.place(panel);
  assembler.load(stepsLeft, { base: parameters, offset: PAIR_PARAMETER.depth });
  assembler.place(pair);
  assembler.compare(stepsLeft, number(2));
  assembler.jump(last, "below");
  emitPair(assembler, width, 2);
  assembler.subtract(stepsLeft, number(2));
  assembler.jump(pair);
  assembler.place(last);
  assembler.compare(stepsLeft, number(0));
  assembler.jump(next, "equal");
  emitPair(assembler, width, 1);
  assembler.place(next);
  assembler.subtract(panelsLeft, number(1));
  assembler.jump(panel, "notEqual");
}

/** Rounds two steps, or one and zeros, to as many halves, and puts these in order. */
function emitPair(assembler: WideAssembler, width: number, steps: 1 | 2): void {
  const [first, second] = [0, 1];
  if (width === COLUMNS) {
    assembler.loadWide(first, { base: from });
    if (steps === 2) assembler.loadWide(second, { base: from, offset: 4 * COLUMNS });
    if (steps === 2) assembler.roundToHalves(second, second);
  } else assembler.loadWide(first, { base: from }, steps === 2 ? TWO_STEPS : STEP);
  assembler.roundToHalves(first, first);
  assembler.permuteWords(first, ORDER, steps === 2 ? second : ZERO);
  assembler.storeWide({ base: to }, first, width === COLUMNS ? 0 : STEP);
  assembler.add(from, number(4 * width * steps));
  assembler.add(to, number(4 * width));
}
