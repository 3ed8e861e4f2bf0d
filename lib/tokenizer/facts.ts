/** What a run writes down about its vocabulary, to tell later whether it is still the same. */
import { createHash } from "node:crypto";
import type { BertTokenizer } from "./bert_tokenizer.ts";
import type { TokenizerOptions } from "./options.ts";

/** What the vocabulary was, and the options of its tokenizer; runs of older versions lack the last two. */
export interface VocabularyFacts extends TokenizerOptions {
  /** Of `vocab.txt`. */
  readonly sha256: string;
  /** How many pieces there are. */
  readonly size: number;
}

/** `vocab.txt` of a tokenizer. */
export function vocabularyText({ vocab }: BertTokenizer): string {
  return `${vocab.tokens.join("\n")}\n`;
}

/** The digest and the size of a vocabulary, and the options of its tokenizer. */
export function vocabularyFacts(tokenizer: BertTokenizer): VocabularyFacts {
  const sha256 = createHash("sha256").update(vocabularyText(tokenizer)).digest("hex");
  return { sha256, size: tokenizer.vocab.size, ...tokenizer.options };
}
