/**
 * The scores of a model that has learned nothing, and of one that has learned only how often each
 * word occurs. A loss curve is compared with them: at ln V the model has learned nothing, at the unigram
 * loss no more than how often each word occurs.
 */
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { DOCUMENTS } from "../data/argument_kinds.ts";
import { BATCH } from "./argument_kinds.ts";
import { checkArguments, type Kind, LIST } from "../checks.ts";
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** The scores to beat. Losses are in nats. */
export interface Baselines {
  /** ln V: the loss of a model to which all V pieces are equally likely. */
  readonly uniformLoss: number;
  /** The loss of a model that predicts each piece with its frequency in the training text. */
  readonly unigramLoss: number;
  /** The accuracy of always predicting the most frequent piece. */
  readonly unigramAccuracy: number;
  /** The accuracy of always predicting the more frequent NSP label; 0 if there are no pairs. */
  readonly nspMajority: number;
  /** ln 2: the loss of a model to which both labels of a pair are equally likely. */
  readonly nspUniformLoss: number;
}

/**
 * Counts how often each piece of the vocabulary occurs.
 *
 * @returns `[V]`, by id. Special tokens are counted only where the text itself has them.
 *
 * @example
 * ```ts
 * import { tokenCounts } from "bert/training/baselines.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const counts = tokenCounts([{ name: "x", sentences: ["sea land", "sea"] }], tokenizer);
 * deepStrictEqual([...counts.slice(5)], [2, 1]);
 * ```
 */
export function tokenCounts(documents: Iterable<Document>, tokenizer: BertTokenizer): Float64Array {
  checkArguments("tokenCounts(documents, tokenizer)", [
    ["documents", documents, DOCUMENTS],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  const counts = new Float64Array(tokenizer.vocab.size);
  for (const { sentences } of documents) {
    for (const sentence of sentences) {
      for (const id of tokenizer.ids(sentence)) counts[id]++;
    }
  }
  return counts;
}

const COUNTS: Kind = {
  name: "the counts of tokenCounts()",
  fits: (value) => Array.isArray(value) || value instanceof Float64Array,
};

/**
 * Computes the baselines of held-out batches from the token counts of the training text.
 *
 * One is added to every count, so that a piece that is missing in the training text is unlikely but
 * not impossible.
 *
 * @param counts `[V]`, from `tokenCounts()` of the training documents.
 * @param batches The batches that the model is evaluated on; their labels are scored.
 *
 * @example A vocabulary of four, the last twice as frequent as the first
 * ```ts
 * import { baselines } from "bert/training/baselines.ts";
 * import { strictEqual } from "node:assert";
 * const { uniformLoss, unigramAccuracy } = baselines(Float64Array.of(1, 0, 0, 2), []);
 * strictEqual(uniformLoss, Math.log(4));
 * strictEqual(unigramAccuracy, 0); // nothing was predicted
 * ```
 */
export function baselines(counts: Float64Array, batches: Iterable<Batch>): Baselines {
  checkArguments("baselines(counts, batches)", [
    ["counts", counts, COUNTS],
    ["batches", batches, LIST],
  ]);
  const total = counts.reduce((sum, count) => sum + count + 1, 0);
  const favourite = counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0));
  let loss = 0;
  let right = 0;
  let predictions = 0;
  const nsp = [0, 0];
  for (const batch of batches) {
    checkArguments("baselines(counts, batches)", [["an entry of batches", batch, BATCH]]);
    const { predictedLabels, nspLabels } = batch;
    for (const label of predictedLabels) {
      if (label < 0) continue;
      loss -= Math.log((counts[label] + 1) / total);
      right += label === favourite ? 1 : 0;
      predictions++;
    }
    for (const label of nspLabels) if (label >= 0) nsp[label]++;
  }
  return {
    uniformLoss: Math.log(counts.length),
    unigramLoss: loss / Math.max(predictions, 1),
    unigramAccuracy: right / Math.max(predictions, 1),
    nspMajority: Math.max(...nsp) / Math.max(nsp[0] + nsp[1], 1),
    nspUniformLoss: Math.LN2,
  };
}
