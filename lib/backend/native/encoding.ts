/** The encoding of parts of instructions that all assemblers use. */

/** The table of an opcode (1 for 0F, 2 for 0F 38, 3 for 0F 3A) and its prefix (1 for 66). */
export interface Opcodes {
  /** The table. */
  readonly map: 1 | 2 | 3;
  /** The prefix. */
  readonly prefix: 0 | 1;
  /** The bit L in its place: 4 for vectors of 256 bits, the default, or 0 for 128. */
  readonly length?: 0 | 4;
}

/** The bit L of VEX: vectors of 256 bits. */
export const LENGTH_256 = 4;

/** The byte ModRM of two registers as operands. */
export function modRm(register: number, other: number): number {
  return 0xc0 | (register & 7) << 3 | other & 7;
}

/** The highest bits of three registers' numbers, as in REX. */
export function rexBits(register: number, index: number, base: number): number {
  return register >> 3 << 2 | index >> 3 << 1 | base >> 3;
}

/** A number as four bytes. */
export function int32(value: number): number[] {
  if (!Number.isInteger(value) || value !== (value | 0)) {
    throw new RangeError(`${value} does not fit into the 32 bits of an instruction`);
  }
  return [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >>> 24];
}
