/** The number of threads of the backend `simd`. */

/** The default number of threads: one for each core, at most `MOST_THREADS`, as more did not help. */
export function defaultThreads(): number {
  return Math.min(navigator.hardwareConcurrency, MOST_THREADS);
}

/** The most threads that a process uses by default. */
export const MOST_THREADS = 8;
