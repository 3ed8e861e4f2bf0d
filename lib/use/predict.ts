/** What a pre-trained model predicts: the words in blanks, and whether one sentence follows another. */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { checkQuestion, encode, inputs, read } from "./text_inputs.ts";
import { largest } from "./vectors.ts";

/** One way to fill a blank. */
export interface Guess {
  /** The number of the piece in the vocabulary. */
  readonly id: number;
  /** The piece itself. */
  readonly token: string;
  /** Its probability. Over the whole vocabulary the probabilities sum to 1. */
  readonly probability: number;
}

/** Options of `fillMask()`. */
export interface FillMaskOptions {
  /** Guesses for each blank, at least 1; default 5. */
  readonly topK?: number;
}

/**
 * Fills each `[MASK]` of a text.
 *
 * Each blank is filled independently, while the others stay blank.
 *
 * @param text A text with at least one `[MASK]`.
 * @returns The guesses for each blank, in order, the most probable first.
 * @throws {ConfigError} If there is no `[MASK]`, the text is longer than the model can take, or an
 * option is unknown or cannot work.
 * @throws {TypeError} If an argument is not what it has to be.
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
  options: FillMaskOptions = {},
): Promise<Guess[][]> {
  checkQuestion("fillMask(model, tokenizer, text, options)", model, tokenizer, { text });
  checkOptions("fillMask()", options, ["topK"]);
  const { topK = 5 } = options;
  checkWhole("topK", topK, 1);
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
 * Computes the probability that `second` is the sentence after `first`, by the NSP head.
 *
 * @returns A number from 0 to 1.
 * @throws {ConfigError} If the two are longer than the model can take.
 * @throws {TypeError} If an argument is not what it has to be.
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
  const call = "isNext(model, tokenizer, first, second)";
  checkQuestion(call, model, tokenizer, { first, second });
  const encoding = encode(model, tokenizer, first, second);
  await ensureBackend();
  const probabilities = tf.tidy(() => {
    const predictedPositions = tf.tensor1d([0], "int32"); // at least one position is required
    return tf.softmax(model.forward(inputs(encoding), { predictedPositions }).nspLogits); // [1, 2]
  });
  return (await read(probabilities))[0]; // label 0 is "next"
}
