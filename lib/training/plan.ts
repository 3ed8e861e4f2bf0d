/**
 * What is decided before a run begins: whether all fits, what is held out, and how many steps there will be.
 */
import type { BertConfig, DataConfig, TrainConfig } from "../config.ts";
import type { Batch } from "../data/batch.ts";
import type { Document, TokenizedDocument } from "../data/document.ts";
import {
  batches,
  batchesOfWindow,
  countBatches,
  type Documents,
  epochGenerators,
} from "../data/epochs.ts";
import { ConfigError, NoExamplesError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** What decides the batches of a run. */
export interface RunSource {
  readonly options: {
    readonly documents: Documents;
    readonly heldOut?: Iterable<Document>;
    readonly tokenizer: BertTokenizer;
    readonly seed: number;
  };
  readonly data: DataConfig;
  readonly train: TrainConfig;
}

/** Throws `ConfigError` where the model, the tokenizer and the data could not meet. */
export function checkFit(
  config: BertConfig,
  { maxLength }: DataConfig,
  { vocab }: BertTokenizer,
): void {
  if (config.vocabSize !== vocab.size) {
    const advice = `must be the size of the tokenizer's vocabulary, ${vocab.size}`;
    throw new ConfigError("vocabSize", config.vocabSize, advice);
  }
  if (maxLength <= config.maxPositionEmbeddings) return;
  const advice =
    `must be at most the model's maxPositionEmbeddings, ${config.maxPositionEmbeddings}`;
  throw new ConfigError("maxLength", maxLength, advice);
}

/**
 * The held-out batches: made once, so that every epoch is scored on the same questions.
 *
 * @throws {NoExamplesError} If tokens are to be masked and none of the held-out ones is: a loss of nothing is
 * 0, which would be the best there is.
 */
export function holdOut({ options, data, train: { batchSize } }: RunSource): Batch[] {
  const { heldOut = [], tokenizer, seed } = options;
  const documents = [...heldOut];
  if (documents.length === 0) return [];
  return asking([...batches(documents, tokenizer, { data, batchSize, seed, epoch: 0 })], data);
}

/** `holdOut()` for documents that are ids already. */
export function holdOutIds(
  documents: readonly TokenizedDocument[],
  tokenizer: BertTokenizer,
  { data, train: { batchSize }, seed }: Omit<RunSource, "options"> & { readonly seed: number },
): Batch[] {
  if (documents.length === 0) return [];
  const options = { data, batchSize, seed, epoch: 0 };
  const made = batchesOfWindow(documents, tokenizer, options, epochGenerators(options));
  return asking([...made], data);
}

/** Held-out batches, unless they have no question where there should be some. */
function asking(made: Batch[], data: DataConfig): Batch[] {
  const asks = made.some(({ predictedLabels }) => predictedLabels.some((label) => label >= 0));
  if (asks || data.maskProbability === 0) return made;
  throw new NoExamplesError(
    "Cannot score masked words as none of the held-out tokens is masked: hold out more text",
  );
}

/** How many steps the run will have if the clock lets it: by the pairs of its first epoch. */
export async function planSteps({ options, data, train }: RunSource): Promise<number> {
  const { documents, tokenizer, seed } = options;
  const { batchSize, accumulation, maxSteps = Infinity } = train;
  const settings = { data, batchSize, seed, epoch: 1 };
  const count = await countBatches(documents, tokenizer, settings, maxSteps * accumulation);
  return stepsOfRun(Math.ceil(count / accumulation), train);
}

/** The steps of a run whose first epoch has so many. */
export function stepsOfRun(
  steps: number,
  { epochs, maxSteps = Infinity }: TrainConfig,
): number {
  return Math.min(steps * epochs, maxSteps);
}
