/**
 * Waits for a macrotask, so that timers, signals, the page and a stop button are served between two
 * steps of training. Awaiting a resolved promise would not serve them.
 */
import { setImmediate } from "node:timers";
import { Throttle } from "../throttle.ts";

/** Milliseconds between two looks for input, such as a signal. On a busy machine it may need two. */
const PATIENCE = 90;

const input = new Throttle(PATIENCE);

/**
 * Waits until timers that are due have run, and now and then until input has been served as well.
 *
 * `setTimeout()` serves both, but takes 2 ms, as long as a quarter of a small model's step.
 * `setImmediate()` takes 0.02 ms and serves timers. Deno looks for input only when it has nothing else
 * to do, or after many such tasks.
 */
export async function macrotask(): Promise<void> {
  if (!input.isDue()) return await new Promise((resolve) => void setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 0));
}
