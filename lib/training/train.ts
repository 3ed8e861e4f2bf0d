/**
 * The training loop: `train()` goes once over batches and yields a log entry a step. A notebook's
 * loop and `pretrain()` are both this one.
 */
import { macrotask } from "./macrotask.ts";
import type { Batch } from "../data/batch.ts";
import type { TrainConfig } from "../config.ts";
import { checkArguments, checkOptions, FUNCTION, having, ITERABLE } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { MODEL, OPTIMIZER } from "./arguments.ts";
import type { StepLog } from "./history.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { learningRateAt, type Optimizer } from "./optimizer.ts";
import { createRng } from "../random.ts";
import { DivergedError, type StepOptions, type StepResult, trainStep } from "./train_step.ts";

/** What the epochs of one run share. `train()` keeps it up to date. */
export interface Run {
  /** The clock's reading when the run began, in milliseconds. */
  readonly startedAt: number;
  /** The optimizer's count of steps when the run began. */
  readonly firstStep: number;
  /** Tokens seen so far. */
  tokens: number;
  /** Why `train()` stopped before its batches ended, if it did. */
  stopped?: "steps" | "aborted" | "time";
}

/** How `train()` goes over its batches. */
export interface TrainOptions {
  /** The settings of training, complete: `trainConfig()` makes them. */
  readonly train: TrainConfig;
  /** Decides the dropout of every step. */
  readonly seed: number;
  /** Steps in the whole run: the learning rate reaches 0 at their end. */
  readonly plannedSteps: number;
  /** The pass over the documents that the log names; default 1. */
  readonly epoch?: number;
  /** The run that these batches belong to; by default one that begins here. */
  readonly run?: Run;
  /** What is minimised: the `"mean"` over predictions and pairs (default), or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
  /** Stops after the step at hand; no batch is taken from the source after that. */
  readonly signal?: AbortSignal;
  /** Told of a diverged step instead of throwing; its batches are passed over. Throw to stop. */
  readonly onDiverged?: (error: DivergedError) => void;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

const TRAIN_CONFIG = having("the settings that trainConfig() gives", "batchSize", "learningRate");

/** A run that begins now. */
export function startRun(optimizer: Optimizer, now = clock): Run {
  return { startedAt: now(), firstStep: optimizer.steps, tokens: 0 };
}

function clock(): number {
  return performance.now();
}

/**
 * Trains on batches, one step for each `train.accumulation` of them, and yields what each step
 * found.
 *
 * It awaits a macrotask before each step, so that timers, the page and a stop button run. It ends
 * when the batches do, after `train.maxSteps` steps, at `train.maxSeconds` seconds of the run (to
 * half a step), or when the signal is aborted; the model keeps what it has learned. The learning
 * rate follows the steps or the clock, whichever is further on, as of the middle of the step.
 *
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown, or `plannedSteps` is not above 0.
 * @throws {DivergedError} If a loss or gradient is NaN or infinite, unless `onDiverged` is given.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { bertConfig, dataConfig, trainConfig } from "bert/config.ts";
 * import { batches } from "bert/data/epochs.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { AdamW } from "bert/training/optimizer.ts";
 * import { train } from "bert/training/train.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
 * const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
 * const settings = trainConfig({ batchSize: 2 });
 * const source = batches(documents, tokenizer, {
 *   data: dataConfig({ maxLength: 8 }),
 *   batchSize: settings.batchSize,
 *   seed: 1,
 *   epoch: 1,
 * });
 * const optimizer = new AdamW(model.weights, settings);
 * for await (
 *   const log of train(model, optimizer, source, { train: settings, seed: 1, plannedSteps: 1 })
 * ) strictEqual(log.totalLoss, log.mlmLoss + log.nspLoss);
 * ```
 */
export async function* train(
  model: BertPretrainHead,
  optimizer: Optimizer,
  source: Iterable<Batch> | AsyncIterable<Batch>,
  options: TrainOptions,
): AsyncGenerator<StepLog, void> {
  checkTrain(model, optimizer, source, options);
  const { train: { accumulation, clipNorm }, epoch = 1, reduction, now = clock } = options;
  const run = options.run ?? startRun(optimizer, now);
  const seeds = createRng(options.seed).fork("dropout");
  const steps = groups(source, accumulation);
  let began = now();
  let lastSeconds = 0;
  try {
    for (;;) {
      await macrotask();
      if (options.signal?.aborted) run.stopped = "aborted";
      const group = run.stopped ? undefined : (await steps.next()).value;
      if (!group) return;
      const done = optimizer.steps - run.firstStep;
      const middle = (now() - run.startedAt) / 1000 + lastSeconds / 2; // of this step, in seconds
      run.stopped = reasonToStop(done, middle, options);
      if (run.stopped) return;
      const learningRate = rateOf(done + 0.5, middle, options);
      const seed = seeds.fork(done).below(2 ** 31);
      const settings = { learningRate, seed, clipNorm, reduction };
      const result = await tryStep(model, optimizer, group, settings, options);
      const ended = now();
      lastSeconds = (ended - began) / 1000;
      if (result) {
        run.tokens += result.tokens;
        yield {
          ...result,
          step: done + 1,
          epoch,
          learningRate,
          tokens: run.tokens,
          tokensPerSecond: result.tokens / lastSeconds,
          seconds: (ended - run.startedAt) / 1000,
        };
      }
      began = now();
    }
  } finally {
    await steps.return();
  }
}

/** A step, or nothing if it diverged and somebody wants to hear of it. */
async function tryStep(
  model: BertPretrainHead,
  optimizer: Optimizer,
  group: readonly Batch[],
  settings: StepOptions,
  { onDiverged }: TrainOptions,
): Promise<StepResult | undefined> {
  try {
    return await trainStep(model, optimizer, group, settings);
  } catch (error) {
    if (!(error instanceof DivergedError) || !onDiverged) throw error;
    onDiverged(error);
    return undefined;
  }
}

const OPTIONS = [
  "train",
  "seed",
  "plannedSteps",
  "epoch",
  "run",
  "reduction",
  "signal",
  "onDiverged",
  "now",
] as const satisfies readonly (keyof TrainOptions)[];

function checkTrain(
  model: BertPretrainHead,
  optimizer: Optimizer,
  source: Iterable<Batch> | AsyncIterable<Batch>,
  options: TrainOptions,
): void {
  const call = "train(model, optimizer, source, options)";
  checkArguments(call, [
    ["model", model, MODEL],
    ["optimizer", optimizer, OPTIMIZER],
    ["source", source, ITERABLE],
  ]);
  checkOptions("train()", options, OPTIONS);
  checkArguments(call, [["options.train", options.train, TRAIN_CONFIG]]);
  if (options.onDiverged) {
    checkArguments(call, [["options.onDiverged", options.onDiverged, FUNCTION]]);
  }
  const { plannedSteps } = options;
  if (plannedSteps > 0) return;
  throw new ConfigError(
    "plannedSteps",
    plannedSteps,
    "must be the steps of the whole run, above 0",
  );
}

/** The batches of each step: `size` of them, fewer in the last. */
async function* groups(
  source: Iterable<Batch> | AsyncIterable<Batch>,
  size: number,
): AsyncGenerator<Batch[], void> {
  let group: Batch[] = [];
  for await (const batch of source) {
    if (group.push(batch) < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function reasonToStop(done: number, seconds: number, { train }: TrainOptions) {
  if (seconds >= (train.maxSeconds ?? Infinity)) return "time";
  return done >= (train.maxSteps ?? Infinity) ? "steps" : undefined;
}

function rateOf(steps: number, seconds: number, { train, plannedSteps }: TrainOptions): number {
  const { learningRate: peak, warmupShare, maxSeconds = Infinity } = train;
  const progress = Math.max(steps / plannedSteps, seconds / maxSeconds);
  return learningRateAt(progress, { peak, warmupShare });
}
