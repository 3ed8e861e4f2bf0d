/**
 * The embeddings after `headStart()`: the first dimensions hold the word, two are marks, and the last
 * ones hold the position as waves.
 */
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";

/** The amplitude of the waves and of the texts' mark, in units of `initializerRange`. */
const AMPLITUDE = 3;

/** The size of the first position's mark, in the same unit. One vector of each sequence has it. */
const START = 6;

/** The period of the shortest wave, in positions. */
const SHORTEST = 4;
/** The period of the longest wave, in positions. */
const LONGEST = 32;

/** Which dimensions of the embeddings hold what. */
export interface StartDimensions {
  /** How many dimensions are for words: the first ones. */
  readonly words: number;
  /** The dimension that marks the first position, where `[CLS]` stands. */
  readonly startMark: number;
  /** The dimension that is negative in the first text and positive in the second. */
  readonly textMark: number;
  /** The first of the dimensions for positions: the last ones, as many as a head is wide. */
  readonly waves: number;
}

/** The dimensions of the embeddings of a model of this size. */
export function startDimensions({ hiddenSize, numAttentionHeads }: BertConfig): StartDimensions {
  const waves = hiddenSize - hiddenSize / numAttentionHeads;
  return { words: waves - 2, startMark: waves - 2, textMark: waves - 1, waves };
}

/**
 * The angle by which each wave advances from one position to the next, in radians. A wave takes two
 * dimensions, its sine and its cosine.
 */
export function waveAngles({ hiddenSize, numAttentionHeads }: BertConfig): number[] {
  const count = hiddenSize / numAttentionHeads / 2;
  return Array.from({ length: count }, (_, i) => {
    const length = SHORTEST * (LONGEST / SHORTEST) ** (i / Math.max(count - 1, 1));
    return 2 * Math.PI / length;
  });
}

/** [V, H]: the given vectors of the words, with 0 in all dimensions that are not for words. */
export function wordTable(table: tf.Tensor, config: BertConfig): tf.Tensor {
  const { words } = startDimensions(config);
  return tf.mul(table, row(config, (dimension) => dimension < words ? 1 : 0));
}

/** [3, H]: the texts' marks, and the given vectors in the dimensions for positions. */
export function segmentTable(table: tf.Tensor, config: BertConfig): tf.Tensor {
  const { waves, textMark } = startDimensions(config);
  const kept = tf.mul(table, row(config, (dimension) => dimension < waves ? 0 : 1));
  const mark = row(config, (at) => at === textMark ? AMPLITUDE * config.initializerRange : 0);
  const signs = tf.tensor1d([0, -1, 1]); // padding, first and second text
  return tf.add(kept, tf.mul(tf.reshape(signs, [3, 1]), mark)); // [3, H]
}

/** [P, H]: the sine and cosine of each wave, and the mark of the first position. */
export function positionTable(table: tf.Tensor, config: BertConfig): tf.Tensor {
  const [positions, H] = table.shape;
  const { waves, startMark } = startDimensions(config);
  const angles = waveAngles(config);
  const rows = Array.from({ length: positions }, (_, t) => {
    const row = new Array<number>(H!).fill(0);
    if (t === 0) row[startMark] = START;
    for (const [i, angle] of angles.entries()) {
      row[waves + 2 * i] = AMPLITUDE * Math.sin(angle * t);
      row[waves + 2 * i + 1] = AMPLITUDE * Math.cos(angle * t);
    }
    return row;
  });
  return tf.mul(tf.tensor2d(rows), config.initializerRange); // [P, H]
}

/** [H]: a number for each dimension. */
function row({ hiddenSize }: BertConfig, value: (dimension: number) => number): tf.Tensor1D {
  return tf.tensor1d(Array.from({ length: hiddenSize }, (_, dimension) => value(dimension)));
}
