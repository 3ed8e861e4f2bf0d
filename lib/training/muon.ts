/** An optimizer that uses Muon for the matrices of the layers and AdamW for all other weights. */
import * as tf from "@tensorflow/tfjs";
import {
  checkArguments,
  checkBelow1,
  checkFinite,
  checkOptions,
  checkPositive,
} from "../checks.ts";
import { TRAIN_DEFAULTS } from "../config.ts";
import { checkShape, ConfigError } from "../errors.ts";
import { WEIGHTS } from "../model/argument_kinds.ts";
import { muonUpdate } from "./muon_update.ts";
import {
  AdamW,
  type AdamWOptions,
  type Optimizer,
  type OptimizerState,
  TRAIN_CONFIG_NAMES,
} from "./optimizer.ts";

/** Settings of `Muon`: those of the AdamW for the other weights, and its own. */
export interface MuonOptions extends AdamWOptions {
  /** Decay rate of the running mean of the gradients, 0 to below 1. Default 0.95. */
  readonly momentum?: number;
  /**
   * The learning rate of the matrices divided by the rate that is passed to `step()`; above 0.
   * Default 2: experiments found 0.004 for the matrices and 0.002 for the rest.
   */
  readonly rateFactor?: number;
  /** Which weights Muon updates, by name. Default: the matrices of the encoder's layers. */
  readonly isMatrix?: (name: string) => boolean;
}

const OPTIONS = [
  "momentum",
  "rateFactor",
  "isMatrix",
  "biasCorrection",
  "decays",
  ...TRAIN_CONFIG_NAMES,
];

/**
 * Muon over the matrices of the layers and AdamW over embeddings, heads, biases and LayerNorm.
 *
 * A matrix moves by about the same length in every direction, also in those where the gradient is
 * small. Muon holds one tensor for each matrix, and two for each other weight that has had a
 * gradient. A step computes fifteen matrix products for each matrix, three in each of five iterations,
 * which AdamW does not: training took a quarter more time for `mini` with batches of 32 x 128 tokens,
 * and twice the time for `tiny` with 16 x 64.
 *
 * Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks";
 * `torch.optim.Muon`. Query, key and value, which lie side by side in one weight here, are
 * treated as three matrices.
 *
 * @example A matrix moves by about the same length in every direction, a bias as AdamW moves it
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { Muon } from "bert/training/muon.ts";
 * import { ok } from "node:assert";
 * const matrix = tf.variable(tf.zeros([2, 2]));
 * const bias = tf.variable(tf.zeros([2]));
 * const name = "bert.encoder.layer.0.output.dense";
 * using optimizer = new Muon(new Map([[`${name}.weight`, matrix], [`${name}.bias`, bias]]));
 * const gradients = { [`${name}.weight`]: tf.tensor2d([[9, 0], [0, 1]]), [`${name}.bias`]: tf.ones([2]) };
 * optimizer.step(gradients, 0.1);
 * const [[a], [, d]] = matrix.arraySync() as number[][];
 * ok(Math.abs(a / d) < 2 && Math.abs(bias.dataSync()[0] + 0.1) < 1e-5);
 * ```
 */
export class Muon implements Optimizer {
  readonly #weights: ReadonlyMap<string, tf.Variable>;
  readonly #options: { momentum: number; rateFactor: number; weightDecay: number };
  readonly #isMatrix: (name: string) => boolean;
  readonly #others: AdamW;
  readonly #momenta = new Map<string, tf.Tensor>();

  /**
   * Starts at step 0 without any means.
   *
   * @param weights The variables to update, by name, as in `model.weights`.
   * @throws {ConfigError} If an option is unknown or cannot work.
   */
  constructor(weights: ReadonlyMap<string, tf.Variable>, options: MuonOptions = {}) {
    checkArguments("new Muon(weights, options)", [["weights", weights, WEIGHTS]]);
    checkOptions("Muon", options, OPTIONS);
    const { momentum = 0.95, rateFactor = 2, isMatrix = isLayerMatrix, ...rest } = options;
    checkBelow1("momentum", momentum);
    checkPositive("rateFactor", rateFactor);
    this.#weights = weights;
    this.#isMatrix = isMatrix;
    this.#others = new AdamW(weights, { ...rest, optimizer: "adamw" } as AdamWOptions);
    const { weightDecay = TRAIN_DEFAULTS.weightDecay } = options;
    this.#options = { momentum, rateFactor, weightDecay };
  }

  /** Updates done so far. */
  get steps(): number {
    return this.#others.steps;
  }

