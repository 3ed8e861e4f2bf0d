/**
 * The training loop: `train()` goes once over batches and yields a log entry a step. A notebook's
 * loop and `pretrain()` are both this one.
 */
import { macrotask } from "./macrotask.ts";
import type { Batch } from "../data/batch.ts";
import type { TrainConfig } from "../config.ts";
import { checkArguments, checkOptions, FUNCTION, having, ITERABLE } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { MODEL } from "../model/arguments.ts";
import { BATCH, OPTIMIZER } from "./arguments.ts";
import type { StepLog } from "./history.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { learningRateAt, type Optimizer } from "./optimizer.ts";
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

/** Batches one by one, `train.accumulation` of which make a step, or this rank's parts of each step. */
export type BatchSource = Iterable<Batch> | AsyncIterable<Batch> | AsyncIterable<StepParts>;

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
  /**
   * The processes that train together; by default this one alone. All have the same options, but for
   * `signal`, which is the one that `team.agree()` gives.
   */
  readonly team?: Team;
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
 * found. Under a `team` each rank computes its share of those, and the model learns the same, bit for
 * bit, however many ranks there are.
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
      const soon = (now() - run.startedAt) / 1000 + lastSeconds / 2; // middle of this step, in seconds
      const { batches, middle, counts } = await meet(team, parts, soon);
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
 * Throws unless the parts of a step can be shared out evenly over a team: then each rank's parts are
 * a subtree of the sum.
 */
export function checkShares(accumulation: number, { size }: Team): void {
  if (size === 1 || isPower(accumulation) && isPower(size) && accumulation >= size) return;
  throw new ConfigError("accumulation", accumulation, shareAdvice(accumulation, size));
}

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

/** What the ranks of a team tell each other before a step: one exchange of a few numbers. */
async function meet(team: Team, parts: StepParts, soon: number) {
  const { predictions, pairs, tokens } = countParts(parts);
  const own = parts.filter((part) => part !== undefined).length;
  const clock = team.rank === 0 ? soon : 0; // one clock decides
  const sums = await team.sumCounts([own, clock, predictions, pairs, tokens]);
  const [batches, middle] = sums;
  const counts = { predictions: sums[2], pairs: sums[3], tokens: sums[4] };
  return { batches, middle, counts };
}

/** A step, or nothing if it diverged and somebody wants to hear of it. */
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
 * This rank's parts of each step. Batches that come one by one are the same on all ranks: `count` of
 * them make a step, fewer the last one, and each rank takes its share in the order of the ranks.
 */
async function* stepParts(
  source: BatchSource,
  count: number,
  { rank, size }: Team,
): AsyncGenerator<StepParts, void> {
  const own = count / size;
  let group: Batch[] = [];
  for await (const item of source) {
    if (isParts(item)) yield checkParts(item, own);
    else if (group.push(item) === count) {
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
  for (const part of parts) if (part) checkArguments("train()", [["part of a step", part, BATCH]]);
  if (parts.length === own) return parts;
  const advice = `must be this rank's share of accumulation, ${own}`;
  throw new ConfigError("number of parts in a step", parts.length, advice);
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
