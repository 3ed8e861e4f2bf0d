/**
 * Initial weights for short runs: attention heads that attend to neighbouring words or to the same
 * word elsewhere, heads by which `[CLS]` compares the two texts, and a word head that predicts the
 * input word. Training from random weights finds these late.
 */
import { MODEL } from "./argument_kinds.ts";
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { checkArguments, checkOptions, checkSwitches } from "../checks.ts";
import type { BertPretrainHead } from "./bert.ts";
import { comparingOutput, comparingQkv } from "./comparing_heads.ts";
import { TRUNCATED_DEVIATION } from "./weights.ts";
import {
  positionTable,
  segmentTable,
  type StartDimensions,
  startDimensions,
  waveAngles,
  wordTable,
} from "./start_embeddings.ts";

const WORDS = "bert.embeddings.word_embeddings.weight";
const SEGMENTS = "bert.embeddings.token_type_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const QKV = "bert.encoder.layer.0.attention.self.qkv.weight";
const SECOND_QKV = "bert.encoder.layer.1.attention.self.qkv.weight";
const SECOND_OUTPUT = "bert.encoder.layer.1.attention.output.dense.weight";
const TRANSFORM = "cls.predictions.transform.dense.weight";

/**
 * By how much the score of the same word exceeds that of another word in a head that attends to the
 * same word, if the dimensions for words have variance 1 after LayerNorm. The waves take a part of
 * the variance: with 4 heads 0.46 is left, which gives a difference of about 6; with 12 heads 0.71
 * and about 10.
 */
const SAMENESS = 15;

/**
 * What a head attends to: the token at an offset, where -1 is the token before, or the same word
 * elsewhere.
 */
export type Look = number | "same";

/** Options of `headStart()`. */
export interface HeadStartOptions {
  /**
   * What the heads of the first layer attend to, one entry for each head. By default about half of
   * them, at least two, attend to the offsets -1 and 1 in turn; of eight heads and more a quarter or
   * fewer to -2 and 2; the rest to the same word.
   */
  readonly looks?: readonly Look[];
  /**
   * Whether `[CLS]` begins by comparing the two texts, with the heads of the second layer. Default:
   * true, if there is a second layer.
   */
  readonly compare?: boolean;
}

/**
 * Sets some weights of a fresh model to values that short runs do not reach by themselves.
 *
 * There are four changes. The last dimensions of the embeddings, as many as a head has, hold the
 * position as waves of several periods, and the segment as before; the two before them are marks,
 * one of the first position, one that has another sign in the second text; all others hold the word.
 * Each head of the first layer attends to one offset, or to all occurrences of the same word, which
 * shows what two sentences have in common. The heads of the second layer work in pairs: for `[CLS]`
 * one takes the mean vector of the first text, the other that of the second, and their difference is
 * added, six times as large, to the vector of `[CLS]`. It is small where both texts are about the
 * same. The queries of other tokens keep their random weights. The identity is added to the dense
 * layer of the word head, so that at first it predicts the input word. All of these weights are
 * trained like the rest, and the saved model is a BERT like any other.
 *
 * A head of 16 or more dimensions nearly always attends to its offset. A head of 8 dimensions has
 * only four waves: the random values of the other weights often hide them, and it cannot distinguish
 * positions that are 32 apart.
 *
 * @param model The model to change, with initial weights from `new BertPretrainHead(config, { seed
 * })`.
 * @throws {ConfigError} If there are not as many looks as heads, or one is neither a whole number nor
 * "same", or a head has an odd width, or there is only one head or a hidden size of 4, which
 * leaves no dimensions for words, or `compare` is true for a model of one layer.
 *
 * Source: the idea of initialising attention near its trained state: Trockman and Kolter 2023,
 * "Mimetic Initialization of Self-Attention Layers", who set products of weights to the identity and
 * its negative in all layers. Here the queries and keys of the first layer and the comparing heads of
 * the second are set, and to other values.
 * Some heads of a trained BERT attend to neighbours: Clark et al. 2019, "What Does BERT Look At?",
 * section 3.1. Waves, and that a shift is a linear map of them (a rotation): Vaswani et al. 2017,
 * section 3.5; theirs are longer, and fill all dimensions.
 * The difference of two texts' vectors, from which a pair is judged: Conneau et al. 2017, section 3.1;
 * Reimers and Gurevych 2019, section 3; both take it from a finished encoder.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { headStart } from "bert/model/head_start.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * const model = new BertPretrainHead(bertConfig("tiny", { vocabSize: 8000 }), { seed: 1 });
 * headStart(model, { looks: [-1, 1] }); // tiny has two heads
 * ```
 */
