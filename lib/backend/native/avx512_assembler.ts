/**
 * The assembler's instructions of AVX-512: vectors of 512 bits in 32 registers, masks, and products
 * of pairs of bfloat16. Nearly all have the prefix EVEX, four bytes that hold the highest bits of
 * all operands.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.7
 * (EVEX) and the pages of the instructions. `tests/backend/native/avx512_assembler_test.ts`
 * compares each form with the bytes of GNU as.
 */
import { type Address, Assembler, type Vec } from "./assembler.ts";
import { modRm } from "./encoding.ts";

/** A mask register, 1 to 7; 0 stands for no mask. */
export type Mask = number;

/** The assembler with instructions of AVX-512, in which vectors are numbered from 0 to 31. */
export class WideAssembler extends Assembler {
  /** `to` = 16 floats at any address (VMOVUPS); with a mask, floats outside of it are 0. */
  loadWide(to: Vec, from: Address, mask: Mask = 0): void {
    this.#memory(0x10, MOVE, { register: to, mask, zero: mask !== 0 }, from, 64);
  }

  /** Stores 16 floats of `from` at any address (VMOVUPS); with a mask, only those in it. */
  storeWide(to: Address, from: Vec, mask: Mask = 0): void {
    this.#memory(0x11, MOVE, { register: from, mask }, to, 64);
  }

  /** Each of the 16 floats of `to` = the float, or pair of bfloat16, at an address (VBROADCASTSS). */
  broadcastWide(to: Vec, from: Address): void {
    this.#memory(0x18, { map: 2, prefix: 1 }, { register: to }, from, 4);
  }

  /** `sum += a * b` with one rounding (VFMADD231PS). */
  multiplyAddWide(sum: Vec, a: Vec, b: Vec): void {
    this.#registers(0xb8, { map: 2, prefix: 1 }, sum, a, b);
  }

  /**
   * `sum += a * b` for the upper bfloat16 of each pair, then for the lower one. Each addition is
   * rounded, and denormals are 0 (VDPBF16PS).
   */
  multiplyAddPairs(sum: Vec, a: Vec, b: Vec): void {
    this.#registers(0x52, { map: 2, prefix: 2 }, sum, a, b);
  }

  /** `to = a + b` (VADDPS). */
  addWide(to: Vec, a: Vec, b: Vec): void {
    this.#registers(0x58, MOVE, to, a, b);
  }

  /** All bits of `to` = 0 (VPXORD of itself). */
  clearWide(to: Vec): void {
    this.#registers(0xef, { map: 1, prefix: 1 }, to, to, to);
  }

  /**
   * The 16 floats of `from`, rounded to 16 bfloat16 in the lower half of `to` (VCVTNEPS2BF16): to the
   * nearest, denormals to 0. The upper half becomes 0.
   */
  roundToHalves(to: Vec, from: Vec): void {
    this.#registers(0x72, { map: 2, prefix: 2 }, to, 0, from);
  }

  /** For each four floats a0 to a3 of `a` and b0 to b3 of `b`: a0 b0 a1 b1 (VUNPCKLPS). */
  interleaveLow(to: Vec, a: Vec, b: Vec): void {
    this.#registers(0x14, MOVE, to, a, b);
  }

  /** For each four floats a0 to a3 of `a` and b0 to b3 of `b`: a2 b2 a3 b3 (VUNPCKHPS). */
  interleaveHigh(to: Vec, a: Vec, b: Vec): void {
    this.#registers(0x15, MOVE, to, a, b);
  }

  /** For each four floats a0 to a3 of `a` and b0 to b3 of `b`: a0 a1 b0 b1 (VUNPCKLPD). */
  joinLow(to: Vec, a: Vec, b: Vec): void {
    this.#registers(0x14, { map: 1, prefix: 1, wide: 1 }, to, a, b);
  }

