/**
 * Batches: examples of different lengths become padded rows of typed arrays, of which
 * `training/batch_tensors.ts` makes tensors.
 */
import { MASKED } from "./argument_kinds.ts";
import { ARRAY, checkArguments, checkEntries, checkOptions, checkWhole } from "../checks.ts";
import { ConfigError, describe, ShapeError } from "../errors.ts";
import type { MaskedExample } from "./example.ts";

/** The inputs and labels of B examples, each a row of T tokens. The arrays are row-major. */
export interface Batch {
  /** The number of sequences, B. */
  readonly size: number;
  /** The length of a row in tokens, T: that of the longest example, rounded up to a multiple of 8. */
  readonly length: number;
  /** `[B, T]`; padding is `padTokenId`. */
  readonly tokenIds: Int32Array;
  /** `[B, T]`; 1 in the first segment, 2 in the second, 0 in padding. */
  readonly segmentIds: Int32Array;
  /** `[B, T]`; 0 to T - 1 in each row. */
  readonly positionIds: Int32Array;
  /** `[B, T]`; 1 at tokens, 0 at padding. */
  readonly attentionMask: Int32Array;
  /** `[B, T]`; the original id where the model has to predict it, -1 elsewhere. */
  readonly mlmLabels: Int32Array;
  /** `[B]`; 0 if the second segment follows the first, 1 if not, -1 if there is no second segment. */
  readonly nspLabels: Int32Array;
  /** `[P]`; the positions to predict, as `row * T + column`; P is a multiple of 8. */
  readonly predictedPositions: Int32Array;
  /** `[P]`; the labels at these positions. Entries that are padding have position 0 and label -1. */
  readonly predictedLabels: Int32Array;
  /** The examples of which the rows were made. */
  readonly examples: readonly MaskedExample[];
  /** The id of `[MASK]`, to distinguish masked tokens from replaced and kept ones. */
  readonly maskTokenId: number;
}

/** How rows are padded. */
export interface CollateOptions {
  /** The id of padding. Default 0. */
  readonly padTokenId?: number;
  /** The id of `[MASK]`, which is kept in the batch. Default 4. */
  readonly maskTokenId?: number;
  /** The length of every row. Default: that of the longest example, rounded up to a multiple of 8. */
  readonly padTo?: number;
  /** A limit for rounding up, such as the number of position embeddings. Default: none. */
  readonly maxLength?: number;
}

/** The most tokens of a row, so that a mistyped length does not allocate all memory. */
const LONGEST_ROW = 2 ** 24;

/** Row lengths and numbers of predictions are multiples of this: fewer shapes, which suit SIMD. */
const MULTIPLE = 8;

/**
 * Puts examples into one padded batch.
 *
 * @throws {ConfigError} If there is no example.
 * @throws {ShapeError} If an example's arrays differ in length, or it is longer than the row.
 * @throws {RangeError} If an id or a label is no whole number.
 *
 * @example
 * ```ts
 * import { collate } from "bert/data/batch.ts";
 * import { deepStrictEqual } from "node:assert";
 * const first = { document: "a", start: 0, end: 1 };
 * const masked = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
 * const batch = collate([{ ...masked, nspLabel: -1, first, truncated: false }]);
 * deepStrictEqual([...batch.tokenIds], [2, 4, 3, 0, 0, 0, 0, 0]);
 * deepStrictEqual([...batch.predictedPositions.subarray(0, 2)], [1, 0]);
 * deepStrictEqual([...batch.predictedLabels.subarray(0, 2)], [7, -1]);
 * ```
 */
