/**
 * One optimisation step: the losses of both tasks, their gradients, clipping, and the update. The
 * loop around it is in `train.ts`.
 */
import { ensureBackend } from "../backend/choose.ts";
import { withPrecision } from "../backend/precision.ts";
import { type Batch } from "../data/batch.ts";
import {
  checkArguments,
  checkChoice,
  checkNotNegative,
  checkOptions,
  checkPositive,
} from "../checks.ts";
import { type Precision, PRECISIONS } from "../config.ts";
import { ConfigError, shortened } from "../errors.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { BATCH, OPTIMIZER } from "./argument_kinds.ts";
import { checkBatch } from "./batch_tensors.ts";
import { GradientSum } from "./gradient_sum.ts";
import { countLabels } from "./loss.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { SOLO, type Team } from "../team/team.ts";
import { clipScale } from "./clipping.ts";
import type { Optimizer } from "./optimizer.ts";
import { createRng } from "../random.ts";

/**
 * The batches of a step that one rank computes, in order; with one process all of them. A batch is
 * undefined if its source has ended before the others.
 */
export type StepParts = readonly (Batch | undefined)[];

/** Options of `trainStep()`. */
export interface StepOptions {
  /** The learning rate of the update. */
  readonly learningRate: number;
  /** The seed of the dropout, a different one for each step. */
  readonly seed: number;
  /** The largest global norm of the gradient; a longer gradient is scaled down. Default: no clipping. */
  readonly clipNorm?: number;
  /** What is minimised: the `"mean"` over predictions and pairs (default), or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
  /**
   * What the operands of matrix products are rounded to in both passes. Default `"float32"`: they are
   * not.
   */
  readonly precision?: Precision;
  /**
   * The processes that make this step together, each with the same number of batches. Default: this
   * one alone.
   */
  readonly team?: Team;
}

/**
 * The result of one step. Losses are means in nats, whatever the reduction, and 0 without predictions
 * or pairs.
 */
export interface StepResult {
  /** Mean over the predicted words, in nats. */
  readonly mlmLoss: number;
  /** Mean over the pairs, in nats. */
  readonly nspLoss: number;
  /** Their sum. */
  readonly totalLoss: number;
  /** Share of words that were predicted right, 0 to 1. */
  readonly mlmAccuracy: number;
  /** Share of pairs that were predicted right, 0 to 1. */
  readonly nspAccuracy: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Tokens in the batch, without padding. */
  readonly tokens: number;
}

/** The loss or gradient of a step is NaN or infinite. The weights were not changed by this step. */
export class DivergedError extends Error {
  /** Always `"DivergedError"`. */
  override readonly name = "DivergedError";
  /** The update that was not made, from 1. */
  readonly step: number;
  /** This rank's batches of the step. Their `examples` say where each row comes from. */
  readonly batches: readonly Batch[];
  /** What is not finite, and the learning rate, as a clause. */
  readonly problem: string;

  /** Says which step was not made, on which batches, and what is not finite. */
  constructor(step: number, batches: readonly Batch[], found: string, learningRate: number) {
    const problem = `${found} at learning rate ${learningRate.toPrecision(3)}`;
    super(
      `Stopped before step ${step}: ${problem}. ` +
        `The weights are those of step ${step - 1}. The batch: ${provenance(batches)}. ` +
        "Try a lower learningRate, a longer warmupShare or a smaller clipNorm; if it stops at " +
        "step 1, the weights or the data are at fault",
    );
    this.step = step;
    this.batches = batches;
    this.problem = problem;
  }
}

/**
 * One optimisation step: the forward pass, the loss, its gradients, clipping, and the update.
 *
 * Several batches act as one large batch: their gradients are summed, so that each prediction and each
 * pair has the same weight in the one update. So do the batches of all ranks of a `team`. Accuracies
 * come from the logits of the same forward pass. The loss is read once, asynchronously. All tensors are
 * freed.
 *
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown or cannot work.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite; nothing is updated then.
 *
 * Source: `model_fn_builder` in google-research/bert's `run_pretraining.py`.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { collate } from "bert/data/batch.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { AdamW } from "bert/training/optimizer.ts";
 * import { trainStep } from "bert/training/train_step.ts";
 * import { ok } from "node:assert";
 * await useBackend();
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
 * const first = { document: "x", start: 0, end: 1 };
 * const masked = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
 * const batch = collate([{ ...masked, nspLabel: -1, first, truncated: false }]);
 * const optimizer = new AdamW(model.weights);
 * const { mlmLoss } = await trainStep(model, optimizer, batch, { learningRate: 0.001, seed: 1 });
 * ok(Math.abs(mlmLoss - Math.log(9)) < 0.3); // it knows nothing yet
 * ```
 */
export async function trainStep(
  model: BertPretrainHead,
  optimizer: Optimizer,
  batch: Batch | StepParts,
  options: StepOptions,
): Promise<StepResult> {
  const parts: StepParts = BATCH.fits(batch) ? [batch as Batch] : batch as StepParts;
  checkStep(model, optimizer, parts, options);
  await ensureBackend();
  const { predictions, pairs, tokens } = countParts(parts);
  const { team = SOLO } = options;
  const [allPredictions, allPairs, allTokens] = await team.sumCounts([predictions, pairs, tokens]);
  const counts = { predictions: allPredictions, pairs: allPairs, tokens: allTokens };
  return await stepOn(model, optimizer, parts, counts, options);
}

