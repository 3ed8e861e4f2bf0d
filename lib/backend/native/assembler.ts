/**
 * A small assembler for x86-64: the bytes of the instructions that the native kernels use, with
 * labels for jumps. It has registers of 64 bits, vectors of 256 bits (AVX2, FMA) and one form of
 * address, `[base + index * scale + offset]`. `avx512_assembler.ts` adds vectors of 512 bits.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, sections 2.1
 * (prefixes, ModRM, SIB), 2.3 (VEX) and the pages of the instructions; its names are used here.
 * `tests/backend/native/assembler_test.ts` compares each form with the bytes of GNU as.
 */

import { int32, LENGTH_256, modRm, type Opcodes, rexBits } from "./encoding.ts";

/** A general register of 64 bits, by the number that instructions encode. */
export const Reg = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
} as const;

/** The number of a general register. */
export type Reg = typeof Reg[keyof typeof Reg];

/** The number of a vector register, 0 to 15. */
export type Vec = number;

/** A place in memory: `[base + index * scale + offset]`. */
export interface Address {
  readonly base: Reg;
  /** Any register but rsp. */
  readonly index?: Reg;
  /** 1, 2, 4 or 8; 1 by default. */
  readonly scale?: number;
  /** Bytes, from -2^31 to 2^31 - 1; 0 by default. */
  readonly offset?: number;
}

/** A place in the code that jumps lead to. */
export interface Label {
  /** Its place, in bytes from the start; undefined until `place()` is called. */
  position: number | undefined;
  /** The places of the jumps' distances to it that are not filled in yet. */
  readonly uses: number[];
}

/** The conditions of `jump()` after `compare()` or a subtraction, for unsigned numbers. */
const CONDITION = { below: 0x2, aboveOrEqual: 0x3, equal: 0x4, notEqual: 0x5, above: 0x7 } as const;

/** The condition under which a jump is taken. */
export type Condition = keyof typeof CONDITION;

/** Arithmetic of two registers, or of a register and a number: the extension of the opcode. */
const ARITHMETIC = { add: 0, sub: 5, cmp: 7 } as const;

/** Collects instructions as bytes. */
export class Assembler {
  readonly #bytes: number[] = [];

  /** A new label, whose place `place()` sets. */
  label(): Label {
    return { position: undefined, uses: [] };
  }

  /** Sets the place of a label to that of the next instruction. */
  place(label: Label): void {
    if (label.position !== undefined) throw new TypeError("A label can have only one place");
    label.position = this.#bytes.length;
    for (const use of label.uses) this.#patch(use, label.position);
  }

  /**
   * The machine code.
   *
   * @throws {TypeError} If a jump leads to a label without a place.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#open > 0) throw new TypeError(`${this.#open} jumps lead to labels without a place`);
    return new Uint8Array(this.#bytes);
  }

  /** The number of jumps whose label has no place yet. */
  #open = 0;

  // ---------------------------------------------------------------- general registers

  /** `to = from`. */
  move(to: Reg, from: Reg): void {
    this.#rex(from, 0, to);
    this.emit(0x89, modRm(from, to));
  }

  /** `to` = the 64 bits at an address. */
  load(to: Reg, from: Address): void {
    this.#rex(to, from.index ?? 0, from.base);
    this.emit(0x8b);
    this.address(to, from);
  }

  /** The 64 bits of `from` go to an address. */
  store(to: Address, from: Reg): void {
    this.#rex(from, to.index ?? 0, to.base);
    this.emit(0x89);
    this.address(from, to);
  }

  /** The low 32 bits of `from` go to an address. */
  store32(to: Address, from: Reg): void {
    const rex = rexBits(from, to.index ?? 0, to.base);
    if (rex !== 0) this.emit(0x40 | rex);
    this.emit(0x89);
    this.address(from, to);
  }

  /** `to` = the address itself (LEA). */
  loadAddress(to: Reg, from: Address): void {
    this.#rex(to, from.index ?? 0, from.base);
    this.emit(0x8d);
    this.address(to, from);
  }

  /** `to += by`. */
  add(to: Reg, by: Reg | Immediate): void {
    this.#arithmetic("add", to, by);
  }

