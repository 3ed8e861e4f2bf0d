/**
 * Operations with a gradient of their own, which free their temporaries. The operations of
 * `lib/model/ops/` and the loss are made with `differentiable()`.
 */
import * as tf from "@tensorflow/tfjs";
import "./choose.ts"; // so that the fastest backend is registered also where useBackend() was not called

/**
 * Runs `forward` as one operation on tfjs's tape, with `backward` as its gradient.
 *
 * Temporaries of both are freed at once; only the tensors that were passed to `save` stay until the
 * backward pass is over. A gradient is computed for every input, so `inputs` holds only tensors
 * that have one. `forward` and `backward` get ids, masks and seeds from the enclosing function;
 * `backward` gets tensors among them through `save`.
 *
 * @param inputs The tensors by which the operation is differentiated.
 * @param forward Computes the value, and passes to `save` the tensors that `backward` needs.
 * @param backward Computes one gradient for each input, from the gradient of the value and the saved
 * tensors.
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
 * @param name The kernel's name, `Bert…`, as the backend has registered it.
 * @param inputs The tensors by the names that the kernel knows.
 * @param attrs The numbers by the names that the kernel knows.
 * @returns The kernel's outputs, which the caller disposes of; `undefined` if there is no such
 * kernel, or a tensor has another type than the kernel reads, so that the caller uses the definition
 * by tfjs operations.
 */
export function fused(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, number> = {},
): tf.Tensor[] | undefined {
  if (!tf.getKernel(name, tf.getBackend()) || !haveTypes(inputs)) return undefined;
  return [tf.engine().runKernel(name, inputs, attrs)].flat() as tf.Tensor[];
}

/** The inputs of kernels that are int32. All others are float32. */
const INTEGERS: ReadonlySet<string> = new Set(["ids", "labels"]);

/** Whether all tensors have the types that the kernels read: they would take the bits of another type. */
function haveTypes(inputs: Record<string, tf.Tensor>): boolean {
  return Object.entries(inputs).every(([name, { dtype }]) =>
    dtype === (INTEGERS.has(name) ? "int32" : "float32")
  );
}

/** The first output of a kernel; `undefined` if there is no such kernel. */
export function one<T extends tf.Tensor>(tensors: tf.Tensor[] | undefined): T | undefined {
  return tensors?.[0] as T | undefined;
}
