/** A batch as tensors on the backend. */
import * as tf from "@tensorflow/tfjs";
import { Batch } from "../data/batch.ts";

/** A batch on the backend, as int32 tensors: B sequences of T tokens with P predictions. */
export interface BatchTensors extends Disposable {
  /** `[B, T]`: pieces of the vocabulary. */
  readonly tokenIds: tf.Tensor2D;
  /** `[B, T]`: 1 in the first segment, 2 in the second, 0 at padding. */
  readonly segmentIds: tf.Tensor2D;
  /** `[B, T]`: 0 to T - 1 in each row. */
  readonly positionIds: tf.Tensor2D;
  /** `[B, T]`: 1 at tokens, 0 at padding. */
  readonly attentionMask: tf.Tensor2D;
  /** `[B, T]`: the original id where it has to be predicted, -1 elsewhere. */
  readonly mlmLabels: tf.Tensor2D;
  /** `[B]`: 0 if the second segment follows the first, 1 if not, -1 if there is no second segment. */
  readonly nspLabels: tf.Tensor1D;
  /** `[P]`: where predictions are made, as `row * T + column`. */
  readonly predictedPositions: tf.Tensor1D;
  /** `[P]`: the labels at these positions, -1 for entries that are padding. */
  readonly predictedLabels: tf.Tensor1D;
  /** Frees all eight tensors. */
  dispose(): void;
}

/**
 * Puts a batch on the backend.
 *
 * @returns Eight tensors, which the caller disposes of: `using tensors = toTensors(batch)`.
 *
 * @example
 * ```ts
 * import { collate } from "bert/data/batch.ts";
 * import { toTensors } from "bert/training/batch_tensors.ts";
 * import { deepStrictEqual } from "node:assert";
 * const first = { document: "x", start: 0, end: 1 };
 * const masked = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
 * using tensors = toTensors(collate([{ ...masked, nspLabel: -1, first, truncated: false }]));
 * deepStrictEqual(tensors.tokenIds.shape, [1, 8]);
 * ```
 */
export function toTensors(batch: Batch): BatchTensors {
  const { size, length } = batch;
  const matrix = (values: Int32Array) => tf.tensor2d(values, [size, length], "int32"); // [B, T]
  const vector = (values: Int32Array) => tf.tensor1d(values, "int32"); // [B] or [P]
  const tensors = {
    tokenIds: matrix(batch.tokenIds),
    segmentIds: matrix(batch.segmentIds),
    positionIds: matrix(batch.positionIds),
    attentionMask: matrix(batch.attentionMask),
    mlmLabels: matrix(batch.mlmLabels),
    nspLabels: vector(batch.nspLabels),
    predictedPositions: vector(batch.predictedPositions),
    predictedLabels: vector(batch.predictedLabels),
  };
  const dispose = () => void tf.dispose(tensors);
  return { ...tensors, dispose, [Symbol.dispose]: dispose };
}
