/**
 * What this processor can do, asked with its own instruction CPUID.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "CPUID", and volume
 * 1, section 14.3 "Detection of Intel AVX Instructions".
 */
import { Assembler, Reg } from "./assembler.ts";
import { addressOf, type Convention, makeExecutable, nativeCaller } from "./executable_memory.ts";

/** The register in which a function finds its first argument. */
export const FIRST_ARGUMENT: Readonly<Record<Convention, Reg>> = {
  systemV: Reg.rdi,
  windows: Reg.rcx,
};

/** The four registers that CPUID answers in. */
interface Answer {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/**
 * Whether the processor has AVX2 and FMA, and the operating system saves their registers.
 *
 * @throws {Error} If machine code cannot be executed at all.
 */
export function hasAvx2AndFma(convention: Convention): boolean {
  const cpuid = asFunction(convention, (assembler) => assembler.cpuid());
  if (cpuid(0).eax < 7) return false;
  const { ecx } = cpuid(1);
  const [fma, systemSaves, avx] = [12, 27, 28].map((bit) => ecx >>> bit & 1);
  if (!fma || !systemSaves || !avx) return false;
  const xgetbv = asFunction(convention, (assembler) => assembler.xgetbv());
  const halves = 0b110; // lower and upper halves of the 256-bit registers
  return (xgetbv(0).eax & halves) === halves && (cpuid(7).ebx >>> 5 & 1) === 1;
}

/** An instruction that takes eax and ecx and answers in eax to edx, as a function of eax; ecx is 0. */
function asFunction(
  convention: Convention,
  emit: (assembler: Assembler) => void,
): (eax: number) => Answer {
  const code = makeExecutable(registersAround(convention, emit));
  const call = nativeCaller();
  return (eax) => {
    const words = new Uint32Array(8); // the question: rax, rcx; the answer: eax to edx
    words[0] = eax;
    call(code, addressOf(words));
    return { eax: words[4], ebx: words[5], ecx: words[6], edx: words[7] };
  };
}

function registersAround(
  convention: Convention,
  emit: (assembler: Assembler) => void,
): Uint8Array {
  const { rax, rcx, rdx, rbx, r8 } = Reg;
  const assembler = new Assembler();
  assembler.push(rbx); // CPUID overwrites it, and it is the caller's
  assembler.move(r8, FIRST_ARGUMENT[convention]);
  assembler.load(rax, { base: r8 });
  assembler.load(rcx, { base: r8, offset: 8 });
  emit(assembler);
  [rax, rbx, rcx, rdx].forEach((register, i) => {
    assembler.store32({ base: r8, offset: 16 + 4 * i }, register);
  });
  assembler.pop(rbx);
  assembler.return();
  return assembler.bytes();
}