  /** `to -= by`. */
  subtract(to: Reg, by: Reg | Immediate): void {
    this.#arithmetic("sub", to, by);
  }

  /** Compares unsigned numbers, for the next `jump()`. */
  compare(a: Reg, b: Reg | Immediate): void {
    this.#arithmetic("cmp", a, b);
  }

  /** Puts a register on the stack. */
  push(from: Reg): void {
    if (from > 7) this.emit(0x41);
    this.emit(0x50 | from & 7);
  }

  /** Takes a register from the stack. */
  pop(to: Reg): void {
    if (to > 7) this.emit(0x41);
    this.emit(0x58 | to & 7);
  }

  /** Jumps to a label, always or if a condition holds. */
  jump(to: Label, when?: Condition): void {
    if (when === undefined) this.emit(0xe9);
    else this.emit(0x0f, 0x80 | CONDITION[when]);
    this.#distance(to);
  }

  /** Returns to the caller. */
  return(): void {
    this.emit(0xc3);
  }

  /**
   * Asks for the processor's features: eax and ecx are the question, eax to edx the answer (CPUID).
   */
  cpuid(): void {
    this.emit(0x0f, 0xa2);
  }

  /** Asks which registers the system saves: ecx = 0 is the question, edx:eax the answer (XGETBV). */
  xgetbv(): void {
    this.emit(0x0f, 0x01, 0xd0);
  }

  // ---------------------------------------------------------------- vectors of 8 float32

  /** `to` = 8 floats at any address (VMOVUPS). */
  loadVector(to: Vec, from: Address): void {
    this.vexAddress(0x10, { map: 1, prefix: 0 }, to, 0, from);
  }

  /** 8 floats of `from` go to any address (VMOVUPS). */
  storeVector(to: Address, from: Vec): void {
    this.vexAddress(0x11, { map: 1, prefix: 0 }, from, 0, to);
  }

  /** Each of the 8 floats of `to` = the float at an address (VBROADCASTSS). */
  broadcast(to: Vec, from: Address): void {
    this.vexAddress(0x18, { map: 2, prefix: 1 }, to, 0, from);
  }

  /**
   * Loads the floats whose word in `mask` has its highest bit set; others are 0 and not read
   * (VMASKMOVPS).
   */
  loadMasked(to: Vec, mask: Vec, from: Address): void {
    this.vexAddress(0x2c, { map: 2, prefix: 1 }, to, mask, from);
  }

  /** Stores the floats whose word in `mask` has its highest bit set (VMASKMOVPS). */
  storeMasked(to: Address, mask: Vec, from: Vec): void {
    this.vexAddress(0x2e, { map: 2, prefix: 1 }, from, mask, to);
  }

  /** `sum += a * b` with one rounding (VFMADD231PS). */
  multiplyAdd(sum: Vec, a: Vec, b: Vec): void {
    this.#vex({ map: 2, prefix: 1 }, sum, 0, b, a);
    this.emit(0xb8, modRm(sum, b));
  }

  /** `to = a + b` (VADDPS). */
  addVectors(to: Vec, a: Vec, b: Vec): void {
    this.#vex({ map: 1, prefix: 0 }, to, 0, b, a);
    this.emit(0x58, modRm(to, b));
  }

  /** `to = a` plus 8 floats at an address (VADDPS). */
  addFrom(to: Vec, a: Vec, from: Address): void {
    this.vexAddress(0x58, { map: 1, prefix: 0 }, to, a, from);
  }

  /** All bits of `to` = 0 (VXORPS of itself). */
  clearVector(to: Vec): void {
    this.#vex({ map: 1, prefix: 0 }, to, 0, to, to);
    this.emit(0x57, modRm(to, to));
  }

  /**
   * Clears the upper halves of all vectors, as code with vectors of 128 bits is slow otherwise
   * (VZEROUPPER).
   */
  clearUpperHalves(): void {
    this.emit(0xc5, 0xf8, 0x77);
  }

