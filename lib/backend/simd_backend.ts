/**
 * The backend `simd`: tfjs's own CPU backend, but tensors live in one WebAssembly memory where
 * kernels of our own find them. An operation without such a kernel runs on tfjs's CPU kernel.
 */
import * as tf from "@tensorflow/tfjs";
import { Heap } from "./heap.ts";

/** The functions of `kernels.wasm`. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => number>>;

/** A tensor's data as tfjs's CPU backend keeps it, and where it lies in the heap. */
interface Stored {
  values: tf.TypedArray;
  readonly dtype: tf.DataType;
  refCount: number;
  pointer?: number;
}

/** Keeps tensors in a heap of its own. */
export class SimdBackend extends tf.MathBackendCPU {
  readonly heap: Heap;
  readonly kernels: KernelFunctions;

  constructor(heap: Heap, kernels: KernelFunctions) {
    super();
    this.heap = heap;
    this.kernels = kernels;
  }

  /** Where the numbers of a float32 or int32 tensor lie; they are moved into the heap if need be. */
  pointer({ dataId }: tf.TensorInfo): number {
    const stored = this.#stored(dataId);
    if (stored.pointer !== undefined) return stored.pointer;
    const { values } = stored;
    const pointer = this.heap.take(values.byteLength);
    stored.values = this.#view(pointer, values.length, stored.dtype);
    stored.values.set(values);
    stored.pointer = pointer;
    return pointer;
  }

  /** A new tensor in the heap, its content undefined, and where it lies. */
  output(shape: number[], dtype: "float32" | "int32" = "float32"): [tf.TensorInfo, number] {
    const size = tf.util.sizeFromShape(shape);
    const pointer = this.heap.take(4 * size);
    const dataId = super.write(this.#view(pointer, size, dtype), shape, dtype);
    this.#stored(dataId).pointer = pointer;
    return [{ dataId, shape, dtype }, pointer];
  }

  /** The numbers of a tensor where they lie; valid until the tensor is disposed of. */
  values({ dataId }: tf.TensorInfo): tf.TypedArray {
    return this.#stored(dataId).values;
  }

  /** Values that point into the heap, as a slice does, are copied: their block may be given away. */
  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): object {
    const inHeap = ArrayBuffer.isView(values) && values.buffer instanceof SharedArrayBuffer;
    return super.write(inHeap ? (values as tf.TypedArray).slice() : values, shape, dtype);
  }

  /** A copy: the reader keeps it, the block goes to another tensor. */
  override readSync(dataId: object): tf.backend_util.BackendValues {
    const stored = this.data.get(dataId) as unknown as Stored;
    return stored.pointer === undefined ? super.readSync(dataId) : stored.values.slice();
  }

  override disposeData(dataId: object, force = false): boolean {
    const pointer = this.data.has(dataId) ? this.#stored(dataId).pointer : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && pointer !== undefined) this.heap.give(pointer);
    return gone;
  }

  override memory() {
    return { unreliable: false, reasons: [], numBytesInHeap: this.heap.used };
  }

  #stored(dataId: object): Stored {
    return this.data.get(dataId) as unknown as Stored;
  }

  #view(pointer: number, size: number, dtype: tf.DataType): tf.TypedArray {
    const { buffer } = this.heap.memory;
    if (dtype === "float32") return new Float32Array(buffer, pointer, size);
    if (dtype === "int32") return new Int32Array(buffer, pointer, size);
    throw new TypeError(`Cannot keep ${dtype} in the heap: cast it to float32 or int32`);
  }
}
