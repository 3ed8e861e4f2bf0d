/** How many threads the backend `simd` computes on. */

/** One for each core, up to where more of them did not help. */
export function defaultThreads(): number {
  return Math.min(navigator.hardwareConcurrency, MOST_THREADS);
}

/** The threads that one process uses by itself. */
export const MOST_THREADS = 8;
