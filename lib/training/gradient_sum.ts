/**
 * The gradient of one step, summed over its parts and over the ranks of a team, with the totals that
 * are logged. The sum is a binary tree over all parts in their order, so its bits depend neither on
 * the number of processes nor on the library that connects them.
 */
import * as tf from "@tensorflow/tfjs";
import { readInto } from "../backend/read_into.ts";
import type { Batch } from "../data/batch.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { SOLO, type Team } from "../team/team.ts";
import { TreeSum } from "../team/tree_sum.ts";
import { globalNorm } from "./global_norm.ts";
import { type BatchTensors, checkedToTensors } from "./batch_tensors.ts";
import { pretrainLoss } from "./loss.ts";
import { countRight } from "./right_answers.ts";

/** The divisors of a step's losses: the numbers of predictions and pairs in all its batches. */
export interface Divisors {
  /** Masked words to predict. */
  readonly predictions: number;
  /** Sentence pairs with a label. */
  readonly pairs: number;
}

/** The gradient of one part, or the sum of the gradients of two. */
interface PartGradient {
  readonly gradients: tf.NamedTensorMap;
  /** `[4]`: summed MLM loss, summed NSP loss, right words, right pairs. */
  readonly totals: tf.Tensor1D;
}

/** How many numbers `totals` has. */
const TOTALS = 4;

/** The neutral element of addition: x + -0 is x for every x, also for -0, which +0 would change. */
const NOTHING = -0;

/** Arrays for the gradients, by the model's weights. They are reused, as new memory costs time. */
const KEPT = new WeakMap<ReadonlyMap<string, tf.Variable>, Float32Array>();

/**
 * Sums the gradients of a step's parts. Those of two neighbouring parts are added on the backend. If
 * there are more parts, these sums are read back and added in arrays, as the memory of the backend may
 * be too small to hold them.
 */
export class GradientSum implements Disposable {
  /** The gradients by the names of their weights, after `read()`. */
  gradients: tf.NamedTensorMap = {};
  readonly #weights: ReadonlyMap<string, tf.Variable>;
  readonly #team: Team;
  /** Whether there are at most two parts in all, so that they are summed on the backend alone. */
  readonly #small: boolean;
  readonly #tree = new TreeSum();
  #count = 0;
  /** The gradient of the last part, or the sum of the last two. */
  #first: PartGradient | undefined;
  /** The array that goes back to `KEPT` when the gradients made of it are freed. */
  #used: Float32Array | undefined;

  /**
   * Starts a sum without parts.
   *
   * @param weights The weights whose gradients are summed, by name.
   * @param lanes How many parts this rank has, missing ones included.
   * @param team The ranks over which the sum goes.
   */
  constructor(weights: ReadonlyMap<string, tf.Variable>, lanes: number, team: Team = SOLO) {
    this.#weights = weights;
    this.#team = team;
    this.#small = team.size === 1 && lanes <= 2;
  }

  /** Computes and adds the gradient of the next part. A part without a batch adds nothing. */
  add(model: BertPretrainHead, batch: Batch | undefined, divisors: Divisors, seed: number): void {
    const part = batch && this.#gradient(model, batch, divisors, seed);
    this.#first = this.#count++ % 2 === 1 ? addParts(this.#first, part) : part;
  }

