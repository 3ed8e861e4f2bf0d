/**
 * One set of vector instructions for two widths: 8 floats with AVX2 and FMA, 16 with AVX-512. A
 * kernel that is written with it can be assembled for both, and computes each number in the same
 * way.
 *
 * Vectors are registers 0 to 15; with 16 floats constants may lie in 16 to 31.
 *
 * Source: as in `assembler.ts` and `avx512_assembler.ts`.
 */
import { type Address, type Vec } from "./assembler.ts";
import { type Mask, WideAssembler } from "./avx512_assembler.ts";

/** The number of floats or words in a vector. */
export type Lanes = 8 | 16;

/** A vector register, or a vector at an address. */
export type Operand = Vec | Address;

/** The table and the prefix of an opcode, as in `Opcodes`; they are the same in VEX and EVEX. */
interface Place {
  readonly map: 1 | 2 | 3;
  readonly prefix: 0 | 1;
}

/** Instructions on floats, on words, on either, and those that end with a number. */
const FLOATS: Place = { map: 1, prefix: 0 };
const WORDS: Place = { map: 1, prefix: 1 };
const MORE: Place = { map: 2, prefix: 1 };
const WITH_NUMBER: Place = { map: 3, prefix: 1 };

/** The comparisons of VCMPPS and VPCMPUD, by their number. */
const NOT_BELOW = 5;
const BELOW = 1;

/** The mask register that a comparison sets for the next instruction. */
const MASK: Mask = 1;

/** An assembler of vectors of 8 or of 16 floats or 32-bit words. */
export class LaneAssembler extends WideAssembler {
  /** How many numbers a vector has. */
  readonly lanes: Lanes;

  /** Starts code for vectors of that many numbers. */
  constructor(lanes: Lanes) {
    super();
    this.lanes = lanes;
  }

  /** Bytes of a vector. */
  get bytesOfVector(): number {
    return 4 * this.lanes;
  }

  /** `to` = a vector (VMOVUPS). */
  get(to: Vec, from: Operand): void {
    this.#three(0x10, FLOATS, to, 0, from);
  }

  /** Stores a vector at an address (VMOVUPS). */
  put(to: Address, from: Vec): void {
    this.#three(0x11, FLOATS, from, 0, to);
  }

  /** All numbers of `to` = the one at an address, or the first one of a register (VBROADCASTSS). */
  spread(to: Vec, from: Operand): void {
    if (typeof from !== "number" && this.lanes === 16) this.broadcastWide(to, from);
    else this.#three(0x18, MORE, to, 0, from);
  }

