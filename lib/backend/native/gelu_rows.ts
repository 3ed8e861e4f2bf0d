/**
 * A dense layer's bias followed by GELU: the same as in `simd/kernels/gelu.ts`, bit for bit, for
 * rows whose length is a multiple of 16.
 */
import { Reg } from "./assembler.ts";
import type { RowCode } from "./row_code.ts";
import { emitExpLow, emitNormalShare, EXP_CONSTANTS, SHARE_CONSTANTS } from "./row_math.ts";

const { rax, rbx, rcx, rsi, rdi, r8 } = Reg;

const rowBytes = rsi;
const at = rdi;
const rowsLeft = r8;

/** y = gelu(x + bias); x becomes GELU's derivative at x + bias. Parameters: x, bias, y, rows, n. */
export function emitBiasGelu(code: RowCode): void {
  const { assembler } = code;
  const [x, bias, y] = [rax, rbx, rcx];
  const [value, bell, share] = [5, 6, 7];
  code.hold(...EXP_CONSTANTS.slice(0, 9), ...SHARE_CONSTANTS.slice(0, 7));
  code.place(x, 0);
  code.place(bias, 1);
  code.place(y, 2);
  code.parameter(rowsLeft, 3);
  code.bytesOf(rowBytes, 4);
  code.downRows(rowsLeft, [x, y], rowBytes, () => {
    code.alongRow(at, rowBytes, () => {
      assembler.get(value, { base: x, index: at });
      assembler.plus(value, value, { base: bias, index: at });
      assembler.times(0, value, value);
      assembler.times(0, 0, code.constant("minusHalf"));
      emitExpLow(code, bell, 0, [1, 2, 3]);
      emitNormalShare(code, share, value, bell, [1, 2, 3]);
      assembler.times(0, value, share);
      assembler.put({ base: y, index: at }, 0);
      assembler.times(bell, bell, code.constant("perRootOf2Pi"));
      assembler.times(bell, value, bell);
      assembler.plus(share, share, bell);
      assembler.put({ base: x, index: at }, share);
    });
  });
}
