/**
 * Waits for a macrotask, so that timers, signals, the page and a stop button are served between two
 * steps of training. Awaiting a resolved promise would not serve them.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
