/**
 * The precision of matrix products: a state of the backend `simd` that is set while a function runs.
 * `README.md` beside this file says what is rounded, and how.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, FUNCTION } from "../checks.ts";
import type { Precision } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { simdMachine } from "./simd/start.ts";

/**
 * Runs a function whose matrix products are computed in a precision, in both passes. Only the
 * operands of products are rounded; their sums and all other operations stay float32.
 *
 * @param precision The precision.
 * @param compute The function. It must not be asynchronous: when it returns, products are float32
 * again.
 * @returns What `compute` returns.
 * @throws {ConfigError} If the precision is not available here; see `checkPrecision()`.
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
  checkArguments("withPrecision(precision, compute)", [["compute", compute, FUNCTION]]);
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
 * Throws unless the backend in use can compute products in a precision. Await `ensureBackend()`
 * first.
 *
 * @param precision The precision.
 * @param name The name of the setting, for the message.
 * @throws {ConfigError} If another backend than `simd` computes, or if the processor, the system or a
 * missing permission prevents `"bf16"`; the message says which, and what to set instead.
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
    const advice = `needs the backend simd, and ${tf.getBackend()} is in use: leave it out`;
    throw new ConfigError(name, precision, advice);
  }
  const missing = simdMachine().missing(precision);
  if (missing === undefined) return;
  throw new ConfigError(
    name,
    precision,
    `is not available here (${missing}): set "bf16-emulated", which rounds alike but saves no time, ` +
      'or "float32"',
  );
}
