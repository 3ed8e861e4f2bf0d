/** Counts tensors around a piece of work. */
import * as tf from "@tensorflow/tfjs";
import { strictEqual } from "node:assert";

/**
 * Throws unless as many tensors live after the work as before it. The work disposes of its results;
 * it runs once before counting, so that what a backend keeps for good does not count.
 */
export async function assertNoLeak(work: () => unknown): Promise<void> {
  await work();
  const before = tf.memory().numTensors;
  await work();
  strictEqual(tf.memory().numTensors - before, 0, "tensors left behind");
}
