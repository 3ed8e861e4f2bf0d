/** Small documents in which every word names its own place, so that pairs can be checked. */
import type { Document } from "bert/data/document.ts";
import type { PairExample } from "bert/data/example.ts";
import { nspExamples } from "bert/data/nsp.ts";
import type { NspOptions } from "bert/data/pair_maker.ts";
import { createRng } from "bert/random.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

/** The word of document d, sentence s and place w, which names all three. */
export const word = (d: number, s: number, w: number) => `d${d}s${s}w${w}`;

/** Makes documents in which each word occurs once. */
export function library(documents: number, sentences: number, words = 4): Document[] {
  return Array.from({ length: documents }, (_, d) => ({
    name: `document ${d}`,
    sentences: Array.from(
      { length: sentences },
      (_, s) => Array.from({ length: words }, (_, w) => word(d, s, w)).join(" "),
    ),
  }));
}

/** Makes a tokenizer whose vocabulary has every word of some documents. */
export function tokenizerFor(documents: readonly Document[]): BertTokenizer {
  const words = documents.flatMap(({ sentences }) =>
    sentences.flatMap((s) => s.match(/\w+/g) ?? [])
  );
  return new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...new Set(words)]));
}

/** All pairs of some documents. */
export function pairsOf(
  documents: readonly Document[],
  options: Partial<NspOptions> = {},
): PairExample[] {
  const settings = { maxLength: 32, rng: createRng(1), ...options };
  return [...nspExamples(documents, tokenizerFor(documents), settings)];
}
