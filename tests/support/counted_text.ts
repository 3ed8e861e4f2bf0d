import type { PieceStream } from "bert/data/contexts.ts";
import fixture from "../fixtures/counted_vectors.json" with { type: "json" };

/** The results of numpy for the text, by make_counted_vectors_fixtures.py. */
export const expected = fixture;

/** The text whose pieces numpy counted. */
export function countedText(): PieceStream {
  const { documents, vocabSize } = fixture;
  const starts = [0];
  for (const { length } of documents) starts.push(starts[starts.length - 1] + length);
  return { ids: Int32Array.from(documents.flat()), starts: Int32Array.from(starts), vocabSize };
}
