/**
 * The helper threads. They start with the first job for several threads and end with the backend or
 * the process. A job does not depend on them: the threads that are awake take its tasks.
 */
import { Worker } from "node:worker_threads";
import type { NativeCode } from "../native/native_code.ts";
import { CONTROL_BYTES, WORD } from "./control_block.ts";

/** The parts that all helpers share. */
export interface PoolParts {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The native library, if products go there. */
  readonly blasPath: string | undefined;
  /** The native code, which lies in the memory of the process. */
  readonly code: NativeCode;
}

/** The data with which a helper starts. */
export interface HelperData extends PoolParts {
  /** Its number, from 1. */
  readonly index: number;
}

/** Helper threads on one memory. */
export class Pool {
  readonly #parts: PoolParts;
  readonly #count: number;
  readonly #quit = () => this.close();
  #workers: Worker[] | undefined;

  constructor(parts: PoolParts, count: number) {
    this.#parts = parts;
    this.#count = count;
  }

  /** How many helpers there are; starts them when first asked. */
  helpers(): number {
    if (this.#count > 0 && !this.#workers) this.#start();
    return this.#count;
  }

  #start(): void {
    this.#workers = Array.from({ length: this.#count }, (_, i) => {
      const data: HelperData = { ...this.#parts, index: i + 1 };
      const worker = new Worker(workerUrl(), { workerData: data, env: {} }); // an empty environment, as copying the present one would need permission
      worker.unref(); // a waiting helper keeps no process alive
      return worker;
    });
    globalThis.addEventListener("unload", this.#quit);
  }

  /** Wakes the helpers and makes them end. It does not wait until they have ended. */
  close(): void {
    if (!this.#workers) return;
    const words = new Int32Array(this.#parts.memory.buffer, 0, CONTROL_BYTES / 4);
    Atomics.store(words, WORD.quit, 1);
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    this.#workers = undefined;
    globalThis.removeEventListener("unload", this.#quit);
  }
}

/**
 * The worker's code. Node's `Worker` loads no code from a server, but a `data:` module may import
 * it.
 */
function workerUrl(): URL {
  const url = new URL("./thread_pool_worker.ts", import.meta.url);
  if (url.protocol === "file:") return url;
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(url.href)};`)}`,
  );
}
