/**
 * Starts the backend `simd` and tells tfjs which kernels it has; every other operation runs on
 * tfjs's own CPU kernels. `lib/backend/README.md` explains the whole.
 */
import * as tf from "@tensorflow/tfjs";
import { FUSED_KERNELS } from "./fused_kernels.ts";
import type { Compute, Inputs } from "./kernel.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { PRODUCT_KERNELS } from "./product_kernels.ts";
import { ELEMENTWISE_KERNELS } from "./elementwise_kernels.ts";
import { MOVE_KERNELS } from "./move_kernels.ts";
import { REDUCE_KERNELS } from "./reduce_kernels.ts";
import { SimdBackend } from "./simd_backend.ts";

const NAME = "simd";

/**
 * Makes `simd` the current backend.
 *
 * There is one such backend in a process, with the options of its first start. After
 * `tf.removeBackend("simd")` it can be started again with other options.
 *
 * @param options Threads, memory and native library; the defaults suit training.
 * @throws {Error} If this machine cannot run it, for instance for lack of shared memory.
 *
 * @example
 * ```ts
 * import { startSimd } from "bert/backend/simd/start.ts";
 * import { deepStrictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * await startSimd();
 * const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]));
 * deepStrictEqual(product.arraySync(), [[11]]);
 * ```
 */
export async function startSimd(options: MachineOptions = {}): Promise<void> {
  if (!isRunning()) {
    if (tf.engine().registryFactory[NAME]) tf.removeBackend(NAME);
    offer(options, Machine.create(options));
  }
  if (!await tf.setBackend(NAME)) throw new Error(`tfjs could not start its ${NAME} backend`);
}

/**
 * Registers `simd`, so that tfjs starts it by itself when the first tensor is made, unless a
 * backend was chosen before. Nothing is started yet.
 */
export function offerSimd(): void {
  if (!tf.engine().registryFactory[NAME]) offer({});
}

/** Whether the backend has been started and not been removed. */
function isRunning(): boolean {
  return NAME in tf.engine().registry;
}

/** Whether the last start by tfjs has failed. */
let failed = false;

/** Whether tfjs has tried to start the backend by itself and could not. */
export function simdFailed(): boolean {
  return failed;
}

/** Registers the backend; `first` is the machine for its first start, if there is one already. */
function offer(options: MachineOptions, first?: Machine): void {
  let ready = first;
  tf.registerBackend(NAME, () => {
    failed = true; // until it has started
    const machine = ready ?? Machine.create(options); // a new one after tf.engine().reset()
    ready = undefined;
    if (!tf.getKernelsForBackend(NAME).length) registerKernels();
    failed = false;
    return new SimdBackend(machine);
  }, 3);
}

/** The machine of the running backend: its threads, its memory, its library. */
export function simdMachine(): Machine {
  const backend = tf.findBackend(NAME) as SimdBackend | null;
  if (!backend) throw new TypeError("The simd backend is not running; call startSimd() first");
  return backend.machine;
}

/** Registers our kernels, and tfjs's CPU kernels for all other operations. */
function registerKernels(): void {
  const own = { ...PRODUCT_KERNELS, ...ELEMENTWISE_KERNELS, ...REDUCE_KERNELS, ...MOVE_KERNELS };
  const all: Record<string, Compute> = { ...own, ...FUSED_KERNELS };
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    if (!(kernel.kernelName in all)) register(kernel.kernelName, kernel.kernelFunc);
  }
  for (const [kernelName, compute] of Object.entries(all)) {
    register(
      kernelName,
      ({ inputs, backend, attrs }) =>
        compute(backend as SimdBackend, inputs as Inputs, attrs ?? {}),
    );
  }
}

function register(kernelName: string, kernelFunc: tf.KernelFunc): void {
  tf.registerKernel({
    kernelName,
    backendName: NAME,
    kernelFunc: (params) =>
      (params.backend as SimdBackend).attempt(kernelName, () => kernelFunc(params)),
  });
}
