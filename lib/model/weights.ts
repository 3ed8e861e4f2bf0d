/**
 * The weights of BERT: their names, shapes and initial values.
 *
 * Names are Hugging Face's, with three differences of layout, each on purpose: matrices of dense
 * layers are stored [in, out], the transpose of theirs; query, key and value are one matrix side by
 * side, `attention.self.qkv.weight` [H, 3H] and `.bias` [3H]; the segment table has row 0 for
 * padding, so that theirs (0 first, 1 second sentence) are rows 1 and 2 here. The decoder is the
 * table of word embeddings; its only weight of its own is `cls.predictions.bias`.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, checkNotNegative, checkWhole, type Kind, nameOf } from "../checks.ts";
import { type BertConfig, checkBertConfig } from "../config.ts";
import { checkShape, ConfigError } from "../errors.ts";
import type { DenseWeights, EmbeddingWeights, EncoderLayerWeights, NormWeights } from "./layers.ts";
import { WEIGHTS } from "./argument_kinds.ts";
import { checkRng, createRng, type Rng } from "../random.ts";

const SHAPES: Kind = {
  name: "a map of shapes by name, as pretrainShapes() gives it",
  fits: (value) => value instanceof Map,
};

/** Weights by name, owned by the model that made them. */
export type Weights = ReadonlyMap<string, tf.Variable>;

/** Shapes by name, in the order in which data flows. */
export type WeightShapes = ReadonlyMap<string, readonly number[]>;

/**
 * The names and shapes of the backbone's weights: embeddings and encoder.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { backboneShapes } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * const shapes = backboneShapes(bertConfig("smoke")); // H = 32
 * deepStrictEqual(shapes.get("bert.encoder.layer.0.attention.self.qkv.weight"), [32, 96]);
 * ```
 */
export function backboneShapes(config: BertConfig): WeightShapes {
  const { hiddenSize: H, intermediateSize: I, numHiddenLayers } = checkBertConfig(config);
  const shapes = new Map<string, readonly number[]>([
    ["bert.embeddings.word_embeddings.weight", [config.vocabSize, H]],
    ["bert.embeddings.position_embeddings.weight", [config.maxPositionEmbeddings, H]],
    ["bert.embeddings.token_type_embeddings.weight", [config.typeVocabSize, H]],
    ...norm("bert.embeddings.LayerNorm", H),
  ]);
  const add = ([name, shape]: readonly [string, readonly number[]]) => shapes.set(name, shape);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const prefix = `bert.encoder.layer.${layer}`;
    dense(`${prefix}.attention.self.qkv`, H, 3 * H).forEach(add);
    dense(`${prefix}.attention.output.dense`, H, H).forEach(add);
    norm(`${prefix}.attention.output.LayerNorm`, H).forEach(add);
    dense(`${prefix}.intermediate.dense`, H, I).forEach(add);
    dense(`${prefix}.output.dense`, I, H).forEach(add);
    norm(`${prefix}.output.LayerNorm`, H).forEach(add);
  }
  return shapes;
}

/** The names and shapes of the masked-language-model head's weights, without the shared decoder. */
export function mlmHeadShapes(config: BertConfig): WeightShapes {
  const { vocabSize, hiddenSize: H } = checkBertConfig(config);
  return new Map([
    ...dense("cls.predictions.transform.dense", H, H),
    ...norm("cls.predictions.transform.LayerNorm", H),
    ["cls.predictions.bias", [vocabSize]],
  ]);
}

/** The names and shapes of the next-sentence head's weights, the pooler included. */
export function nspHeadShapes(config: BertConfig): WeightShapes {
  const { hiddenSize: H } = checkBertConfig(config);
  return new Map([...dense("bert.pooler.dense", H, H), ...dense("cls.seq_relationship", H, 2)]);
}

/**
 * The names and shapes of all weights of a model with both heads, those of the backbone first.
 *
 * @example The parameters of BERT-base
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { pretrainShapes } from "bert/model/weights.ts";
 * import { strictEqual } from "node:assert";
 * const shapes = [...pretrainShapes(bertConfig("base", { typeVocabSize: 2 })).values()];
 * const sizes = shapes.map((shape) => shape.reduce((size, axis) => size * axis, 1));
 * strictEqual(sizes.reduce((a, b) => a + b), 110_106_428);
 * ```
 */
export function pretrainShapes(config: BertConfig): WeightShapes {
  return new Map([...backboneShapes(config), ...nspHeadShapes(config), ...mlmHeadShapes(config)]);
}

function dense(name: string, inputs: number, outputs: number): [string, readonly number[]][] {
  return [[`${name}.weight`, [inputs, outputs]], [`${name}.bias`, [outputs]]];
}

function norm(name: string, width: number): [string, readonly number[]][] {
  return [[`${name}.weight`, [width]], [`${name}.bias`, [width]]];
}

