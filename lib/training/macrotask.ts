/**
 * Waits for a macrotask, so that timers, signals, the page and a stop button get their turn between two
 * steps; a resolved promise alone would let none of them run.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
