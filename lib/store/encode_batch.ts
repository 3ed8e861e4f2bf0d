/**
 * The work of the helper threads of `prepare()`: splitting documents into sentences and encoding
 * them.
 */
import { type RawDocument, splitDocuments } from "../data/raw_document.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { digestOf, rankOf } from "./held_out_rank.ts";
import { idTypeFor } from "./indexed_layout.ts";

/** What decides, beside the tokenizer, how documents are encoded. */
export interface EncodeRules {
  /** The language by which sentences are split. */
  readonly locale: string;
  /** The seed that, with the names of the documents, decides which are held out. */
  readonly seed: number;
}

/** Documents as ids, in a few arrays that are transferred between threads without a copy. */
export interface EncodedBatch {
  /** The ids of all documents. */
  readonly ids: Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  /** The number of tokens of each sentence of all documents, always above 0. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** The number of sentences of each document. */
  readonly sentences: Int32Array<ArrayBuffer>;
  /** The first eight bytes of the SHA-256 of each document's text, as two numbers. */
  readonly digests: Uint32Array<ArrayBuffer>;
  /** The rank of each document, from 0 to below 1, as `rankOf()` draws it. */
  readonly ranks: Float64Array<ArrayBuffer>;
}

/** Splits documents into sentences and encodes them. */
export function encodeBatch(
  documents: readonly RawDocument[],
  tokenizer: BertTokenizer,
  { locale, seed }: EncodeRules,
): EncodedBatch {
  const ids: number[] = [];
  const lengths: number[] = [];
  const sentences = new Int32Array(documents.length);
  const digests = new Uint32Array(2 * documents.length);
  const ranks = new Float64Array(documents.length);
  // All documents are split before any is encoded: both use tables that compete for the processor's cache.
  const split = splitDocuments(documents, { locale });
  for (const [i, document] of split.entries()) {
    const before = lengths.length;
    for (const sentence of document.sentences) {
      const found = tokenizer.ids(sentence);
      if (found.length === 0) continue;
      lengths.push(found.length);
      for (let j = 0; j < found.length; j++) ids.push(found[j]);
    }
    sentences[i] = lengths.length - before;
    digests.set(digestOf(document.sentences.join(" ")), 2 * i);
    ranks[i] = rankOf(document.name, seed);
  }
  const Ids = idTypeFor(tokenizer.vocab.size) === "uint16" ? Uint16Array : Int32Array;
  return { ids: new Ids(ids), lengths: new Int32Array(lengths), sentences, digests, ranks };
}
