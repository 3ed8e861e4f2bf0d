/**
 * Evaluating a model on batches that it is not trained on: both losses, both accuracies, perplexity,
 * and the predictions split by what the model saw at the predicted position.
 */
import { macrotask } from "./macrotask.ts";
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { type Batch } from "../data/batch.ts";
import { checkArguments, checkOptions, ITERABLE, SIGNAL } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { TEAM } from "./argument_kinds.ts";
import { SOLO, type Team } from "../team/team.ts";
import { checkBatch, checkedToTensors } from "./batch_tensors.ts";
import { type Cluster, type Interval, meanInterval, shareInterval } from "./statistics.ts";
import { crossEntropyLoss } from "./loss.ts";
import { hits } from "./right_answers.ts";
import type { BertPretrainHead } from "../model/bert.ts";

/** What the model saw at a predicted position: `[MASK]`, a random token, or the token itself. */
export type PredictionKind = "masked" | "random" | "kept";

/** Scores of predictions; all are 0 if there are none. */
export interface Score {
  /** Mean over the predictions, in nats. */
  readonly loss: number;
  /** Share of right answers, 0 to 1. */
  readonly accuracy: number;
  /** Predictions that were scored. */
  readonly count: number;
}

/** The result of `evaluate()`. */
export interface Evaluation {
  /** Mean over all predictions, in nats. */
  readonly mlmLoss: number;
  /** Share of predictions whose most probable word is right, 0 to 1. */
  readonly mlmAccuracy: number;
  /** Mean over all pairs, in nats. */
  readonly nspLoss: number;
  /** Share of pairs whose label is predicted right, 0 to 1. */
  readonly nspAccuracy: number;
  /**
   * `exp(mlmLoss)`: the model is as uncertain as among this many equally likely words. 0 without
   * predictions.
   */
  readonly perplexity: number;
  /** Masked-word predictions that were scored. */
  readonly predictions: number;
  /** Sentence pairs that were scored. */
  readonly pairs: number;
  /** The scores by what the model saw at the predicted position. */
  readonly byKind: Readonly<Record<PredictionKind, Score>>;
  /** 95 % confidence intervals, with sequences (for words) and pairs as the samples. */
  readonly intervals: Readonly<Record<IntervalName, Interval>>;
}

/** Options of `evaluate()`. */
export interface EvaluateOptions {
  /**
   * Stops after the current batch. With a `team` it has to be the signal that `team.agree()` returns.
   */
  readonly signal?: AbortSignal;
  /** The processes that share the work. All must pass the same batches, and all get the same scores. */
  readonly team?: Team;
}

/** A score that has a confidence interval. */
export type IntervalName = "mlmLoss" | "mlmAccuracy" | "nspLoss" | "nspAccuracy" | "perplexity";

/** The scores of each sequence: of its words, and of its pair as a cluster of one. */
interface SequenceScores {
  readonly mlm: Sum[];
  readonly nsp: Sum[];
}

/** Running sums over batches, in double precision. */
interface Sum {
  loss: number;
  right: number;
  count: number;
}

/**
 * The losses of a batch's rows, and whether each is right (1 or 0). Both are 0 for a row without a
 * label.
 */
interface RowScores {
  readonly losses: Float32Array;
  readonly hits: Float32Array;
}

/**
 * Evaluates a model without dropout. Every prediction and every pair has the same weight, in whichever
 * batch it is. It waits for a macrotask after each batch, so that timers and signals are served.
 *
 * @param batches The batches. Evaluations are comparable only if they use the same ones.
 * @param options `signal` stops after the current batch; the scores are then those of the batches so
 * far.
 * @throws {ConfigError} If there is no batch, or an option is unknown.
 * @throws {TypeError} If an argument is not what it has to be, such as documents instead of batches.
 *
 * Source: `metric_fn` in google-research/bert's `run_pretraining.py`; perplexity as in transformers.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { collate } from "bert/data/batch.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { evaluate } from "bert/training/evaluate.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
 * const first = { document: "x", start: 0, end: 1 };
 * const masked = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
 * const batch = collate([{ ...masked, nspLabel: -1, first, truncated: false }]);
 * strictEqual((await evaluate(model, [batch])).byKind.masked.count, 1);
 * ```
 */
export async function evaluate(
  model: BertPretrainHead,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const call = "evaluate(model, batches, options)";
  checkArguments(call, [["model", model, MODEL], ["batches", batches, ITERABLE]]);
  checkOptions("evaluate()", options, ["signal", "team"]);
  const { signal, team = SOLO } = options;
  checkArguments(call, [["options.signal", signal, SIGNAL], ["options.team", team, TEAM]]);
  await ensureBackend();
  const kinds = { masked: zero(), random: zero(), kept: zero() };
  const sequences: SequenceScores = { mlm: [], nsp: [] };
  let count = 0;
  for await (const round of rounds(batches, team.size)) {
    for (const batch of round) {
      checkBatch(call, `entry ${count++} of batches`, batch);
    }
    for (const { batch, mlm, pairs } of await scoreRound(model, round, team)) {
      addPredictions(kinds, batch, mlm);
      addSequences(sequences, batch, mlm, pairs);
    }
    if (signal?.aborted) break;
    await macrotask();
  }
  if (count === 0) throw new ConfigError("batches", [], "must have at least one");
  return summarise(kinds, sequences);
}

/** Yields as many batches at a time as there are processes. */
async function* rounds(batches: Iterable<Batch> | AsyncIterable<Batch>, size: number) {
  let round: Batch[] = [];
  for await (const batch of batches) {
    if (round.push(batch) < size) continue;
    yield round;
    round = [];
  }
  if (round.length > 0) yield round;
}