  /**
   * Moves the sum of the last two parts from the backend into an array. Call it after each `add()`, so
   * that the backend holds the gradients of two parts at most.
   */
  async collect(): Promise<void> {
    if (this.#count % 2 === 1 || this.#small) return;
    this.#tree.add(this.#first && await this.#takeFirst(), 1);
  }

  /**
   * Sums over the team and sets `gradients`.
   *
   * @returns `totals` of all parts: summed MLM loss, summed NSP loss, right words, right pairs; and the
   * `norm` of the gradient.
   */
  async read(): Promise<{ totals: Float32Array; norm: number }> {
    if (this.#small && this.#first) return await this.#readSmall(this.#first);
    if (this.#count % 2 === 1) this.#tree.add(this.#first && await this.#takeFirst());
    const flat = this.#tree.result() ?? this.#flat().fill(NOTHING);
    await this.#team.sum(flat);
    this.#unpack(flat);
    this.#used = flat;
    const norm = globalNorm(this.gradients);
    const [value] = await norm.data<"float32">();
    norm.dispose();
    return { totals: flat.slice(-TOTALS), norm: value };
  }

  /** Frees all gradients. */
  [Symbol.dispose](): void {
    tf.dispose(this.gradients);
    if (this.#used) KEPT.set(this.#weights, this.#used);
    if (this.#first) tf.dispose([this.#first.totals, this.#first.gradients]);
  }

  /** `read()` for a sum that is on the backend: totals and norm are read together. */
  async #readSmall({ gradients, totals }: PartGradient) {
    this.gradients = gradients;
    const figures = tf.tidy(() => tf.concat([totals, tf.reshape(globalNorm(gradients), [1])])); // [5]
    const values = await figures.data<"float32">();
    figures.dispose();
    return { totals: values.slice(0, TOTALS), norm: values[TOTALS] };
  }

  /** Computes the gradient of one part, for the weights on which its loss depends. */
  #gradient(
    model: BertPretrainHead,
    batch: Batch,
    divisors: Divisors,
    seed: number,
  ): PartGradient {
    using tensors = checkedToTensors(batch);
    let totals: tf.Tensor1D | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const { loss, figures } = lossOf(model, tensors, divisors, seed);
      totals = tf.keep(figures);
      return loss;
    }, [...this.#weights.values()]);
    value.dispose();
    const present = [...this.#weights].filter(([, { name }]) => grads[name] !== undefined);
    const gradients = Object.fromEntries(present.map(([key, { name }]) => [key, grads[name]]));
    return { gradients, totals: totals! };
  }

  /**
   * An array with room for all gradients, for a flag of each weight that says whether it has one, and
   * for the totals. Its values are arbitrary.
   */
  #flat(): Float32Array {
    const sizes = [...this.#weights.values()].map(({ size }) => size);
    const length = sizes.reduce((sum, size) => sum + size, 0) + sizes.length + TOTALS;
    const kept = KEPT.get(this.#weights);
    KEPT.delete(this.#weights); // so that no other sum uses it at the same time
    return kept?.length === length ? kept : new Float32Array(length);
  }

  /** Reads `#first` into an array, and disposes of its tensors. */
  async #takeFirst(): Promise<Float32Array> {
    const { gradients, totals } = this.#first!;
    const flat = this.#flat();
    const flags = flat.length - TOTALS - this.#weights.size;
    let at = 0;
    for (const [i, [name, { size }]] of [...this.#weights].entries()) {
      const gradient = gradients[name] as tf.Tensor | undefined;
      if (gradient) await readInto(gradient, flat, at);
      else flat.fill(NOTHING, at, at + size);
      flat[flags + i] = gradient ? 1 : 0;
      at += size;
    }
    await readInto(totals, flat, flat.length - TOTALS);
    tf.dispose([totals, gradients]);
    this.#first = undefined;
    return flat;
  }

  /**
   * Makes `gradients` of such an array. A weight on which no part's loss depends gets no gradient.
   */
  #unpack(flat: Float32Array): void {
    const flags = flat.length - TOTALS - this.#weights.size;
    let at = 0;
    for (const [i, [name, { size, shape }]] of [...this.#weights].entries()) {
      const values = flat.subarray(at, at + size);
      if (flat[flags + i] > 0) this.gradients[name] = tf.tensor(values, shape, "float32");
      at += size;
    }
  }
}

/** The loss that is minimised, and the totals that are logged. */
function lossOf(
  model: BertPretrainHead,
  tensors: BatchTensors,
  divisors: Divisors,
  seed: number,
): { loss: tf.Scalar; figures: tf.Tensor1D } {
  const { predictedPositions } = tensors;
  const logits = model.forward(tensors, { predictedPositions, training: true, seed });
  const { mlmLoss, nspLoss } = pretrainLoss(logits, tensors, { reduction: "sum" });
  const mlmRight = countRight(logits.mlmLogits, tensors.predictedLabels);
  const nspRight = countRight(logits.nspLogits, tensors.nspLabels);
  const mlmPart = tf.div(mlmLoss, Math.max(divisors.predictions, 1));
  return {
    loss: tf.add(mlmPart, tf.div(nspLoss, Math.max(divisors.pairs, 1))).asScalar(),
    figures: tf.stack([mlmLoss, nspLoss, mlmRight, nspRight]) as tf.Tensor1D, // [4]
  };
}

/** The sum of the gradients of two parts, whose own tensors are disposed of. */
function addParts(
  left: PartGradient | undefined,
  right: PartGradient | undefined,
): PartGradient | undefined {
  if (!left || !right) return left ?? right;
  const gradients: tf.NamedTensorMap = {};
  for (const name of new Set([...Object.keys(left.gradients), ...Object.keys(right.gradients)])) {
    gradients[name] = addTensors(left.gradients[name], right.gradients[name]);
  }
  return { gradients, totals: addTensors(left.totals, right.totals) as tf.Tensor1D };
}

function addTensors(left: tf.Tensor | undefined, right: tf.Tensor | undefined): tf.Tensor {
  if (!left || !right) return (left ?? right)!;
  const sum = tf.add(left, right);
  tf.dispose([left, right]);
  return sum;
}
