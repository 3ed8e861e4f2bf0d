/** Random tensors, and the comparison of gradients with finite differences. */
import * as tf from "@tensorflow/tfjs";
import { createRng } from "bert/random.ts";
import { assertClose } from "./assert_close.ts";

/** Numbers from -1 to 1, the same for the same seed. */
export function randomTensor<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> {
  const rng = createRng(seed);
  const count = tf.util.sizeFromShape(shape);
  return tf.tensor(Float32Array.from({ length: count }, () => 2 * rng.random() - 1), shape);
}

/**
 * Throws unless the gradients of `f` with respect to every input equal central differences,
 * `(f(x + step) - f(x - step)) / (2 · step)`.
 *
 * The elements of the result are multiplied by random weights before they are summed, so that errors
 * cannot cancel.
 */
export function assertGradients<T extends tf.Tensor[]>(
  f: (...inputs: T) => tf.Tensor,
  inputs: [...T],
  { step = 1e-2, tolerance = 1e-3 } = {},
): void {
  const weights = tf.tidy(() => randomTensor(f(...inputs).shape, 99));
  const gradients = gradientsAt((...xs: T) => tf.sum(tf.mul(f(...xs), weights)), inputs);
  inputs.forEach((input, which) => {
    const slopes = Float64Array.from(input.dataSync(), (_, i) => {
      const [up, down] = [step, -step].map((change) => {
        const moved = inputs.map((x, j) => j === which ? nudged(x, i, change) : x) as T;
        return tf.tidy(() => dot(f(...moved), weights));
      });
      return (up - down) / (2 * step);
    });
    assertClose(gradients[which], slopes, { atol: tolerance, rtol: tolerance }, `input ${which}`);
  });
}

/** The gradient of `f` at `x`, given the gradient of its result (all 1 by default). */
export function gradientAt<T extends tf.Tensor>(
  f: (x: T) => tf.Tensor,
  x: T,
  dy?: tf.Tensor,
): tf.Tensor {
  return tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x, dy);
}

/** The gradients of `f` with respect to all of its inputs. */
export function gradientsAt<T extends tf.Tensor[]>(
  f: (...inputs: T) => tf.Tensor,
  inputs: [...T],
): tf.Tensor[] {
  return tf.grads(f as (...xs: tf.Tensor[]) => tf.Tensor)(inputs);
}

function nudged(x: tf.Tensor, index: number, change: number): tf.Tensor {
  const values = x.dataSync().slice();
  values[index] += change;
  return tf.tensor(values, x.shape);
}

/** The dot product in double precision, as the difference of two such sums is small. */
function dot(a: tf.Tensor, b: tf.Tensor): number {
  const left = a.dataSync<"float32">();
  const right = b.dataSync<"float32">();
  return left.reduce((sum, value, i) => sum + value * right[i], 0);
}
