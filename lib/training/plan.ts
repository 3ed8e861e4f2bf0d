/**
 * Planning a run: checking that model, tokenizer and data fit, making held-out batches, and counting
 * steps.
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

/** Everything that decides the batches of a run. */
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

/** Throws `ConfigError` unless the model, the tokenizer and the data fit together. */
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
 * Makes the held-out batches, once, so that every epoch is evaluated on the same predictions.
 *
 * @throws {NoExamplesError} If no held-out token is masked, although tokens are to be masked: a loss
 * of 0 over no predictions would count as the best loss.
 */
export function holdOut({ options, data, train: { batchSize } }: RunSource): Batch[] {
  const { heldOut = [], tokenizer, seed } = options;
  const documents = [...heldOut];
  if (documents.length === 0) return [];
  return checkPredictions(
    [...batches(documents, tokenizer, { data, batchSize, seed, epoch: 0 })],
    data,
  );
}

/** `holdOut()` for documents that are encoded already. */
export function holdOutIds(
  documents: readonly TokenizedDocument[],
  tokenizer: BertTokenizer,
  { data, train: { batchSize }, seed }: Omit<RunSource, "options"> & { readonly seed: number },
): Batch[] {
  if (documents.length === 0) return [];
  const options = { data, batchSize, seed, epoch: 0 };
  const made = batchesOfWindow(documents, tokenizer, options, epochGenerators(options));
  return checkPredictions([...made], data);
}

/** Returns held-out batches. Throws if they should have predictions, but have none. */
function checkPredictions(made: Batch[], data: DataConfig): Batch[] {
  const hasAny = made.some(({ predictedLabels }) => predictedLabels.some((label) => label >= 0));
  if (hasAny || data.maskProbability === 0) return made;
  throw new NoExamplesError(
    "Cannot score masked words, as none of the held-out tokens is masked: hold out more text",
  );
}

/**
 * The number of steps that the run will have if the clock does not end it, from the batches of its
 * first epoch.
 */
export async function planSteps({ options, data, train }: RunSource): Promise<number> {
  const { documents, tokenizer, seed } = options;
  const { batchSize, accumulation, maxSteps = Infinity } = train;
  const settings = { data, batchSize, seed, epoch: 1 };
  const count = await countBatches(documents, tokenizer, settings, maxSteps * accumulation);
  return stepsOfRun(Math.ceil(count / accumulation), train);
}

/** The steps of a run, from the steps of its first epoch. */
export function stepsOfRun(
  steps: number,
  { epochs, maxSteps = Infinity }: TrainConfig,
): number {
  return Math.min(steps * epochs, maxSteps);
}
