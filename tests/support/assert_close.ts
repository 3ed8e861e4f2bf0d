/** Compares numbers with a tolerance, and names the place where they differ most. */
import type * as tf from "@tensorflow/tfjs";
import { AssertionError, deepStrictEqual } from "node:assert";

/** How far an actual number may be from the expected one: `atol + rtol * |expected|`. */
export interface Tolerance {
  readonly rtol?: number;
  readonly atol?: number;
}

/** Numbers in any of the forms that tests compare. */
export type Numbers = tf.Tensor | ArrayLike<number> | number;

/**
 * Throws unless every number is within the tolerance, which NaN never is. Tensors must have the same
 * shape. The message names the place with the largest difference, by its index in row-major order.
 */
export function assertClose(
  actual: Numbers,
  expected: Numbers,
  { rtol = 0, atol = 0 }: Tolerance,
  what = "values",
): void {
  if (isTensor(actual) && isTensor(expected)) {
    deepStrictEqual(actual.shape, expected.shape, `shape of ${what}`);
  }
  const found = toArray(actual);
  const wanted = toArray(expected);
  deepStrictEqual(found.length, wanted.length, `number of ${what}`);
  let worst = -1;
  let most = 0;
  for (let i = 0; i < found.length; i++) {
    const excess = Math.abs(found[i] - wanted[i]) - (atol + rtol * Math.abs(wanted[i]));
    if (excess <= 0) continue;
    if (worst < 0 || !(excess <= most)) {
      worst = i;
      most = excess;
    }
  }
  if (worst < 0) return;
  const difference = Math.abs(found[worst] - wanted[worst]);
  throw new AssertionError({
    message: `${what}[${worst}] is ${found[worst]}, expected ${wanted[worst]}: ` +
      `off by ${difference}, allowed atol ${atol} + rtol ${rtol}`,
    actual: found[worst],
    expected: wanted[worst],
  });
}

function isTensor(numbers: Numbers): numbers is tf.Tensor {
  return typeof numbers === "object" && "dataSync" in numbers;
}

function toArray(numbers: Numbers): ArrayLike<number> {
  if (typeof numbers === "number") return [numbers];
  return isTensor(numbers) ? numbers.dataSync() : numbers;
}
