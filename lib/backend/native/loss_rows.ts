/** Exponentials of long rows of logits: the same as in `simd/kernels/loss.ts`, bit for bit. */
import { number, Reg } from "./assembler.ts";
import type { RowCode } from "./row_code.ts";
import { emitExpLow, EXP_CONSTANTS } from "./row_math.ts";

const { rax, rbx, rcx, rsi, rdi } = Reg;

const x = rax;
const to = rbx;
const left = rcx;
const bytes = rsi;
const at = rdi;

/**
 * The bytes of a part of a row, 1024 numbers. They are summed in four sums, which are then added
 * up.
 */
const PART = 4096;

/**
 * Σ exp(x - shift) over a row, one part after the other. Parameters: x, the number of parts, shift,
 * the address of the sum.
 */
export function emitSumOfExps(code: RowCode): void {
  const { assembler } = code;
  const [shift, part, all] = [5, 6, 7];
  code.hold(...EXP_CONSTANTS);
  code.place(x, 0);
  code.parameter(left, 1);
  code.spreadParameter(shift, 2);
  code.place(to, 3);
  assembler.clearVector(all);
  assembler.subtract(bytes, bytes);
  assembler.add(bytes, number(PART));
  code.downRows(left, [x], bytes, () => {
    assembler.clearVector(part);
    code.alongRow(at, bytes, () => {
      assembler.get(0, { base: x, index: at });
      assembler.minus(0, 0, shift);
      emitExpLow(code, 1, 0, [2, 3, 4]);
      code.addFours(part, 1, 2);
    });
    code.total(part, 0);
    assembler.plus(all, all, part);
  });
  assembler.putFirst({ base: to }, all);
}

/** to = weight * exp(x - most - log). Parameters: x, to, count, most, log, weight. */
export function emitScaledExps(code: RowCode): void {
  const { assembler } = code;
  const [most, log, weight] = [5, 6, 7];
  code.hold(...EXP_CONSTANTS);
  code.place(x, 0);
  code.place(to, 1);
  code.bytesOf(bytes, 2);
  code.spreadParameter(most, 3);
  code.spreadParameter(log, 4);
  code.spreadParameter(weight, 5);
  code.alongRow(at, bytes, () => {
    assembler.get(0, { base: x, index: at });
    assembler.minus(0, 0, most);
    assembler.minus(0, 0, log);
    emitExpLow(code, 1, 0, [2, 3, 4]);
    assembler.times(1, 1, weight);
    assembler.put({ base: to, index: at }, 1);
  });
}