export function collate(examples: readonly MaskedExample[], options: CollateOptions = {}): Batch {
  checkArguments("collate(examples)", [["examples", examples, ARRAY]]);
  checkOptions("collate()", options, ["padTokenId", "maskTokenId", "padTo", "maxLength"]);
  const { padTokenId = 0, maskTokenId = 4, padTo, maxLength } = options;
  checkWhole("padTokenId", padTokenId, 0);
  checkWhole("maskTokenId", maskTokenId, 0);
  if (padTo !== undefined) checkWhole("padTo", padTo, 1, LONGEST_ROW);
  if (maxLength !== undefined) checkWhole("maxLength", maxLength, 1, LONGEST_ROW);
  checkEntries("collate(examples)", "examples", examples, MASKED);
  if (examples.length === 0) throw new ConfigError("examples", [], "must have at least one");
  const size = examples.length;
  const length = rowLength(examples, options);
  const rows = (field: "tokenIds" | "segmentIds" | "labels", padding: number) =>
    fillRows(field, examples.map((example) => example[field]), length, padding);
  const mlmLabels = rows("labels", -1);
  return {
    size,
    length,
    tokenIds: rows("tokenIds", padTokenId),
    segmentIds: rows("segmentIds", 0),
    positionIds: positions(size, length),
    attentionMask: mask(examples, length),
    mlmLabels,
    nspLabels: fillRows("nspLabel", examples.map(({ nspLabel }) => [nspLabel]), 1, -1),
    ...predictions(mlmLabels),
    examples,
    maskTokenId,
  };
}

/** The length of a row, T. Throws if an example is longer, or its lists differ in length. */
function rowLength(
  examples: readonly MaskedExample[],
  { padTo, maxLength = Infinity }: CollateOptions,
): number {
  const longest = examples.reduce((most, { tokenIds }) => Math.max(most, tokenIds.length), 0);
  const length = padTo ?? Math.max(Math.min(roundUp(longest), maxLength), longest);
  for (const { tokenIds, segmentIds, labels } of examples) {
    const lengths = [tokenIds.length, segmentIds.length, labels.length];
    const same = lengths.every((length) => length === tokenIds.length);
    if (same && tokenIds.length <= length) continue;
    const what = "collate() from an example's token, segment and label counts";
    throw new ShapeError(
      what,
      same ? lengths.map(() => `at most ${length}`) : ["T", "T", "T"],
      lengths,
    );
  }
  return length;
}

/**
 * `[B, T]`: the rows, each padded at its end.
 *
 * @param field The field of the examples from which they come, for error messages.
 */
function fillRows(
  field: string,
  rows: readonly (readonly number[])[],
  length: number,
  padding: number,
): Int32Array {
  const filled = new Int32Array(rows.length * length).fill(padding);
  for (const [i, row] of rows.entries()) {
    filled.set(row, i * length);
    const wrong = row.findIndex((value, at) => filled[i * length + at] !== value);
    if (wrong < 0) continue;
    const found = describe(row[wrong]);
    throw new RangeError(
      `Cannot collate example ${i}: expected whole numbers in ${field}, found ${found} at place ${wrong}`,
    );
  }
  return filled;
}

/** `[B, T]`: 0 to T - 1 in each row. */
function positions(size: number, length: number): Int32Array {
  const ids = new Int32Array(size * length);
  for (let i = 0; i < length; i++) ids[i] = i;
  for (let row = 1; row < size; row++) ids.copyWithin(row * length, 0, length);
  return ids;
}

/** `[B, T]`: 1 at tokens, 0 at padding. */
function mask(examples: readonly MaskedExample[], length: number): Int32Array {
  const ones = new Int32Array(examples.length * length);
  for (const [row, { tokenIds }] of examples.entries()) {
    ones.fill(1, row * length, row * length + tokenIds.length);
  }
  return ones;
}

/** `[P]`: the positions that have a label, and their labels, padded to a multiple of 8 (at least 8). */
function predictions(mlmLabels: Int32Array) {
  const positions: number[] = [];
  for (let i = 0; i < mlmLabels.length; i++) if (mlmLabels[i] >= 0) positions.push(i);
  const count = Math.max(roundUp(positions.length), MULTIPLE);
  const predictedPositions = new Int32Array(count);
  const predictedLabels = new Int32Array(count).fill(-1);
  predictedPositions.set(positions);
  predictedLabels.set(positions.map((position) => mlmLabels[position]));
  return { predictedPositions, predictedLabels };
}

function roundUp(count: number): number {
  return Math.ceil(count / MULTIPLE) * MULTIPLE;
}
