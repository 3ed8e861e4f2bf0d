/**
 * The memory, the compiled kernels and the threads that run them: the part of the `simd` backend
 * that does not use tfjs. `lib/backend/README.md` explains how the parts work together.
 */
import { checkOptions, checkWhole } from "../../checks.ts";
import type { Precision } from "../../config.ts";
import { ConfigError, OutOfMemoryError } from "../../errors.ts";
import { type NativeCode, nativeCode, reportMissing } from "../native/native_code.ts";
import { nativeImports } from "../native/native_imports.ts";
import { Allocator } from "./allocator.ts";
import { type Blas, loadBlas, sgemmImport } from "./blas.ts";
import { abandonJob, CONTROL_BYTES, takeFailure, WORD } from "./control_block.ts";
import { type KernelName, KERNELS } from "./kernel_names.ts";
import { type Arithmetic, ARITHMETICS, type Multiplier, MULTIPLIERS } from "./multipliers.ts";
import { tryNative, tryPairs } from "./product_trial.ts";
import { tryRows } from "./row_trial.ts";
import { Pool } from "./thread_pool.ts";
import { defaultThreads } from "./thread_count.ts";
import { compiledKernels } from "./wasm_binary.ts";

/** Bytes of the kernels' constants, after the control block. */
const CONSTANT_BYTES = 1024;
/** Bytes of a page of WebAssembly's memory. */
const PAGE = 65536;
const MOST_PAGES = 65536; // 4 GiB, all that 32-bit addresses reach
const GROWTH = 256; // pages: 16 MiB at a time

/** What the compiled module exports. */
interface Exports {
  run(kernel: number, count: number, helpers: number): void;
  serve(index: number): void;
  productScratch(): number;
}

/** Options of a machine. */
export interface MachineOptions {
  /** Threads, the main one included; by default as many as there are cores, at most 8. */
  readonly threads?: number;
  /** The most memory, in bytes; by default 4 GiB. */
  readonly maxBytes?: number;
  /** Whether a native library may compute products, where `BERT_BLAS` names one; true by default. */
  readonly blas?: boolean;
  /** Whether native code may compute products, where it can run; true by default. */
  readonly native?: boolean;
  /** Whether to use the kernels with relaxed SIMD; by default where this machine has it. */
  readonly relaxedSimd?: boolean;
}

/** One shared memory with kernels and threads. */
export class Machine {
  /** The number of threads, the main one included. */
  readonly threads: number;
  /** The native library that computes products, if there is one. */
  readonly blas: Blas | undefined;
  /** What can compute products here, fastest first. */
  readonly multipliers: readonly Multiplier[];
  /** The shared memory. */
  readonly memory: WebAssembly.Memory;
  readonly #allocator: Allocator;
  readonly #exports: Exports;
  readonly #pool: Pool;
  readonly #words: Int32Array;
  readonly #productScratch: number;
  readonly #most: number;
  readonly #code: NativeCode;
  #multiplier: Multiplier;
  #scratchBytes = 0;

  /**
   * Compiles the kernels and allocates the first memory. Threads start with the first job of
   * several tasks.
   *
   * @throws {ConfigError} If an option cannot work.
   * @throws {Error} If the kernels cannot be read or this machine cannot run them.
   */
  static create(options: MachineOptions = {}): Machine {
    checkMachine(options);
    const module = compiledKernels(options.relaxedSimd ?? true);
    const most = Math.min(Math.ceil((options.maxBytes ?? Infinity) / PAGE), MOST_PAGES);
    const memory = new WebAssembly.Memory({ initial: 16, maximum: most, shared: true });
    const blas = options.blas === false ? undefined : loadBlas(memory);
    const code = chooseCode(options, blas);
    const env = { memory, sgemm: sgemmImport(blas), ...nativeImports(code, memory) };
    const instance = new WebAssembly.Instance(module, { env });
    return new Machine({ memory, module, exports: exportsOf(instance), blas, code }, options);
  }