/** Each rank evaluates one batch of the round. All ranks get all scores, in the order of the batches. */
async function scoreRound(model: BertPretrainHead, round: readonly Batch[], team: Team) {
  const own = round[team.rank] as Batch | undefined;
  const scores = own && await scoreBatch(model, own);
  const all = await team.gather(scores ? packScores(scores) : new Uint8Array());
  return round.map((batch, rank) => ({ batch, ...unpackScores(all[rank], batch) }));
}

/** The scores of the words, `[P]`, and of the pairs, `[B]`, of a batch. */
interface BatchScores {
  readonly mlm: RowScores;
  readonly pairs: RowScores;
}

/** The scores as bytes, to send them to the other ranks. */
function packScores({ mlm, pairs }: BatchScores): Uint8Array {
  const parts = [mlm.losses, mlm.hits, pairs.losses, pairs.hits];
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(all.buffer);
}

/** The inverse of `packScores()`. The batch says how many scores there are. */
function unpackScores(bytes: Uint8Array, { predictedLabels, nspLabels }: Batch): BatchScores {
  const all = new Float32Array(bytes.slice().buffer); // a copy, as floats must be aligned
  const [words, pairs] = [predictedLabels.length, nspLabels.length];
  const part = (from: number, length: number) => all.subarray(from, from + length);
  return {
    mlm: { losses: part(0, words), hits: part(words, words) },
    pairs: { losses: part(2 * words, pairs), hits: part(2 * words + pairs, pairs) },
  };
}

async function scoreBatch(model: BertPretrainHead, batch: Batch): Promise<BatchScores> {
  using tensors = checkedToTensors(batch);
  const rows = tf.tidy(() => {
    const { predictedPositions, predictedLabels, nspLabels } = tensors;
    const { mlmLogits, nspLogits } = model.forward(tensors, { predictedPositions });
    return { mlm: scoreRows(mlmLogits, predictedLabels), nsp: scoreRows(nspLogits, nspLabels) };
  });
  try {
    return { mlm: await readRows(rows.mlm), pairs: await readRows(rows.nsp) };
  } finally {
    tf.dispose(rows);
  }
}

function scoreRows(logits: tf.Tensor, labels: tf.Tensor) {
  const losses = crossEntropyLoss(logits, labels, { reduction: "none" }); // [N]
  return { losses, hits: hits(logits, labels) }; // [N]
}

async function readRows({ losses, hits }: Record<"losses" | "hits", tf.Tensor>) {
  return { losses: await losses.data<"float32">(), hits: await hits.data<"float32">() };
}

function addPredictions(kinds: Record<PredictionKind, Sum>, batch: Batch, rows: RowScores): void {
  for (const [i, label] of batch.predictedLabels.entries()) {
    if (label < 0) continue;
    addRow(kinds[kindOf(batch.tokenIds[batch.predictedPositions[i]], label, batch)], rows, i);
  }
}

function addSequences(all: SequenceScores, batch: Batch, mlm: RowScores, pairs: RowScores): void {
  const words = Array.from({ length: batch.size }, zero);
  for (const [i, label] of batch.predictedLabels.entries()) {
    if (label < 0) continue;
    addRow(words[Math.floor(batch.predictedPositions[i] / batch.length)], mlm, i);
  }
  for (const word of words) all.mlm.push(word);
  for (const [i, label] of batch.nspLabels.entries()) {
    if (label < 0) continue;
    const pair = zero();
    addRow(pair, pairs, i);
    all.nsp.push(pair);
  }
}

function kindOf(shown: number, label: number, { maskTokenId }: Batch): PredictionKind {
  if (shown === maskTokenId) return "masked";
  return shown === label ? "kept" : "random";
}

function zero(): Sum {
  return { loss: 0, right: 0, count: 0 };
}

function addRow(sum: Sum, { losses, hits }: RowScores, i: number): void {
  sum.loss += losses[i];
  sum.right += hits[i];
  sum.count++;
}

function score({ loss, right, count }: Sum): Score {
  return { loss: loss / Math.max(count, 1), accuracy: right / Math.max(count, 1), count };
}

function summarise(kinds: Record<PredictionKind, Sum>, sequences: SequenceScores): Evaluation {
  const { masked, random, kept } = kinds;
  const mlm = score(total([masked, random, kept]));
  const pairs = score(total(sequences.nsp));
  return {
    mlmLoss: mlm.loss,
    mlmAccuracy: mlm.accuracy,
    nspLoss: pairs.loss,
    nspAccuracy: pairs.accuracy,
    perplexity: mlm.count === 0 ? 0 : Math.exp(mlm.loss),
    predictions: mlm.count,
    pairs: pairs.count,
    byKind: { masked: score(masked), random: score(random), kept: score(kept) },
    intervals: intervalsOf(sequences),
  };
}

function total(sums: readonly Sum[]): Sum {
  const all = zero();
  for (const { loss, right, count } of sums) {
    all.loss += loss;
    all.right += right;
    all.count += count;
  }
  return all;
}

function intervalsOf({ mlm, nsp }: SequenceScores): Record<IntervalName, Interval> {
  const losses = (sums: Sum[]): Cluster[] => sums.map(({ loss, count }) => ({ sum: loss, count }));
  const hits = (sums: Sum[]): Cluster[] => sums.map(({ right, count }) => ({ sum: right, count }));
  const mlmLoss = meanInterval(losses(mlm));
  return {
    mlmLoss,
    mlmAccuracy: shareInterval(hits(mlm)),
    nspLoss: meanInterval(losses(nsp)),
    nspAccuracy: shareInterval(hits(nsp)),
    perplexity: [Math.exp(mlmLoss[0]), Math.exp(mlmLoss[1])],
  };
}
