/**
 * The inputs and outputs of the model. Inputs are checked here, once, so that later code can rely on
 * ids that have a row in their table.
 */
import { checkOptions, checkSwitches } from "../checks.ts";
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { checkShape, ConfigError, describe, ShapeError } from "../errors.ts";
import type { EmbeddingIds } from "./layers.ts";

/** Integers by sequence and position, [B, T]: a tensor, or rows of equal length. */
export type IdMatrix = tf.Tensor | readonly (readonly number[])[];

/** One batch as input of the model. */
export interface ModelInputs {
  /** Ids of pieces of the vocabulary. */
  readonly tokenIds: IdMatrix;
  /**
   * 1 in the first sentence, 2 in the second, 0 at padding. Default: 1 wherever `attentionMask` is 1.
   */
  readonly segmentIds?: IdMatrix;
  /** By default 0, 1, 2, … in each sequence. */
  readonly positionIds?: IdMatrix;
  /** 1 at tokens, 0 at padding; by default 0 where the token is `config.padTokenId`. */
  readonly attentionMask?: IdMatrix;
}

/** Options of `BertModel.forward()`. */
export interface BackboneOptions {
  /** Whether dropout is on; off by default. */
  readonly training?: boolean;
  /** The seed of dropout, which training with dropout requires. Each step should have its own. */
  readonly seed?: number;
  /** Whether to return the attention weights of every layer. */
  readonly outputAttentions?: boolean;
  /** Whether to return the embeddings and the output of every layer. */
  readonly outputHiddenStates?: boolean;
}

/** The output of the backbone. */
export interface BackboneOutput {
  /** The last layer's output, [B, T, H]. */
  readonly hidden: tf.Tensor3D;
  /** L tensors [B, A, T, T], before dropout, if requested. */
  readonly attentions?: tf.Tensor4D[];
  /** L + 1 tensors [B, T, H], the embeddings first, if requested. */
  readonly hiddenStates?: tf.Tensor3D[];
}

/** Options of `BertPretrainHead.forward()`. */
export interface ForwardOptions extends BackboneOptions {
  /**
   * [P] int32: the positions, b*T + t, whose words to predict. Only these are scored against the
   * vocabulary, which is most of the work of a small model.
   */
  readonly predictedPositions?: tf.Tensor1D;
}

/** The output of the model. The caller disposes of all tensors. */
export interface ForwardOutput extends Omit<BackboneOutput, "hidden"> {
  /** A score for each word: [P, V] with `predictedPositions`, else [B, T, V]. */
  readonly mlmLogits: tf.Tensor;
  /** Scores of "follows" (0) and "does not follow" (1), [B, 2]. */
  readonly nspLogits: tf.Tensor2D;
}

/** The names of `ModelInputs`, and the other fields that `toTensors()` returns. */
const INPUTS = [
  "tokenIds",
  "segmentIds",
  "positionIds",
  "attentionMask",
  "mlmLabels",
  "nspLabels",
  "predictedPositions",
  "predictedLabels",
  "dispose",
];

const SWITCHES = ["training", "outputAttentions", "outputHiddenStates"] as const;

/** Throws `ConfigError` if an option of `forward()` is unknown, or one that must be true or false is not. */
export function checkForwardOptions(what: string, options: ForwardOptions): void {
  checkOptions(what, options, [...SWITCHES, "seed", "predictedPositions"]);
  checkSwitches(options, SWITCHES);
}

/** All inputs as tensors. */
export interface CompleteInputs extends EmbeddingIds {
  /** [B, T] int32: 1 for tokens, 0 for padding. */
  readonly attentionMask: tf.Tensor2D;
}

/**
 * Completes and checks the inputs of a model. Call it inside `tf.tidy()`.
 *
 * @returns [B, T] int32 each.
 * @throws {ShapeError} If one of the inputs has another shape than `tokenIds`.
 * @throws {RangeError} If the sequences are too long, or an id has no row in its table.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { bertConfig } from "bert/config.ts";
 * import { completeInputs } from "bert/model/inputs.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenIds = tf.tensor2d([[2, 7, 3, 0]], undefined, "int32"); // [PAD] has id 0
 * tf.tidy(() => {
 *   const inputs = completeInputs({ tokenIds }, bertConfig("smoke"));
 *   deepStrictEqual(inputs.attentionMask.arraySync(), [[1, 1, 1, 0]]);
 *   deepStrictEqual(inputs.positionIds.arraySync(), [[0, 1, 2, 3]]);
 * });
 * ```
 */
