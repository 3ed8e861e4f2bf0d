/**
 * tfjs's `webgpu` backend on Deno's own WebGPU.
 *
 * It is used only if it is named. Its kernels are not fused, so that a step of a small model is a
 * thousand small jobs, whose set-up takes longer than the whole step on `simd`.
 *
 * Numbers can only be read asynchronously, with `await tensor.data()`: to read them synchronously,
 * tfjs needs a canvas, which Deno does not have.
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Starts the `webgpu` backend and makes it the current one.
 *
 * It needs neither a flag nor a permission. Errors of the GPU are printed, as WebGPU would not report
 * them.
 *
 * @throws {Error} If this machine has no GPU that WebGPU can use.
 *
 * @example
 * ```ts
 * import { startWebgpu } from "bert/backend/webgpu.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import { deepStrictEqual } from "node:assert";
 * if (await navigator.gpu?.requestAdapter()) {
 *   await startWebgpu();
 *   deepStrictEqual([...await tf.add([1, 2], 1).data()], [2, 3]);
 * }
 * ```
 */
export async function startWebgpu(): Promise<void> {
  if (!await navigator.gpu?.requestAdapter()) {
    throw new Error(
      "this machine has no GPU that WebGPU can use: install a driver with Vulkan (Linux), Metal " +
        "(macOS) or Direct3D 12 (Windows); mesa-vulkan-drivers is one that computes on the CPU",
    );
  }
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!await tf.setBackend("webgpu")) throw new Error("tfjs could not start its webgpu backend");
  reportErrors(tf.backend());
}

/** WebGPU reports an error only to listeners of this event, if no call waits for it. */
function reportErrors(backend: object): void {
  const { device } = backend as { device: GPUDevice };
  device.addEventListener("uncapturederror", (event) => {
    // deno-lint-ignore no-console
    console.error(`WebGPU: ${(event as GPUUncapturedErrorEvent).error.message}`);
  });
}