  /** Prefetches the memory at an address into the first cache (PREFETCHT0). */
  prefetch(from: Address): void {
    const rex = rexBits(0, from.index ?? 0, from.base);
    if (rex !== 0) this.emit(0x40 | rex);
    this.emit(0x0f, 0x18);
    this.address(1, from);
  }

  // ---------------------------------------------------------------- encoding

  /** Appends bytes. */
  protected emit(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  #arithmetic(name: keyof typeof ARITHMETIC, to: Reg, by: Reg | Immediate): void {
    if (typeof by === "number") {
      this.#rex(by, 0, to);
      this.emit(ARITHMETIC[name] << 3 | 1, modRm(by, to));
      return;
    }
    this.#rex(0, 0, to);
    const short = by.value >= -128 && by.value < 128;
    this.emit(short ? 0x83 : 0x81, modRm(ARITHMETIC[name], to));
    this.emit(...(short ? [by.value & 0xff] : int32(by.value)));
  }

  /** The prefix REX of instructions on 64 bits, with the highest bit of each register's number. */
  #rex(register: number, index: number, base: number): void {
    this.emit(0x48 | rexBits(register, index, base));
  }

  /**
   * The prefix VEX of three bytes: the inverted highest bits of all registers, and the table of the
   * opcode.
   */
  #vex(
    { map, prefix, length = LENGTH_256 }: Opcodes,
    register: Vec,
    index: number,
    base: number,
    second: Vec,
  ): void {
    const high = (number: number) => number > 7 ? 0 : 1;
    this.emit(0xc4, high(register) << 7 | high(index) << 6 | high(base) << 5 | map);
    this.emit((~second & 15) << 3 | length | prefix);
  }

  /** An instruction with prefix VEX and registers alone. */
  protected vexRegisters(
    opcode: number,
    opcodes: Opcodes,
    register: number,
    second: Vec,
    other: Vec,
  ): void {
    this.#vex(opcodes, register, 0, other, second);
    this.emit(opcode, modRm(register, other));
  }

  /** An instruction with prefix VEX and an operand in memory. */
  protected vexAddress(
    opcode: number,
    opcodes: Opcodes,
    register: Vec,
    second: Vec,
    at: Address,
  ): void {
    this.#vex(opcodes, register, at.index ?? 0, at.base, second);
    this.emit(opcode);
    this.address(register, at);
  }

  /**
   * Appends ModRM, SIB if it is needed, and the offset in one byte, four bytes or none.
   *
   * @param unit The unit of an offset of one byte, in bytes.
   */
  protected address(register: number, at: Address, unit = 1): void {
    const { base, index, scale = 1, offset = 0 } = at;
    if (index === Reg.rsp) throw new RangeError("rsp cannot be an index");
    const none = offset === 0 && (base & 7) !== 5; // without an offset, base 5 has another meaning
    const units = offset / unit;
    const short = Number.isInteger(units) && units >= -128 && units < 128;
    const mode = none ? 0 : short ? 1 : 2;
    const withSib = index !== undefined || (base & 7) === 4;
    this.emit(mode << 6 | (register & 7) << 3 | (withSib ? 4 : base & 7));
    if (withSib) this.emit(Math.log2(scale) << 6 | ((index ?? 4) & 7) << 3 | base & 7);
    if (!none) this.emit(...(short ? [units & 0xff] : int32(offset)));
  }

  /** Appends the distance to a label, which is filled in when its place is known. */
  #distance(to: Label): void {
    const at = this.#bytes.length;
    this.emit(0, 0, 0, 0);
    if (to.position !== undefined) this.#fill(at, to.position);
    else {
      to.uses.push(at);
      this.#open++;
    }
  }

  #patch(at: number, target: number): void {
    this.#fill(at, target);
    this.#open--;
  }

  /** Fills in the distance of a jump, which counts from the end of the distance's four bytes. */
  #fill(at: number, target: number): void {
    int32(target - at - 4).forEach((byte, i) => this.#bytes[at + i] = byte);
  }
}

/** A number within an instruction. */
export interface Immediate {
  /** From -2^31 to 2^31 - 1. */
  readonly value: number;
}

/** A number as an operand: `add(Reg.rax, number(24))`. */
export function number(value: number): Immediate {
  return { value };
}
