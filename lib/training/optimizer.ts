/**
 * AdamW, and the interface that the training loop needs of any optimizer. The arithmetic of one update
 * is in `adamw_update.ts`.
 */
import * as tf from "@tensorflow/tfjs";
import {
  checkArguments,
  checkBelow1,
  checkFinite,
  checkNotNegative,
  checkOptions,
  checkPositive,
  checkSwitch,
  FUNCTION,
} from "../checks.ts";
import { TRAIN_DEFAULTS } from "../config.ts";
import { checkShape, ConfigError } from "../errors.ts";
import { WEIGHTS } from "../model/argument_kinds.ts";
import { adamWUpdate, type MomentTensors, type UpdateFactors } from "./adamw_update.ts";
import { decaysByDefault } from "./weight_decay.ts";

/** An optimizer as the training loop needs it. `AdamW` and `Muon` implement it. */
export interface Optimizer extends Disposable {
  /** Updates done so far. */
  readonly steps: number;
  /** A copy of the state, for a checkpoint. */
  readonly state: OptimizerState;
  /** Updates every weight that has a gradient at this learning rate, after scaling the gradients. */
  step(gradients: tf.NamedTensorMap, learningRate: number, scale?: number): void;
  /** Continues from a saved state, which is copied. */
  restore(state: OptimizerState): void;
  /** Frees the optimizer's state. */
  dispose(): void;
}

/** Settings of `AdamW`. A `TrainConfig` contains the first four. */
export interface AdamWOptions {
  /** β₁: the decay rate of the running mean of the gradients, 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** β₂: the decay rate of the running mean of their squares, 0 to below 1. Default 0.999. */
  readonly beta2?: number;
  /** ε: added to the root in the denominator, above 0. Default 1e-6. */
  readonly epsilon?: number;
  /** Decoupled decay of the weights that `decays` names, at least 0. Default 0.01. */
  readonly weightDecay?: number;
  /**
   * Whether to correct the bias of means that start at zero. Default true; BERT's original optimizer
   * does not correct it.
   */
  readonly biasCorrection?: boolean;
  /** Which weights decay, by name. Default: all but biases and LayerNorm. */
  readonly decays?: (name: string) => boolean;
}

/** The names of the settings of a `TrainConfig`, which may be passed as the options. */
export const TRAIN_CONFIG_NAMES: readonly string[] = [
  ...Object.keys(TRAIN_DEFAULTS),
  "maxSteps",
  "maxSeconds",
  "optimizer",
  "precision",
];

const OPTIONS = ["biasCorrection", "decays", ...TRAIN_CONFIG_NAMES];

/** Everything needed to continue an optimizer. */
export interface OptimizerState {
  /** Updates done. */
  readonly step: number;
  /** AdamW's two running means of each weight that it has updated, by name. */
  readonly moments: ReadonlyMap<string, Moments>;
  /**
   * Muon's running mean of the gradients of each matrix that it has updated, by name. AdamW has none.
   */
  readonly momenta?: ReadonlyMap<string, Float32Array>;
}

/** The running means of a weight's gradient (`first`) and of its square (`second`). */
export interface Moments {
  /** The mean of the gradients, with one number for each number of the weight. */
  readonly first: Float32Array;
  /** The mean of their squares, with one number for each number of the weight. */
  readonly second: Float32Array;
}

/**
 * Adam with decoupled weight decay, for a fixed set of named weights.
 *
 * It holds two tensors for each weight that has had a gradient; `dispose()` frees them.
 *
 * @example Two steps with a gradient of 1: each is as long as the learning rate, as with any other gradient
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { AdamW } from "bert/training/optimizer.ts";
 * import { ok } from "node:assert";
 * await tf.setBackend("cpu");
 * const weight = tf.variable(tf.tensor1d([1]));
 * const optimizer = new AdamW(new Map([["w", weight]]), { weightDecay: 0 });
 * for (let i = 0; i < 2; i++) optimizer.step({ w: tf.tensor1d([1]) }, 0.1);
 * ok(Math.abs(weight.dataSync()[0] - 0.8) < 1e-5);
 * ```
 *
 * Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2;
 * `AdamWeightDecayOptimizer` in google-research/bert, which has no bias correction, so that its first
 * steps are up to 6.6 times longer. `biasCorrection: false` does the same.
 */
export class AdamW implements Optimizer {
  readonly #weights: ReadonlyMap<string, tf.Variable>;
  readonly #options: Required<AdamWOptions>;
  #moments = new Map<string, MomentTensors>();
  #step = 0;

