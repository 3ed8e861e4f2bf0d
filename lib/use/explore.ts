/** What a model has learnt about words: the nearest words to a word, and what each head attends to. */
import { checkArguments, checkWhole, type Kind } from "../checks.ts";
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { checkQuestion, encode, inputs } from "./text_inputs.ts";
import { cosinesTo, largest, meanRow } from "./vectors.ts";

/** A piece of the vocabulary, and its similarity to the given word. */
export interface Neighbour {
  /** The id of the piece. */
  readonly id: number;
  /** The piece itself. */
  readonly token: string;
  /** The cosine of the angle between both embeddings, -1 to 1. */
  readonly similarity: number;
}

/**
 * Finds the pieces of the vocabulary whose embeddings are most similar to that of a word.
 *
 * For a word of several pieces it uses the mean of their embeddings. The word's own pieces and
 * special tokens are left out.
 *
 * @param k How many pieces to find, at least 1. Default 10.
 * @returns At most `k` pieces, the most similar first.
 * @throws {ConfigError} If the vocabulary has no piece of the word, or `k` cannot work.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { nearestWords } from "bert/use/explore.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * strictEqual((await nearestWords(model, tokenizer, "call", 1))[0].token, "me"); // there is no other
 * ```
 */
export async function nearestWords(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  word: string,
  k = 10,
): Promise<Neighbour[]> {
  checkQuestion("nearestWords(model, tokenizer, word, k)", model, tokenizer, { word });
  checkWhole("k", k, 1);
  const { vocab } = tokenizer;
  const pieces = tokenizer.ids(word).filter((id) => !vocab.isSpecial(id));
  if (pieces.length === 0) {
    throw new ConfigError("word", word, "must be made of pieces of the vocabulary");
  }
  const table = await model.bert.wordEmbeddings.data<"float32">();
  const cosines = cosinesTo(meanRow(table, pieces, model.config.hiddenSize), table);
  for (const id of [...pieces, ...vocab.specialIds]) cosines[id] = -Infinity;
  const found = largest(cosines, k).filter((id) => cosines[id] > -Infinity);
  return found.map((id) => ({ id, token: vocab.tokenOf(id), similarity: cosines[id] }));
}

const VECTOR: Kind = {
  name: "an array of numbers",
  fits: (value) => Array.isArray(value) || ArrayBuffer.isView(value),
};

/**
 * The cosine of the angle between two vectors of the same length, `a · b / (|a| |b|)`: -1 to 1, and 0
 * if one of them is all zeros.
 *
 * @throws {ShapeError} If the vectors differ in length.
 *
 * @example
 * ```ts
 * import { cosine } from "bert/use/explore.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(cosine([3, 4], [6, 8]), 1);
 * ```
 */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkArguments("cosine(a, b)", [["a", a, VECTOR], ["b", b, VECTOR]]);
  if (a.length !== b.length) throw new ShapeError("cosine(a, b) from b", [a.length], [b.length]);
  return cosinesTo(a, b)[0];
}

/** The attention of every layer and head over one text or pair. */
export interface AttentionMaps {
  /** The tokens, T of them, special ones included. */
  readonly tokens: readonly string[];
  /**
   * `layers[layer][head][from][to]` is the weight with which position `from` attends to position
   * `to`. Each row sums to 1.
   */
  readonly layers: readonly number[][][][];
}

/**
 * Computes the attention weights of a text, or of a pair of texts.
 *
 * @throws {ConfigError} If the text is longer than the model can take.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { attentionMaps } from "bert/use/explore.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const { tokens, layers } = await attentionMaps(model, tokenizer, "call me");
 * deepStrictEqual(tokens, ["[CLS]", "call", "me", "[SEP]"]);
 * deepStrictEqual(layers[0][0].length, 4); // a row for each token
 * ```
 */
export async function attentionMaps(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  text: string,
  pair?: string,
): Promise<AttentionMaps> {
  const call = "attentionMaps(model, tokenizer, text, pair)";
  checkQuestion(call, model, tokenizer, pair === undefined ? { text } : { text, pair });
  const encoding = encode(model, tokenizer, text, pair);
  await ensureBackend();
  const attentions = tf.tidy(() => {
    const predictedPositions = tf.tensor1d([0], "int32");
    const options = { predictedPositions, outputAttentions: true };
    return model.forward(inputs(encoding), options).attentions ?? []; // L times [1, A, T, T]
  });
  const layers: number[][][][] = [];
  for (const attention of attentions) {
    layers.push((await attention.array() as number[][][][])[0]); // [A, T, T]
    attention.dispose();
  }
  return { tokens: encoding.tokens, layers };
}
