/**
 * How an operation with a gradient of its own is written down: once, in a form that keeps memory
 * tidy. The operations of `lib/model/ops/` are made with it.
 */
import * as tf from "@tensorflow/tfjs";
import "./choose.ts"; // so that the fastest backend is registered also where useBackend() was not called

/**
 * Runs `forward` as one step on tfjs's tape, with `backward` as its gradient.
 *
 * Temporaries of both are freed at once; of the forward pass only what `save` was given stays until
 * the backward pass is over. A gradient is computed for every input, so `inputs` holds only what
 * can be trained; ids, masks and seeds are closed over, tensors among them through `save`.
 *
 * @param inputs What to differentiate by.
 * @param forward Computes the value; hands to `save` what `backward` needs.
 * @param backward Given the gradient of the value and what was saved, one gradient for each input.
 * @returns The value; the caller disposes of it.
 *
 * @example The cube, whose gradient is three times the square
 * ```ts
 * import { differentiable } from "bert/backend/operation.ts";
 * import { strictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const cube = (x: tf.Tensor) =>
 *   differentiable([x], (save) => {
 *     save([x]);
 *     return tf.mul(tf.square(x), x);
 *   }, (dy, [x]) => [tf.mul(dy, tf.mul(tf.square(x), 3))]);
 * strictEqual(tf.grad(cube)(tf.scalar(2)).arraySync(), 12);
 * ```
 */
export function differentiable<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => T,
  backward: (dy: T, saved: tf.Tensor[]) => tf.Tensor[],
): T {
  const operation = tf.customGrad<T>((...given) => {
    const save = given[given.length - 1] as (tensors: tf.Tensor[]) => void;
    return {
      value: forward(save),
      gradFunc: (dy, saved) => tf.tidy(() => backward(dy, saved)),
    };
  });
  return operation(...inputs);
}

/**
 * Runs the current backend's own kernel for an operation, if it has one.
 *
 * @param name `Bert…`, as registered by the backend.
 * @returns What the kernel gives, or `undefined`: then the definition on plain operations is used.
 */
export function fused(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, number> = {},
): tf.Tensor[] | undefined {
  if (!tf.getKernel(name, tf.getBackend())) return undefined;
  return [tf.engine().runKernel(name, inputs, attrs)].flat() as tf.Tensor[];
}

/** The only tensor that a kernel gives, if there is one. */
export function one<T extends tf.Tensor>(tensors: tf.Tensor[] | undefined): T | undefined {
  return tensors?.[0] as T | undefined;
}
