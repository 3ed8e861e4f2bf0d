/**
 * What a pre-trained model can be asked: to fill a blank, whether one sentence follows another,
 * which words it takes to be alike, and who attends to whom.
 */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { ConfigError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { ModelInputs } from "../model/inputs.ts";
import type { BertTokenizer, Encoding } from "../tokenizer/bert_tokenizer.ts";

/** One way to fill a blank. */
export interface Guess {
  readonly id: number;
  readonly token: string;
  /** 0 to 1; over the whole vocabulary they sum to 1. */
  readonly probability: number;
}

/**
 * Fills each `[MASK]` of a text.
 *
 * Every blank is filled for itself, with the others still blank.
 *
 * @param text A text with at least one `[MASK]`.
 * @param options `topK`: guesses a blank.
 * @returns For each blank, in order, its guesses, the most probable first.
 * @throws {ConfigError} If there is no `[MASK]`, or the text is longer than the model can take.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { fillMask } from "bert/use/predict.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const [guesses] = await fillMask(model, tokenizer, "call [MASK]", { topK: 3 });
 * strictEqual(guesses.length, 3);
 * ```
 */
export async function fillMask(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  text: string,
  { topK = 5 }: { readonly topK?: number } = {},
): Promise<Guess[][]> {
  const { vocab } = tokenizer;
  const encoding = encode(model, tokenizer, text);
  const blanks = [...encoding.tokenIds.keys()].filter((i) => encoding.tokenIds[i] === vocab.maskId);
  if (blanks.length === 0) throw new ConfigError("text", text, "must have at least one [MASK]");
  await ensureBackend();
  const probabilities = tf.tidy(() => {
    const predictedPositions = tf.tensor1d(blanks, "int32"); // [P]
    const { mlmLogits } = model.forward(inputs(encoding), { predictedPositions });
    return tf.softmax(mlmLogits); // [P, V]
  });
  const values = await read(probabilities);
  return blanks.map((_, i) => {
    const row = values.subarray(i * vocab.size, (i + 1) * vocab.size);
    return largest(row, topK).map((id) => ({
      id,
      token: vocab.tokenOf(id),
      probability: row[id],
    }));
  });
}

/**
 * The probability that `second` is the sentence after `first`, by the NSP head.
 *
 * @throws {ConfigError} If the two are longer than the model can take.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { isNext } from "bert/use/predict.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const probability = await isNext(model, tokenizer, "call", "me");
 * ok(probability > 0 && probability < 1);
 * ```
 */
export async function isNext(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  first: string,
  second: string,
): Promise<number> {
  const encoding = encode(model, tokenizer, first, second);
  await ensureBackend();
  const probabilities = tf.tidy(() => {
    const predictedPositions = tf.tensor1d([0], "int32"); // the fewest words that can be asked for
    return tf.softmax(model.forward(inputs(encoding), { predictedPositions }).nspLogits); // [1, 2]
  });
  return (await read(probabilities))[0]; // label 0 is "next"
}

export function encode(
  { config: { maxPositionEmbeddings: most } }: BertPretrainHead,
  tokenizer: BertTokenizer,
  text: string,
  pair?: string,
): Encoding {
  const encoding = tokenizer.encode(text, pair);
  const count = encoding.tokenIds.length;
  if (count <= most) return encoding;
  const advice = `must be at most ${most} tokens with [CLS] and [SEP], and is ${count}: shorten it`;
  throw new ConfigError("text", text, advice);
}

/** One sequence as the model's input. */
export function inputs({ tokenIds, segmentIds }: Encoding): ModelInputs {
  return {
    tokenIds: tf.tensor2d([tokenIds], undefined, "int32"), // [1, T]
    segmentIds: tf.tensor2d([segmentIds], undefined, "int32"), // [1, T]
  };
}

async function read(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<"float32">();
  } finally {
    tensor.dispose();
  }
}

export function meanRow(table: Float32Array, rows: readonly number[], width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const row of rows) {
    for (let i = 0; i < width; i++) mean[i] += table[row * width + i] / rows.length;
  }
  return mean;
}

/** The indices of the k largest values, largest first. */
export function largest(values: ArrayLike<number>, k: number): number[] {
  const indices = Array.from(values, (_, i) => i);
  return indices.sort((a, b) => values[b] - values[a] || a - b).slice(0, k);
}