  /**
   * Starts at step 0 without any means.
   *
   * @param weights The variables to update, by name, as in `model.weights`.
   * @throws {ConfigError} If an option is unknown or cannot work.
   */
  constructor(weights: ReadonlyMap<string, tf.Variable>, options: AdamWOptions = {}) {
    checkArguments("new AdamW(weights, options)", [["weights", weights, WEIGHTS]]);
    checkOptions("AdamW", options, OPTIONS);
    checkIsAdamW(options);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = TRAIN_DEFAULTS.weightDecay } =
      options;
    const { biasCorrection = true, decays = decaysByDefault } = options;
    checkBelow1("beta1", beta1);
    checkBelow1("beta2", beta2);
    checkPositive("epsilon", epsilon);
    checkNotNegative("weightDecay", weightDecay);
    checkSwitch("biasCorrection", biasCorrection);
    checkArguments("new AdamW(weights, options)", [["options.decays", decays, FUNCTION]]);
    this.#weights = weights;
    this.#options = { beta1, beta2, epsilon, weightDecay, biasCorrection, decays };
  }

  /** Updates done so far. */
  get steps(): number {
    return this.#step;
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
    const updates = Object.entries(gradients).map(([name, gradient]) => {
      const weight = this.#weight(name);
      checkShape(`AdamW.step() from the gradient of ${name}`, gradient, weight.shape);
      return { name, gradient, weight };
    });
    this.#step++;
    for (const { name, gradient, weight } of updates) {
      const factors = this.#factors(name, learningRate, scale);
      adamWUpdate(weight, gradient, this.#momentsOf(name, weight.shape), factors);
    }
  }

  /** A copy of the state, for a checkpoint. */
  get state(): OptimizerState {
    const moments = [...this.#moments].map(([name, { first, second }]) => {
      const copy = (mean: tf.Tensor) => mean.dataSync<"float32">().slice();
      return [name, { first: copy(first), second: copy(second) }] as const;
    });
    return { step: this.#step, moments: new Map(moments) };
  }

  /**
   * Continues from a saved state, which is copied.
   *
   * @throws {ConfigError} If the state is that of another optimizer, or has a weight that is unknown
   * here or has another size.
   */
  restore(state: OptimizerState): void {
    if (state.momenta && state.momenta.size > 0) {
      throw new ConfigError("state", "Muon's", "must be AdamW's: resume with Muon");
    }
    for (const [name, { first, second }] of state.moments) {
      const { size } = this.#weight(name);
      if (first.length === size && second.length === size) continue;
      throw new ConfigError(`state of ${name}`, first.length, `must have ${size} values twice`);
    }
    this.dispose(); // frees the means that the state replaces
    this.#step = state.step;
    for (const [name, { first, second }] of state.moments) {
      const { shape } = this.#weight(name);
      const copy = (mean: Float32Array) => tf.keep(tf.tensor(mean.slice(), shape, "float32"));
      this.#moments.set(name, { first: copy(first), second: copy(second) });
    }
  }

  /** Frees the means. The weights belong to the model and stay. */
  dispose(): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #factors(name: string, learningRate: number, scale: number): UpdateFactors {
    const { beta1, beta2, epsilon, weightDecay, biasCorrection, decays } = this.#options;
    const correction1 = biasCorrection ? 1 - beta1 ** this.#step : 1;
    const correction2 = biasCorrection ? 1 - beta2 ** this.#step : 1;
    const shrink = decays(name) ? 1 - learningRate * weightDecay : 1;
    const rate = learningRate / correction1;
    return { beta1, beta2, epsilon, scale, rate, correction2: 1 / correction2, shrink };
  }

  #weight(name: string): tf.Variable {
    const weight = this.#weights.get(name);
    if (weight) return weight;
    throw new ConfigError("gradient", name, "must be named as one of the weights given to AdamW");
  }

  #momentsOf(name: string, shape: number[]): MomentTensors {
    const known = this.#moments.get(name);
    if (known) return known;
    const fresh = { first: tf.keep(tf.zeros(shape)), second: tf.keep(tf.zeros(shape)) };
    this.#moments.set(name, fresh);
    return fresh;
  }
}

/** Throws `ConfigError` if the given settings of a run name another optimizer. */
function checkIsAdamW(options: AdamWOptions): void {
  const { optimizer = "adamw" } = options as { readonly optimizer?: unknown };
  if (optimizer === "adamw") return;
  const advice = 'must be "adamw" here: createOptimizer() makes the optimizer that settings name';
  throw new ConfigError("optimizer", optimizer, advice);
}
