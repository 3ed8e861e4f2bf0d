/**
 * Weights to start from where there is little text: a model that looks at its neighbours and repeats
 * what it reads, two things that training from noise finds late.
 */
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "./config.ts";
import { ConfigError } from "./errors.ts";
import type { BertPretrainHead } from "./model.ts";

const WORDS = "bert.embeddings.word_embeddings.weight";
const SEGMENTS = "bert.embeddings.token_type_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const QKV = "bert.encoder.layer.0.attention.self.qkv.weight";
const TRANSFORM = "cls.predictions.transform.dense.weight";

/** Amplitude of the waves, in standard deviations of the other initial weights. */
const AMPLITUDE = 3;

/** The shortest wave goes up and down within 4 positions, the longest within 32. */
const [SHORTEST, LONGEST] = [4, 32];

/** Where the heads of the first layer look before any training. */
export interface HeadStartOptions {
  /** One for each head: -1 looks at the token before, 1 at the one after. */
  readonly offsets?: readonly number[];
}

/**
 * Gives a fresh model a start that short runs do not find by themselves.
 *
 * Three changes. Positions are waves of several lengths, in the last dimensions, as many as a head has,
 * which words and segments leave free. Each head of the first layer looks at one offset, by default
 * -1, 1, -2, 2, -3 and so on. The dense layer of the word head has the identity added, so that what
 * is decoded is at first what was read. All of it is trained like the rest, and the saved model is
 * a BERT like any other.
 *
 * @param model Changed in place; with weights as `new BertPretrainHead(config, { seed })` makes them.
 * @throws {ConfigError} If there are not as many offsets as heads, or a head has an odd width.
 *
 * Source: the idea of starting attention near what it becomes: Trockman and Kolter 2023, "Mimetic
 * Initialization of Self-Attention Layers". Heads that look at neighbours are what trained BERTs have:
 * Clark et al. 2019, "What Does BERT Look At?", section 3.1. Waves, and that a shift is a rotation of
 * them: Vaswani et al. 2017, section 3.5; theirs are longer, and fill all dimensions.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { headStart } from "bert/head_start.ts";
 * import { BertPretrainHead } from "bert/model.ts";
 * const model = new BertPretrainHead(bertConfig("tiny", { vocabSize: 8000 }), { seed: 1 });
 * headStart(model, { offsets: [-1, 1] }); // tiny has two heads
 * ```
 */
export function headStart(model: BertPretrainHead, options: HeadStartOptions = {}): void {
  const { config } = model;
  const offsets = options.offsets ?? nearest(config.numAttentionHeads);
  check(config, offsets);
  for (const name of [WORDS, SEGMENTS]) change(model, name, (table) => freed(table, config));
  change(model, POSITIONS, (table) => positionWaves(table, config));
  change(model, QKV, (weight) => tf.add(weight, lookingAt(offsets, config)));
  change(model, TRANSFORM, (weight) => tf.add(weight, tf.eye(config.hiddenSize)));
}

/** -1, 1, -2, 2 and so on. */
function nearest(heads: number): number[] {
  return Array.from({ length: heads }, (_, i) => (i % 2 === 0 ? -1 : 1) * (1 + Math.floor(i / 2)));
}

function check({ numAttentionHeads, hiddenSize }: BertConfig, offsets: readonly number[]): void {
  const width = hiddenSize / numAttentionHeads;
  if (width % 2 !== 0) {
    throw new ConfigError(
      "numAttentionHeads",
      numAttentionHeads,
      `must leave each head an even width, and leaves ${width}`,
    );
  }
  if (offsets.length !== numAttentionHeads || !offsets.every(Number.isInteger)) {
    throw new ConfigError(
      "offsets",
      offsets,
      `must be ${numAttentionHeads} whole numbers, one a head`,
    );
  }
}

function change(model: BertPretrainHead, name: string, to: (weight: tf.Tensor) => tf.Tensor): void {
  const weight = model.weights.get(name)!;
  tf.tidy(() => weight.assign(to(weight)));
}

/** The angle by which each wave turns from one position to the next; one for two dimensions. */
function turns({ hiddenSize, numAttentionHeads }: BertConfig): number[] {
  const count = hiddenSize / numAttentionHeads / 2;
  return Array.from({ length: count }, (_, i) => {
    const length = SHORTEST * (LONGEST / SHORTEST) ** (i / Math.max(count - 1, 1));
    return 2 * Math.PI / length;
  });
}

/** The table with zeros in the dimensions that waves are in. */
function freed(table: tf.Tensor, { hiddenSize, numAttentionHeads }: BertConfig): tf.Tensor {
  const [rows, width] = [table.shape[0], hiddenSize / numAttentionHeads];
  const kept = tf.slice(table, [0, 0], [rows, hiddenSize - width]);
  return tf.concat([kept, tf.zeros([rows, width])], 1);
}

/** [P, H]: sine and cosine of each wave in the last dimensions, the rest as it was. */
function positionWaves(table: tf.Tensor, config: BertConfig): tf.Tensor {
  const [positions, width] = table.shape;
  const amplitude = AMPLITUDE * config.initializerRange;
  const waves = Array.from(
    { length: positions },
    (_, t) =>
      turns(config).flatMap((w) => [amplitude * Math.sin(w * t), amplitude * Math.cos(w * t)]),
  );
  const rest = width - waves[0].length;
  return tf.concat([tf.slice(table, [0, 0], [positions, rest]), tf.tensor2d(waves)], 1); // [P, H]
}

/**
 * [H, 3H], to be added to the weights of query, key and value: keys are the waves as they are, the query
 * of each head is what the waves are so many positions further on, and values are left alone.
 */
function lookingAt(offsets: readonly number[], config: BertConfig): tf.Tensor {
  const { hiddenSize: H } = config;
  const queries = tf.buffer([H, H]);
  const keys = tf.buffer([H, H]);
  const first = H - H / offsets.length; // of the dimensions that hold waves
  for (const [head, offset] of offsets.entries()) {
    for (const [i, turn] of turns(config).entries()) {
      const [sine, wave] = [first + 2 * i, head * (H / offsets.length) + 2 * i];
      const [c, s] = [Math.cos(turn * offset), Math.sin(turn * offset)];
      queries.set(c, sine, wave); // sin(t + d) = sin t cos d + cos t sin d
      queries.set(s, sine + 1, wave);
      queries.set(-s, sine, wave + 1); // cos(t + d) = cos t cos d - sin t sin d
      queries.set(c, sine + 1, wave + 1);
      keys.set(1, sine, wave);
      keys.set(1, sine + 1, wave + 1);
    }
  }
  return tf.concat([queries.toTensor(), keys.toTensor(), tf.zeros([H, H])], 1); // [H, 3H]
}
