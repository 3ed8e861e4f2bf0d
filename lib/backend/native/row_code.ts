/**
 * The common parts of all native kernels for rows of numbers: the block of parameters, the
 * constants in it, and loops over vectors.
 */
import { type Address, number, Reg } from "./assembler.ts";
import { beginFunction, endFunction } from "./calling_convention.ts";
import type { Convention } from "./executable_memory.ts";
import { LaneAssembler, type Lanes, type Operand } from "./lane_assembler.ts";

/** The most parameters of a kernel, beside the memory's address. */
export const MOST_PARAMETERS = 15;

/** The bytes of a constant, those of the widest vector. */
const CONSTANT_BYTES = 64;
/** The place of the constants in a block, in bytes. */
const CONSTANTS_AT = 128;

const asWord = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];
const every = (word: number): readonly number[] => Array.from({ length: 16 }, () => word);

/** Constants that are floats: those of `simd/kernels/math.ts` and `gelu.ts`. */
const FLOATS = {
  lowest: -Infinity,
  zero: 0,
  one: 1,
  perLn2: 1.4426950408889634,
  shifter: 12582912,
  minusLn2: -0.693359375,
  restOfLn2: 2.12194440e-4,
  exp0: 0.001394263,
  exp1: 0.008366409,
  exp2: 0.041666318,
  exp3: 0.1666654,
  exp4: 0.5,
  leastExp: -87.33654,
  away: 10000,
  minusHalf: -0.5,
  perRootOf2Pi: 0.3989422804014327,
  tail0: 0.035932045,
  tail1: -0.1582772,
  tail2: 0.20820852,
  tail3: -0.055395465,
  tail4: 0.12946998,
  tail5: 0.09963728,
  tail6: 0.12079839,
  tail7: 0.11962639,
  tailScale: 0.3,
} as const;

/** The others, as the 16 words of a vector. */
const WORDS = {
  size: every(0x7fffffff),
  sign: every(0x80000000),
  ones: every(0xffffffff),
  hash0: every(0x7feb352d),
  hash1: every(0x846ca68b),
  places: Array.from({ length: 16 }, (_, i) => i),
  eight: every(8),
  sixteen: every(16),
} as const;

/** The name of a constant. */
export type ConstantName = keyof typeof FLOATS | keyof typeof WORDS;

/** All constants by name, in their order in a block. */
const CONSTANTS: ReadonlyMap<string, readonly number[]> = new Map([
  ...Object.entries(FLOATS).map(([name, value]) => [name, every(asWord(value))] as const),
  ...Object.entries(WORDS),
]);

const ORDER = [...CONSTANTS.keys()];

/** Bytes of a block of parameters. */
const ROW_PARAMETER_BYTES = CONSTANTS_AT + CONSTANT_BYTES * ORDER.length;

/** The place of the i-th parameter in the block, in bytes. The memory's address comes before them. */
export function parameterAt(i: number): number {
  return 8 + 8 * i;
}

/**
 * A block of parameters of 64 bits, with the constants. The upper halves of the parameters stay 0.
 */
export function rowParameters(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(ROW_PARAMETER_BYTES / 4);
  ORDER.forEach((name, i) => {
    words.set(CONSTANTS.get(name)!, (CONSTANTS_AT + CONSTANT_BYTES * i) / 4);
  });
  return words;
}

/** The first register for constants; they exist only with AVX-512. */
const FIRST_CONSTANT = 16;

/** The code of a kernel while it is being assembled. */
export class RowCode {
  /** The assembler of its instructions. */
  readonly assembler: LaneAssembler;
  readonly #block = Reg.r15;
  readonly #base = Reg.r14;
  readonly #inRegisters = new Map<ConstantName, number>();

