/**
 * The backend of a run in words: for a person, and to compare when a run is resumed on another
 * machine.
 */
import { simdMachine } from "../backend/simd/start.ts";
import { several } from "../format.ts";

/** The current backend in words: its name, its threads, and what computes its matrix products. */
export function machineInWords(backend: string): string {
  if (backend !== "simd") return backend;
  const { threads, blas, multipliers } = simdMachine();
  const own = multipliers[0] === "wasm" ? "WebAssembly" : "native code";
  return `simd, ${several(threads, "thread")}, ${blas ? blas.path.split("/").at(-1) : own}`;
}

/**
 * The current backend, as far as the last bits of a number depend on it. For `simd` they depend
 * neither on the number of threads nor on native code, but on a native BLAS library, which sums in
 * its own order.
 */
export function decidingBits(backend: string): string {
  return backend === "simd" && simdMachine().blas ? machineInWords(backend) : backend;
}