export function headStart(model: BertPretrainHead, options: HeadStartOptions = {}): void {
  checkArguments("headStart(model, options)", [["model", model, MODEL]]);
  checkOptions("headStart()", options, ["looks", "compare"]);
  checkSwitches(options, ["compare"]);
  const { config } = model;
  const { looks = usualLooks(config.numAttentionHeads), compare = config.numHiddenLayers > 1 } =
    options;
  check(config, looks);
  if (compare && config.numHiddenLayers < 2) {
    throw new ConfigError("compare", compare, "must be false for a model of one layer");
  }
  change(model, WORDS, (table) => wordTable(table, config));
  change(model, SEGMENTS, (table) => segmentTable(table, config));
  change(model, POSITIONS, (table) => positionTable(table, config));
  change(model, QKV, (weight) => withLooks(weight, looks, config));
  if (compare) {
    changeValues(model, SECOND_QKV, (weight) => comparingQkv(weight, config));
    changeValues(model, SECOND_OUTPUT, (weight) => comparingOutput(weight, config));
  }
  change(model, TRANSFORM, (weight) => tf.add(weight, tf.eye(config.hiddenSize)));
}

/**
 * The default looks: of two heads -1 and 1; of four -1, 1 and twice the same word; of eight -1, 1, -1,
 * 1, -2, 2 and twice the same word. A head passes on only as many numbers as it is wide, so two heads
 * pass on more about a direct neighbour than one.
 */
function usualLooks(heads: number): Look[] {
  const near = 2 * Math.max(1, Math.floor(heads / 4));
  const further = 2 * Math.floor(heads / 8);
  return Array.from({ length: heads }, (_, i) => {
    if (i >= near + further) return "same";
    return (i % 2 === 0 ? -1 : 1) * (i < near ? 1 : 2);
  });
}

function check({ numAttentionHeads: heads, hiddenSize }: BertConfig, looks: readonly Look[]): void {
  const width = hiddenSize / heads;
  if (heads === 1 || width % 2 !== 0) {
    const advice = `must be at least 2 and leave each an even width, and leaves ${width}`;
    throw new ConfigError("numAttentionHeads", heads, advice);
  }
  if (hiddenSize < 6) throw new ConfigError("hiddenSize", hiddenSize, "must be at least 6");
  const known = Array.isArray(looks) &&
    looks.every((look) => look === "same" || Number.isInteger(look));
  if (!known || looks.length !== heads) {
    throw new ConfigError("looks", looks, `must be ${heads} whole numbers or "same", one a head`);
  }
}

/** Replaces a weight's values by those that `to` computes of them. */
function change(model: BertPretrainHead, name: string, to: (weight: tf.Tensor) => tf.Tensor): void {
  const weight = model.weights.get(name)!;
  tf.tidy(() => weight.assign(to(weight)));
}

/** Changes a matrix by its numbers, row after row. */
function changeValues(
  model: BertPretrainHead,
  name: string,
  to: (values: Float32Array) => Float32Array,
): void {
  change(model, name, (weight) => tf.tensor(to(weight.dataSync<"float32">()), weight.shape));
}

/** [H, 3H]: the weights of query, key and value, changed so that each head attends to its `look`. */
function withLooks(weight: tf.Tensor, looks: readonly Look[], config: BertConfig): tf.Tensor {
  const H = config.hiddenSize;
  const values = weight.dataSync<"float32">().slice();
  const dimensions = startDimensions(config);
  for (const [head, look] of looks.entries()) {
    const width = H / looks.length;
    const part = { values, H, width, query: head * width, key: H + head * width, ...dimensions };
    if (look === "same") lookAtSame(part, TRUNCATED_DEVIATION * config.initializerRange);
    else lookAtOffset(part, waveAngles(config).map((angle) => angle * look));
  }
  return tf.tensor(values, weight.shape);
}

/** The columns of one head in the weights: `query` and `key` are its first ones, `width` of each. */
interface HeadPart extends StartDimensions {
  readonly values: Float32Array;
  readonly H: number;
  readonly width: number;
  readonly query: number;
  readonly key: number;
}

/**
 * Makes a head attend to an offset d: keys are the waves at position t, and queries the waves at t + d.
 * `angles` holds the angle of each wave over d positions.
 */
function lookAtOffset({ values, H, waves, query, key }: HeadPart, angles: number[]): void {
  for (const [i, angle] of angles.entries()) {
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    const sine = (waves + 2 * i) * 3 * H; // the row that holds the wave's sine
    const cosine = sine + 3 * H;
    values[sine + query + 2 * i] += c; // sin(t + d) = sin t cos d + cos t sin d
    values[cosine + query + 2 * i] += s;
    values[sine + query + 2 * i + 1] -= s; // cos(t + d) = cos t cos d - sin t sin d
    values[cosine + query + 2 * i + 1] += c;
    values[sine + key + 2 * i] += 1;
    values[cosine + key + 2 * i + 1] += 1;
  }
}

/**
 * Makes a head attend to the same word: query and key are the same random projection of the word's
 * dimensions, without the waves and marks. `deviation` is that of the random weights.
 */
function lookAtSame(
  { values, H, width, words, query, key }: HeadPart, // see SAMENESS for the words' variance
  deviation: number,
): void {
  const scale = Math.sqrt(SAMENESS / (Math.sqrt(width) * words)) / deviation;
  for (let row = 0; row < H; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * 3 * H + column;
      values[at + query] *= row < words ? scale : 0;
      values[at + key] = values[at + query];
    }
  }
}
