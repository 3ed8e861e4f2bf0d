/**
 * The instruction sets of this processor, found out with the instruction CPUID.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "CPUID", and volume
 * 1, sections 14.3 "Detection of Intel AVX Instructions" and 15.2 "Detection of AVX-512".
 */
import { Assembler, Reg } from "./assembler.ts";
import { FIRST_ARGUMENT } from "./calling_convention.ts";
import { addressOf, type Convention, makeExecutable, nativeCaller } from "./executable_memory.ts";

/** The four registers with the answer of CPUID. */
export interface Answer {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** An instruction that answers the question in eax and ecx. */
export type Ask = (eax: number, ecx: number) => Answer;

/** The instruction sets that a processor has and the operating system supports. */
export interface Features {
  /** AVX2 and FMA: vectors of 256 bits. */
  readonly avx2: boolean;
  /** AVX512F and AVX512BW: vectors of 512 bits, masks, permutations of words. */
  readonly avx512: boolean;
  /** AVX512_BF16, in addition to `avx512`. */
  readonly bf16: boolean;
}

/**
 * The instruction sets of this processor.
 *
 * @throws {Error} If machine code cannot be executed at all.
 */
export function processorFeatures(convention: Convention): Features {
  const cpuid = asFunction(convention, (assembler) => assembler.cpuid());
  const xgetbv = asFunction(convention, (assembler) => assembler.xgetbv());
  return featuresOf(cpuid, xgetbv);
}

/**
 * The bits of XGETBV for registers of 128 and 256 bits, which the system saves when it changes
 * threads.
 */
const SAVES_256 = 0b110;
/** The bits that also stand for the registers of 512 bits and the masks. */
const SAVES_512 = 0b11100110;

/** The meaning of the answers. XGETBV is used only if CPUID says that it exists. */
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
    const words = new Uint32Array(8); // the question in rax and rcx; the answer in eax to edx
    words[0] = eax;
    words[2] = ecx;
    call(code, addressOf(words));
    return { eax: words[4], ebx: words[5], ecx: words[6], edx: words[7] };
  };
}

/**
 * The machine code of a function of an address: rax and rcx are loaded from there, 64 bits each,
 * and the four words of the answer are stored after them.
 */
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
