/** Counting the training text of a run, and the examples that its first epoch makes of it. */
import type { Document } from "../data/document.ts";
import type { EncodedDocuments } from "../data/encoded_documents.ts";
import { epochGenerators, epochPairs } from "../data/epochs.ts";
import { ReachCounter } from "../data/reached_text.ts";
import { documentHash } from "../data/text_hash.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { CorpusUse, SurveyOptions, TextSurvey } from "./run_corpus.ts";

/** The number of examples after which the figures of an epoch are no longer counted. */
const MOST_EXAMPLES = 500_000;

/**
 * Counts the training text of a run and the examples of its first epoch. After half a million examples
 * it goes on only as far as it must to count the steps.
 *
 * @param encoded The same documents as ids.
 * @throws {NoExamplesError} If no example can be made of the documents.
 */
export async function surveyText(
  documents: readonly Document[],
  encoded: EncodedDocuments,
  tokenizer: BertTokenizer,
  { data, seed, train }: CorpusUse,
  { countSteps }: SurveyOptions,
): Promise<TextSurvey> {
  const { batchSize, accumulation, maxSteps = Infinity } = train;
  const wanted = countSteps ? maxSteps * accumulation * batchSize : 0;
  const options = { data, seed, epoch: 1 };
  const reach = new ReachCounter();
  const found = { examples: 0, pairs: 0, notNext: 0, tokens: 0 };
  let count = 0;
  let whole = true;
  for await (
    const pair of epochPairs(encoded, tokenizer, options, epochGenerators(options), reach)
  ) {
    if (count >= MOST_EXAMPLES) whole = false;
    if (!whole && count >= wanted) break;
    count++;
    if (!whole) continue;
    found.examples++;
    found.tokens += pair.tokenIds.length;
    if (pair.nspLabel >= 0) found.pairs++;
    if (pair.nspLabel === 1) found.notNext++;
  }
  const { tokens, unreachedTokens, unusedDocuments } = reach.counts;
  const text = {
    documents: documents.length,
    sentences: encoded.sentences,
    tokens: encoded.tokens,
    unknownShare: encoded.counts[tokenizer.vocab.unkId] / Math.max(1, encoded.tokens),
    reachedShare: whole ? 1 - unreachedTokens / Math.max(1, tokens) : null,
    unusedDocuments: whole ? unusedDocuments : null,
    equalDocuments: countEqual(documents),
    pairs: found.pairs,
    notNextShare: found.pairs === 0 ? null : found.notNext / found.pairs,
    exampleTokens: found.tokens / Math.max(1, found.examples),
  };
  const batches = Math.ceil(Math.min(count, wanted) / batchSize);
  return { text, steps: Math.ceil(batches / accumulation), estimated: false };
}

/** Counts documents with the same text as an earlier one. */
function countEqual(documents: readonly Document[]): number {
  return documents.length - new Set(documents.map(documentHash)).size;
}
