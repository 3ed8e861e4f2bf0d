/**
 * The native code of this process, which is assembled once and shared by all threads. Where it
 * cannot run, the WebAssembly kernels compute everything.
 */
import { ConfigError } from "../../errors.ts";
import { mayCallNative, permittedVariable } from "../../permissions.ts";
import { type Features, processorFeatures } from "./cpu.ts";
import {
  type Convention,
  convention,
  makeAllExecutable,
  makeExecutable,
} from "./executable_memory.ts";
import { assemblePanels } from "./avx2_panels.ts";
import { assembleRows, ROW_KERNELS } from "./row_kernels.ts";
import type { Operand } from "./pack_parameters.ts";
import { assembleWidePack } from "./avx512_pack.ts";
import { assembleWidePanels } from "./avx512_panels.ts";

/** The addresses of the native code, or the reason why there is none. */
export type NativeCode = NativeKernels | { readonly missing: string };

/** The kernels by the instruction set that they need. */
export interface NativeKernels {
  /** For AVX2 with FMA: the address of the product of panels, which WebAssembly packs. */
  readonly avx2: bigint | undefined;
  /** For AVX-512. */
  readonly avx512: WideKernels | undefined;
  /** For AVX512_BF16, with pairs of bfloat16; or the reason why there is none. */
  readonly bf16: WideKernels | { readonly missing: string };
  /** The kernels for rows, in the order of `ROW_KERNELS`. */
  readonly rows: readonly bigint[];
}

/** The addresses of the kernels for vectors of 512 bits. */
export interface WideKernels {
  /** The code that copies operands into panels. */
  readonly pack: bigint;
  /** The product of such panels. */
  readonly panels: bigint;
}

/** The values of `BERT_NATIVE`. */
const CHOICES = ["off", "avx2", "avx512"] as const;

type Choice = typeof CHOICES[number];

let loaded: NativeCode | undefined;

/**
 * The native code, which is assembled at the first call. There is none on other processors and
 * systems, without permission for FFI, and if `BERT_NATIVE` is `off`.
 *
 * @throws {ConfigError} If `BERT_NATIVE` has another value than `off`, `avx2` or `avx512`, or names
 * what this processor does not have.
 */
export function nativeCode(): NativeCode {
  if (!mayCallNative()) return { missing: "native code needs --allow-ffi" };
  loaded ??= load();
  return loaded;
}

function load(): NativeCode {
  const wanted = checkChoice(permittedVariable("BERT_NATIVE"));
  if (wanted === "off") return { missing: OFF };
  const called = convention();
  if (called === undefined) {
    const { arch, os } = Deno.build;
    return { missing: `native code is written for x86-64 on Linux and Windows, not ${arch} ${os}` };
  }
  try {
    return assemble(called, processorFeatures(called), wanted);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function checkChoice(wanted: string | undefined): Choice | undefined {
  if (wanted === undefined || CHOICES.includes(wanted as Choice)) return wanted as Choice;
  throw new ConfigError("BERT_NATIVE", wanted, "must be off, avx2 or avx512, or not be set");
}

function assemble(called: Convention, has: Features, wanted: Choice | undefined): NativeCode {
  if (wanted === "avx512" && !has.avx512) {
    const advice = "needs a processor with AVX512F and AVX512BW: set avx2, or leave it out";
    throw new ConfigError("BERT_NATIVE", wanted, advice);
  }
  if (!has.avx2) return { missing: "this processor has no AVX2 with FMA" };
  const wide = has.avx512 && wanted !== "avx2";
  const lanes = wide ? 16 : 8;
  return {
    avx2: wanted === "avx512" ? undefined : makeExecutable(assemblePanels(called)),
    avx512: wide ? assembleWide(called, "float32") : undefined,
    bf16: wide && has.bf16 ? assembleWide(called, "pairs") : missingBf16(wanted),
    rows: makeAllExecutable(ROW_KERNELS.map((name) => assembleRows(name, called, lanes))),
  };
}

function assembleWide(called: Convention, operand: Operand): WideKernels {
  return {
    pack: makeExecutable(assembleWidePack(called, operand)),
    panels: makeExecutable(assembleWidePanels(called, operand)),
  };
}

function missingBf16(wanted: Choice | undefined): { missing: string } {
  if (wanted === "avx2") return { missing: "BERT_NATIVE is avx2" };
  return { missing: "this processor has no AVX512_BF16" };
}

/** The reason if the user has turned native code off. It is not printed. */
const OFF = "BERT_NATIVE is off";

let reported = false;

/** Prints once in a process that something is computed without native code, and why. */
export function reportMissing(
  reason: string,
  what = "Products are computed by WebAssembly, at about half the speed",
): void {
  if (reported || reason === OFF) return;
  reported = true;
  // deno-lint-ignore no-console
  console.warn(`${what}: ${reason}`);
}
