/**
 * Residual, dropout and LayerNorm in one pass over each row, and their gradient: the same as in
 * `simd/kernels/norm.ts`, bit for bit, for rows whose length is a multiple of 16 and at most 1024.
 */
import { type Label, number, Reg } from "./assembler.ts";
import type { RowCode } from "./row_code.ts";
import { beginDropout, emitKeep } from "./row_math.ts";

const { rax, rbx, rcx, rdx, rbp, rsi, rdi, r8, r9, r10, r11, r12 } = Reg;

// The contents of the general registers in both kernels.
const rowBytes = rsi;
const at = rdi;
const rowsLeft = r10;
const least = r11;

// The contents of the vectors from 5 on.
const COUNT = 5; // numbers in a row
const MEAN = 6;
const SUMS = 7;
const OTHER_SUMS = 8;
const INVERSE = 9;
const KEPT = 11;
const EPSILON = 15;
const DROPOUT = { places: 10, b: 12, least: 13, ones: 14 } as const;

/** The registers of the addresses in y = z * gamma + beta, where z is x + dropout(s), normalised. */
const NORM = { x: rax, s: rbx, gamma: rcx, beta: rdx, y: rbp, z: r8, inverse: r9 } as const;

/**
 * LayerNorm of rows. Parameters: x, s (0: none), gamma, beta, y, normalized, inverse, rows, n, a,
 * b, least, kept, epsilon, index.
 */
export function emitNorm(code: RowCode): void {
  const { x, s, gamma, beta, y, z, inverse } = NORM;
  const { assembler } = code;
  code.hold("hash0", "hash1", "sixteen", "one", "zero");
  const sublayer = r12;
  code.parameter(sublayer, 1);
  [x, s, gamma, beta, y, z, inverse].forEach((place, i) => code.place(place, i));
  code.parameter(rowsLeft, 7);
  code.bytesOf(rowBytes, 8);
  spreadCount(code, 8);
  beginDropout(code, DROPOUT, 9, 14);
  code.parameter(least, 11);
  code.spreadParameter(KEPT, 12);
  code.spreadParameter(EPSILON, 13);
  code.downRows(rowsLeft, [x, s, y, z], rowBytes, () => {
    assembler.clearVector(SUMS);
    emitInput(code, sublayer);
    emitCentred(code);
    assembler.putFirst({ base: inverse }, INVERSE);
    assembler.add(inverse, number(4));
    code.alongRow(at, rowBytes, () => {
      assembler.get(0, { base: z, index: at });
      assembler.times(0, 0, INVERSE);
      assembler.put({ base: z, index: at }, 0);
      assembler.times(0, 0, { base: gamma, index: at });
      assembler.plus(0, 0, { base: beta, index: at });
      assembler.put({ base: y, index: at }, 0);
    });
  });
}

/** How many numbers a row has, as a float. */
function spreadCount(code: RowCode, parameter: number): void {
  code.spreadParameter(COUNT, parameter);
  code.assembler.toFloats(COUNT, COUNT);
}

/** z = x + dropout(s), or x where there is no s; SUMS = the sums of its numbers. */
function emitInput(code: RowCode, sublayer: Reg): void {
  const { assembler } = code;
  emitBySublayer(code, sublayer, emitInputPass, {
    dropped: () => {
      emitKeep(code, 1, DROPOUT, 2);
      assembler.and(1, 1, KEPT);
      assembler.times(1, 1, { base: NORM.s, index: at });
      assembler.plus(0, 0, 1);
    },
    plain: () => assembler.plus(0, 0, { base: NORM.s, index: at }),
  });
}

/**
 * Emits a pass over the row in three versions, of which one runs: with dropout of s, with s if
 * nothing is dropped, and without s.
 */
function emitBySublayer(
  code: RowCode,
  sublayer: Reg,
  emitPass: (code: RowCode, done: Label, inner: () => void) => void,
  inner: { readonly dropped: () => void; readonly plain: () => void },
): void {
  const { assembler } = code;
  const [alone, plain, done] = [0, 1, 2].map(() => assembler.label());
  assembler.compare(sublayer, number(0));
  assembler.jump(alone, "equal");
  assembler.compare(least, number(0));
  assembler.jump(plain, "equal");
  emitPass(code, done, inner.dropped);
  assembler.place(plain);
  emitPass(code, done, inner.plain);
  assembler.place(alone);
  emitPass(code, done, () => {});
  assembler.place(done);
}

function emitInputPass(code: RowCode, done: Label, add: () => void): void {
  const { assembler } = code;
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: NORM.x, index: at });
    add();
    assembler.put({ base: NORM.z, index: at }, 0);
    code.addFours(SUMS, 0, 3);
  });
  assembler.jump(done);
}