  private constructor(
    { memory, module, exports, blas, code }: Parts,
    { threads = defaultThreads(), maxBytes = Infinity }: MachineOptions,
  ) {
    this.threads = threads;
    this.blas = blas;
    this.#code = code;
    this.memory = memory;
    this.#exports = exports;
    this.#words = new Int32Array(memory.buffer, 0, CONTROL_BYTES / 4);
    this.#most = Math.min(maxBytes, MOST_PAGES * PAGE);
    this.#allocator = new Allocator(CONTROL_BYTES + CONSTANT_BYTES, (end) => this.#reach(end));
    this.#pool = new Pool({ module, memory, blasPath: blas?.path, code }, threads - 1);
    this.#productScratch = exports.productScratch();
    this.reserveScratch(0);
    this.multipliers = this.#multipliers(code);
    this.#multiplier = this.multipliers[0];
    this.computeIn("float32");
    if ("rows" in code) this.rowsAreNative = tryRows(this);
  }

  /** Whether native code computes rows of numbers: softmax, GELU, LayerNorm and the like. */
  get rowsAreNative(): boolean {
    return this.#words[WORD.rows] === 1;
  }

  /** Turns that on or off; without such code it stays off. */
  set rowsAreNative(native: boolean) {
    this.#words[WORD.rows] = native && "rows" in this.#code ? 1 : 0;
  }

