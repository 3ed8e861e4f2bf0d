/**
 * Weights to start from where there is little text: heads that look at neighbours or at the same word
 * elsewhere, and a word head that repeats what was read. Training from noise finds these late.
 */
import { MODEL } from "./arguments.ts";
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { checkArguments, checkOptions } from "../checks.ts";
import type { BertPretrainHead } from "./bert.ts";

const WORDS = "bert.embeddings.word_embeddings.weight";
const SEGMENTS = "bert.embeddings.token_type_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const QKV = "bert.encoder.layer.0.attention.self.qkv.weight";
const TRANSFORM = "cls.predictions.transform.dense.weight";

/** Amplitude of the waves, in standard deviations of the other initial weights. */
const AMPLITUDE = 3;

/** The shortest wave goes up and down within 4 positions, the longest within 32. */
const SHORTEST = 4;
const LONGEST = 32;

/**
 * How much more the score of the same word would be than that of another, in a head that looks for it,
 * if LayerNorm gave the dimensions for words a variance of 1. The waves take a part of it: with
 * 4 heads 0.46 is left, and a difference of about 6; with 12 heads 0.71, and about 10.
 */
const SAMENESS = 15;

/** Where a head looks: at an offset, -1 being the token before; or at the same word elsewhere. */
export type Look = number | "same";

/** Where the heads of the first layer look before any training. */
export interface HeadStartOptions {
  /**
   * One for each head. By default the first half, but at least two heads, looks at -1, 1, -2, 2 and so
   * on, the rest at the same word.
   */
  readonly looks?: readonly Look[];
}

/**
 * Gives a fresh model a start that short runs do not find by themselves.
 *
 * Three changes. The last dimensions, as many as a head has, are for places: positions are waves of
 * several lengths there, and segments what they were; the other dimensions are for words. Each head
 * of the first layer looks at one offset, or at the same word wherever it stands, itself included,
 * which tells what two sentences have in common. The dense layer of the word head has the identity
 * added, so that what is decoded is at first what was read. All of it is trained like the rest, and
 * the saved model is a BERT like any other.
 *
 * A head of 16 dimensions or more finds its offset nearly always; one of 8 has four waves, the noise
 * of the other weights hides them more often than not, and places 32 apart look alike to it.
 *
 * @param model Changed in place; with weights as `new BertPretrainHead(config, { seed })` makes them.
 * @throws {ConfigError} If there are not as many looks as heads, or one is neither a whole number nor
 * "same", or a head has an odd width, or there is only one head and so no dimension free of waves.
 *
 * Source: the idea of starting attention near what it becomes: Trockman and Kolter 2023, "Mimetic
 * Initialization of Self-Attention Layers"; theirs sets products of weights to the identity and its
 * negative in all layers, here only queries and keys of the first are set, and differently. Some heads
 * of a trained BERT look at neighbours: Clark et al. 2019, "What Does BERT Look At?", section 3.1.
 * Waves, and that a shift is a linear map of them (a rotation): Vaswani et al. 2017, section 3.5;
 * theirs are longer, and fill all dimensions.
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
  checkOptions("headStart()", options, ["looks"]);
  const { config } = model;
  const looks = options.looks ?? usualLooks(config.numAttentionHeads);
  check(config, looks);
  change(model, WORDS, (table) => tf.mul(table, wordDimensions(config)));
  change(model, SEGMENTS, (table) => tf.mul(table, tf.sub(1, wordDimensions(config))));
  change(model, POSITIONS, (table) => positionWaves(table, config));
  change(model, QKV, (weight) => withLooks(weight, looks, config));
  change(model, TRANSFORM, (weight) => tf.add(weight, tf.eye(config.hiddenSize)));
}

/** For two heads -1 and 1; for four -1, 1 and twice the same word; for eight -1, 1, -2, 2 and so on. */
function usualLooks(heads: number): Look[] {
  const offsets = Math.max(2, Math.ceil(heads / 2));
  return Array.from({ length: heads }, (_, i) => {
    return i < offsets ? (i % 2 === 0 ? -1 : 1) * (1 + Math.floor(i / 2)) : "same";
  });
}

