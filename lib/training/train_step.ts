/**
 * One step of training: what the masked words and the sentence pair cost, the way downhill, and the
 * step there. The loop around it is in `train.ts`.
 */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { type Batch } from "../data/batch.ts";
import { checkArguments, checkChoice, checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { BATCH, MODEL, OPTIMIZER } from "./arguments.ts";
import { type BatchTensors, toTensors } from "./batch_tensors.ts";
import { countLabels, countRight, pretrainLoss } from "./loss.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { globalNorm, sumOfAll } from "./adamw_update.ts";
import { clipScale, type Optimizer } from "./optimizer.ts";
import { createRng } from "../random.ts";

/** What one step needs beside model, optimizer and data. */
export interface StepOptions {
  /** The rate of the update. */
  readonly learningRate: number;
  /** Decides the dropout; another one for each step. */
  readonly seed: number;
  /** Gradients longer than this are scaled down to it; by default they are left alone. */
  readonly clipNorm?: number;
  /** What is minimised: the `"mean"` over predictions and pairs, or their `"sum"`. */
  readonly reduction?: "mean" | "sum";
}

/** What one step found; losses are means in nats whatever the reduction, 0 where nothing is asked. */
export interface StepResult {
  /** Mean over the predicted words, in nats. */
  readonly mlmLoss: number;
  /** Mean over the pairs, in nats. */
  readonly nspLoss: number;
  /** Their sum. */
  readonly totalLoss: number;
  /** Share of words that were right, 0 to 1. */
  readonly mlmAccuracy: number;
  /** Share of pairs that were right, 0 to 1. */
  readonly nspAccuracy: number;
  /** Length of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Tokens in the batch, without padding. */
  readonly tokens: number;
}

/** A step's loss or gradient is NaN or infinite. The weights are those of before the step. */
export class DivergedError extends Error {
  /** Always `"DivergedError"`. */
  override readonly name = "DivergedError";
  /** The update that was not made, from 1. */
  readonly step: number;
  /** What it was computed from; `examples` say where each row came from. */
  readonly batches: readonly Batch[];

  /** A step that was not made, what it was computed from, and what was found. */
  constructor(step: number, batches: readonly Batch[], found: string, learningRate: number) {
    super(
      `Stopped before step ${step}: ${found} at learning rate ${learningRate.toPrecision(3)}. ` +
        `The weights are those of step ${step - 1}. The batch: ${provenance(batches)}. ` +
        "Try a lower learningRate, a longer warmupShare or a smaller clipNorm; if it stops at " +
        "step 1, the weights or the data are at fault",
    );
    this.step = step;
    this.batches = batches;
  }
}

interface Counts {
  readonly predictions: number;
  readonly pairs: number;
}

/**
 * One optimisation step: forward, loss, gradients, clipping, update.
 *
 * Several batches count as one large batch: their gradients are added up, weighted by predictions
 * and pairs, and there is one update. Accuracies come from the logits of the same forward pass. The
 * loss is read once, asynchronously; no tensor is left behind.
 *
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown or cannot work.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite; nothing is updated then.
 *
 * Source: `model_fn_builder` in google-research/bert's
 * `run_pretraining.py`.
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
  batch: Batch | readonly Batch[],
  options: StepOptions,
): Promise<StepResult> {
  const parts: readonly Batch[] = BATCH.fits(batch) ? [batch as Batch] : batch as Batch[];
  checkStep(model, optimizer, parts, options);
  await ensureBackend();
  const { learningRate, seed, clipNorm = Infinity, reduction = "mean" } = options;
  const counts = countAll(parts);
  const divisors = reduction === "mean" ? counts : { predictions: 1, pairs: 1 };
  const rng = createRng(seed);
  using sums = new GradientSum(model.weights);
  for (const part of parts) sums.add(model, part, divisors, rng.below(2 ** 31));
  const { totals, norm } = await sums.read();
  const found = summarise(totals, counts);
  const problem = diverged(found, norm);
  if (problem) throw new DivergedError(optimizer.steps + 1, parts, problem, learningRate);
  optimizer.step(sums.gradients, learningRate, clipScale(norm, clipNorm));
  return { ...found, gradientNorm: norm, tokens: countTokens(parts) };
}

function checkStep(
  model: BertPretrainHead,
  optimizer: Optimizer,
  parts: readonly Batch[],
  options: StepOptions,
): void {
  const call = "trainStep(model, optimizer, batch, options)";
  checkArguments(call, [["model", model, MODEL], ["optimizer", optimizer, OPTIMIZER]]);
  if (!Array.isArray(parts)) checkArguments(call, [["batch", parts, BATCH]]);
  if (parts.length === 0) throw new ConfigError("batch", parts, "must have at least one part");
  for (const part of parts) checkArguments(call, [["batch", part, BATCH]]);
  checkOptions("trainStep()", options, ["learningRate", "seed", "clipNorm", "reduction"]);
  checkChoice("reduction", options.reduction ?? "mean", ["mean", "sum"]);
}

/** Adds up the gradients of the parts of a batch, and the totals that are logged. */
class GradientSum {
  readonly gradients: tf.NamedTensorMap = {};
  readonly #weights: ReadonlyMap<string, tf.Variable>;
  readonly #totals: tf.Tensor1D[] = [];

  constructor(weights: ReadonlyMap<string, tf.Variable>) {
    this.#weights = weights;
  }

  add(model: BertPretrainHead, batch: Batch, divisors: Counts, seed: number): void {
    using tensors = toTensors(batch);
    const loss = () => this.#loss(model, tensors, divisors, seed);
    const { value, grads } = tf.variableGrads(loss, [...this.#weights.values()]);
    value.dispose();
    for (const [name, { name: id }] of this.#weights) this.#addTo(name, grads[id]);
  }

  /**
   * Summed MLM loss, summed NSP loss, right words and right pairs over all parts, and the length of
   * the gradient, in one read.
   */
  async read(): Promise<{ totals: Float32Array; norm: number }> {
    const figures = tf.tidy(() => {
      const norm = tf.reshape(globalNorm(this.gradients), [1]);
      return tf.concat([sumOfAll(this.#totals), norm]); // [5]
    });
    try {
      const values = await figures.data<"float32">();
      return { totals: values.subarray(0, 4), norm: values[4] };
    } finally {
      figures.dispose();
    }
  }

  [Symbol.dispose](): void {
    tf.dispose(this.gradients);
    tf.dispose(this.#totals);
  }

  #loss(model: BertPretrainHead, tensors: BatchTensors, divisors: Counts, seed: number) {
    const { predictedPositions } = tensors;
    const logits = model.forward(tensors, { predictedPositions, training: true, seed });
    const { mlmLoss, nspLoss } = pretrainLoss(logits, tensors, { reduction: "sum" });
    const mlmRight = countRight(logits.mlmLogits, tensors.predictedLabels);
    const nspRight = countRight(logits.nspLogits, tensors.nspLabels);
    this.#totals.push(tf.keep(tf.stack([mlmLoss, nspLoss, mlmRight, nspRight]) as tf.Tensor1D));
    const mlmPart = tf.div(mlmLoss, Math.max(divisors.predictions, 1));
    return tf.add(mlmPart, tf.div(nspLoss, Math.max(divisors.pairs, 1))).asScalar();
  }

  #addTo(name: string, gradient: tf.Tensor | undefined): void {
    if (!gradient) return; // a weight that the loss does not reach
    const before = this.gradients[name];
    this.gradients[name] = before ? tf.add(before, gradient) : gradient;
    if (before) tf.dispose([before, gradient]);
  }
}

function countAll(parts: readonly Batch[]): Counts {
  const total = (count: (part: Batch) => number) => parts.reduce((n, part) => n + count(part), 0);
  return {
    predictions: total(({ predictedLabels }) => countLabels(predictedLabels)),
    pairs: total(({ nspLabels }) => countLabels(nspLabels)),
  };
}

function countTokens(parts: readonly Batch[]): number {
  const examples = parts.flatMap((part) => part.examples);
  return examples.reduce((count, { tokenIds }) => count + tokenIds.length, 0);
}

function summarise([mlm, nsp, mlmRight, nspRight]: Float32Array, counts: Counts) {
  const predictions = Math.max(counts.predictions, 1);
  const pairs = Math.max(counts.pairs, 1);
  const mlmLoss = mlm / predictions;
  const nspLoss = nsp / pairs;
  const mlmAccuracy = mlmRight / predictions;
  const nspAccuracy = nspRight / pairs;
  return { mlmLoss, nspLoss, totalLoss: mlmLoss + nspLoss, mlmAccuracy, nspAccuracy };
}

/** What is not a number, in words; empty if all is well. */
function diverged({ mlmLoss, nspLoss }: { mlmLoss: number; nspLoss: number }, norm: number) {
  const figures = { "MLM loss": mlmLoss, "NSP loss": nspLoss, "gradient norm": norm };
  const broken = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
  return broken.map(([name, value]) => `the ${name} is ${value}`).join(" and ");
}

/** Where the first rows of a batch came from. */
function provenance(batches: readonly Batch[]): string {
  const examples = batches.flatMap((batch) => batch.examples);
  const shown = examples.slice(0, 3).map(({ first, second }) =>
    [first, second].filter((span) => span !== undefined)
      .map(({ document, start, end }) => `${document} sentences ${start} to ${end - 1}`)
      .join(" + ")
  );
  const rest = examples.length - shown.length;
  return shown.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}
