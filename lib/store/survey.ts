/** What the first epoch of a store will be like, from as much of it as takes a second to count. */
import type { DataConfig } from "../config.ts";
import { type EpochOptions, pairsOfWindow, windowGenerators } from "../data/epochs.ts";
import { noPairsFollow } from "../data/pair_maker.ts";
import { ReachCounter } from "../data/reach.ts";
import { NoExamplesError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { cutStore, type DocumentSource, WindowOrder } from "./lane_order.ts";

/** What was counted; shares are from 0 to 1. */
export interface StoreSurvey {
  /** Steps of the epoch: exact where all of the store was counted, else what is to be expected. */
  readonly steps: number;
  /** Share of the tokens that were counted. */
  readonly countedShare: number;
  /** Examples that were counted. */
  readonly examples: number;
  /** Those of them with an NSP label. */
  readonly pairs: number;
  /** Those whose second half does not follow. */
  readonly notNext: number;
  /** Tokens of these examples, special ones included. */
  readonly exampleTokens: number;
  /** Share of the counted tokens that stand in an example. */
  readonly reachedShare: number;
  /** Counted documents of which no token stands in an example. */
  readonly unusedDocuments: number;
}

/** Which epoch is counted, and how it is dealt out. */
export interface SurveyOptions extends EpochOptions {
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Parts of a step. */
  readonly lanes: number;
  /** Tokens that are counted, about; of a store of up to twice as many all are. Default 4 million. */
  readonly counted?: number;
}

const COUNTED = 4_000_000;

/**
 * Makes the pairs of the first windows of an epoch, without masks, and counts them. As windows are
 * made of blocks from anywhere in the store, a few of them stand for all.
 *
 * @throws {RangeError} If there is no pair in them, or none in which the second half follows.
 */
export function surveyStore(
  source: DocumentSource,
  tokenizer: BertTokenizer,
  options: SurveyOptions,
): StoreSurvey {
  const { lanes, batchSize, counted = COUNTED, ...epoch } = options;
  const order = new WindowOrder(source, cutStore(source, lanes), epoch);
  const counts = { examples: 0, pairs: 0, notNext: 0, exampleTokens: 0 };
  const reach = new ReachCounter();
  const batches: number[] = []; // of each window
  const enough = source.tokens > 2 * counted ? counted : Infinity;
  while (batches.length < order.windows && reach.counts.tokens < enough) {
    const before = counts.examples;
    const window = batches.length;
    const generators = windowGenerators(epoch, window);
    const pairs = pairsOfWindow(order.read(window), tokenizer, epoch, generators, reach);
    for (const { nspLabel, tokenIds } of pairs) {
      counts.examples++;
      counts.exampleTokens += tokenIds.length;
      if (nspLabel >= 0) counts.pairs++;
      if (nspLabel === 1) counts.notNext++;
    }
    batches.push(Math.ceil((counts.examples - before) / batchSize));
  }
  refuseUseless(counts, epoch.data);
  const { tokens, unreachedTokens, unusedDocuments } = reach.counts;
  return {
    ...counts,
    steps: stepsOf(batches, order.windows, lanes),
    countedShare: batches.length === order.windows ? 1 : tokens / source.tokens,
    reachedShare: 1 - unreachedTokens / Math.max(1, tokens),
    unusedDocuments,
  };
}

/** More pairs than this, none of which follows, are no accident. */
const FEW = 8;

function refuseUseless(
  { examples, pairs, notNext }: Record<string, number>,
  { pairing }: DataConfig,
): void {
  if (examples === 0 || (notNext > FEW && notNext === pairs)) {
    throw new NoExamplesError(noPairsFollow(pairing));
  }
}

/** Steps of an epoch whose first windows give so many batches. */
function stepsOf(batches: readonly number[], windows: number, lanes: number): number {
  if (batches.length < windows) {
    const mean = batches.reduce((a, b) => a + b, 0) / batches.length;
    return Math.round(mean * windows / lanes);
  }
  const steps = new Float64Array(lanes);
  for (const [window, count] of batches.entries()) steps[window % lanes] += count;
  return steps.reduce((a, b) => Math.max(a, b), 0);
}
