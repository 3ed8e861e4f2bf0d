/** Labelled texts as padded batches: what a classifier is trained and scored on. */
import { type Batch, collate } from "../data/batch.ts";
import { ConfigError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** A text and the class it belongs to. */
export interface LabelledText {
  readonly text: string;
  /** A second text, for questions about two. */
  readonly pair?: string;
  /** 0 to C - 1. */
  readonly label: number;
}

/** Labelled texts as padded rows. */
export interface LabelledBatch {
  readonly batch: Batch;
  /** [B]; the class of each row. */
  readonly labels: Int32Array;
}

/**
 * Texts as batches in the order given, cut to `maxLength` tokens; every batch but the last is full.
 *
 * @throws {ConfigError} If a size cannot work.
 *
 * @example
 * ```ts
 * import { labelledBatches } from "bert/use/labelled_texts.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const texts = [{ text: "sea", label: 0 }, { text: "land", label: 1 }, { text: "sea", label: 0 }];
 * const batches = labelledBatches(texts, tokenizer, { batchSize: 2, maxLength: 8 });
 * deepStrictEqual(batches.map(({ labels }) => [...labels]), [[0, 1], [0]]);
 * ```
 */
export function labelledBatches(
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  { batchSize, maxLength }: { readonly batchSize: number; readonly maxLength: number },
): LabelledBatch[] {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ConfigError("batchSize", batchSize, "must be a whole number of at least 1");
  }
  const padding = { padTokenId: tokenizer.vocab.padId, maskTokenId: tokenizer.vocab.maskId };
  return Array.from({ length: Math.ceil(texts.length / batchSize) }, (_, i) => {
    const part = texts.slice(i * batchSize, (i + 1) * batchSize);
    const rows = part.map((text) => exampleOf(text, tokenizer, maxLength));
    const labels = Int32Array.from(part, ({ label }) => label);
    return { batch: collate(rows, { ...padding, maxLength }), labels };
  });
}

/** A text as an example in which no word and no pair is asked for. */
function exampleOf({ text, pair }: LabelledText, tokenizer: BertTokenizer, maxLength: number) {
  const { tokenIds, segmentIds } = tokenizer.encode(text, pair, { maxLength });
  const first = { document: text, start: 0, end: 1 };
  const labels = tokenIds.map(() => -1);
  return { tokenIds, segmentIds, labels, nspLabel: -1 as const, first, truncated: false };
}
