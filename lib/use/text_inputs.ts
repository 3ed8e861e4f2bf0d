/**
 * What the functions that read texts have in common: checking and encoding a text, making the model's
 * input, and reading the output.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, checkWhole, TEXT } from "../checks.ts";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { ModelInputs } from "../model/inputs.ts";
import type { BertTokenizer, Encoding } from "../tokenizer/bert_tokenizer.ts";
import { MODEL } from "../model/argument_kinds.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";

/**
 * Checks that a model, a tokenizer and texts were passed, and in the right order.
 *
 * @param call The function with the names of its arguments.
 * @param texts The texts, by the names of their arguments.
 * @throws {TypeError} If an argument has a wrong type; the message names it and what was found.
 */
export function checkQuestion(
  call: string,
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  texts: Readonly<Record<string, string>>,
): void {
  checkArguments(call, [
    ["model", model, MODEL],
    ["tokenizer", tokenizer, TOKENIZER],
    ...Object.entries(texts).map(([name, text]) => [name, text, TEXT] as const),
  ]);
}

/**
 * The most tokens that are read at once: the option `maxLength`, or all positions of the model.
 *
 * @throws {ConfigError} If it is not a whole number from 3 to the model's positions.
 */
export function mostTokens(
  options: { readonly maxLength?: number },
  { maxPositionEmbeddings: most }: BertConfig,
): number {
  const { maxLength = most } = options;
  checkWhole("maxLength", maxLength, 3);
  if (maxLength <= most) return maxLength;
  throw new ConfigError("maxLength", maxLength, `must be at most ${most}, the model's positions`);
}

/**
 * Encodes a text or a pair as ids.
 *
 * @throws {ConfigError} If there are more tokens than the model has positions.
 */
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

/**
 * Makes tensors, [1, T], of an encoding; the caller disposes of them. Every token is attended to,
 * except a `[PAD]` in the text, as in training.
 */
export function inputs({ tokenIds, segmentIds, attentionMask }: Encoding): ModelInputs {
  const row = (ids: readonly number[]) => tf.tensor2d([[...ids]], undefined, "int32"); // [1, T]
  return {
    tokenIds: row(tokenIds),
    segmentIds: row(segmentIds),
    attentionMask: row(attentionMask),
  };
}

/** Reads the numbers of a tensor and disposes of it. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<"float32">();
  } finally {
    tensor.dispose();
  }
}