  /** `to = a + b` (VADDPS). */
  plus(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x58, FLOATS, to, a, b);
  }

  /** `to = a - b` (VSUBPS). */
  minus(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x5c, FLOATS, to, a, b);
  }

  /** `to = a * b` (VMULPS). */
  times(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x59, FLOATS, to, a, b);
  }

  /** `to = a / b` (VDIVPS). */
  over(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x5e, FLOATS, to, a, b);
  }

  /** `to` = the square root (VSQRTPS). */
  root(to: Vec, from: Operand): void {
    this.#three(0x51, FLOATS, to, 0, from);
  }

  /** Converts signed words to floats (VCVTDQ2PS). */
  toFloats(to: Vec, from: Operand): void {
    this.#three(0x5b, FLOATS, to, 0, from);
  }

  /** `to = a > b ? a : b`: `b` where one of them is NaN or both are 0 (VMAXPS). */
  larger(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x5f, FLOATS, to, a, b);
  }

  /** `to = to * a + b` with one rounding (VFMADD213PS). */
  timesPlus(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xa8, MORE, to, a, b);
  }

  /** Bits: `to = a & b` (VPAND). */
  and(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xdb, WORDS, to, a, b);
  }

  /** Bits: `to = ~a & b` (VPANDN). */
  andNot(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xdf, WORDS, to, a, b);
  }

  /** Bits: `to = a | b` (VPOR). */
  or(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xeb, WORDS, to, a, b);
  }

  /** Bits: `to = a ^ b` (VPXOR). */
  differing(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xef, WORDS, to, a, b);
  }

  /** Words: `to = a + b` (VPADDD). */
  plusWords(to: Vec, a: Vec, b: Operand): void {
    this.#three(0xfe, WORDS, to, a, b);
  }

  /** Words: the lower halves of `a * b` (VPMULLD). */
  timesWords(to: Vec, a: Vec, b: Operand): void {
    this.#three(0x40, MORE, to, a, b);
  }

  /** Words: shifted to the left (VPSLLD). */
  shiftLeft(to: Vec, from: Vec, by: number): void {
    this.#shift(6, to, from, by);
  }

  /** Unsigned words: shifted to the right (VPSRLD). */
  shiftRight(to: Vec, from: Vec, by: number): void {
    this.#shift(2, to, from, by);
  }

  /** Signed words: shifted to the right (VPSRAD). */
  shiftSigned(to: Vec, from: Vec, by: number): void {
    this.#shift(4, to, from, by);
  }

  /** `to` becomes 0 where `x < bound`, but not where one of them is NaN. Overwrites `spare`. */
  clearWhereBelow(to: Vec, x: Vec, bound: Operand, spare: Vec): void {
    if (this.lanes === 16) {
      this.#three(0xc2, FLOATS, MASK, x, bound, NOT_BELOW);
      this.#moveWhere(to, to);
    } else {
      this.#three(0xc2, FLOATS, spare, x, bound, BELOW);
      this.andNot(to, spare, to);
    }
  }

  /** Unsigned words: `to` has all bits set where `x >= bound`, else 0. `ones` has all bits set. */
  whereAtLeast(to: Vec, x: Vec, bound: Vec, ones: Vec): void {
    if (this.lanes === 16) {
      this.#three(0x1e, WITH_NUMBER, MASK, x, bound, NOT_BELOW);
      this.#moveWhere(to, ones);
    } else {
      this.#three(0x3f, MORE, to, x, bound); // the larger one (VPMAXUD)
      this.#three(0x76, WORDS, to, to, x); // equal? (VPCMPEQD)
    }
  }

  /**
   * `to` = the i-th group of four numbers of a vector, and 0 after them (VEXTRACTF128,
   * VEXTRACTF32X4). With 8 numbers in a vector, i is 0 or 1.
   */
  four(to: Vec, from: Vec, i: number): void {
    this.#three(0x19, WITH_NUMBER, from, 0, to, i);
  }

  /**
   * Permutes each group of four numbers. Two bits of `order` for each place, the lowest for the
   * first place, are the index of the number that comes there (VPERMILPS).
   */
  reorder(to: Vec, from: Vec, order: number): void {
    this.#three(0x04, WITH_NUMBER, to, 0, from, order);
  }

  /** `to = a + b` for the first four floats, and 0 after them (VADDPS). */
  plusFour(to: Vec, a: Vec, b: Vec): void {
    this.vexRegisters(0x58, { ...FLOATS, length: 0 }, to, a, b);
  }

  /** `sum += a * b` with one rounding for the first four floats, and 0 after them (VFMADD231PS). */
  addProductFour(sum: Vec, a: Vec, b: Vec): void {
    this.vexRegisters(0xb8, { map: 2, prefix: 1, length: 0 }, sum, a, b);
  }

  /** Stores the first float of a register at an address (VEXTRACTPS). */
  putFirst(to: Address, from: Vec): void {
    this.vexAddress(0x17, { map: 3, prefix: 1, length: 0 }, from, 0, to);
    this.emit(0);
  }

  /** `to = from` where the mask is set, 0 elsewhere (VMOVAPS). */
  #moveWhere(to: Vec, from: Vec): void {
    this.evexRegisters(0x28, FLOATS, { register: to, mask: MASK, zero: true }, from);
  }

  #shift(which: number, to: Vec, from: Vec, by: number): void {
    this.#three(0x72, WORDS, which, to, from, by);
  }

  /** An instruction of three operands in this width, some of which end with a number. */
  #three(
    opcode: number,
    place: Place,
    register: number,
    second: Vec,
    other: Operand,
    trailing?: number,
  ): void {
    const registers = typeof other === "number";
    if (this.lanes === 16) {
      const operands = { register, second };
      if (registers) this.evexRegisters(opcode, place, operands, other);
      else this.evexAddress(opcode, place, operands, other, 64);
    } else if (registers) this.vexRegisters(opcode, place, register, second, other);
    else this.vexAddress(opcode, place, register, second, other);
    if (trailing !== undefined) this.emit(trailing);
  }
}