/**
 * Makes initial weights: biases are 0, LayerNorm scales 1, and all others from a normal distribution
 * truncated at two standard deviations.
 *
 * Each weight has its own stream of random numbers, so that it does not depend on the other weights.
 *
 * @param standardDeviation The standard deviation of the normal distribution before truncation,
 * `initializerRange`.
 * @param seed The same seed gives the same weights.
 * @returns tfjs variables, unnamed on tfjs's side so that several models can coexist. The caller
 * disposes of them.
 *
 * Source: `create_initializer` in google-research/bert's `modeling.py`. Transformers does not
 * truncate, and initialises [PAD] to 0.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { createWeights, nspHeadShapes } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * const weights = createWeights(nspHeadShapes(bertConfig("smoke")), 0.02, 1);
 * deepStrictEqual(weights.get("cls.seq_relationship.weight")?.shape, [32, 2]);
 * ```
 */
export function createWeights(
  shapes: WeightShapes,
  standardDeviation: number,
  seed: number,
): Weights {
  checkArguments("createWeights(shapes, standardDeviation, seed)", [["shapes", shapes, SHAPES]]);
  checkNotNegative("standardDeviation", standardDeviation);
  const rng = createRng(seed);
  const entries = [...shapes].map(([name, shape]) => {
    const values = initialValues(name, tf.util.sizeFromShape([...shape]), standardDeviation, rng);
    return [name, tf.tidy(() => tf.variable(tf.tensor(values, [...shape])))] as const;
  });
  return new Map(entries);
}

function initialValues(name: string, count: number, deviation: number, rng: Rng): Float32Array {
  if (name.endsWith(".bias")) return new Float32Array(count);
  if (name.endsWith("LayerNorm.weight")) return new Float32Array(count).fill(1);
  return truncatedNormal(count, deviation, rng.fork(name));
}

/** The standard deviation of a standard normal distribution that is truncated at ±2. */
export const TRUNCATED_DEVIATION = 0.88;

/**
 * Random numbers from a normal distribution with mean 0. Those beyond two standard deviations are drawn
 * again.
 *
 * @example
 * ```ts
 * import { truncatedNormal } from "bert/model/weights.ts";
 * import { createRng } from "bert/random.ts";
 * import { ok } from "node:assert";
 * const values = truncatedNormal(10_000, 0.02, createRng(1));
 * ok(values.every((value) => Math.abs(value) < 0.040001)); // at most two standard deviations
 * const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
 * ok(Math.abs(Math.sqrt(square) / 0.02 - 0.88) < 0.02); // so they deviate less
 * ```
 *
 * Source: Marsaglia's polar method; `tf.truncated_normal`.
 */
export function truncatedNormal(count: number, deviation: number, rng: Rng): Float32Array {
  checkWhole("count", count, 0);
  checkNotNegative("deviation", deviation);
  checkRng(rng);
  const values = new Float32Array(count);
  let filled = 0;
  while (filled < count) {
    const x = 2 * rng.random() - 1;
    const y = 2 * rng.random() - 1;
    const square = x * x + y * y;
    if (square >= 1 || square === 0) continue;
    const scale = Math.sqrt(-2 * Math.log(square) / square);
    if (Math.abs(x * scale) <= 2) values[filled++] = x * scale * deviation;
    if (Math.abs(y * scale) <= 2 && filled < count) values[filled++] = y * scale * deviation;
  }
  return values;
}

/** The source of a model's weights: a seed for random numbers, or given weights. */
export type WeightStart = { readonly seed: number } | { readonly weights: Weights };

/**
 * The weights of a part of a model: made from a seed, or taken from given weights, which that part
 * then owns.
 *
 * @throws {ConfigError} If there is neither a seed nor weights.
 * @throws {ShapeError} If a given weight has another shape.
 * @throws {TypeError} If one is missing.
 */
export function startWeights(
  shapes: WeightShapes,
  { initializerRange }: BertConfig,
  start: WeightStart,
): Weights {
  if (typeof start !== "object" || start === null || !("seed" in start || "weights" in start)) {
    const advice = "must say what the weights start from, as in new BertModel(config, { seed: 1 })";
    throw new ConfigError("start", start, advice);
  }
  if ("seed" in start) return createWeights(shapes, initializerRange, start.seed);
  return new Map([...shapes].map(([name, shape]) => {
    const weight = named(start.weights, name);
    checkShape(`a model from weight "${name}"`, weight, shape);
    return [name, weight];
  }));
}

/** The variable of a name. Throws `TypeError` if there is none. */
function named<R extends tf.Rank>(weights: Weights, name: string): tf.Variable<R> {
  if (!WEIGHTS.fits(weights)) {
    const found = nameOf(weights);
    throw new TypeError(`Cannot take weight "${name}" out of ${found}: expected ${WEIGHTS.name}`);
  }
  const weight = weights.get(name);
  if (!weight) throw new TypeError(`Cannot find the weight "${name}" among those given`);
  return weight as tf.Variable<R>;
}

