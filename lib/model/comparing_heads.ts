/**
 * Initial weights of the second layer by which `[CLS]` compares two texts. Of each pair of heads, one
 * gives it the mean vector of the first text, the other that of the second, and the difference of both
 * is added to the vector of `[CLS]`.
 */
import type { BertConfig } from "../config.ts";
import { startDimensions } from "./start_embeddings.ts";

/**
 * The weight of the text's mark in a key. The weight of the start mark in a query is 1 / √(width of a
 * head), so that the scores do not depend on the width: about 5 for the text that the head attends to,
 * -5 for the other.
 */
const KEY = 0.6;

/**
 * The factor of the difference. The mean vectors of two texts of thirty pieces are nearly equal; this
 * factor makes their difference about as large as the vector that it is added to.
 */
const DIFFERENCE = 6;

/**
 * `pairs`: how many pairs of heads compare; `width`: the dimensions of a head; `compared`: how many
 * dimensions of the vectors all pairs together compare.
 */
function pairsOf(config: BertConfig): { pairs: number; width: number; compared: number } {
  const { hiddenSize, numAttentionHeads } = config;
  const width = hiddenSize / numAttentionHeads;
  const pairs = Math.floor(numAttentionHeads / 2);
  return { pairs, width, compared: Math.min(pairs * width, startDimensions(config).words) };
}

/**
 * Queries, keys and values of the comparing heads. The query of `[CLS]` finds the keys of one text,
 * by the mark of its tokens; queries of other tokens keep their random weights. The values are the
 * vectors' own dimensions: the first pair of heads takes the first ones, as many as a head is wide,
 * and so on.
 *
 * @param weight [H, 3H], not changed.
 * @returns [H, 3H].
 */
export function comparingQkv(weight: Float32Array, config: BertConfig): Float32Array {
  const { hiddenSize: H } = config;
  const { startMark, textMark } = startDimensions(config);
  const { pairs, width, compared } = pairsOf(config);
  const values = weight.slice();
  const at = (row: number, column: number) => row * 3 * H + column;
  for (let column = 0; column < 2 * pairs * width; column++) {
    const head = Math.floor(column / width);
    const first = head % 2 === 0; // attends to the first text
    values[at(startMark, column)] = 1 / Math.sqrt(width);
    values[at(textMark, H + column)] = first ? -KEY : KEY;
    const taken = Math.floor(head / 2) * width + column % width;
    for (let row = 0; row < H; row++) {
      values[at(row, 2 * H + column)] = row === taken && taken < compared ? 1 : 0;
    }
  }
  return values;
}

/**
 * The dense layer after the comparing heads: it writes the first text's mean minus the second's into
 * the dimensions that they come from.
 *
 * @param weight [H, H], not changed.
 * @returns [H, H].
 */
export function comparingOutput(weight: Float32Array, config: BertConfig): Float32Array {
  const { hiddenSize: H } = config;
  const { pairs, width, compared } = pairsOf(config);
  const values = weight.slice();
  for (let row = 0; row < 2 * pairs * width; row++) {
    const head = Math.floor(row / width);
    const taken = Math.floor(head / 2) * width + row % width;
    values.fill(0, row * H, (row + 1) * H);
    if (taken < compared) values[row * H + taken] = head % 2 === 0 ? DIFFERENCE : -DIFFERENCE;
  }
  return values;
}
