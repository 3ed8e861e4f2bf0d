/**
 * The kernels of AdamW and of the norm of all gradients, for `adamw_update.ts` and `global_norm.ts`
 * of `lib/training/`. Weights can be updated in place, as no packed copies of them are kept.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  type Attributes,
  type Inputs,
  type Kernels,
  reshaped,
  sizeOf,
  tasksFor,
} from "./kernel.ts";
import { float } from "./float_word.ts";
import { CHUNK } from "./elementwise_kernels.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The first attributes of `BertAdamW`, in the order of the kernel's parameters. */
const FACTORS = ["beta1", "rest1", "beta2", "rest2", "epsilon", "scale", "rate"] as const;

/**
 * Returns the updated weight. Both means are overwritten, and so is the weight unless something
 * else refers to its numbers.
 */
function adamW(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo {
  const { gradient, first, second } = inputs;
  const weight = ownWeight(backend, inputs.weight);
  const count = sizeOf(weight);
  const pointers = [weight, gradient, first, second].map((tensor) => backend.pointer(tensor));
  const all = { ...attrs, rest1: 1 - attrs.beta1, rest2: 1 - attrs.beta2 } as Attributes;
  const factors = [...FACTORS.map((name) => all[name]), attrs.correction2, attrs.shrink];
  backend.run("adamW", tasksFor(count, CHUNK), ...pointers, count, ...factors.map(float));
  return weight;
}

/** The weight itself, or a copy if a clone or a reshaped view has the same numbers. */
function ownWeight(backend: SimdBackend, weight: tf.TensorInfo): tf.TensorInfo {
  if (backend.refCount(weight.dataId) === 1) return reshaped(backend, weight, weight.shape);
  const copy = backend.output(weight.shape);
  backend.values(copy).set(backend.values(weight));
  return copy;
}

/** The norm of all tensors taken as one vector, summed in double precision. */
function globalNorm(backend: SimdBackend, inputs: Inputs): tf.TensorInfo {
  let squares = 0;
  for (const x of Object.values(inputs)) squares += sumOfSquares(backend, x);
  const norm = backend.output([]);
  backend.values(norm)[0] = Math.sqrt(squares);
  return norm;
}

/** Σ x² over a tensor: the tasks sum chunks, which are added up in order. */
function sumOfSquares(backend: SimdBackend, x: tf.TensorInfo): number {
  const count = sizeOf(x);
  const tasks = tasksFor(count, CHUNK);
  const parts = backend.output([2 * tasks]); // room for `tasks` float64 numbers
  const from = backend.pointer(x);
  const to = backend.pointer(parts);
  backend.run("squares", tasks, from, to, count);
  const sums = new Float64Array(backend.machine.memory.buffer, to, tasks);
  const total = sums.reduce((sum, part) => sum + part, 0);
  backend.disposeData(parts.dataId);
  return total;
}

/** The kernels of an optimisation step. */
export const OPTIMIZER_KERNELS: Kernels = { BertAdamW: adamW, BertGlobalNorm: globalNorm };
