/**
 * A small assembler for x86-64: bytes of the instructions that the native kernels need, with labels
 * for jumps. It knows registers of 64 bits, vectors of 256 bits (AVX2, FMA) and one shape of address,
 * `[base + index * scale + offset]`. `avx512_assembler.ts` adds vectors of 512 bits.
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
  /** Where it lies, in bytes from the start; undefined until `place()` says so. */
  position: number | undefined;
  /** Where the distances to it stand that are still to be filled in. */
  readonly uses: number[];
}

/** The conditions of `jump()`, after `compare()` or an addition, for numbers without sign. */
const CONDITION = { below: 0x2, aboveOrEqual: 0x3, equal: 0x4, notEqual: 0x5, above: 0x7 } as const;

/** When a jump is taken. */
export type Condition = keyof typeof CONDITION;

/** Arithmetic of two registers, or of a register and a number: opcode and its extension. */
const ARITHMETIC = { add: 0, sub: 5, cmp: 7 } as const;

/** Collects instructions as bytes. */
export class Assembler {
  readonly #bytes: number[] = [];

  /** Address of a new place, to be fixed by `place()`. */
  label(): Label {
    return { position: undefined, uses: [] };
  }

  /** Lets a label stand for the place of the next instruction. */
  place(label: Label): void {
    if (label.position !== undefined) throw new TypeError("A label has one place");
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

  /** `to` = the address itself, as a sum. */
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

  /** Compares as numbers without sign, for the next `jump()`. */
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

  /** Goes on at a label, always or where a condition holds. */
  jump(to: Label, when?: Condition): void {
    if (when === undefined) this.emit(0xe9);
    else this.emit(0x0f, 0x80 | CONDITION[when]);
    this.#distance(to);
  }

  /** Returns to the caller. */
  return(): void {
    this.emit(0xc3);
  }

  /** What the processor can do: eax and ecx choose the question, eax to edx hold the answer. */
  cpuid(): void {
    this.emit(0x0f, 0xa2);
  }

  /** Which registers the system saves: the answer in edx:eax, to the question 0 in ecx. */
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

  /** The floats whose word in `mask` has its highest bit; 0 elsewhere, and not read (VMASKMOVPS). */
  loadMasked(to: Vec, mask: Vec, from: Address): void {
    this.vexAddress(0x2c, { map: 2, prefix: 1 }, to, mask, from);
  }

  /** Writes the floats whose word in `mask` has its highest bit (VMASKMOVPS). */
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

  /** Clears the upper halves of all vectors, which callers that use 128 bits want (VZEROUPPER). */
  clearUpperHalves(): void {
    this.emit(0xc5, 0xf8, 0x77);
  }

  /** Asks for the memory at an address to come into the first cache (PREFETCHT0). */
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

  /** The prefix of instructions on 64 bits; it also holds the highest bit of each register. */
  #rex(register: number, index: number, base: number): void {
    this.emit(0x48 | rexBits(register, index, base));
  }

  /** Prefix VEX of three bytes: the highest bits, inverted, of all registers and which opcodes. */
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
   * ModRM, SIB where it is needed, and the offset in one byte, four bytes or none.
   *
   * @param unit What an offset of one byte counts, in bytes.
   */
  protected address(register: number, at: Address, unit = 1): void {
    const { base, index, scale = 1, offset = 0 } = at;
    if (index === Reg.rsp) throw new RangeError("rsp cannot be an index");
    const none = offset === 0 && (base & 7) !== 5; // without an offset, 5 would mean another form
    const units = offset / unit;
    const short = Number.isInteger(units) && units >= -128 && units < 128;
    const mode = none ? 0 : short ? 1 : 2;
    const withSib = index !== undefined || (base & 7) === 4;
    this.emit(mode << 6 | (register & 7) << 3 | (withSib ? 4 : base & 7));
    if (withSib) this.emit(Math.log2(scale) << 6 | ((index ?? 4) & 7) << 3 | base & 7);
    if (!none) this.emit(...(short ? [units & 0xff] : int32(offset)));
  }

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

  /** Jumps count from the end of their instruction, which the distance is. */
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
