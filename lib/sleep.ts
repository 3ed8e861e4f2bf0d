/** Blocking a thread, for code that must not let anything else run meanwhile. */

/** Blocks this thread for so many milliseconds: no timer, signal or other code runs meanwhile. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