  /** Begins a kernel. */
  constructor(convention: Convention, lanes: Lanes) {
    this.assembler = new LaneAssembler(lanes);
    beginFunction(this.assembler, convention, this.#block);
    this.assembler.load(this.#base, { base: this.#block });
  }

  /** Ends the kernel; returns its machine code. */
  finish(convention: Convention): Uint8Array<ArrayBuffer> {
    return endFunction(this.assembler, convention);
  }

  /** `to` = the i-th parameter. */
  parameter(to: Reg, i: number): void {
    this.assembler.load(to, { base: this.#block, offset: parameterAt(i) });
  }

  /** `to` = the i-th parameter plus the memory's address. */
  place(to: Reg, i: number): void {
    this.parameter(to, i);
    this.assembler.add(to, this.#base);
  }

  /** `to` = 4 times the i-th parameter: the bytes of so many numbers. */
  bytesOf(to: Reg, i: number): void {
    this.parameter(to, i);
    for (let doubled = 1; doubled < 4; doubled *= 2) this.assembler.add(to, to);
  }

  /** All numbers of a vector = the i-th parameter. */
  spreadParameter(to: number, i: number): void {
    this.assembler.spread(to, { base: this.#block, offset: parameterAt(i) });
  }

  /**
   * Loads constants into free registers: up to 16 constants with vectors of 16 numbers, none with
   * vectors of 8. `constant()` returns the others as operands in memory.
   */
  hold(...names: readonly ConstantName[]): void {
    if (this.assembler.lanes === 8) return;
    for (const name of names) {
      const register = FIRST_CONSTANT + this.#inRegisters.size;
      if (register > 31) return;
      this.assembler.get(register, this.#atConstant(name));
      this.#inRegisters.set(name, register);
    }
  }

  /** A constant as an operand. */
  constant(name: ConstantName): Operand {
    return this.#inRegisters.get(name) ?? this.#atConstant(name);
  }

  #atConstant(name: ConstantName): Address {
    return { base: this.#block, offset: CONSTANTS_AT + CONSTANT_BYTES * ORDER.indexOf(name) };
  }

  /**
   * `to` += each group of four numbers of a vector in turn, as in WebAssembly. Overwrites `spare`.
   */
  addFours(to: number, from: number, spare: number): void {
    const { assembler } = this;
    assembler.plusFour(to, to, from);
    for (let i = 1; i < assembler.lanes / 4; i++) {
      assembler.four(spare, from, i);
      assembler.plusFour(to, to, spare);
    }
  }

  /** `to` += the products of two vectors, fused, by groups of four in turn. Overwrites `spare`. */
  addProductsOfFours(to: number, a: number, b: number, spare: readonly [number, number]): void {
    const { assembler } = this;
    assembler.addProductFour(to, a, b);
    for (let i = 1; i < assembler.lanes / 4; i++) {
      assembler.four(spare[0], a, i);
      assembler.four(spare[1], b, i);
      assembler.addProductFour(to, spare[0], spare[1]);
    }
  }

  /**
   * Sets all numbers of a vector to the sum of its first four, as `total()` of
   * `simd/kernels/math.ts`.
   */
  total(sums: number, spare: number): void {
    const { assembler } = this;
    for (const order of [SWAP_PAIRS, SWAP_NEIGHBOURS]) {
      assembler.reorder(spare, sums, order);
      assembler.plus(sums, sums, spare);
    }
    assembler.spread(sums, sums);
  }

  /** Sets all numbers of a vector to its largest; none may be NaN. Overwrites the spare vectors. */
  largest(of: number, spares: readonly [number, number, number]): void {
    const { assembler } = this;
    const [spare] = spares;
    const others = spares.slice(0, assembler.lanes / 4 - 1);
    others.forEach((other, i) => assembler.four(other, of, i + 1)); // before `of` is changed
    for (const other of others) assembler.larger(of, of, other);
    for (const order of [SWAP_PAIRS, SWAP_NEIGHBOURS]) {
      assembler.reorder(spare, of, order);
      assembler.larger(of, of, spare);
    }
    assembler.spread(of, of);
  }

  /** A loop over the vectors of a row: `at` counts bytes from 0 up to `bytes`, which is above 0. */
  alongRow(at: Reg, bytes: Reg, body: () => void): void {
    const { assembler } = this;
    const next = assembler.label();
    assembler.subtract(at, at);
    assembler.place(next);
    body();
    assembler.add(at, number(assembler.bytesOfVector));
    assembler.compare(at, bytes);
    assembler.jump(next, "below");
  }

  /** A loop over rows: `left`, at least 1, counts down to 0, and the places move on by `bytes`. */
  downRows(left: Reg, places: readonly Reg[], bytes: Reg, body: () => void): void {
    const { assembler } = this;
    const next = assembler.label();
    assembler.place(next);
    body();
    for (const place of places) assembler.add(place, bytes);
    assembler.subtract(left, number(1));
    assembler.jump(next, "notEqual");
  }
}

/** Orders for `reorder()`: the numbers 2 3 0 1, and 1 0 3 2. */
const SWAP_PAIRS = 0b01_00_11_10;
const SWAP_NEIGHBOURS = 0b10_11_00_01;
