/** Stores of documents as ids, for tests: in memory. */
import type { Document } from "bert/data/document.ts";
import { EncodedDocuments } from "bert/data/encoded.ts";
import type { DocumentSource } from "bert/store/lane_order.ts";
import { TOY_TOKENIZER } from "./toy.ts";

/** Documents of the toy language as a store has them. */
export function memoryStore(documents: readonly Document[]): DocumentSource {
  const encoded = EncodedDocuments.of(documents, TOY_TOKENIZER);
  const before = [0];
  for (let i = 0; i < encoded.length; i++) {
    const { sentences } = encoded.document(i);
    before.push(before[i] + sentences.reduce((sum, { ids }) => sum + ids.length, 0));
  }
  return {
    documents: encoded.length,
    tokens: encoded.tokens,
    tokensBefore: (document) => before[document],
    documentRange: (first, end) =>
      Array.from({ length: end - first }, (_, i) => encoded.document(first + i)),
  };
}
