/**
 * The training loop: `train()` goes through batches once and yields a log entry for each step.
 * `pretrain()` and the notebooks use it.
 */
import { macrotask } from "./macrotask.ts";
import type { Batch } from "../data/batch.ts";
import type { TrainConfig } from "../config.ts";
import {
  checkArguments,
  checkChoice,
  checkOptions,
  FUNCTION,
  having,
  ITERABLE,
  SIGNAL,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { OPTIMIZER } from "./argument_kinds.ts";
import { checkBatch } from "./batch_tensors.ts";
import type { StepLog } from "./history.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { learningRateAt } from "./learning_rate.ts";
import type { Optimizer } from "./optimizer.ts";
import { createRng } from "../random.ts";
import { SOLO, type Team } from "../team/team.ts";
import {
  countParts,
  DivergedError,
  type StepCounts,
  stepOn,
  type StepOptions,
  type StepParts,
  type StepResult,
} from "./train_step.ts";

/**
 * Single batches, of which `train.accumulation` make a step, or the batches of this rank for each
 * step.
 */
export type BatchSource = Iterable<Batch> | AsyncIterable<Batch> | AsyncIterable<StepParts>;

/** The counters that all epochs of a run share. `train()` updates them. */
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

/** Options of `train()`. */
export interface TrainOptions {
  /** The complete settings of training, from `trainConfig()`. */
  readonly train: TrainConfig;
  /** The seed of the dropout of all steps. */
  readonly seed: number;
  /** Steps in the whole run, above 0: the learning rate reaches 0 at their end. */
  readonly plannedSteps: number;
  /** The number of the epoch in the log, from 1. Default 1. */
  readonly epoch?: number;
  /** The run that these batches belong to. Default: a run that begins here. */
  readonly run?: Run;
  /** What is minimised: the `"mean"` over predictions and pairs (default), or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
  /** Stops after the current step. No further batch is taken from the source. */
  readonly signal?: AbortSignal;
  /**
   * The processes that train together. Default: this one alone. All must have the same options,
   * except `signal`, which has to be the one that `team.agree()` returns.
   */
  readonly team?: Team;
  /**
   * Called when a step diverges; its batches are then skipped. Without it the error is thrown. It may
   * throw to end the run.
   */
  readonly onDiverged?: (error: DivergedError) => void;
  /** A clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** The call, for error messages. */
const CALL = "train(model, optimizer, source, options)";

const TRAIN_CONFIG = having("the settings that trainConfig() gives", "batchSize", "learningRate");

/** Counters for a run that begins now. */
export function startRun(optimizer: Optimizer, now = clock): Run {
  return { startedAt: now(), firstStep: optimizer.steps, tokens: 0 };
}

function clock(): number {
  return performance.now();
}

/**
 * Trains on batches, one step for each `train.accumulation` of them, and yields the log entry of each
 * step. With a `team` each rank computes its share of these batches, and the result is the same, bit
 * for bit, for any number of ranks.
 *
 * It waits for a macrotask before each step, so that timers, the page and a stop button are served.
 * It ends with the batches, after `train.maxSteps` steps, after `train.maxSeconds` seconds of the run
 * (within half a step), or when the signal is aborted. The model keeps what it has learned. The
 * learning rate follows the share of steps or of time that is done in the middle of the step,
 * whichever is larger.
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
  source: BatchSource,
  options: TrainOptions,
): AsyncGenerator<StepLog, void> {
  checkTrain(model, optimizer, source, options);
  const { train: { accumulation, clipNorm, precision }, epoch = 1, reduction, now = clock } =
    options;
  const { team = SOLO } = options;
  const run = options.run ?? startRun(optimizer, now);
  const seeds = createRng(options.seed).fork("dropout");
  const steps = stepParts(source, accumulation, team);
  let began = now();
  let lastSeconds = 0;
  try {
    for (;;) {
      await macrotask();
      if (options.signal?.aborted) run.stopped = "aborted";
      if (run.stopped) return;
      const parts = (await steps.next()).value ?? [];
      const done = optimizer.steps - run.firstStep;
      const elapsed = (now() - run.startedAt) / 1000; // seconds
      const { batches, middle, counts } = await exchange(team, parts, elapsed + lastSeconds / 2);
      if (batches === 0) return;
      run.stopped = reasonToStop(done, middle, options);
      if (run.stopped) return;
      const learningRate = rateOf(done + 0.5, middle, options);
      const seed = seeds.fork(done).below(2 ** 31);
      const settings = { learningRate, seed, clipNorm, reduction, precision, team };
      const own = Array.from({ length: accumulation / team.size }, (_, i) => parts[i]);
      const result = await tryStep(model, optimizer, own, counts, settings, options);
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

/**
 * Throws unless the batches of a step can be divided evenly among a team, so that each rank's batches
 * are a subtree of the sum.
 */
export function checkShares(accumulation: number, { size }: Team): void {
  if (size === 1 || isPower(accumulation) && isPower(size) && accumulation >= size) return;
  throw new ConfigError("accumulation", accumulation, shareAdvice(accumulation, size));
}

/** Whether a number is a power of two. */
function isPower(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

function shareAdvice(accumulation: number, size: number): string {
  if (isPower(size)) {
    const advice = `must be a power of two that ${size} processes can share, as ${size}, ` +
      `${2 * size}, ${4 * size}`;
    return isPower(accumulation) ? `${advice}; or start no more than ${accumulation}` : advice;
  }
  const most = 2 ** Math.floor(Math.log2(size));
  if (!isPower(accumulation)) {
    return `must be a power of two, and so must the number of processes, ${size}: start ${most} of ` +
      `them, and set it to ${most}, ${2 * most}, ${4 * most}`;
  }
  const fitting = [most, 2 * most].filter((count) => count <= accumulation);
  const start = fitting.length ? fitting.join(" or ") : `no more than ${accumulation}`;
  return `cannot be shared out among ${size} processes, which is no power of two: start ${start}`;
}

/**
 * Exchanges a few numbers between the ranks of a team before a step.
 *
 * @param ownMiddle The middle of the step by this rank's clock, in seconds of the run.
 * @returns `batches`: how many batches the ranks have for this step; `middle`: the middle of the step by
 * rank 0's clock; `counts`: the sizes of all batches.
 */
async function exchange(team: Team, parts: StepParts, ownMiddle: number) {
  const { predictions, pairs, tokens } = countParts(parts);
  const own = parts.filter((part) => part !== undefined).length;
  const clock = team.rank === 0 ? ownMiddle : 0; // as rank 0's clock decides for all
  const sums = await team.sumCounts([own, clock, predictions, pairs, tokens]);
  const [batches, middle] = sums;
  const counts = { predictions: sums[2], pairs: sums[3], tokens: sums[4] };
  return { batches, middle, counts };
}

/** Makes a step; undefined if it diverged and `onDiverged` is given. */
async function tryStep(
  model: BertPretrainHead,
  optimizer: Optimizer,
  parts: StepParts,
  counts: StepCounts,
  settings: StepOptions,
  { onDiverged }: TrainOptions,
): Promise<StepResult | undefined> {
  try {
    return await stepOn(model, optimizer, parts, counts, settings);
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
  "team",
] as const satisfies readonly (keyof TrainOptions)[];

function checkTrain(
  model: BertPretrainHead,
  optimizer: Optimizer,
  source: BatchSource,
  options: TrainOptions,
): void {
  checkArguments(CALL, [
    ["model", model, MODEL],
    ["optimizer", optimizer, OPTIMIZER],
    ["source", source, ITERABLE],
  ]);
  checkOptions("train()", options, OPTIONS);
  checkArguments(CALL, [
    ["options.train", options.train, TRAIN_CONFIG],
    ["options.signal", options.signal, SIGNAL],
  ]);
  checkChoice("reduction", options.reduction, [undefined, "mean", "sum"]);
  if (options.onDiverged) {
    checkArguments(CALL, [["options.onDiverged", options.onDiverged, FUNCTION]]);
  }
  checkShares(options.train.accumulation, options.team ?? SOLO);
  const { plannedSteps } = options;
  if (plannedSteps > 0) return;
  throw new ConfigError(
    "plannedSteps",
    plannedSteps,
    "must be the steps of the whole run, above 0",
  );
}

/**
 * Yields this rank's batches of each step. Single batches are the same on all ranks: `count` of them
 * make a step (the last step may have fewer), and each rank takes its share in the order of the
 * ranks.
 */
async function* stepParts(
  source: BatchSource,
  count: number,
  { rank, size }: Team,
): AsyncGenerator<StepParts, void> {
  const own = count / size;
  let group: Batch[] = [];
  let items = 0;
  for await (const item of source) {
    items++;
    if (isParts(item)) {
      yield checkParts(item, own);
      continue;
    }
    checkBatch(CALL, `batch ${items} of source`, item);
    if (group.push(item) === count) {
      yield group.slice(rank * own, (rank + 1) * own);
      group = [];
    }
  }
  if (group.length > 0) yield group.slice(rank * own, (rank + 1) * own);
}

function isParts(item: Batch | StepParts): item is StepParts {
  return Array.isArray(item);
}

function checkParts(parts: StepParts, own: number): StepParts {
  for (const part of parts) if (part) checkBatch(CALL, "a part of a step", part);
  if (parts.length === own) return parts;
  const advice = `must be this rank's share of accumulation, ${own}`;
  throw new ConfigError("number of parts in a step", parts.length, advice);
}

/**
 * Why no further step is made, if so.
 *
 * @param done Steps of the run that are done.
 * @param seconds The middle of the next step, in seconds of the run.
 */
function reasonToStop(done: number, seconds: number, { train }: TrainOptions) {
  if (seconds >= (train.maxSeconds ?? Infinity)) return "time";
  return done >= (train.maxSteps ?? Infinity) ? "steps" : undefined;
}

/** The learning rate at a point of the run that is given by its steps and by its seconds. */
function rateOf(steps: number, seconds: number, { train, plannedSteps }: TrainOptions): number {
  const { learningRate: peak, warmupShare, maxSeconds = Infinity } = train;
  const progress = Math.max(steps / plannedSteps, seconds / maxSeconds);
  return learningRateAt(progress, { peak, warmupShare });
}
