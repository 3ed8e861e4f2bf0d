/** Estimating figures of the first epoch of a store from a part of it, within about a second. */
import type { DataConfig } from "../config.ts";
import { type EpochOptions, pairsOfWindow, windowGenerators } from "../data/epochs.ts";
import { noPairsFollow } from "../data/pair_maker.ts";
import { ReachCounter } from "../data/reached_text.ts";
import { NoExamplesError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { cutStore, type DocumentSource, WindowOrder } from "./lane_order.ts";

/** Figures of the part of an epoch that was counted. Shares are from 0 to 1. */
export interface StoreSurvey {
  /** The number of steps of the epoch: exact if the whole store was counted, otherwise an estimate. */
  readonly steps: number;
  /** The share of the store's tokens that were counted. */
  readonly countedShare: number;
  /** The number of examples that were counted. */
  readonly examples: number;
  /** The number of examples with a label of the pair. */
  readonly pairs: number;
  /** The number of pairs with label 1: the second segment does not follow the first. */
  readonly notNext: number;
  /** The number of tokens of all examples, special ones included. */
  readonly exampleTokens: number;
  /** The share of the counted tokens that are in an example. */
  readonly reachedShare: number;
  /** The number of counted documents of which no token is in an example. */
  readonly unusedDocuments: number;
}

/** Options of `surveyStore()`. */
export interface SurveyOptions extends EpochOptions {
  /** The number of sequences in a batch, at least 1. */
  readonly batchSize: number;
  /** The number of batches in a step, at least 1. */
  readonly lanes: number;
  /**
   * About how many tokens to count. A store of up to twice as many is counted completely. Default 4
   * million.
   */
  readonly counted?: number;
}

/** The default of `counted`. */
const COUNTED = 4_000_000;

/**
 * Makes the pairs of the first windows of an epoch, without masks, and counts them. As windows
 * consist of random blocks of the store, a few of them are representative.
 *
 * @throws {NoExamplesError} If no example can be made of them, or no pair with label 0 among more than
 * eight pairs.
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
  const batches: number[] = []; // the number of batches of each window
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

/** If more pairs than this are counted and none follows, the text has no "next" pairs. */
const FEW = 8;

/** Throws if a model could not learn anything from the pairs. */
function refuseUseless(
  { examples, pairs, notNext }: Record<string, number>,
  { pairing }: DataConfig,
): void {
  if (examples === 0 || (notNext > FEW && notNext === pairs)) {
    throw new NoExamplesError(noPairsFollow(pairing));
  }
}

/** The steps of an epoch, estimated from the batches of its first windows. */
function stepsOf(batches: readonly number[], windows: number, lanes: number): number {
  if (batches.length < windows) {
    const mean = batches.reduce((a, b) => a + b, 0) / batches.length;
    return Math.round(mean * windows / lanes);
  }
  const steps = new Float64Array(lanes);
  for (const [window, count] of batches.entries()) steps[window % lanes] += count;
  return steps.reduce((a, b) => Math.max(a, b), 0);
}
