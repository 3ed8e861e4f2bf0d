/**
 * What this processor can do, asked with its own instruction CPUID.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "CPUID", and volume
 * 1, sections 14.3 "Detection of Intel AVX Instructions" and 15.2 "Detection of AVX-512".
 */
import { Assembler, Reg } from "./assembler.ts";
import { FIRST_ARGUMENT } from "./calling_convention.ts";
import { addressOf, type Convention, makeExecutable, nativeCaller } from "./executable_memory.ts";

/** The four registers that CPUID answers in. */
export interface Answer {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** An instruction that answers the question in eax and ecx. */
export type Ask = (eax: number, ecx: number) => Answer;

/** What a processor has and the operating system lets programs use. */
export interface Features {
  /** AVX2 and FMA: vectors of 256 bits. */
  readonly avx2: boolean;
  /** AVX512F and AVX512BW: vectors of 512 bits, masks, permutations of words. */
  readonly avx512: boolean;
  /** AVX512_BF16 beside these. */
  readonly bf16: boolean;
}

/**
 * What this processor has.
 *
 * @throws {Error} If machine code cannot be executed at all.
 */
export function processorFeatures(convention: Convention): Features {
  const cpuid = asFunction(convention, (assembler) => assembler.cpuid());
  const xgetbv = asFunction(convention, (assembler) => assembler.xgetbv());
  return featuresOf(cpuid, xgetbv);
}

/** Registers that the system saves when it changes threads, as XGETBV answers: 128, 256, 512 bits and masks. */
const SAVES_256 = 0b110;
const SAVES_512 = 0b11100110;

/** What the answers mean. XGETBV is asked only where CPUID says that it exists. */
export function featuresOf(cpuid: Ask, xgetbv: Ask): Features {
  const none = { avx2: false, avx512: false, bf16: false };
  if (cpuid(0, 0).eax < 7) return none;
  const { ecx } = cpuid(1, 0);
  const [fma, systemSaves, avx] = [12, 27, 28].map((bit) => has(ecx, bit));
  if (!fma || !systemSaves || !avx) return none;
  const saved = xgetbv(0, 0).eax;
  const { eax: subleaves, ebx } = cpuid(7, 0);
  const avx2 = has(ebx, 5) && (saved & SAVES_256) === SAVES_256;
  const avx512 = avx2 && has(ebx, 16) && has(ebx, 30) && (saved & SAVES_512) === SAVES_512;
  return { avx2, avx512, bf16: avx512 && subleaves >= 1 && has(cpuid(7, 1).eax, 5) };
}

function has(word: number, bit: number): boolean {
  return (word >>> bit & 1) === 1;
}

/** An instruction that takes eax and ecx and answers in eax to edx, as a function. */
function asFunction(convention: Convention, emit: (assembler: Assembler) => void): Ask {
  const code = makeExecutable(assembleQuestion(convention, emit));
  const call = nativeCaller();
  return (eax, ecx) => {
    const words = new Uint32Array(8); // the question: rax, rcx; the answer: eax to edx
    words[0] = eax;
    words[2] = ecx;
    call(code, addressOf(words));
    return { eax: words[4], ebx: words[5], ecx: words[6], edx: words[7] };
  };
}

/** A function of the address of two registers of 64 bits, rax and rcx, that writes four words behind them. */
export function assembleQuestion(
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
