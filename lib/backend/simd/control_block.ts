/**
 * The words that threads share, and what becomes of a job when a task of it fails: in a helper
 * thread, whose error must reach the main thread, or in the main thread, which must not go on while
 * helpers still write. A failure is a trap of the kernels, or an error of what they import; neither is
 * meant to happen.
 */

/** Bytes of the control block, at the start of the memory. */
export const CONTROL_BYTES = 1024;

/** Words of the control block, as `kernels/parallel.ts` lays them out; the last two are ours alone. */
export const WORD = {
  /** Counts jobs; idle threads wait for it to change. */
  generation: 64 / 4,
  /** The number of the next task that no thread has taken yet. */
  next: 128 / 4,
  /** Helpers that may be inside the job. */
  active: 192 / 4,
  /** 1 while the job may be entered. */
  open: 256 / 4,
  /** Tasks of the job. */
  count: 388 / 4,
  /** 1 once the helpers are to end. */
  quit: 392 / 4,
  /** Where the threads' scratch lies. */
  scratch: 396 / 4,
  /** Bytes of scratch for each thread. */
  scratchBytes: 400 / 4,
  /** Who multiplies: the number of its name in `MULTIPLIERS`. */
  multiplier: 404 / 4,
  /** How products are computed: the number of its name in `ARITHMETICS`. */
  precision: 408 / 4,
  /** 1 where native code computes rows. */
  rows: 412 / 4,
  /** The parameters of the kernel, one word each. */
  parameters: 512 / 4,
  /** 0; 1 while a thread writes why it failed; then 2 + the length of the message. */
  failed: 768 / 4,
  /** The message. */
  message: 772 / 4,
} as const;

const MESSAGE_BYTES = 252;

/** Leaves an error for the main thread, which waits for this helper; the first one is kept. */
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

/** What a helper has reported since the last call. To be called when no job is under way. */
export function takeFailure(memory: WebAssembly.Memory, words: Int32Array): string | undefined {
  if (words[WORD.failed] === 0) return undefined;
  const length = words[WORD.failed] - 2;
  words[WORD.failed] = 0;
  const text = new Uint8Array(memory.buffer, 4 * WORD.message, length).slice();
  return new TextDecoder().decode(text);
}

/** Closes a job that an error has thrown the main thread out of; returns when no helper is in it. */
export function abandonJob(words: Int32Array): void {
  skipRest(words);
  Atomics.store(words, WORD.open, 0);
  for (let active = 1; active !== 0; active = Atomics.load(words, WORD.active)) {
    Atomics.wait(words, WORD.active, active, 1);
  }
}

/** Nobody takes another task of the job. */
function skipRest(words: Int32Array): void {
  Atomics.store(words, WORD.next, Atomics.load(words, WORD.count));
}