/**
 * The weights of a dense layer, whose names begin with `name`: `weight` [inputs, outputs] and `bias`
 * [outputs]. They are those of the model, not copies.
 *
 * @throws {TypeError} If there are none of that name.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { createWeights, denseWeights, disposeWeights, nspHeadShapes } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * const all = createWeights(nspHeadShapes(bertConfig("smoke")), 0.02, 1);
 * const { weight, bias } = denseWeights(all, "cls.seq_relationship");
 * deepStrictEqual([weight.shape, bias.shape], [[32, 2], [2]]);
 * disposeWeights(all);
 * ```
 */
export function denseWeights(weights: Weights, name: string): DenseWeights {
  return {
    weight: named<tf.Rank.R2>(weights, `${name}.weight`),
    bias: named<tf.Rank.R1>(weights, `${name}.bias`),
  };
}

/** The weights of a LayerNorm, whose names begin with `name`. */
export function normWeights(weights: Weights, name: string): NormWeights {
  return {
    gamma: named<tf.Rank.R1>(weights, `${name}.weight`),
    beta: named<tf.Rank.R1>(weights, `${name}.bias`),
  };
}

/** The bias of the decoder. */
export function decoderBias(weights: Weights): tf.Tensor1D {
  return named<tf.Rank.R1>(weights, "cls.predictions.bias");
}

/**
 * The weights of the embeddings: a table [ids, H] each for words, positions and segments, and LayerNorm.
 * They are those of the model, not copies.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertModel } from "bert/model/bert.ts";
 * import { embeddingWeights } from "bert/model/weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * const model = new BertModel(bertConfig("smoke", { vocabSize: 50 }), { seed: 1 });
 * const { word, position, segment } = embeddingWeights(model.weights);
 * deepStrictEqual([word.shape, position.shape, segment.shape], [[50, 32], [512, 32], [3, 32]]);
 * model.dispose(); // and with it these weights
 * ```
 */
export function embeddingWeights(weights: Weights): EmbeddingWeights {
  const table = (name: string) => named<tf.Rank.R2>(weights, `bert.embeddings.${name}.weight`);
  return {
    word: table("word_embeddings"),
    position: table("position_embeddings"),
    segment: table("token_type_embeddings"),
    norm: normWeights(weights, "bert.embeddings.LayerNorm"),
  };
}

/**
 * The weights of one encoder layer; layers are numbered from 0. They are those of the model, not copies.
 *
 * @throws {TypeError} If there is no such layer.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertModel } from "bert/model/bert.ts";
 * import { encoderLayerWeights } from "bert/model/weights.ts";
 * import { deepStrictEqual, strictEqual } from "node:assert";
 * const model = new BertModel(bertConfig("smoke", { numHiddenLayers: 2 }), { seed: 1 });
 * const { attention, feedForward } = encoderLayerWeights(model.weights, 1); // the last layer
 * deepStrictEqual(attention.qkv.weight.shape, [32, 96]);
 * const name = "bert.encoder.layer.1.intermediate.dense.weight";
 * strictEqual(feedForward.inner.weight, model.weights.get(name)); // not a copy
 * model.dispose();
 * ```
 */
export function encoderLayerWeights(weights: Weights, layer: number): EncoderLayerWeights {
  const prefix = `bert.encoder.layer.${layer}`;
  return {
    attention: {
      qkv: denseWeights(weights, `${prefix}.attention.self.qkv`),
      output: denseWeights(weights, `${prefix}.attention.output.dense`),
      norm: normWeights(weights, `${prefix}.attention.output.LayerNorm`),
    },
    feedForward: {
      inner: denseWeights(weights, `${prefix}.intermediate.dense`),
      output: denseWeights(weights, `${prefix}.output.dense`),
      norm: normWeights(weights, `${prefix}.output.LayerNorm`),
    },
  };
}

/**
 * Checks that a model still has its weights.
 *
 * @throws {TypeError} If one of them was disposed of.
 */
export function checkNotDisposed(weights: Weights): void {
  if (![...weights.values()].some(({ isDisposed }) => isDisposed)) return;
  throw new TypeError("Cannot use a model after its dispose(): make it or load it again");
}

/**
 * Frees the memory of all weights. A model that uses them cannot be used any more.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { bertConfig } from "bert/config.ts";
 * import { createWeights, disposeWeights, nspHeadShapes } from "bert/model/weights.ts";
 * import { strictEqual } from "node:assert";
 * const before = tf.memory().numTensors;
 * disposeWeights(createWeights(nspHeadShapes(bertConfig("smoke")), 0.02, 1));
 * strictEqual(tf.memory().numTensors, before);
 * ```
 */
export function disposeWeights(weights: Weights): void {
  checkArguments("disposeWeights(weights)", [["weights", weights, WEIGHTS]]);
  for (const weight of weights.values()) weight.dispose();
}
