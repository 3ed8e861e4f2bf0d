/**
 * Functions of a vector, in the same steps as in `simd/kernels/math.ts` and `dropout.ts`, so that
 * they give the same bits.
 */
import type { ConstantName, RowCode } from "./row_code.ts";

/** The constants of `emitExpLow()`; the first ones are the most useful to hold in registers. */
export const EXP_CONSTANTS: readonly ConstantName[] = [
  "perLn2",
  "shifter",
  "minusLn2",
  "restOfLn2",
  "exp0",
  "exp1",
  "exp2",
  "exp3",
  "exp4",
  "one",
  "leastExp",
];

/**
 * `to = e^x` for x of at most 88, as `expLow4()`; does not change `x`. Overwrites the spare
 * vectors.
 */
export function emitExpLow(code: RowCode, to: number, x: number, spare: Spare): void {
  const { assembler } = code;
  const [shifted, n, r] = spare;
  const constant = (name: ConstantName) => code.constant(name);
  assembler.get(shifted, constant("perLn2"));
  assembler.timesPlus(shifted, x, constant("shifter"));
  assembler.minus(n, shifted, constant("shifter"));
  assembler.get(to, constant("minusLn2"));
  assembler.timesPlus(to, n, x);
  assembler.get(r, constant("restOfLn2"));
  assembler.timesPlus(r, n, to);
  assembler.get(to, constant("exp0"));
  for (const name of ["exp1", "exp2", "exp3", "exp4"] as const) {
    assembler.timesPlus(to, r, constant(name));
  }
  assembler.times(to, to, r);
  assembler.plus(n, r, constant("one"));
  assembler.timesPlus(to, r, n);
  assembler.shiftLeft(shifted, shifted, 23);
  assembler.plusWords(shifted, shifted, constant("one"));
  assembler.times(to, to, shifted);
  assembler.clearWhereBelow(to, x, constant("leastExp"), n);
}

/** Vectors that a function may overwrite. */
export type Spare = readonly [number, number, number];

/** The constants of `emitNormalShare()`. */
export const SHARE_CONSTANTS: readonly ConstantName[] = [
  "tail0",
  "tail1",
  "tail2",
  "tail3",
  "tail4",
  "tail5",
  "tail6",
  "tail7",
  "tailScale",
  "one",
  "size",
];

/** `to` = Φ(x), as `normalShare4()`; `bell` is exp(-x² / 2). Does not change `x` and `bell`. */
export function emitNormalShare(
  code: RowCode,
  to: number,
  x: number,
  bell: number,
  spare: Spare,
): void {
  const { assembler } = code;
  const [size, t, one] = spare;
  const constant = (name: ConstantName) => code.constant(name);
  assembler.and(size, x, constant("size"));
  assembler.get(t, constant("tailScale"));
  assembler.get(one, constant("one"));
  assembler.timesPlus(t, size, one);
  assembler.over(t, one, t);
  assembler.get(to, constant("tail0"));
  for (const i of [1, 2, 3, 4, 5, 6, 7] as const) {
    assembler.timesPlus(to, t, constant(`tail${i}`));
  }
  assembler.times(to, to, t);
  assembler.times(to, to, bell);
  assembler.minus(one, one, to);
  assembler.shiftSigned(size, x, 31);
  assembler.and(to, to, size);
  assembler.andNot(size, size, one);
  assembler.or(to, to, size);
}

/** The vectors that dropout uses in a kernel. */
export interface DropoutVectors {
  /** The current positions, plus the first hash of the seed. */
  readonly places: number;
  /** The second hash. */
  readonly b: number;
  /** The least hash that is kept. */
  readonly least: number;
  /** All bits set. */
  readonly ones: number;
}

/**
 * Sets the vectors: parameters `first` to `first + 2` are a, b and least, `index` the first
 * position.
 */
export function beginDropout(
  code: RowCode,
  { places, b, least, ones }: DropoutVectors,
  first: number,
  index: number,
): void {
  const { assembler } = code;
  code.spreadParameter(places, index);
  code.spreadParameter(b, first);
  assembler.plusWords(places, places, b);
  assembler.plusWords(places, places, code.constant("places"));
  code.spreadParameter(b, first + 1);
  code.spreadParameter(least, first + 2);
  assembler.get(ones, code.constant("ones"));
}

/** Sets all bits of `to` where a position is kept, as `keep4()`; moves on to the next positions. */
export function emitKeep(
  code: RowCode,
  to: number,
  { places, b, least, ones }: DropoutVectors,
  spare: number,
): void {
  const { assembler } = code;
  const mix = (from: number, by: number) => {
    assembler.shiftRight(spare, from, by);
    assembler.differing(to, from, spare);
  };
  mix(places, 16);
  assembler.timesWords(to, to, code.constant("hash0"));
  mix(to, 15);
  assembler.plusWords(to, to, b);
  assembler.timesWords(to, to, code.constant("hash1"));
  mix(to, 16);
  assembler.plusWords(places, places, code.constant(assembler.lanes === 16 ? "sixteen" : "eight"));
  assembler.get(spare, to);
  assembler.whereAtLeast(to, spare, least, ones);
}