  /**
   * `used`: bytes of blocks in use; `blocks`: their number; `reached`: the end of all memory that
   * was ever used; `most`: the limit of the memory; `longestFree`: the longest free block. All but
   * `blocks` in bytes.
   */
  get usage() {
    const { usedBytes, usedBlocks, end } = this.#allocator;
    const longestFree = this.#allocator.longestFree(this.#most);
    return { used: usedBytes, blocks: usedBlocks, reached: end, most: this.#most, longestFree };
  }

  /** The address of a new block, or undefined if there is no free memory. */
  allocate(bytes: number): number | undefined {
    return this.#allocator.allocate(bytes);
  }

  /** Frees a block by its address. */
  free(address: number): void {
    this.#allocator.free(address);
  }

  /**
   * Makes sure that every thread has that many bytes of scratch memory beside that of products.
   *
   * @throws {OutOfMemoryError} If there is no free memory.
   */
  reserveScratch(bytes: number): void {
    const needed = Math.ceil((this.#productScratch + bytes) / 64) * 64;
    if (needed <= this.#scratchBytes) return;
    const address = this.#allocator.allocate(needed * this.threads);
    if (address === undefined) {
      throw new OutOfMemoryError(
        "",
        `${this.threads} threads need ${needed} bytes of scratch each`,
        `${this.#allocator.usedBytes} bytes are in use. Use smaller batches or sequences`,
      );
    }
    if (this.#scratchBytes > 0) this.#allocator.free(this.#words[WORD.scratch] >>> 0);
    this.#words[WORD.scratch] = address;
    this.#words[WORD.scratchBytes] = needed;
    this.#scratchBytes = needed;
  }

  /**
   * Chooses what computes the products, for comparisons. At first it is the fastest.
   *
   * @throws {TypeError} If it is not among `multipliers`.
   */
  multiplyWith(multiplier: Multiplier): void {
    if (!this.multipliers.includes(multiplier)) {
      throw new TypeError(`Cannot multiply with ${multiplier}: here are ${this.multipliers}`);
    }
    this.#multiplier = multiplier;
    this.computeIn("float32");
  }

  /** Why products cannot be computed in a precision here; undefined if they can. */
  missing(precision: Precision): string | undefined {
    if (precision !== "bf16") return undefined;
    if ("missing" in this.#code) return this.#code.missing;
    if ("missing" in this.#code.bf16) return this.#code.bf16.missing;
    const works = tryPairs(this);
    if (works === undefined) return "there is no free memory to try AVX512_BF16 in";
    return works ? undefined : "AVX512_BF16 gives other numbers than it should";
  }

  /**
   * Sets the precision of the products of the next jobs; at first it is float32. A library
   * multiplies in float32 only, so in other precisions the next of `multipliers` is used.
   *
   * @throws {TypeError} If the precision is not available, for the reason that `missing()` gives.
   */
  computeIn(precision: Precision): void {
    const missing = this.missing(precision);
    if (missing !== undefined) throw new TypeError(`Cannot compute in ${precision}: ${missing}`);
    if (precision === "float32") return this.setProducts(this.#multiplier, "float32");
    if (precision === "bf16") return this.setProducts("avx512", "pairs");
    const own = this.multipliers.find((name) => name !== "library") ?? "wasm";
    this.setProducts(this.#multiplier === "library" ? own : this.#multiplier, "rounded");
  }

  /**
   * What can compute products: a library, then native code that passes its trial, then the kernels.
   */
  #multipliers(code: NativeCode): Multiplier[] {
    const own = ["avx512", "avx2"] as const;
    const passed = own.filter((kind) =>
      !("missing" in code) && code[kind] && tryNative(this, kind)
    );
    return [...(this.blas ? ["library"] as const : []), ...passed, "wasm"];
  }

  /** What computes the products of the next jobs, and how. */
  get products(): [Multiplier, Arithmetic] {
    return [
      MULTIPLIERS[this.#words[WORD.multiplier]],
      ARITHMETICS[this.#words[WORD.precision]],
    ];
  }

  /** Sets that without a check; `multiplyWith()` and `computeIn()` check first. */
  setProducts(multiplier: Multiplier, arithmetic: Arithmetic): void {
    this.#words[WORD.multiplier] = MULTIPLIERS.indexOf(multiplier);
    this.#words[WORD.precision] = ARITHMETICS.indexOf(arithmetic);
  }

  /**
   * Runs `tasks` tasks of a kernel and returns when they are done.
   *
   * @param parameters The parameters in the order of the kernel's comment; floats are converted by
   * `float()`.
   * @throws {Error} If a task fails, in this thread or in a helper. No thread is in the job any more.
   */
  run(kernel: KernelName, tasks: number, ...parameters: readonly number[]): void {
    this.#run(kernel, tasks, tasks > 1 ? this.#pool.helpers() : 0, parameters);
  }

  /** Runs a job on this thread alone, without starting helpers. */
  runAlone(kernel: KernelName, tasks: number, ...parameters: readonly number[]): void {
    this.#run(kernel, tasks, 0, parameters);
  }

  #run(kernel: KernelName, tasks: number, helpers: number, parameters: readonly number[]): void {
    for (let i = 0; i < parameters.length; i++) this.#words[WORD.parameters + i] = parameters[i];
    try {
      this.#exports.run(KERNELS.indexOf(kernel), tasks, helpers);
    } catch (cause) {
      abandonJob(this.#words);
      takeFailure(this.memory, this.#words); // removes a helper's message about the same job
      throw new Error(`Kernel ${kernel} failed: ${cause}`, { cause });
    }
    const failure = takeFailure(this.memory, this.#words);
    if (failure) throw new Error(`Kernel ${kernel} failed in a helper thread: ${failure}`);
  }

  /** Ends the threads. The memory is freed when nothing refers to it. */
  close(): void {
    this.#pool.close();
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Grows the memory to an address, if possible by more; returns whether it reaches that far. */
  #reach(end: number): boolean {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE);
    if (end > this.#most) return false;
    if (missing <= 0) return true;
    return this.#grow(Math.max(missing, GROWTH)) || this.#grow(missing);
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }
}

/** The parts of a machine. */
interface Parts {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly exports: Exports;
  readonly blas: Blas | undefined;
  readonly code: NativeCode;
}

function exportsOf(instance: WebAssembly.Instance): Exports {
  return instance.exports as unknown as Exports;
}

/**
 * Native code, unless the options turn it off. It gives the bits of the kernels with relaxed SIMD,
 * so it is not used with the plain ones.
 */
function chooseCode(
  { native = true, relaxedSimd = true }: MachineOptions,
  blas?: Blas,
): NativeCode {
  if (!native || !relaxedSimd) return { missing: "native code is turned off by an option" };
  const code = nativeCode();
  if ("missing" in code && !blas) reportMissing(code.missing);
  return code;
}

/** The least memory, which leaves room for more than the threads' scratch memory. */
const LEAST_BYTES = 4 * 2 ** 20;

function checkMachine(options: MachineOptions): void {
  checkOptions("startSimd()", options, ["threads", "maxBytes", "blas", "native", "relaxedSimd"]);
  const { threads = 1, maxBytes = Infinity } = options;
  checkWhole("threads", threads, 1);
  if (!(maxBytes >= LEAST_BYTES)) {
    throw new ConfigError("maxBytes", maxBytes, `must be at least ${LEAST_BYTES}`);
  }
}
