/**
 * The `simd` backend as tfjs sees it: tfjs's own CPU backend with its tensors in the shared memory,
 * where the kernels work. An operation without a kernel of ours runs on tfjs's CPU kernel.
 */
import * as tf from "@tensorflow/tfjs";
import { OutOfMemoryError } from "../../errors.ts";
import type { KernelName } from "./kernel_names.ts";
import type { Machine } from "./machine.ts";

/** How a tensor's numbers are stored. */
type Numbers = Float32Array | Int32Array | Uint8Array;

/** A tensor's entry in tfjs's store. It has `address` and `view` if the tensor is in the memory. */
interface Entry {
  values?: tf.backend_util.BackendValues;
  dtype: tf.DataType;
  refCount: number;
  address?: number;
  view?: Numbers;
}

const TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

function isStorable(dtype: tf.DataType): dtype is keyof typeof TYPES {
  return dtype in TYPES;
}

/** A tfjs backend whose tensors are in the memory of a machine. */
export class SimdBackend extends tf.MathBackendCPU {
  /** The memory, the kernels and the threads. */
  readonly machine: Machine;
  /** The data that the running kernel has made, which are freed if it throws. */
  #taken: object[] = [];
  /** The name of the running kernel, if there is one. */
  #kernel: string | undefined;

  constructor(machine: Machine) {
    super();
    this.machine = machine;
    (this as unknown as { firstUse: boolean }).firstUse = false; // no advice to use tfjs-node
  }

  /** Runs a kernel, see `Machine.run()`. */
  run(kernel: KernelName, tasks: number, ...parameters: readonly number[]): void {
    this.machine.run(kernel, tasks, ...parameters);
  }

  /** Runs a kernel. If it throws, all data that it has made are freed. */
  attempt<T>(kernel: string, compute: () => T): T {
    if (this.#kernel !== undefined) return compute(); // called by another kernel
    this.#kernel = kernel;
    try {
      return compute();
    } catch (error) {
      for (const dataId of this.#taken.slice()) this.disposeData(dataId);
      throw error;
    } finally {
      this.#kernel = undefined;
      this.#taken = [];
    }
  }

  /** A new tensor with arbitrary numbers. */
  output(shape: readonly number[], dtype: keyof typeof TYPES = "float32"): tf.TensorInfo {
    const count = tf.util.sizeFromShape([...shape]);
    const { view, address } = this.#room(count, dtype, shape);
    const dataId = super.write(view, [...shape], dtype);
    Object.assign(this.#entry(dataId), { address, view });
    this.#take(dataId);
    return { dataId, shape: [...shape], dtype };
  }

  /** The address of a tensor's numbers, which are copied into the memory if they are not there. */
  pointer({ dataId, shape }: tf.TensorInfo): number {
    const entry = this.#entry(dataId);
    if (entry.address === undefined || entry.values !== entry.view) this.#settle(entry, shape);
    return entry.address!;
  }

  /** A tensor's numbers in the memory; no copy. */
  values(info: tf.TensorInfo): Numbers {
    this.pointer(info);
    return this.#entry(info.dataId).view!;
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType) {
    const dataId = super.write(values, shape, dtype);
    this.#take(dataId);
    if (!isStorable(dtype) || !values) return dataId;
    try {
      this.#settle(this.#entry(dataId), shape);
    } catch (error) {
      this.disposeData(dataId);
      throw error;
    }
    return dataId;
  }

  override incRef(dataId: object): void {
    super.incRef(dataId);
    this.#take(dataId);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const { view, values } = this.#entry(dataId);
    return view && view === values ? view.slice() : super.readSync(dataId);
  }

  override read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.data.has(dataId) ? this.#entry(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    const i = this.#taken.lastIndexOf(dataId);
    if (i >= 0) this.#taken.splice(i, 1);
    if (entry?.address !== undefined && !this.data.has(dataId)) this.#release(entry);
    return gone;
  }

  override memory() {
    const { used, reached } = this.machine.usage;
    return { unreliable: false, reasons: [], numBytesInUse: used, numBytesReached: reached };
  }

  /** Ends the helper threads. */
  override dispose(): void {
    this.machine.close();
  }

  /** Notes that the running kernel has made these data. */
  #take(dataId: object): void {
    if (this.#kernel !== undefined) this.#taken.push(dataId);
  }

  /** A tensor's entry; tfjs moves the tensor here if it is on another backend. */
  #entry(dataId: object): Entry {
    if (!this.data.has(dataId) && !tf.engine().state.tensorInfo.has(dataId)) {
      throw new TypeError("A tensor is gone: disposed of, or made before tf.engine().reset()");
    }
    return this.data.get(dataId) as Entry;
  }

  /** Moves a tensor's values into the memory. */
  #settle(entry: Entry, shape: readonly number[]): void {
    if (!isStorable(entry.dtype) || !entry.values) {
      throw new TypeError(`A tensor of type ${entry.dtype} cannot be given to a kernel of simd`);
    }
    const values = entry.values as ArrayLike<number>;
    const { view, address } = this.#room(values.length, entry.dtype, shape);
    view.set(values);
    if (entry.address !== undefined) this.#release(entry);
    Object.assign(entry, { values: view, view, address });
  }

  /** Allocates memory for so many numbers; `shape` is for the message. */
  #room(count: number, dtype: keyof typeof TYPES, shape: readonly number[]) {
    const type = TYPES[dtype];
    const bytes = count * type.BYTES_PER_ELEMENT;
    const address = this.machine.allocate(bytes);
    if (address === undefined) throw this.#outOfMemory(bytes, `a ${dtype} tensor [${shape}]`);
    const buffer = this.machine.memory.buffer as ArrayBuffer; // tfjs's types know no shared memory
    return { address, view: new type(buffer, address, count) };
  }

  #release(entry: Entry): void {
    this.machine.free(entry.address!);
    entry.address = undefined;
  }

  #outOfMemory(bytes: number, what: string): OutOfMemoryError {
    const { used, blocks, most, longestFree } = this.machine.usage;
    const mega = (count: number) => (count / 2 ** 20).toFixed(1);
    return new OutOfMemoryError(
      this.#kernel ?? "",
      `${what} needs ${mega(bytes)} MiB`,
      `${blocks} blocks hold ${mega(used)} of ${mega(most)} MiB, and the longest free piece has ` +
        `${mega(longestFree)} MiB. Lower batchSize or maxLength, or dispose of tensors`,
    );
  }
}
