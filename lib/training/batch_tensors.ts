/**
 * A batch on the backend: the typed arrays of `Batch` as tensors.
 */
import * as tf from "@tensorflow/tfjs";
import { Batch } from "../data/batch.ts";

/** A batch on the backend: int32, `[B, T]`, `[P]` and `[B]` as in `Batch`. */
export interface BatchTensors {
  readonly tokenIds: tf.Tensor2D;
  readonly segmentIds: tf.Tensor2D;
  readonly positionIds: tf.Tensor2D;
  readonly attentionMask: tf.Tensor2D;
  readonly mlmLabels: tf.Tensor2D;
  readonly nspLabels: tf.Tensor1D;
  readonly predictedPositions: tf.Tensor1D;
  readonly predictedLabels: tf.Tensor1D;
  /** Frees all eight. */
  dispose(): void;
}

/** Puts a batch on the backend. The caller calls `dispose()`. */
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
  return { ...tensors, dispose: () => tf.dispose(tensors) };
}
