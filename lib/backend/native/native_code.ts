/**
 * The native code of this process: assembled once, shared by all threads. Where it cannot run, the
 * WebAssembly kernels do the same steps on their own.
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
import { assemblePairs } from "./pairs.ts";
import { assemblePanels } from "./panels.ts";
import { assembleRows, ROW_KERNELS } from "./row_kernels.ts";
import { assembleWidePanels } from "./wide_panels.ts";

/** Where the native code lies, or why there is none. */
export type NativeCode = NativeKernels | { readonly missing: string };

/** The address of each kernel. */
export interface NativeKernels {
  /** The product of panels. */
  readonly panels: bigint;
  /** What AVX512_BF16 is for, or why it is not there. */
  readonly bf16: NativePairs | { readonly missing: string };
  /** The kernels for rows, in the order of `ROW_KERNELS`. */
  readonly rows: readonly bigint[];
}

/** The kernels for pairs of bfloat16. */
export interface NativePairs {
  /** Turns panels of float32 into panels of pairs. */
  readonly pair: bigint;
  /** The product of panels of pairs. */
  readonly panels: bigint;
}

/** What `BERT_NATIVE` may be. */
const CHOICES = ["off", "avx2", "avx512"] as const;

type Choice = typeof CHOICES[number];

let loaded: NativeCode | undefined;

/**
 * The native code, assembled at the first call. It is missing on other processors and systems, where
 * FFI is not permitted, and where `BERT_NATIVE` is `off`.
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

/** 512 bits are taken where they are asked for; bf16, which a run asks for, wherever there is any. */
function assemble(called: Convention, has: Features, wanted: Choice | undefined): NativeCode {
  if (wanted === "avx512" && !has.avx512) {
    const advice = "needs a processor with AVX512F and AVX512BW: set avx2, or leave it out";
    throw new ConfigError("BERT_NATIVE", wanted, advice);
  }
  if (!has.avx2) return { missing: "this processor has no AVX2 with FMA" };
  const panels = wanted === "avx512"
    ? assembleWidePanels(called, "float32")
    : assemblePanels(called);
  const lanes = has.avx512 && wanted !== "avx2" ? 16 : 8;
  const rows = makeAllExecutable(ROW_KERNELS.map((name) => assembleRows(name, called, lanes)));
  return { panels: makeExecutable(panels), bf16: assembleBf16(called, has, wanted), rows };
}

function assembleBf16(
  called: Convention,
  { bf16 }: Features,
  wanted: Choice | undefined,
): NativeKernels["bf16"] {
  if (wanted === "avx2") return { missing: "BERT_NATIVE is avx2" };
  if (!bf16) return { missing: "this processor has no AVX512_BF16" };
  return {
    pair: makeExecutable(assemblePairs(called)),
    panels: makeExecutable(assembleWidePanels(called, "pairs")),
  };
}

/** The reason where the user has switched native code off; it is not printed. */
const OFF = "BERT_NATIVE is off";

let reported = false;

/** Says once in a process that something is computed without native code, and why. */
export function reportMissing(
  reason: string,
  what = "Products are computed by WebAssembly, at about half the speed",
): void {
  if (reported || reason === OFF) return;
  reported = true;
  // deno-lint-ignore no-console
  console.warn(`${what}: ${reason}`);
}
