/** Helper threads that encode batches of documents; each batch goes to the next free thread. */
import type { RawDocument } from "../data/raw_document.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { EncodedBatch, EncodeRules } from "./encode_batch.ts";
import type { WorkerStart } from "./encode_worker.ts";

/** A batch that waits for its ids. */
interface Job {
  readonly documents: readonly RawDocument[];
  readonly resolve: (batch: EncodedBatch) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The number of batches that a thread has at a time. While it encodes one, the next one has already
 * arrived, so that it does not wait for the main thread.
 */
const BATCHES = 2;

/** Threads with one tokenizer each. Declare it with `using`, which ends the threads. */
export class EncodePool implements Disposable {
  readonly #workers: Worker[] = [];
  /** The threads that can take a batch; a thread is listed once for each batch that it can take. */
  readonly #free: Worker[] = [];
  readonly #waiting: Job[] = [];
  /** The batches that each thread has, in their order. */
  readonly #busy = new Map<Worker, Job[]>();
  #failure: Error | undefined;

  /** Starts `count` threads. They load their code while the caller continues. */
  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL("./encode_worker.ts", import.meta.url), {
        type: "module",
        name: `encoder ${i + 1}`,
      });
      worker.onmessage = ({ data }: MessageEvent<EncodedBatch>) => this.#finish(worker, data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(new Error(`A helper thread failed: ${event.message}`));
      };
      this.#workers.push(worker);
      this.#busy.set(worker, []);
    }
  }

  /** Gives all threads the tokenizer. It is called once; batches wait for it. */
  begin({ vocab: { tokens, added, pieces }, options }: BertTokenizer, rules: EncodeRules): void {
    const origin = { repeats: "later", added, pieces } as const;
    const start: WorkerStart = { tokens, origin, options, rules };
    for (const worker of this.#workers) worker.postMessage(start);
    for (let i = 0; i < BATCHES; i++) this.#free.push(...this.#workers);
    this.#hand();
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
      this.#hand();
    });
  }

  /** Ends the threads. Batches that are not finished are lost. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }

  /** After the failure of a thread all waiting and later batches fail, too. */
  #fail(error: Error): void {
    this.#failure ??= error;
    const jobs = [...this.#busy.values(), this.#waiting].flatMap((list) => list.splice(0));
    for (const { reject } of jobs) reject(error);
  }

  /** Gives waiting batches to free threads. */
  #hand(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const worker = this.#free.shift()!;
      const job = this.#waiting.shift()!;
      this.#busy.get(worker)!.push(job);
      worker.postMessage(job.documents);
    }
  }

  /** Takes the ids of the oldest batch of a thread. */
  #finish(worker: Worker, batch: EncodedBatch): void {
    const job = this.#busy.get(worker)!.shift();
    this.#free.push(worker);
    this.#hand();
    job?.resolve(batch); // after a failure there is no job left
  }
}
