/**
 * Starts the backend `simd` and tells tfjs which kernels it has: those that BERT's operations are
 * fused into (`Bert…`, called by `lib/ops*.ts`), and a few of tfjs's own that training needs often.
 */
import * as tf from "@tensorflow/tfjs";
import { Heap } from "./heap.ts";
import { FUSED_KERNELS } from "./simd_fused.ts";
import { type KernelFunctions, SimdBackend } from "./simd_backend.ts";
import { STANDARD_KERNELS } from "./simd_standard.ts";

const NAME = "simd";
const FIRST_PAGES = 256; // 16 MiB

/** Settings of a kernel call. */
export type Attributes = Record<string, string | number | number[] | boolean>;

/** A kernel of this backend, typed for its own needs. */
export interface SimdKernel {
  readonly name: string;
  readonly run: (
    backend: SimdBackend,
    inputs: Record<string, tf.TensorInfo>,
    attrs: Attributes,
  ) => tf.TensorInfo | tf.TensorInfo[];
}

/**
 * Registers the backend, once in a process, and makes it the current one.
 *
 * @throws {WebAssembly.CompileError} If the engine lacks relaxed SIMD or shared memory.
 */
export async function startSimd(): Promise<void> {
  if (!tf.engine().registryFactory[NAME]) {
    const backend = await createBackend();
    tf.registerBackend(NAME, () => backend, 3);
    registerKernels();
  }
  if (!await tf.setBackend(NAME)) throw new Error(`Cannot start backend ${NAME}`);
}

async function createBackend(): Promise<SimdBackend> {
  const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: 65_536, shared: true });
  const bytes = await Deno.readFile(new URL("./kernels.wasm", import.meta.url));
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: { memory, abort: () => {} },
  });
  const kernels = instance.exports as unknown as KernelFunctions;
  const heap = new Heap(memory, 65_536);
  kernels.setScratch(heap.take(kernels.scratchBytes()));
  return new SimdBackend(heap, kernels);
}

function registerKernels(): void {
  const own = [...STANDARD_KERNELS, ...FUSED_KERNELS];
  const names = new Set(own.map(({ name }) => name));
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    if (!names.has(kernel.kernelName)) tf.registerKernel({ ...kernel, backendName: NAME });
  }
  for (const { name, run } of own) {
    tf.registerKernel({
      kernelName: name,
      backendName: NAME,
      kernelFunc: ({ inputs, backend, attrs }) =>
        run(
          backend as SimdBackend,
          inputs as Record<string, tf.TensorInfo>,
          (attrs ?? {}) as Attributes,
        ),
    });
  }
}
