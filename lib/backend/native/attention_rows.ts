/**
 * Softmax of attention's scores with dropout, and its gradient: the same as in
 * `simd/kernels/attention.ts`, bit for bit, for rows whose length is a multiple of 16 and at most
 * 1024.
 */
import { number, Reg } from "./assembler.ts";
import type { RowCode } from "./row_code.ts";
import { beginDropout, emitExpLow, emitKeep, EXP_CONSTANTS } from "./row_math.ts";

const { rax, rbx, rcx, rdx, rsi, rdi, r8 } = Reg;

// The contents of the general registers.
const x = rax;
const signed = rbx;
const mask = rcx;
const rowsLeft = rdx;
const rowBytes = rsi;
const at = rdi;
const least = r8;

// The contents of the vectors from 5 on.
const SCALE = 5;
const FACTOR = 6;
const MOST = 7;
const SUMS = 8;
const KEPT = 11;
const DROPOUT = { places: 10, b: 12, least: 13, ones: 14 } as const;

/**
 * Computes weights from scores. Parameters: x, signed, mask, rows, n, scale, a, b, least, kept,
 * index. `x` holds the scores, then the weights after dropout; `signed` gets the weights, negative
 * if dropped.
 */
export function emitWeights(code: RowCode): void {
  code.hold(...EXP_CONSTANTS, "away", "hash0", "hash1", "sixteen", "sign");
  code.place(x, 0);
  code.place(signed, 1);
  code.place(mask, 2);
  code.parameter(rowsLeft, 3);
  code.bytesOf(rowBytes, 4);
  code.spreadParameter(SCALE, 5);
  beginDropout(code, DROPOUT, 6, 10);
  code.parameter(least, 8);
  code.spreadParameter(KEPT, 9);
  code.downRows(rowsLeft, [x, signed], rowBytes, () => {
    emitScores(code);
    emitExponentials(code);
    emitDropped(code);
  });
}

/** x = x * scale + 10000 * (mask - 1), where mask is 1 or 0; MOST = the largest of them. */
function emitScores(code: RowCode): void {
  const { assembler } = code;
  assembler.get(MOST, code.constant("lowest"));
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: mask, index: at });
    assembler.get(1, code.constant("away"));
    assembler.times(0, 0, 1);
    assembler.minus(0, 0, 1);
    assembler.get(1, { base: x, index: at });
    assembler.timesPlus(1, SCALE, 0);
    assembler.put({ base: x, index: at }, 1);
    assembler.larger(MOST, 1, MOST);
  });
  code.largest(MOST, [0, 1, 2]);
}

/** x = exp(x - MOST); FACTOR = 1 / their sum. */
function emitExponentials(code: RowCode): void {
  const { assembler } = code;
  assembler.clearVector(SUMS);
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: x, index: at });
    assembler.minus(0, 0, MOST);
    emitExpLow(code, 1, 0, [2, 3, 4]);
    assembler.put({ base: x, index: at }, 1);
    code.addFours(SUMS, 1, 2);
  });
  code.total(SUMS, 0);
  assembler.get(FACTOR, code.constant("one"));
  assembler.over(FACTOR, FACTOR, SUMS);
}

/**
 * The weights are w = x * FACTOR. If dropout drops a weight, `signed` = -w and `x` = 0, else
 * `signed` = w and `x` = w * KEPT. If nothing is dropped (`least` is 0), no hashes are computed.
 */
function emitDropped(code: RowCode): void {
  const { assembler } = code;
  const [all, done] = [assembler.label(), assembler.label()];
  assembler.compare(least, number(0));
  assembler.jump(all, "equal");
  code.alongRow(at, rowBytes, () => {
    emitKeep(code, 0, DROPOUT, 1);
    assembler.get(2, { base: x, index: at });
    assembler.times(2, 2, FACTOR);
    assembler.andNot(1, 0, code.constant("sign"));
    assembler.or(1, 1, 2);
    assembler.put({ base: signed, index: at }, 1);
    assembler.and(0, 0, KEPT);
    assembler.times(2, 2, 0);
    assembler.put({ base: x, index: at }, 2);
  });
  assembler.jump(done);
  assembler.place(all);
  code.alongRow(at, rowBytes, () => {
    assembler.get(2, { base: x, index: at });
    assembler.times(2, 2, FACTOR);
    assembler.put({ base: signed, index: at }, 2);
    assembler.times(2, 2, KEPT);
    assembler.put({ base: x, index: at }, 2);
  });
  assembler.place(done);
}

/** The weights after dropout, max(signed, 0) * kept. Parameters: signed, to, count, kept. */
export function emitOpenWeights(code: RowCode): void {
  const { assembler } = code;
  code.place(signed, 0);
  code.place(x, 1);
  code.bytesOf(rowBytes, 2);
  code.spreadParameter(KEPT, 3);
  assembler.clearVector(1);
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: signed, index: at });
    assembler.larger(0, 1, 0); // NaN stays NaN
    assembler.times(0, 0, KEPT);
    assembler.put({ base: x, index: at }, 0);
  });
}

/**
 * The gradient by the scores. Parameters: signed, d, rows, n, kept, scale. `d` is the gradient by the
 * weights after dropout; it becomes weights * scale * (d' - Σ d' * weights), where d' is dropout's
 * gradient of d.
 */
export function emitWeightsGradient(code: RowCode): void {
  const { assembler } = code;
  code.hold("size", "zero");
  code.place(signed, 0);
  code.place(x, 1);
  code.parameter(rowsLeft, 2);
  code.bytesOf(rowBytes, 3);
  code.spreadParameter(KEPT, 4);
  code.spreadParameter(SCALE, 5);
  code.downRows(rowsLeft, [signed, x], rowBytes, () => {
    assembler.clearVector(SUMS);
    code.alongRow(at, rowBytes, () => emitOpenGradient(code));
    code.total(SUMS, 0);
    assembler.plus(SUMS, SUMS, code.constant("zero")); // as the kernel adds 0 for the rest of a row
    code.alongRow(at, rowBytes, () => {
      assembler.get(0, { base: signed, index: at });
      assembler.and(0, 0, code.constant("size"));
      assembler.times(0, 0, SCALE);
      assembler.get(1, { base: x, index: at });
      assembler.minus(1, 1, SUMS);
      assembler.times(0, 0, 1);
      assembler.put({ base: x, index: at }, 0);
    });
  });
}

/** d' = 0 if the weight is dropped, else d * KEPT; SUMS += d' * weights. */
function emitOpenGradient(code: RowCode): void {
  const { assembler } = code;
  assembler.get(0, { base: signed, index: at });
  assembler.shiftSigned(1, 0, 31);
  assembler.andNot(1, 1, KEPT);
  assembler.get(2, { base: x, index: at });
  assembler.times(2, 2, 1);
  assembler.put({ base: x, index: at }, 2);
  assembler.and(0, 0, code.constant("size"));
  code.addProductsOfFours(SUMS, 0, 2, [3, 4]);
}
