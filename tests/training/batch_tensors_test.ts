import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { collate } from "bert/data/batch.ts";
import { toTensors } from "bert/training/batch_tensors.ts";

await useBackend();

const FIRST = { document: "a", start: 0, end: 1 };
const EXAMPLE = { nspLabel: 1 as const, first: FIRST, truncated: false };
const BATCH = collate([
  { ...EXAMPLE, tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] },
  {
    ...EXAMPLE,
    tokenIds: Array(9).fill(4),
    segmentIds: Array(9).fill(1),
    labels: Array(9).fill(8),
  },
]);

Deno.test("toTensors() gives int32 tensors of the batch's shapes, and `using` frees them", () => {
  const before = tf.memory().numTensors;
  {
    using tensors = toTensors(BATCH);
    deepStrictEqual(tensors.tokenIds.shape, [2, 16]);
    deepStrictEqual(tensors.tokenIds.dataSync(), BATCH.tokenIds);
    deepStrictEqual(tensors.attentionMask.shape, [2, 16]);
    deepStrictEqual(tensors.predictedPositions.shape, [16]);
    deepStrictEqual(tensors.nspLabels.dataSync(), BATCH.nspLabels);
    strictEqual(tensors.predictedLabels.dtype, "int32");
    strictEqual(tf.memory().numTensors, before + 8);
  }
  strictEqual(tf.memory().numTensors, before);
});
