/** What computes a run, in words: for a person, and to compare when the run goes on elsewhere. */
import { simdMachine } from "../backend/simd/start.ts";
import { several } from "../format.ts";

/** The backend that is running, as a person wants to know it: its threads, and what multiplies. */
export function machineInWords(backend: string): string {
  if (backend !== "simd") return backend;
  const { threads, blas, multipliers } = simdMachine();
  const own = multipliers.includes("native") ? "native code" : "WebAssembly";
  return `simd, ${several(threads, "thread")}, ${blas ? blas.path.split("/").at(-1) : own}`;
}

/**
 * The backend that is running, as far as the last bits of a number depend on it: of `simd` neither the
 * number of threads nor whether native code multiplies, but a library, which rounds in its own order.
 */
export function decidingBits(backend: string): string {
  return backend === "simd" && simdMachine().blas ? machineInWords(backend) : backend;
}
