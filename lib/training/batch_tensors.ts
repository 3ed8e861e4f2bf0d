/** A batch as tensors on the backend. */
import * as tf from "@tensorflow/tfjs";
import { ARRAY, checkArguments, checkWhole, type Kind } from "../checks.ts";
import { Batch } from "../data/batch.ts";
import { ShapeError } from "../errors.ts";
import { BATCH } from "./argument_kinds.ts";

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
 * @throws {TypeError} If a field of the batch has the wrong type; it is a `ShapeError` if the field
 * has too few or too many numbers.
 * @throws {ConfigError} If the batch's `size` or `length` is not a whole number of at least 1.
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
  checkBatch("toTensors(batch)", "batch", batch);
  return checkedToTensors(batch);
}

/** Does the same as `toTensors()` with a batch that `checkBatch()` has checked, or that `collate()` made. */
export function checkedToTensors(batch: Batch): BatchTensors {
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

/** The fields of a batch that become tensors, with the number of their values. */
const FIELDS: readonly (readonly [keyof Batch, (batch: Batch) => number])[] = [
  ["tokenIds", rows],
  ["segmentIds", rows],
  ["positionIds", rows],
  ["attentionMask", rows],
  ["mlmLabels", rows],
  ["nspLabels", ({ size }) => size],
  ["predictedPositions", ({ predictedPositions }) => predictedPositions.length],
  ["predictedLabels", ({ predictedPositions }) => predictedPositions.length],
];

function rows({ size, length }: Batch): number {
  return size * length;
}

const INTEGERS: Kind = {
  name: "an Int32Array, as in Int32Array.of(2, 7, 3)",
  fits: (value) => value instanceof Int32Array,
};

/**
 * Checks the fields of a batch, which may have been made by hand. The model and the loss check their
 * values.
 *
 * @param call The function that was called, as in `checkArguments()`.
 * @param name The name of the batch in messages.
 * @throws {TypeError} If a field has the wrong type; it is a `ShapeError` if the field has too few or
 * too many numbers.
 * @throws {ConfigError} If `size` or `length` is not a whole number of at least 1.
 */
export function checkBatch(call: string, name: string, batch: Batch): void {
  checkArguments(call, [[name, batch, BATCH], [`examples of ${name}`, batch?.examples, ARRAY]]);
  for (const field of ["size", "length"] as const) {
    checkWhole(`${field} of ${name}`, batch[field], 1);
  }
  for (const [field, count] of FIELDS) {
    const values = batch[field] as Int32Array;
    checkArguments(call, [[`${field} of ${name}`, values, INTEGERS]]);
    if (values.length === count(batch)) continue;
    throw new ShapeError(`${call} from ${field} of ${name}`, [count(batch)], [values.length]);
  }
}
