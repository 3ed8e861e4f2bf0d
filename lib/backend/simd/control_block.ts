/**
 * The words that threads share, and what happens when a task of a job fails: in a helper thread,
 * whose error must reach the main thread, or in the main thread, which must wait until no helper
 * writes. A task fails by a trap of a kernel or by an error of an imported function. Neither is
 * expected.
 */

/** Bytes of the control block, at the start of the memory. */
export const CONTROL_BYTES = 1024;

/**
 * The indices of the control block's words. `kernels/parallel.ts`, `parameters.ts` and `rows.ts`
 * have the same addresses in bytes. The kernels do not use the last two.
 */
export const WORD = {
  /** Counts jobs; idle threads wait for it to change. */
  generation: 64 / 4,
  /** The number of the next task that no thread has taken yet. */
  next: 128 / 4,
  /** Helpers that may be inside the job. */
  active: 192 / 4,
  /** 1 while helpers may enter the job. */
  open: 256 / 4,
  /** The number of the job's tasks. */
  count: 388 / 4,
  /** 1 if the helpers have to end. */
  quit: 392 / 4,
  /** The address of the first thread's scratch memory. */
  scratch: 396 / 4,
  /** The bytes of scratch memory of each thread. */
  scratchBytes: 400 / 4,
  /** What computes products: an index in `MULTIPLIERS`. */
  multiplier: 404 / 4,
  /** How products are computed: an index in `ARITHMETICS`. */
  precision: 408 / 4,
  /** 1 if native code computes rows. */
  rows: 412 / 4,
  /** The parameters of the kernel, one word each. */
  parameters: 512 / 4,
  /** 0 without a failure; 1 while a thread writes its message; then 2 + the length of the message. */
  failed: 768 / 4,
  /** The message. */
  message: 772 / 4,
} as const;

/** The most bytes of a message: those up to the end of the control block. */
const MESSAGE_BYTES = 252;

/** Stores an error for the main thread and leaves the job. Only the first error of a job is kept. */
export function reportFailure(memory: WebAssembly.Memory, error: unknown): void {
  const words = new Int32Array(memory.buffer, 0, CONTROL_BYTES / 4);
  if (Atomics.compareExchange(words, WORD.failed, 0, 1) === 0) {
    const text = new TextEncoder().encode(String(error)).subarray(0, MESSAGE_BYTES);
    new Uint8Array(memory.buffer, 4 * WORD.message, MESSAGE_BYTES).set(text);
    Atomics.store(words, WORD.failed, 2 + text.length);
  }
  skipRest(words);
  Atomics.sub(words, WORD.active, 1);
  Atomics.notify(words, WORD.active);
}

/** The error that a helper has stored since the last call, if any. No job may be running. */
export function takeFailure(memory: WebAssembly.Memory, words: Int32Array): string | undefined {
  if (words[WORD.failed] === 0) return undefined;
  const length = words[WORD.failed] - 2;
  words[WORD.failed] = 0;
  const text = new Uint8Array(memory.buffer, 4 * WORD.message, length).slice();
  return new TextDecoder().decode(text);
}

/** Ends a job after an error in the main thread; returns when no helper is in it any more. */
export function abandonJob(words: Int32Array): void {
  skipRest(words);
  Atomics.store(words, WORD.open, 0);
  for (let active = 1; active !== 0; active = Atomics.load(words, WORD.active)) {
    Atomics.wait(words, WORD.active, active, 1);
  }
}

/** Makes sure that no thread takes another task of the job. */
function skipRest(words: Int32Array): void {
  Atomics.store(words, WORD.next, Atomics.load(words, WORD.count));
}