/** z = z - mean; INVERSE = 1 / sqrt(variance + epsilon). */
function emitCentred(code: RowCode): void {
  const { assembler } = code;
  code.total(SUMS, 0);
  assembler.plus(SUMS, SUMS, code.constant("zero")); // as the kernel's sum begins with 0
  assembler.over(MEAN, SUMS, COUNT);
  assembler.clearVector(SUMS);
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: NORM.z, index: at });
    assembler.minus(0, 0, MEAN);
    assembler.put({ base: NORM.z, index: at }, 0);
    assembler.times(0, 0, 0);
    code.addFours(SUMS, 0, 1);
  });
  code.total(SUMS, 0);
  assembler.over(SUMS, SUMS, COUNT);
  assembler.plus(SUMS, SUMS, EPSILON);
  assembler.root(SUMS, SUMS);
  assembler.get(INVERSE, code.constant("one"));
  assembler.over(INVERSE, INVERSE, SUMS);
}

/** The registers of the addresses in the gradient. */
const BACK = { dy: rax, z: rbx, inverse: rcx, gamma: rdx, dx: rbp, ds: r8, sums: r9 } as const;

/**
 * The gradient of LayerNorm. Parameters: dy, normalized, inverse, gamma, dx, ds (0: none), sums,
 * rows, n, a, b, least, kept, index. `sums` holds the sums of dy * normalized over each column,
 * then those of dy.
 */
export function emitNormGradient(code: RowCode): void {
  const { dy, z, inverse, gamma, dx, ds, sums } = BACK;
  const { assembler } = code;
  code.hold("hash0", "hash1", "sixteen");
  const sublayer = r12;
  code.parameter(sublayer, 5);
  [dy, z, inverse, gamma, dx, ds, sums].forEach((place, i) => code.place(place, i));
  code.parameter(rowsLeft, 7);
  code.bytesOf(rowBytes, 8);
  spreadCount(code, 8);
  beginDropout(code, DROPOUT, 9, 13);
  code.parameter(least, 11);
  code.spreadParameter(KEPT, 12);
  code.downRows(rowsLeft, [dy, z, dx, ds], rowBytes, () => {
    emitGradientSums(code);
    assembler.spread(INVERSE, { base: inverse });
    assembler.add(inverse, number(4));
    emitRowGradient(code, sublayer);
  });
}

/**
 * Adds dy * z and dy to the sums of the columns; SUMS = the mean of dy * gamma along the row,
 * OTHER_SUMS = the mean of dy * gamma * z.
 */
function emitGradientSums(code: RowCode): void {
  const { dy, z, gamma, sums } = BACK;
  const { assembler } = code;
  const betaSums = Reg.r13;
  assembler.loadAddress(betaSums, { base: sums, index: rowBytes });
  assembler.clearVector(SUMS);
  assembler.clearVector(OTHER_SUMS);
  code.alongRow(at, rowBytes, () => {
    assembler.get(0, { base: dy, index: at });
    assembler.times(1, 0, { base: z, index: at });
    assembler.plus(2, 1, { base: sums, index: at });
    assembler.put({ base: sums, index: at }, 2);
    assembler.plus(2, 0, { base: betaSums, index: at });
    assembler.put({ base: betaSums, index: at }, 2);
    assembler.get(2, { base: gamma, index: at });
    assembler.times(0, 0, 2);
    assembler.times(1, 1, 2);
    code.addFours(SUMS, 0, 3);
    code.addFours(OTHER_SUMS, 1, 4);
  });
  for (const all of [SUMS, OTHER_SUMS]) {
    code.total(all, 0);
    assembler.over(all, all, COUNT);
  }
}

/** dx = (dy * gamma - mean - z * other mean) * inverse; ds = dropout(dx), with the mask of s. */
function emitRowGradient(code: RowCode, sublayer: Reg): void {
  const { ds } = BACK;
  const { assembler } = code;
  emitBySublayer(code, sublayer, emitGradientPass, {
    dropped: () => {
      emitKeep(code, 1, DROPOUT, 2);
      assembler.and(1, 1, KEPT);
      assembler.times(1, 0, 1);
      assembler.put({ base: ds, index: at }, 1);
    },
    plain: () => assembler.put({ base: ds, index: at }, 0),
  });
}

function emitGradientPass(code: RowCode, done: Label, pass: () => void): void {
  const { dy, z, gamma, dx } = BACK;
  const { assembler } = code;
  code.alongRow(at, rowBytes, () => {
    assembler.times(1, OTHER_SUMS, { base: z, index: at });
    assembler.plus(1, SUMS, 1);
    assembler.get(0, { base: dy, index: at });
    assembler.times(0, 0, { base: gamma, index: at });
    assembler.minus(0, 0, 1);
    assembler.times(0, 0, INVERSE);
    assembler.put({ base: dx, index: at }, 0);
    pass();
  });
  assembler.jump(done);
}
