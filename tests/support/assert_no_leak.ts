/** A check that some work leaves no tensor behind. */
import * as tf from "@tensorflow/tfjs";
import { strictEqual } from "node:assert";

/**
 * Throws unless there are as many tensors after the work as before it. The work must dispose of its
 * results. It runs once before counting, so that tensors that a backend keeps do not count.
 */
export async function assertNoLeak(work: () => unknown): Promise<void> {
  await work();
  const before = tf.memory().numTensors;
  await work();
  strictEqual(tf.memory().numTensors - before, 0, "tensors left behind");
}
