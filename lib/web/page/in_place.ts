/**
 * Words that are similar to another one in its sentence, for models without a masked-word head. The words
 * with the most similar embeddings are put in its place one by one, and then compared by the vectors of
 * the last layer.
 */
import type { Encoding } from "../../tokenizer/bert_tokenizer.ts";
import { cosinesTo } from "../../use/vectors.ts";
import { bestFirst, type Candidate, SHOWN } from "./engine.ts";

/** How many words are put in its place. */
export const TRIED = 24;

/** How many neighbours are searched, so that enough are left when pieces inside words are left out. */
export const SEARCHED = 2 * TRIED;

/** In a longer text no words are tried, as the model would run for seconds at each key press. */
export const MOST_TOKENS = 64;

/** The ids of a text that are the input of a model. */
export type Ids = Pick<Encoding, "tokenIds" | "segmentIds" | "attentionMask">;

/** Whether a token can stand as a word: pieces inside a word cannot. */
export function isWhole({ token }: { readonly token: string }): boolean {
  return !token.startsWith("##");
}

/**
 * Makes a text for each of some pieces of the vocabulary, in which the piece replaces a word.
 *
 * @param places The places of the word's own pieces, one after the other.
 *
 * @example
 * ```ts
 * import { putInPlace } from "bert/web/page/in_place.ts";
 * import { deepStrictEqual } from "node:assert";
 * const text = { tokenIds: [2, 7, 8, 3], segmentIds: [1, 1, 1, 1], attentionMask: [1, 1, 1, 1] };
 * deepStrictEqual(putInPlace(text, [1, 2], [9])[0].tokenIds, [2, 9, 3]);
 * ```
 */
export function putInPlace(text: Ids, places: readonly number[], pieces: readonly number[]): Ids[] {
  const start = places[0];
  const end = start + places.length;
  const around = (values: readonly number[], between: number) => [
    ...values.slice(0, start),
    between,
    ...values.slice(end),
  ];
  const segmentIds = around(text.segmentIds, text.segmentIds[start]);
  const attentionMask = around(text.attentionMask, 1);
  return pieces.map((id) => ({ tokenIds: around(text.tokenIds, id), segmentIds, attentionMask }));
}

/**
 * Finds the words whose vectors are most similar to that of a word, by cosine.
 *
 * @param table The vectors of `tokens`, one after the other.
 */
export function nearestInPlace(
  vector: ArrayLike<number>,
  table: ArrayLike<number>,
  tokens: readonly string[],
): Candidate[] {
  return bestFirst(tokens, cosinesTo(vector, table)).slice(0, SHOWN);
}