  /** For each four floats a0 to a3 of `a` and b0 to b3 of `b`: a2 a3 b2 b3 (VUNPCKHPD). */
  joinHigh(to: Vec, a: Vec, b: Vec): void {
    this.#registers(0x15, { map: 1, prefix: 1, wide: 1 }, to, a, b);
  }

  /**
   * Two groups of four floats of `a`, then two of `b`; two bits of `order` choose each
   * (VSHUFF32X4).
   */
  shuffleFours(to: Vec, a: Vec, b: Vec, order: number): void {
    this.#registers(0x23, { map: 3, prefix: 1 }, to, a, b);
    this.emit(order);
  }

  /**
   * Each of the 32 words of 16 bits of `to` = the word whose number is in `order`: 0 to 31 are the
   * old words of `to`, 32 to 63 those of `other` (VPERMT2W).
   */
  permuteWords(to: Vec, order: Vec, other: Vec): void {
    this.#registers(0x7d, { map: 2, prefix: 1, wide: 1 }, to, order, other);
  }

  /** The 16 bits of a mask = those at an address (KMOVW). */
  loadMask(to: Mask, from: Address): void {
    this.vexAddress(0x90, { map: 1, prefix: 0, length: 0 }, to, 0, from);
  }

  #registers(opcode: number, form: Form, register: Vec, second: Vec, other: Vec): void {
    this.evexRegisters(opcode, form, { register, second }, other);
  }

  #memory(opcode: number, form: Form, operands: Operands, at: Address, unit: number): void {
    this.evexAddress(opcode, form, operands, at, unit);
  }

  /** An instruction with prefix EVEX and registers alone. */
  protected evexRegisters(opcode: number, form: Form, operands: Operands, other: Vec): void {
    this.#prefix(form, operands, other >> 4, other >> 3);
    this.emit(opcode, modRm(operands.register, other));
  }

  /**
   * An instruction with prefix EVEX and an operand in memory; `unit` is the unit of short offsets.
   */
  protected evexAddress(
    opcode: number,
    form: Form,
    operands: Operands,
    at: Address,
    unit: number,
  ): void {
    this.#prefix(form, operands, (at.index ?? 0) >> 3, at.base >> 3);
    this.emit(opcode);
    this.address(operands.register, at, unit);
  }

  /** EVEX: the inverted highest bits of all operands; the table of the opcode; 512 bits; the mask. */
  #prefix({ map, prefix, wide = 0 }: Form, operands: Operands, x: number, b: number): void {
    const { register, second = 0, mask = 0, zero = false } = operands;
    const bits = (register >> 3 & 1) << 7 | (x & 1) << 6 | (b & 1) << 5 | (register >> 4) << 4;
    this.emit(0x62, bits ^ 0xf0 | map);
    this.emit(wide << 7 | (~second & 15) << 3 | 1 << 2 | prefix);
    this.emit(Number(zero) << 7 | LENGTH_512 | (second >> 4 ^ 1) << 3 | mask);
  }
}

/** The table of an opcode, its prefix (1 for 66, 2 for F3, 3 for F2), and the bit W. */
export interface Form {
  /** The table: 1 for 0F, 2 for 0F 38, 3 for 0F 3A. */
  readonly map: 1 | 2 | 3;
  /** The prefix. */
  readonly prefix: 0 | 1 | 2 | 3;
  /** The bit W. */
  readonly wide?: 0 | 1;
}

/** The operands without the one that may be in memory. */
export interface Operands {
  /** The register in ModRM, which for comparisons is a mask. */
  readonly register: Vec;
  /** The register of the second operand, which is in the prefix. */
  readonly second?: Vec;
  /** The mask, if there is one. */
  readonly mask?: Mask;
  /** Whether numbers outside of the mask become 0. */
  readonly zero?: boolean;
}

/** The form of moves and additions of floats. */
const MOVE: Form = { map: 1, prefix: 0 };

/** The bits L'L of EVEX. */
const LENGTH_512 = 2 << 5;