const OPTIONS = [
  "learningRate",
  "seed",
  "clipNorm",
  "reduction",
  "precision",
  "team",
] as const satisfies readonly (keyof StepOptions)[];

function checkStep(
  model: BertPretrainHead,
  optimizer: Optimizer,
  parts: StepParts,
  options: StepOptions,
): void {
  const call = "trainStep(model, optimizer, batch, options)";
  checkArguments(call, [["model", model, MODEL], ["optimizer", optimizer, OPTIMIZER]]);
  if (!Array.isArray(parts)) checkArguments(call, [["batch", parts, BATCH]]);
  if (parts.length === 0) throw new ConfigError("batch", parts, "must have at least one part");
  for (const part of parts) if (part) checkBatch(call, "batch", part);
  checkOptions("trainStep()", options, OPTIONS);
  checkRates(options);
  checkChoice("reduction", options.reduction ?? "mean", ["mean", "sum"]);
  checkChoice("precision", options.precision ?? "float32", PRECISIONS);
}

/**
 * Checks the numbers by which a step is scaled: a negative one would increase the loss.
 *
 * @throws {ConfigError} If `learningRate` is no number of at least 0, or `clipNorm` none above 0.
 */
export function checkRates(
  { learningRate, clipNorm = Infinity }: Pick<StepOptions, "learningRate" | "clipNorm">,
): void {
  checkNotNegative("learningRate", learningRate);
  if (clipNorm !== Infinity) checkPositive("clipNorm", clipNorm);
}

/** The sizes of a step's batches, over all ranks of a team. */
export interface StepCounts {
  /** Masked words that are to be predicted. */
  readonly predictions: number;
  /** Sentence pairs with a label. */
  readonly pairs: number;
  /** Tokens, without padding. */
  readonly tokens: number;
}

/** Counts the batches of this rank for a step. */
export function countParts(parts: StepParts): StepCounts {
  const total = (count: (part: Batch) => number) =>
    parts.reduce((n, part) => part ? n + count(part) : n, 0);
  return {
    predictions: total(({ predictedLabels }) => countLabels(predictedLabels)),
    pairs: total(({ nspLabels }) => countLabels(nspLabels)),
    tokens: total(({ examples }) => examples.reduce((n, { tokenIds }) => n + tokenIds.length, 0)),
  };
}

/**
 * One step on batches that are counted already. `trainStep()` and `train()` use it.
 *
 * @param parts The batches of this rank.
 * @param counts The sums of the sizes of all ranks' batches.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite; nothing is updated then.
 */
export async function stepOn(
  model: BertPretrainHead,
  optimizer: Optimizer,
  parts: StepParts,
  counts: StepCounts,
  options: StepOptions,
): Promise<StepResult> {
  const { learningRate, seed, clipNorm = Infinity, reduction = "mean", team = SOLO } = options;
  const divisors = reduction === "mean" ? counts : { predictions: 1, pairs: 1 };
  const rng = createRng(seed); // gives a seed to each part of every rank, in their order
  for (let i = 0; i < team.rank * parts.length; i++) rng.below(2 ** 31);
  using sums = new GradientSum(model.weights, parts.length, team);
  for (const part of parts) {
    withPrecision(options.precision ?? "float32", () => {
      sums.add(model, part, divisors, rng.below(2 ** 31));
    });
    await sums.collect();
  }
  const { totals, norm } = await sums.read();
  const found = summarise(totals, counts);
  const problem = diverged(found, norm);
  if (problem) {
    const own = parts.filter((part) => part !== undefined);
    throw new DivergedError(optimizer.steps + 1, own, problem, learningRate);
  }
  optimizer.step(sums.gradients, learningRate, clipScale(norm, clipNorm));
  return { ...found, gradientNorm: norm, tokens: counts.tokens };
}

function summarise([mlm, nsp, mlmRight, nspRight]: Float32Array, counts: StepCounts) {
  const predictions = Math.max(counts.predictions, 1);
  const pairs = Math.max(counts.pairs, 1);
  const mlmLoss = mlm / predictions;
  const nspLoss = nsp / pairs;
  const mlmAccuracy = mlmRight / predictions;
  const nspAccuracy = nspRight / pairs;
  return { mlmLoss, nspLoss, totalLoss: mlmLoss + nspLoss, mlmAccuracy, nspAccuracy };
}

/** The figures that are not finite, in words; empty if all are. */
function diverged({ mlmLoss, nspLoss }: { mlmLoss: number; nspLoss: number }, norm: number) {
  const figures = { "MLM loss": mlmLoss, "NSP loss": nspLoss, "gradient norm": norm };
  const broken = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
  return broken.map(([name, value]) => `the ${name} is ${value}`).join(" and ");
}

/** Where the first rows of a batch come from. */
function provenance(batches: readonly Batch[]): string {
  const examples = batches.flatMap((batch) => batch.examples);
  const shown = examples.slice(0, 3).map(({ first, second }) =>
    [first, second].filter((span) => span !== undefined)
      .map(({ document, start, end }) => `${shortened(document)} sentences ${start} to ${end - 1}`)
      .join(" + ")
  );
  const rest = examples.length - shown.length;
  return shown.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}