  /**
   * Updates every weight that has a gradient. A weight without one is not changed.
   *
   * @param gradients The gradients by the names of their weights. The caller disposes of them.
   * @param learningRate The rate of this step.
   * @param scale A factor for every gradient, as `clipByGlobalNorm()` returns it.
   * @throws {ShapeError} If a gradient has another shape than its weight; nothing is updated then.
   * @throws {ConfigError} If a gradient's name is not a weight's, or the rate or the scale is not a
   * number; nothing is updated then.
   */
  step(gradients: tf.NamedTensorMap, learningRate: number, scale = 1): void {
    checkFinite("learningRate", learningRate);
    checkFinite("scale", scale);
    const all = Object.entries(gradients);
    const updates = all.filter(([name]) => this.#isMatrix(name)).map(([name, gradient]) => {
      const weight = this.#matrix(name);
      checkShape(`Muon.step() from the gradient of ${name}`, gradient, weight.shape);
      return { name, gradient, weight };
    });
    const others = all.filter(([name]) => !this.#isMatrix(name));
    this.#others.step(Object.fromEntries(others), learningRate, scale);
    const { momentum, rateFactor, weightDecay } = this.#options;
    const rate = learningRate * rateFactor;
    const shrink = 1 - rate * weightDecay;
    for (const { name, gradient, weight } of updates) {
      const before = this.#momenta.get(name) ?? tf.zeros(weight.shape);
      const factors = { momentum, scale, rate, shrink, parts: partsOf(name) };
      this.#momenta.set(name, muonUpdate(weight, gradient, before, factors));
    }
  }

  /** A copy of the state, for a checkpoint. */
  get state(): OptimizerState {
    const momenta = [...this.#momenta].map(([name, mean]) =>
      [name, mean.dataSync<"float32">().slice()] as const
    );
    return { ...this.#others.state, momenta: new Map(momenta) };
  }

  /**
   * Continues from a saved state, which is copied.
   *
   * @throws {ConfigError} If the state is that of another optimizer, or has a weight that is unknown
   * here or has another size.
   */
  restore({ momenta = new Map(), ...others }: OptimizerState): void {
    for (const name of others.moments.keys()) {
      if (!this.#isMatrix(name)) continue;
      throw new ConfigError(`state of ${name}`, "AdamW's", "must be Muon's: resume with AdamW");
    }
    for (const [name, { length }] of momenta) {
      const { size } = this.#matrix(name);
      if (length === size) continue;
      throw new ConfigError(`state of ${name}`, length, `must have ${size} values`);
    }
    this.#others.restore(others);
    this.#forget();
    for (const [name, mean] of momenta) {
      const { shape } = this.#matrix(name);
      this.#momenta.set(name, tf.keep(tf.tensor(mean.slice(), shape, "float32")));
    }
  }

  /** Frees the means. The weights belong to the model and stay. */
  dispose(): void {
    this.#others.dispose();
    this.#forget();
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Frees the running means of the matrices. */
  #forget(): void {
    tf.dispose([...this.#momenta.values()]);
    this.#momenta.clear();
  }

  /** The weight of this name. Throws `ConfigError` unless it is known and a matrix. */
  #matrix(name: string): tf.Variable {
    const weight = this.#weights.get(name);
    if (!weight) {
      throw new ConfigError("gradient", name, "must be named as one of the weights given to Muon");
    }
    if (weight.rank === 2) return weight;
    throw new ConfigError(
      "isMatrix",
      name,
      `must name matrices only: it has shape [${weight.shape}]`,
    );
  }
}

/**
 * Whether a weight is a matrix of the encoder's layers, by name: embeddings, heads, biases and
 * LayerNorm are not.
 *
 * @example
 * ```ts
 * import { isLayerMatrix } from "bert/training/muon.ts";
 * import { deepStrictEqual } from "node:assert";
 * const layer = "bert.encoder.layer.0.output";
 * const names = [`${layer}.dense.weight`, `${layer}.LayerNorm.weight`, "bert.pooler.dense.weight"];
 * deepStrictEqual(names.map(isLayerMatrix), [true, false, false]);
 * ```
 */
export function isLayerMatrix(name: string): boolean {
  return /\.encoder\.layer\.\d+\..*\.(dense|qkv)\.weight$/.test(name);
}

/** The number of matrices in a weight: query, key and value lie side by side in one. */
function partsOf(name: string): number {
  return name.endsWith(".qkv.weight") ? 3 : 1;
}
