/**
 * tfjs's `wasm` backend as it is shipped, but for the one kernel without which nothing with an
 * embedding can be trained on it. `lib/backend/wasm.ts` is a better one; this is what people have.
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** Makes it the current backend. */
export async function startStockWasm(): Promise<void> {
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
      return segmentSum(backend as BackendWasm, x, segmentIds, Number(attrs?.numSegments));
    },
  });
  if (!await tf.setBackend("wasm")) throw new Error("tfjs could not start its wasm backend");
}

function segmentSum(
  backend: BackendWasm,
  x: tf.TensorInfo,
  segmentIds: tf.TensorInfo,
  count: number,
): tf.TensorInfo {
  const rest = x.shape.slice(segmentIds.shape.length);
  const width = tf.util.sizeFromShape(rest);
  const out = backend.makeOutput([count, ...rest], x.dtype);
  const [ids, from, to] = [segmentIds, x, out].map((info) => backend.typedArrayFromHeap(info));
  to.fill(0);
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < 0) continue;
    for (let j = 0; j < width; j++) to[ids[i] * width + j] += from[i * width + j];
  }
  return out;
}
