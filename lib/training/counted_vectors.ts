/** Word vectors that are computed from co-occurrence counts by a singular value decomposition. */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import {
  type ContextMatrix,
  neighbourCounts,
  type NeighbourOptions,
  passageCounts,
  type PieceStream,
  positivePmi,
} from "../data/contexts.ts";
import { truncatedSvd } from "./truncated_svd.ts";

/** Options of `countedVectors()`. */
export interface CountedVectorsOptions extends NeighbourOptions {
  /**
   * How many passages of the text are contexts beside the neighbouring words; 0 for none. Default
   * 4000.
   */
  readonly passages?: number;
}

/**
 * The weight of the table of passages beside that of neighbours, after both are scaled to Frobenius
 * norm 1.
 */
const PASSAGE_WEIGHT = 0.7;

/**
 * Computes a vector for each piece of the vocabulary. Pieces with similar neighbours get similar
 * vectors.
 *
 * M is the positive pointwise mutual information of the pieces with their neighbours and, in further
 * columns, with the passages that contain them. With M = U S Vᵀ, the vectors are the rows of U √S
 * minus their mean, the largest singular value first. Neighbours show how a word is used, passages
 * what it is about.
 *
 * @param text The pieces of the training text, from `pieceStream()`.
 * @param size Numbers in a vector, at least 1; those beyond the size of the vocabulary are 0.
 * @param seed The same seed gives the same vectors, signs included.
 * @returns `[V, size]`, row after row; 0 for a piece without neighbours.
 * @throws {ConfigError} If the size or an option cannot work, or no piece has a neighbour.
 *
 * Source: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization", section 5.
 *
 * @example The pieces 1 and 2 have the same neighbours, so their vectors are equal
 * ```ts
 * import { countedVectors } from "bert/training/counted_vectors.ts";
 * import { ok } from "node:assert";
 * const text = {
 *   ids: Int32Array.of(0, 1, 3, 0, 2, 3, 4, 5),
 *   starts: Int32Array.of(0, 3, 6, 8),
 *   vocabSize: 6,
 * };
 * const vectors = await countedVectors(text, 2, 1);
 * const [one, two] = [vectors.slice(2, 4), vectors.slice(4, 6)];
 * ok(Math.hypot(one[0] - two[0], one[1] - two[1]) < 1e-4 * Math.hypot(...one));
 * ```
 */
export async function countedVectors(
  text: PieceStream,
  size: number,
  seed: number,
  options: CountedVectorsOptions = {},
): Promise<Float32Array> {
  checkWhole("size", size, 1);
  checkOptions("countedVectors()", options, ["window", "contexts", "passages"]);
  const { passages = 4000, ...near } = options;
  const neighbours = positivePmi(neighbourCounts(text, near));
  const kept = rowsWithEntries(neighbours);
  const known = kept.reduce((sum, one) => sum + one, 0);
  if (known === 0) {
    const advice = "must have at least two pieces beside each other";
    throw new ConfigError("text", "no neighbours", advice);
  }
  await ensureBackend();
  const tables = passages === 0 ? [] : [positivePmi(passageCounts(text, passages))];
  const matrix = sideBySide(neighbours, tables); // [V, C + passages]
  try {
    const [rows, columns] = matrix.shape;
    const svd = await truncatedSvd(matrix, Math.min(size, rows, columns), seed);
    const vectors = new Float32Array(rows * size);
    for (const [i, column] of svd.left.entries()) {
      const root = Math.sqrt(svd.singularValues[i]);
      const mean = column.reduce((sum, value) => sum + value, 0) / known;
      for (let row = 0; row < rows; row++) {
        if (kept[row]) vectors[row * size + i] = (column[row] - mean) * root;
      }
    }
    return vectors;
  } finally {
    matrix.dispose();
  }
}

/** [V]: 1 for each row with an entry that is not 0, else 0. */
function rowsWithEntries({ rows, columns, values }: ContextMatrix): Uint8Array {
  return Uint8Array.from({ length: rows }, (_, row) => {
    return values.subarray(row * columns, (row + 1) * columns).some((value) => value > 0) ? 1 : 0;
  });
}

/**
 * Puts tables of R rows side by side, each divided by its Frobenius norm. The others are also
 * multiplied by `PASSAGE_WEIGHT`.
 *
 * @returns `[R, C]`, where C is the number of columns of all tables; the caller disposes of it.
 */
function sideBySide(first: ContextMatrix, others: readonly ContextMatrix[]): tf.Tensor2D {
  const scaled = ({ rows, columns, values }: ContextMatrix, weight: number) => {
    const table = tf.tensor2d(values, [rows, columns]); // [R, columns]
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
    return tf.mul(table, weight / length) as tf.Tensor2D;
  };
  return tf.tidy(() => {
    const rest = others.map((other) => scaled(other, PASSAGE_WEIGHT));
    return tf.concat([scaled(first, 1), ...rest], 1);
  });
}