function check({ numAttentionHeads: heads, hiddenSize }: BertConfig, looks: readonly Look[]): void {
  const width = hiddenSize / heads;
  if (heads === 1 || width % 2 !== 0) {
    const advice = `must be at least 2 and leave each an even width, and leaves ${width}`;
    throw new ConfigError("numAttentionHeads", heads, advice);
  }
  const known = looks.every((look) => look === "same" || Number.isInteger(look));
  if (looks.length !== heads || !known) {
    throw new ConfigError("looks", looks, `must be ${heads} whole numbers or "same", one a head`);
  }
}

function change(model: BertPretrainHead, name: string, to: (weight: tf.Tensor) => tf.Tensor): void {
  const weight = model.weights.get(name)!;
  tf.tidy(() => weight.assign(to(weight)));
}

/** The angle by which each wave turns from one position to the next; a wave takes two dimensions. */
function turns({ hiddenSize, numAttentionHeads }: BertConfig): number[] {
  const count = hiddenSize / numAttentionHeads / 2;
  return Array.from({ length: count }, (_, i) => {
    const length = SHORTEST * (LONGEST / SHORTEST) ** (i / Math.max(count - 1, 1));
    return 2 * Math.PI / length;
  });
}

/** [H]: 1 in the dimensions for words, 0 in those for places. */
function wordDimensions({ hiddenSize: H, numAttentionHeads }: BertConfig): tf.Tensor1D {
  const width = H / numAttentionHeads;
  return tf.concat([tf.ones([H - width]), tf.zeros([width])]) as tf.Tensor1D; // [H]
}

/** [P, H]: sine and cosine of each wave, in the dimensions for places. */
function positionWaves(table: tf.Tensor, config: BertConfig): tf.Tensor {
  const [positions, H] = table.shape;
  const amplitude = AMPLITUDE * config.initializerRange;
  const perPosition = turns(config);
  const rows = Array.from({ length: positions }, (_, t) => {
    return perPosition.flatMap((turn) => [Math.sin(turn * t), Math.cos(turn * t)]);
  });
  const waves = tf.mul(tf.tensor2d(rows), amplitude); // [P, H/A]
  return tf.concat([tf.zeros([positions, H - waves.shape[1]!]), waves], 1); // [P, H]
}

/** [H, 3H]: the weights of query, key and value, changed so that each head looks where it shall. */
function withLooks(weight: tf.Tensor, looks: readonly Look[], config: BertConfig): tf.Tensor {
  const H = config.hiddenSize;
  const values = weight.dataSync<"float32">().slice();
  for (const [head, look] of looks.entries()) {
    const width = H / looks.length;
    const part = { values, H, width, query: head * width, key: H + head * width };
    if (look === "same") lookAtSame(part, 0.88 * config.initializerRange); // cut off at 2: 0.88
    else lookAtOffset(part, turns(config).map((turn) => turn * look));
  }
  return tf.tensor(values, weight.shape);
}

/** One head in the weights: `query` and `key` are its first columns, of `width` each. */
interface HeadPart {
  readonly values: Float32Array;
  readonly H: number;
  readonly width: number;
  readonly query: number;
  readonly key: number;
}

/** Keys are the waves as they are, queries what the waves are so many positions further on. */
function lookAtOffset({ values, H, width, query, key }: HeadPart, angles: number[]): void {
  for (const [i, angle] of angles.entries()) {
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    const sine = (H - width + 2 * i) * 3 * H; // the row that holds the wave's sine
    const cosine = sine + 3 * H;
    values[sine + query + 2 * i] += c; // sin(t + d) = sin t cos d + cos t sin d
    values[cosine + query + 2 * i] += s;
    values[sine + query + 2 * i + 1] -= s; // cos(t + d) = cos t cos d - sin t sin d
    values[cosine + query + 2 * i + 1] += c;
    values[sine + key + 2 * i] += 1;
    values[cosine + key + 2 * i + 1] += 1;
  }
}

/** Query and key are the same random view of the word, which is most like itself; blind for waves. */
function lookAtSame({ values, H, width, query, key }: HeadPart, deviation: number): void {
  const words = H - width; // dimensions, see SAMENESS for their variance
  const scale = Math.sqrt(SAMENESS / (Math.sqrt(width) * words)) / deviation;
  for (let row = 0; row < H; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * 3 * H + column;
      values[at + query] *= row < words ? scale : 0;
      values[at + key] = values[at + query];
    }
  }
}
