/** The cores that this process may use, according to the C library. */
import { C_LIBRARY } from "../c_library.ts";
import { mayCallNative } from "../permissions.ts";

const CORES = {
  sched_getaffinity: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "i64" },
} as const;

/** The size of a mask with one bit for each of 8,192 cores. */
const MASK_BYTES = 1024;
/** `_SC_NPROCESSORS_ONLN` of Linux, the argument of `sysconf()` that asks for the number of cores. */
const ONLINE = 84;

/**
 * The cores that this process may use, as hexadecimal digits of their mask, and how many its machine
 * has. Where the system does not say, the mask is empty.
 */
export function systemCores(): { readonly mask: string; readonly all: number } {
  const unknown = { mask: "", all: navigator.hardwareConcurrency };
  if (Deno.build.os !== "linux" || !mayCallNative()) return unknown;
  try {
    const library = Deno.dlopen(C_LIBRARY!, CORES);
    const { sched_getaffinity: affinity, sysconf } = library.symbols;
    const mask = new Uint8Array(MASK_BYTES);
    const code = affinity(0, BigInt(MASK_BYTES), mask);
    const all = Number(sysconf(ONLINE));
    library.close();
    return code >= 0 && all > 0 ? { mask: mask.toHex().replace(/(00)+$/, ""), all } : unknown;
  } catch {
    return unknown;
  }
}
