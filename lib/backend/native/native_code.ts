/**
 * The native code of this process: assembled once, shared by all threads, and what the WebAssembly
 * kernels import to call it. Where it cannot run, those kernels do the same steps on their own.
 */
import { ConfigError } from "../../errors.ts";
import { mayCallNative, permittedVariable } from "../../permissions.ts";
import { hasAvx2AndFma } from "./cpu.ts";
import { addressOf, convention, makeExecutable, nativeCaller } from "./executable_memory.ts";
import { assemblePanels, COLUMNS, PARAMETER, PARAMETER_BYTES } from "./panels.ts";

/** Where the native code lies, or why there is none. */
export type NativeCode = { readonly panels: bigint } | { readonly missing: string };

/**
 * Multiplies panels that lie in the memory: `c` = or, with `keep`, += A B.
 *
 * Addresses count bytes from the start of the memory, `stride` the bytes from row to row of C.
 */
export type Panels = (
  rows: number,
  columns: number,
  depth: number,
  a: number,
  b: number,
  c: number,
  stride: number,
  keep: number,
) => void;

let loaded: NativeCode | undefined;

/**
 * The native code, assembled at the first call. It is missing on other processors and systems, where
 * FFI is not permitted, and where `BERT_NATIVE` is `off`.
 *
 * @throws {ConfigError} If `BERT_NATIVE` is neither `off` nor `avx2`.
 */
export function nativeCode(): NativeCode {
  if (!mayCallNative()) return { missing: "native code needs --allow-ffi" };
  loaded ??= load();
  return loaded;
}

function load(): NativeCode {
  const wanted = permittedVariable("BERT_NATIVE");
  if (wanted === "off") return { missing: OFF };
  if (wanted !== undefined && wanted !== "avx2") {
    throw new ConfigError("BERT_NATIVE", wanted, "must be off or avx2, or not be set");
  }
  const called = convention();
  if (called === undefined) {
    const { arch, os } = Deno.build;
    return { missing: `native code is written for x86-64 on Linux and Windows, not ${arch} ${os}` };
  }
  try {
    if (!hasAvx2AndFma(called)) return { missing: "this processor has no AVX2 with FMA" };
    return { panels: makeExecutable(assemblePanels(called)) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** What is missing where the user has switched native code off, which nobody has to be told. */
const OFF = "BERT_NATIVE is off";

let reported = false;

/** Says once in a process that products are computed without native code, and why. */
export function reportMissing(reason: string): void {
  if (reported || reason === OFF) return;
  reported = true;
  // deno-lint-ignore no-console
  console.warn(`Products are computed by WebAssembly, at about half the speed: ${reason}`);
}

/** What the kernels of one thread import; without native code it is never called. */
export function panelsImport(code: NativeCode, memory: WebAssembly.Memory): Panels {
  if ("missing" in code) {
    return () => {
      throw new Error(`Cannot multiply with native code: ${code.missing}`);
    };
  }
  const call = nativeCaller();
  const words = new Uint32Array(PARAMETER_BYTES / 4); // the upper halves of all but the base stay 0
  const place = addressOf(words);
  new DataView(words.buffer).setBigUint64(
    PARAMETER.base,
    addressOf(new Uint8Array(memory.buffer)), // shared memory never moves
    true,
  );
  return (rows, columns, depth, a, b, c, stride, keep) => {
    words[PARAMETER.a / 4] = a;
    words[PARAMETER.b / 4] = b;
    words[PARAMETER.c / 4] = c;
    words[PARAMETER.rowBytes / 4] = stride;
    words[PARAMETER.rows / 4] = rows;
    words[PARAMETER.columns / 4] = columns;
    words[PARAMETER.depth / 4] = depth;
    words[PARAMETER.keep / 4] = keep;
    const last = columns % COLUMNS;
    if (last !== 0) {
      for (let i = 0; i < COLUMNS; i++) words[PARAMETER.mask / 4 + i] = i < last ? 0xffffffff : 0;
    }
    call(code.panels, place);
  };
}