export function completeInputs(inputs: ModelInputs, config: BertConfig): CompleteInputs {
  checkOptions("forward()", inputs, INPUTS);
  const tokenIds = toIds("tokenIds", inputs.tokenIds);
  checkShape("forward() from tokenIds", tokenIds, ["B", "T"]);
  const most = config.maxPositionEmbeddings;
  const [, length] = tokenIds.shape;
  if (length > most) {
    throw new RangeError(
      `Cannot read sequences of ${length} tokens: there are position embeddings for ${most}. ` +
        "Cut them to that length, or make the model with a larger maxPositionEmbeddings",
    );
  }
  const mask = inputs.attentionMask ?? tf.notEqual(tokenIds, config.padTokenId);
  const attentionMask = toIds("attentionMask", mask);
  const segmentIds = toIds("segmentIds", inputs.segmentIds ?? attentionMask);
  const positionIds = toIds("positionIds", inputs.positionIds ?? countUp(tokenIds.shape));
  checkIds("tokenIds", tokenIds, tokenIds.shape, config.vocabSize, "vocabSize");
  checkIds("attentionMask", attentionMask, tokenIds.shape, 2, "either 0 or 1");
  checkIds("segmentIds", segmentIds, tokenIds.shape, config.typeVocabSize, "typeVocabSize");
  checkIds("positionIds", positionIds, tokenIds.shape, most, "maxPositionEmbeddings");
  return { tokenIds, segmentIds, positionIds, attentionMask };
}

/**
 * Checks the positions whose words to predict.
 *
 * @throws {ConfigError} If they are no tensor.
 * @throws {ShapeError} If they are not a vector.
 * @throws {RangeError} If one of them is not among the `count` positions of the batch.
 */
export function checkPositions(positions: tf.Tensor1D, count: number): void {
  if (!(positions instanceof tf.Tensor)) {
    const advice = `must be a tensor, as in tf.tensor1d([3, 7], "int32")`;
    throw new ConfigError("predictedPositions", positions, advice);
  }
  checkShape("forward() from predictedPositions", positions, ["P"]);
  checkIds("predictedPositions", positions, positions.shape, count, "positions in the batch, B*T");
}

/**
 * Checks that dropout has a seed if it is on.
 *
 * @throws {ConfigError} If it has none.
 */
export function checkSeed(config: BertConfig, { training, seed }: BackboneOptions): void {
  const dropping = config.hiddenDropoutProb > 0 || config.attentionProbsDropoutProb > 0;
  if (!training || !dropping || Number.isSafeInteger(seed)) return;
  throw new ConfigError("seed", seed, "must be an integer when training with dropout, one a step");
}

/** Integers as a [B, T] int32 tensor. */
function toIds(name: string, ids: IdMatrix): tf.Tensor2D {
  if (ids instanceof tf.Tensor) return tf.cast(ids as tf.Tensor2D, "int32"); // [B, T]
  checkRows(name, ids);
  return tf.tensor2d(ids.flatMap((row) => [...row]), [ids.length, ids[0].length], "int32"); // [B, T]
}

/** Checks rows of numbers for values and lengths that tfjs would silently change. */
function checkRows(name: string, rows: unknown): asserts rows is number[][] {
  const what = `Cannot use ${name}: expected rows of whole numbers, as in [[2, 7, 3]]`;
  if (!Array.isArray(rows) || !rows.every(isRow)) {
    throw new TypeError(`${what}, found ${describe(rows)}`);
  }
  const length = rows[0]?.length ?? 0;
  if (length === 0) throw new ShapeError(`forward() from ${name}`, ["B", "T"], [rows.length, 0]);
  for (const [at, row] of rows.entries()) {
    if (row.length !== length) {
      const fix = "pad the rows to one length, as encodeBatch() does";
      throw new RangeError(`${what} of length ${length}, found ${row.length} in row ${at}: ${fix}`);
    }
    const wrong = row.findIndex((id: unknown) => !Number.isInteger(id));
    if (wrong >= 0) throw new TypeError(`${what}, found ${row[wrong]} at [${at}, ${wrong}]`);
  }
}

function isRow(row: unknown): row is number[] {
  return Array.isArray(row) || row instanceof Int32Array;
}

/** 0, 1, 2, … in every row. */
function countUp([rows, columns]: readonly number[]): tf.Tensor2D {
  const values = Int32Array.from({ length: rows * columns }, (_, i) => i % columns);
  return tf.tensor2d(values, [rows, columns], "int32"); // [B, T]
}

/** Throws unless ids have a shape and all are from 0 to `size` - 1; `setting` names that limit. */
function checkIds(
  name: string,
  ids: tf.Tensor,
  shape: readonly number[],
  size: number,
  setting: string,
): void {
  checkShape(`forward() from ${name}`, ids, shape);
  const values = ids.dataSync();
  const wrong = values.findIndex((id) => !(id >= 0 && id < size));
  if (wrong < 0) return;
  const columns = shape[shape.length - 1];
  const place = shape.length === 1
    ? `${wrong}`
    : `${Math.floor(wrong / columns)}, ${wrong % columns}`;
  const known = name === "attentionMask" ? setting : `0 to ${size - 1} (${setting} ${size})`;
  throw new RangeError(`Cannot use ${name}: [${place}] is ${values[wrong]}, and must be ${known}`);
}
