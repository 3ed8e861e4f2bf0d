/**
 * A description of a run's backend, to show it, and to compare it when a run is resumed on another
 * machine.
 */
import { simdMachine } from "../backend/simd/start.ts";
import { several } from "../format.ts";

/** Describes the current backend: its name, its threads, and the code of its matrix products. */
export function machineInWords(backend: string): string {
  if (backend !== "simd") return backend;
  const { threads, blas, multipliers } = simdMachine();
  const own = multipliers[0] === "wasm" ? "WebAssembly" : "native code";
  return `simd, ${several(threads, "thread")}, ${blas ? blas.path.split("/").at(-1) : own}`;
}

/**
 * Describes the current backend as far as the last bits of numbers depend on it. For `simd` they do
 * not depend on the number of threads or on native code, but on a native BLAS library, which adds
 * numbers in an order of its own.
 */
export function decidingBits(backend: string): string {
  return backend === "simd" && simdMachine().blas ? machineInWords(backend) : backend;
}
