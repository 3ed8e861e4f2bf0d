/** The register of a function's argument, and the registers that a function must save. */
import { type Assembler, number, Reg } from "./assembler.ts";
import type { Convention } from "./executable_memory.ts";

const { rbx, rsp, rbp, rsi, rdi, r12, r13, r14, r15 } = Reg;

/** The register in which a function finds its first argument. */
export const FIRST_ARGUMENT: Readonly<Record<Convention, Reg>> = {
  systemV: Reg.rdi,
  windows: Reg.rcx,
};

/** The registers that a function must save for its caller. */
const OWN = [rbx, rbp, r12, r13, r14, r15];
const OWN_ON_WINDOWS = [rsi, rdi];
const VECTORS_ON_WINDOWS = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]; // their lower halves

/** Begins a function: saves the caller's registers, and moves the only argument to `parameters`. */
export function beginFunction(
  assembler: Assembler,
  convention: Convention,
  parameters: Reg,
): void {
  saveRegisters(assembler, convention);
  assembler.move(parameters, FIRST_ARGUMENT[convention]);
}

/** Ends a function, and returns its machine code. */
export function endFunction(
  assembler: Assembler,
  convention: Convention,
): Uint8Array<ArrayBuffer> {
  assembler.clearUpperHalves();
  restoreRegisters(assembler, convention);
  assembler.return();
  return assembler.bytes();
}

/** Saves the caller's registers on the stack. */
function saveRegisters(assembler: Assembler, convention: Convention): void {
  for (const register of OWN) assembler.push(register);
  if (convention !== "windows") return;
  for (const register of OWN_ON_WINDOWS) assembler.push(register);
  assembler.subtract(rsp, number(32 * VECTORS_ON_WINDOWS.length));
  VECTORS_ON_WINDOWS.forEach((vector, i) => {
    assembler.storeVector({ base: rsp, offset: 32 * i }, vector);
  });
}

/** Restores the caller's registers from the stack. */
function restoreRegisters(assembler: Assembler, convention: Convention): void {
  if (convention === "windows") {
    VECTORS_ON_WINDOWS.forEach((vector, i) => {
      assembler.loadVector(vector, { base: rsp, offset: 32 * i });
    });
    assembler.add(rsp, number(32 * VECTORS_ON_WINDOWS.length));
    for (const register of OWN_ON_WINDOWS.toReversed()) assembler.pop(register);
  }
  for (const register of OWN.toReversed()) assembler.pop(register);
}
