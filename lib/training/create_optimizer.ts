/** Choosing between AdamW and Muon. */
import type * as tf from "@tensorflow/tfjs";
import { WEIGHTS } from "../model/argument_kinds.ts";
import { checkArguments, having } from "../checks.ts";
import type { TrainConfig } from "../config.ts";
import { Muon } from "./muon.ts";
import { AdamW, type Optimizer } from "./optimizer.ts";

/**
 * Creates the optimizer that the settings name: AdamW unless they say `"muon"`.
 *
 * @param weights The variables to update, by name: `model.weights`.
 * @param train Settings from `trainConfig()`.
 * @returns The optimizer; the caller disposes of it.
 * @throws {ConfigError} If a setting cannot work.
 *
 * @example
 * ```ts
 * import { trainConfig } from "bert/config.ts";
 * import { createOptimizer } from "bert/training/create_optimizer.ts";
 * import { Muon } from "bert/training/muon.ts";
 * import { ok } from "node:assert";
 * using optimizer = createOptimizer(new Map(), trainConfig({ optimizer: "muon" }));
 * ok(optimizer instanceof Muon);
 * ```
 */
export function createOptimizer(
  weights: ReadonlyMap<string, tf.Variable>,
  train: TrainConfig,
): Optimizer {
  checkArguments("createOptimizer(weights, train)", [
    ["weights", weights, WEIGHTS],
    ["train", train, having("settings, as from trainConfig()", "learningRate")],
  ]);
  return train.optimizer === "muon" ? new Muon(weights, train) : new AdamW(weights, train);
}
