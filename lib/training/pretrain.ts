/**
 * A whole pre-training run: epochs with new pairs and masks, an evaluation after each, and
 * `metrics.csv`, which grows during the run.
 */
import { ensureBackend } from "../backend/choose.ts";
import { checkPrecision } from "../backend/precision.ts";
import { type DataConfig, dataConfig, type TrainConfig, trainConfig } from "../config.ts";
import {
  checkArguments,
  checkChoice,
  checkOptions,
  checkText,
  FUNCTION,
  ITERABLE,
  type Kind,
  LIST,
  SIGNAL,
} from "../checks.ts";
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import { EncodedDocuments } from "../data/encoded_documents.ts";
import { type Documents, epochBatches } from "../data/epochs.ts";
import { checkPairable } from "../data/pair_maker.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { evaluate } from "./evaluate.ts";
import { averageSteps, type EpochLog, type History, type StepLog } from "./history.ts";
import { MetricsFile } from "./metrics_file.ts";
import { createOptimizer } from "./create_optimizer.ts";
import type { Optimizer } from "./optimizer.ts";
import { checkFit, holdOut, planSteps } from "./plan.ts";
import { writeSettings } from "./settings_file.ts";
import { type Run, startRun, train } from "./train.ts";

/** Options of `pretrain()`. */
export interface PretrainOptions {
  /**
   * The training documents: an array, which is shuffled anew for each epoch, or a function that opens
   * a stream.
   */
  readonly documents: Documents;
  /** Documents to evaluate the model on after each epoch. */
  readonly heldOut?: Iterable<Document>;
  /** The tokenizer that the model was made for. The vocabulary sizes must be equal. */
  readonly tokenizer: BertTokenizer;
  /** Data settings that replace those of `DATA_DEFAULTS`. */
  readonly data?: Partial<DataConfig>;
  /** Training settings that replace those of `TRAIN_DEFAULTS`. */
  readonly train?: Partial<TrainConfig>;
  /** The seed of pairs, masks, order and dropout. */
  readonly seed: number;
  /** The optimizer. Default: a new one with the settings of `train`. */
  readonly optimizer?: Optimizer;
  /** What is minimised: the `"mean"` over predictions and pairs (default), or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
  /** Stops the run after the current step. The model keeps what it has learned. */
  readonly signal?: AbortSignal;
  /** Called after each step; the run waits for it. */
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  /** Called after each epoch and its evaluation; the run waits for it. */
  readonly onEpoch?: (log: EpochLog) => void | Promise<void>;
  /**
   * Where to write `metrics.csv`, row by row. An existing file is replaced. `config.json` beside it
   * holds the settings of the run, as for `deno task pretrain`.
   */
  readonly metricsFile?: string;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/**
 * Pre-trains a model on documents and returns the history of the run.
 *
 * Each epoch draws new pairs and masks from the seed. The held-out documents are paired and masked
 * once, the same for every epoch and every run with this seed. Two runs with one seed are equal bit
 * for bit, unless `maxSeconds` ends them. `maxSeconds` includes neither the time of preparing nor that
 * of the last evaluation.
 *
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown, a setting is wrong, or does not fit the model or the tokenizer.
 * @throws {NoExamplesError} If no pair can be made of the documents.
 * @throws {DivergedError} If a loss or gradient is NaN or infinite.
 *
 * Source: `run_pretraining.py` in google-research/bert, whose pairs and masks are made once and repeated
 * in every epoch.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { pretrain } from "bert/training/pretrain.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
 * const history = await pretrain(model, {
 *   documents,
 *   tokenizer,
 *   data: { maxLength: 8 },
 *   train: { epochs: 2, batchSize: 2 },
 *   seed: 1,
 * });
 * strictEqual(history.epochs.length, 2);
 * ```
 */
export async function pretrain(
  model: BertPretrainHead,
  given: PretrainOptions,
): Promise<History> {
  checkPretrain(model, given);
  const data = dataConfig(given.data);
  const train = trainConfig(given.train);
  await ensureBackend();
  checkPrecision(train.precision ?? "float32");
  checkFit(model.config, data, given.tokenizer);
  using own = given.optimizer ? undefined : createOptimizer(model.weights, train);
  const optimizer = given.optimizer ?? own!;
  const heldOut = holdOut({ options: given, data, train });
  const options = { ...given, documents: encodedOnce(given, data) };
  const plannedSteps = await planSteps({ options, data, train });
  using metrics = options.metricsFile ? MetricsFile.create(options.metricsFile) : undefined;
  if (options.metricsFile) {
    const decided = { seed: options.seed, model: model.config, data, train, plannedSteps };
    await writeSettings(options.metricsFile, { ...decided, ...counts(given) });
  }
  const run = startRun(optimizer, options.now); // after preparing, which does not count as training time
  const plan = { options, data, train, plannedSteps, heldOut, run, metrics };
  return await runEpochs(model, optimizer, plan);
}

/** Encodes an array of documents once, for planning and all epochs. A stream stays a stream. */
function encodedOnce({ documents, tokenizer }: PretrainOptions, data: DataConfig): Documents {
  if (!Array.isArray(documents)) return documents;
  checkPairable(documents, data);
  return EncodedDocuments.of(documents, tokenizer);
}

/** The numbers of documents, where they can be counted, and the tokenizer. */
function counts({ documents, heldOut = [], tokenizer }: PretrainOptions) {
  const count = (list: unknown) => Array.isArray(list) ? list.length : undefined;
  return { training: count(documents), heldOut: count(heldOut), tokenizer };
}

const OPTIONS = [
  "documents",
  "heldOut",
  "tokenizer",
  "data",
  "train",
  "seed",
  "optimizer",
  "reduction",
  "signal",
  "onStep",
  "onEpoch",
  "metricsFile",
  "now",
] as const satisfies readonly (keyof PretrainOptions)[];

function checkPretrain(model: BertPretrainHead, options: PretrainOptions): void {
  const call = "pretrain(model, options)";
  checkArguments(call, [["model", model, MODEL]]);
  checkOptions("pretrain()", options, OPTIONS);
  const { documents, heldOut = [], tokenizer } = options;
  const { onStep = ignore, onEpoch = ignore, now = ignore } = options;
  checkArguments(call, [
    ["options.documents", documents, DOCUMENTS],
    ["options.heldOut", heldOut, LIST],
    ["options.tokenizer", tokenizer, TOKENIZER],
    ["options.onStep", onStep, FUNCTION],
    ["options.onEpoch", onEpoch, FUNCTION],
    ["options.signal", options.signal, SIGNAL],
    ["options.now", now, FUNCTION],
  ]);
  checkChoice("reduction", options.reduction, [undefined, "mean", "sum"]);
  if (options.metricsFile !== undefined) {
    checkText(call, "options.metricsFile", options.metricsFile);
  }
}

function ignore(): void {}

const DOCUMENTS: Kind = {
  name: "an array of documents, or a function that opens a stream of them",
  fits: (value) => typeof value === "function" || ITERABLE.fits(value),
};

/** The complete settings of a run, and what all of its epochs share. */
interface Plan {
  readonly options: PretrainOptions;
  readonly data: DataConfig;
  readonly train: TrainConfig;
  readonly plannedSteps: number;
  readonly heldOut: readonly Batch[];
  readonly run: Run;
  readonly metrics?: MetricsFile;
}

async function runEpochs(
  model: BertPretrainHead,
  optimizer: Optimizer,
  plan: Plan,
): Promise<History> {
  const { run, train: { epochs } } = plan;
  const history = { steps: [] as StepLog[], epochs: [] as EpochLog[] };
  for (let epoch = 1; epoch <= epochs && !run.stopped; epoch++) {
    const steps = await runEpoch(model, optimizer, epoch, plan);
    for (const step of steps) history.steps.push(step);
    if (steps.length > 0) history.epochs.push(await closeEpoch(model, steps, plan));
  }
  const { stopped } = run;
  return {
    ...history,
    stopped: stopped === "aborted" || stopped === "time" ? stopped : "finished",
  };
}

async function runEpoch(
  model: BertPretrainHead,
  optimizer: Optimizer,
  epoch: number,
  plan: Plan,
): Promise<StepLog[]> {
  const { options, data, train: { batchSize }, metrics } = plan;
  const { documents, tokenizer, seed, reduction, signal, onStep, now } = options;
  const { plannedSteps, run } = plan;
  const source = epochBatches(documents, tokenizer, { data, batchSize, seed, epoch });
  const steps: StepLog[] = [];
  const settings = { train: plan.train, seed, plannedSteps, epoch, run, reduction, signal, now };
  for await (const log of train(model, optimizer, source, settings)) {
    metrics?.writeStep(log);
    steps.push(log);
    await onStep?.(log);
  }
  return steps;
}

/** The means of an epoch and, unless the run was aborted, its held-out scores. */
async function closeEpoch(
  model: BertPretrainHead,
  steps: readonly StepLog[],
  { heldOut, metrics, options: { signal, onEpoch } }: Plan,
): Promise<EpochLog> {
  const means = averageSteps(steps);
  const wanted = heldOut.length > 0 && !signal?.aborted;
  const scores = wanted ? await evaluate(model, heldOut, { signal }) : undefined;
  const log = scores && !signal?.aborted ? { ...means, heldOut: scores } : means;
  metrics?.writeEpoch(log, steps[steps.length - 1].step);
  await onEpoch?.(log);
  return log;
}
