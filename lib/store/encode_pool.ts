/** Helper threads that encode batches of documents, each on the next free thread. */
import type { RawDocument } from "../data/raw_document.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { EncodedBatch, EncodeRules } from "./encode_batch.ts";
import type { WorkerStart } from "./encode_worker.ts";

interface Job {
  readonly documents: readonly RawDocument[];
  readonly resolve: (batch: EncodedBatch) => void;
  readonly reject: (error: Error) => void;
}

/** Threads with one tokenizer each. Dispose of it when you are done. */
export class EncodePool implements Disposable {
  readonly #workers: Worker[] = [];
  readonly #free: Worker[] = [];
  readonly #waiting: Job[] = [];
  readonly #busy = new Map<Worker, Job>();
  #failure: Error | undefined;

  /** Starts `count` threads. */
  constructor(count: number, tokenizer: BertTokenizer, rules: EncodeRules) {
    const { vocab: { tokens, added, pieces }, options } = tokenizer;
    const origin = { repeats: "later", added, pieces } as const;
    const start: WorkerStart = { tokens, origin, options, rules };
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL("./encode_worker.ts", import.meta.url), {
        type: "module",
        name: `encoder ${i + 1}`,
      });
      worker.postMessage(start);
      worker.onmessage = ({ data }: MessageEvent<EncodedBatch>) => this.#finish(worker, data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(new Error(`A helper thread failed: ${event.message}`));
      };
      this.#workers.push(worker);
      this.#free.push(worker);
    }
  }

  /**
   * Encodes documents as soon as a thread is free; batches are begun in the order of the calls.
   *
   * @throws {Error} If any of the threads fails.
   */
  encode(documents: readonly RawDocument[]): Promise<EncodedBatch> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ documents, resolve, reject });
      this.#begin();
    });
  }

  /** Ends the threads. Unfinished batches are lost. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }

  /** After the failure of a thread all waiting and later batches fail, too. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#busy.values(), ...this.#waiting.splice(0)]) reject(error);
  }

  #begin(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const [worker, job] = [this.#free.pop()!, this.#waiting.shift()!];
      this.#busy.set(worker, job);
      worker.postMessage(job.documents);
    }
  }

  #finish(worker: Worker, batch: EncodedBatch): void {
    const job = this.#busy.get(worker)!;
    this.#busy.delete(worker);
    this.#free.push(worker);
    this.#begin();
    job.resolve(batch);
  }
}
