/**
 * How precisely matrix products are computed: a state of the backend `simd` that holds while a
 * function runs. `README.md` beside this file says what is rounded, and how.
 */
import * as tf from "@tensorflow/tfjs";
import type { Precision } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { simdMachine } from "./simd/start.ts";

/**
 * Computes with the products of a precision, forwards and backwards. Everything but products stays
 * float32, and so do the products themselves once they are summed up.
 *
 * @param compute Is called at once and must not be asynchronous: when it returns, products are
 * float32 again.
 * @returns What `compute` returns.
 * @throws {ConfigError} If the precision cannot be had here; see `checkPrecision()`.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { withPrecision } from "bert/backend/precision.ts";
 * import { strictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * await useBackend("simd");
 * const [x, y] = [tf.tensor2d([[1.01]]), tf.tensor2d([[1]])];
 * const product = withPrecision("bf16-emulated", () => tf.matMul(x, y));
 * strictEqual(product.dataSync()[0], 1.0078125); // the nearest number with 8 bits
 * ```
 */
export function withPrecision<T>(precision: Precision, compute: () => T): T {
  checkPrecision(precision);
  if (precision === "float32") return compute();
  const machine = simdMachine();
  machine.computeIn(precision);
  try {
    return compute();
  } finally {
    machine.computeIn("float32");
  }
}

/**
 * Throws unless the backend in use can compute products in a precision. Await `ensureBackend()` first.
 *
 * @param name What the setting is called where it was set.
 * @throws {ConfigError} If another backend than `simd` computes, or if the processor, the system or a
 * missing permission leaves out `"bf16"`; the message says which, and what to set instead.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { checkPrecision } from "bert/backend/precision.ts";
 * import { throws } from "node:assert";
 * await useBackend("wasm");
 * throws(() => checkPrecision("bf16"), /Invalid precision = "bf16": it needs the backend simd/);
 * ```
 */
export function checkPrecision(precision: Precision, name = "precision"): void {
  if (precision === "float32") return;
  if (tf.getBackend() !== "simd") {
    const advice = `needs the backend simd, and ${tf.getBackend()} computes here: leave it out`;
    throw new ConfigError(name, precision, advice);
  }
  const missing = simdMachine().missing(precision);
  if (missing === undefined) return;
  throw new ConfigError(
    name,
    precision,
    `cannot be had here (${missing}): set "bf16-emulated", which rounds alike but saves no time, ` +
      'or "float32"',
  );
}
