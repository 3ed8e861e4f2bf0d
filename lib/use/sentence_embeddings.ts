/** Embeddings: one vector for a sentence, or one for each of its tokens, from any encoder. */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import {
  ARRAY,
  checkArguments,
  checkOptions,
  checkSwitches,
  checkText,
  checkWhole,
  TEXT,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { BertModel } from "../model/bert.ts";
import { BACKBONE } from "../model/argument_kinds.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { BertTokenizer, type Encoding } from "../tokenizer/bert_tokenizer.ts";

import {
  readLength,
  readModules,
  readPooling,
  readPrompt,
  readSwitch,
  TRANSFORMER,
} from "./sentence_transformers_files.ts";
import { mostTokens } from "./text_inputs.ts";

/** Options of `sentenceEmbeddings()`. */
export interface EmbeddingOptions {
  /**
   * The `"mean"` of the vectors of all tokens, special ones included (default), or the vector at
   * `[CLS]`.
   */
  readonly pooling?: "mean" | "cls";
  /** Whether `[CLS]` and `[SEP]` count in the mean. Default true, as in published sentence models. */
  readonly specialTokens?: boolean;
  /** Whether to scale each vector to length 1, so that dot products are cosines. Default false. */
  readonly normalize?: boolean;
  /**
   * Longer texts are cut to this many tokens, 3 to the model's `maxPositionEmbeddings`, which is the
   * default.
   */
  readonly maxLength?: number;
  /** Texts in a batch, at least 1. Default 32. */
  readonly batchSize?: number;
  /** A prefix of each text, such as `"query: "` for some models. Default: none. */
  readonly prompt?: string;
  /**
   * Whether the tokens of the prompt and the `[CLS]` before it count in the mean. If not, pooling
   * `"cls"` takes the vector of the first token after the prompt. Default true.
   */
  readonly includePrompt?: boolean;
  /** Whether to lower-case texts even if the tokenizer does not. Default false. */
  readonly lowercase?: boolean;
}

/**
 * Computes a vector for each text.
 *
 * Texts of similar length form a batch, so that there is little padding. Padding does not change the
 * result. `embeddingOptions()` reads from a model's folder the options with which it was trained.
 *
 * @returns One `[H]` for each text, in the order of the texts.
 * @throws {ConfigError} If an option cannot work, or a text has no token where `specialTokens` is false.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * Source: Reimers and Gurevych 2019, "Sentence-BERT", section 3; `Pooling` and `Normalize` in
 * sentence-transformers. A model that was only pre-trained was not trained to make such vectors
 * comparable.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertModel } from "bert/model/bert.ts";
 * import { sentenceEmbeddings } from "bert/use/sentence_embeddings.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const bert = new BertModel(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const [a, b] = await sentenceEmbeddings(bert, tokenizer, ["call me", "call"]);
 * strictEqual(a.length, 32);
 * ```
 */
export async function sentenceEmbeddings(
  bert: BertModel,
  tokenizer: BertTokenizer,
  texts: readonly string[],
  options: EmbeddingOptions = {},
): Promise<Float32Array[]> {
  checkOptions("sentenceEmbeddings()", options, OPTIONS);
  const { pooling = "mean", specialTokens = true, normalize = false, batchSize = 32 } = options;
  const call = "sentenceEmbeddings(bert, tokenizer, texts, options)";
  checkArguments(call, [
    ["bert", bert, BACKBONE],
    ["tokenizer", tokenizer, TOKENIZER],
    ["texts", texts, ARRAY],
  ]);
  for (const [i, text] of texts.entries()) {
    checkArguments(call, [[`entry ${i} of texts`, text, TEXT]]);
  }
  const maxLength = checkSizes(bert, options);
  const { prompt = "", includePrompt = true, lowercase = false } = options;
  const encoder = lowercase ? lowercasing(tokenizer) : tokenizer;
  const encode = (text: string) => encoder.encode(text, undefined, { maxLength });
  const encodings = texts.map((text) => encode(prompt + text));
  const promptLength = prompt === "" ? 0 : length(encode(prompt)); // with [CLS] and [SEP]
  if (promptLength >= maxLength) {
    const advice = `must leave room for a text within ${maxLength} tokens: shorten it`;
    throw new ConfigError("prompt", prompt, advice);
  }
  const start = includePrompt ? 0 : Math.max(0, promptLength - 1); // without [SEP]
  const empty = specialTokens ? -1 : encodings.findIndex((encoding) => length(encoding) <= 2);
  if (empty >= 0) throw new ConfigError("text", texts[empty], "must have at least one token");
  const order = [...encodings.keys()].sort((a, b) => length(encodings[a]) - length(encodings[b]));
  const embeddings: Float32Array[] = new Array(texts.length);
  for (let done = 0; done < order.length; done += batchSize) {
    const chosen = order.slice(done, done + batchSize);
    const rows = await tokenRows(bert, chosen.map((i) => encodings[i]), tokenizer.vocab.padId);
    chosen.forEach((i, b) => {
      const counted = specialTokens ? rows[b].slice(start) : rows[b].slice(Math.max(1, start), -1);
      const width = bert.config.hiddenSize;
      const vector = pooling === "mean"
        ? mean(counted, width)
        : (rows[b][start] ?? rows[b][0]).slice();
      embeddings[i] = normalize ? toLengthOne(vector) : vector;
    });
  }
  return embeddings;
}

/** The tokens of a text, and the last layer's vector of each. */
export interface TokenEmbeddings {
  /** The T tokens, including `[CLS]` and `[SEP]`. */
  readonly tokens: readonly string[];
  /** The start and end of each token in the text, in UTF-16 units; `[0, 0]` for special tokens. */
  readonly offsets: readonly (readonly [number, number])[];
  /** T vectors of H numbers each. */
  readonly vectors: readonly Float32Array[];
}

/**
 * Computes a vector for each token of a text, including `[CLS]` and `[SEP]`.
 *
 * @throws {ConfigError} If `maxLength` cannot work.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertModel } from "bert/model/bert.ts";
 * import { tokenEmbeddings } from "bert/use/sentence_embeddings.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const bert = new BertModel(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const { offsets, vectors } = await tokenEmbeddings(bert, tokenizer, "Call me");
 * deepStrictEqual(offsets.slice(1, 3), [[0, 4], [5, 7]]);
 * deepStrictEqual(vectors.length, 4);
 * ```
 */
export async function tokenEmbeddings(
  bert: BertModel,
  tokenizer: BertTokenizer,
  text: string,
  options: Pick<EmbeddingOptions, "maxLength"> = {},
): Promise<TokenEmbeddings> {
  const call = "tokenEmbeddings(bert, tokenizer, text, options)";
  checkArguments(call, [
    ["bert", bert, BACKBONE],
    ["tokenizer", tokenizer, TOKENIZER],
    ["text", text, TEXT],
  ]);
  checkOptions("tokenEmbeddings()", options, ["maxLength"]);
  const maxLength = checkSizes(bert, options);
  const encoding = tokenizer.encode(text, undefined, { maxLength });
  const [vectors] = await tokenRows(bert, [encoding], tokenizer.vocab.padId);
  return { tokens: encoding.tokens, offsets: encoding.offsets, vectors };
}

const OPTIONS = [
  "pooling",
  "specialTokens",
  "normalize",
  "maxLength",
  "batchSize",
  "prompt",
  "includePrompt",
  "lowercase",
];

/** The same tokenizer with lower-casing. It keeps or strips accents as before. */
function lowercasing(tokenizer: BertTokenizer): BertTokenizer {
  const { vocab, options, cleanUp } = tokenizer;
  if (options.lowercase) return tokenizer;
  const stripAccents = options.stripAccents ?? false;
  return new BertTokenizer(vocab, { ...options, lowercase: true, stripAccents, cleanUp });
}

/** Checks the options, and returns the greatest number of tokens of a text. */
function checkSizes(bert: BertModel, options: EmbeddingOptions): number {
  const { pooling = "mean", specialTokens = true, batchSize = 32 } = options;
  checkSwitches(options, ["specialTokens", "normalize", "includePrompt", "lowercase"]);
  if (pooling !== "mean" && pooling !== "cls") {
    throw new ConfigError("pooling", pooling, 'must be "mean" or "cls"');
  }
  if (pooling === "cls" && !specialTokens) {
    throw new ConfigError("specialTokens", false, 'must be true where pooling is "cls"');
  }
  if (typeof (options.prompt ?? "") !== "string") {
    throw new ConfigError("prompt", options.prompt, "must be a text");
  }
  checkWhole("batchSize", batchSize, 1);
  return mostTokens(options, bert.config);
}

/** The last layer's vectors of each text, without padding. */
async function tokenRows(
  bert: BertModel,
  encodings: readonly Encoding[],
  padId: number,
): Promise<Float32Array[][]> {
  await ensureBackend();
  const longest = Math.max(...encodings.map(length));
  const padded = (ids: readonly number[], by: number) => [
    ...ids,
    ...new Array<number>(longest - ids.length).fill(by),
  ];
  const { hidden } = bert.forward({
    tokenIds: encodings.map(({ tokenIds }) => padded(tokenIds, padId)),
    segmentIds: encodings.map(({ segmentIds }) => padded(segmentIds, 0)),
    attentionMask: encodings.map(({ attentionMask }) => padded(attentionMask, 0)),
  }); // [B, T, H]
  try {
    const values = await hidden.data<"float32">();
    const width = bert.config.hiddenSize;
    const row = (at: number) => values.subarray(at * width, (at + 1) * width);
    return encodings.map(({ tokenIds }, b) => tokenIds.map((_, t) => row(b * longest + t)));
  } finally {
    tf.dispose(hidden);
  }
}

function length({ tokenIds }: Encoding): number {
  return tokenIds.length;
}

/** The mean of rows, summed in double precision; zeros if there are no rows. */
function mean(rows: readonly Float32Array[], width: number): Float32Array {
  const sum = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i] += row[i];
  return Float32Array.from(sum, (value) => value / Math.max(1, rows.length));
}

/** Scales a vector to length 1. A vector of zeros is not changed. */
function toLengthOne(vector: Float32Array): Float32Array {
  const squares = vector.reduce((sum, value) => sum + value * value, 0);
  return vector.map((value) => value / (Math.sqrt(squares) || 1));
}

/**
 * Reads the options for `sentenceEmbeddings()` from a model's folder: pooling, normalisation, length,
 * the prompt before each text, and lower-casing.
 *
 * @param promptName One of the folder's prompts, `"query"` for instance. Default: the folder's default.
 * @returns The options. If there is no `modules.json`, the folder is a plain BERT, and the options are
 * empty.
 * @throws {FormatError} If a file cannot be read, or the model has parts that this library does not
 * support: another pooling, or a dense layer.
 * @throws {ConfigError} If the folder has no prompt of that name.
 *
 * @example
 * ```ts
 * import { embeddingOptions } from "bert/use/sentence_embeddings.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(await embeddingOptions(await Deno.makeTempDir()), {}); // the defaults
 * ```
 */
export async function embeddingOptions(
  folder: string,
  promptName?: string,
): Promise<EmbeddingOptions> {
  const call = "embeddingOptions(folder, promptName)";
  checkText(call, "folder", folder);
  if (promptName !== undefined) checkText(call, "promptName", promptName);
  const modules = await readModules(folder);
  const prompt = await readPrompt(folder, promptName);
  if (modules.length === 0) return {};
  const options: { -readonly [K in keyof EmbeddingOptions]: EmbeddingOptions[K] } = {};
  if (prompt !== "") options.prompt = prompt;
  for (const { kind, folder: own } of modules) {
    if (kind === "Normalize") options.normalize = true;
    else if (kind === "Pooling") {
      const path = `${folder}/${own}/config.json`;
      options.pooling = await readPooling(path);
      if (await readSwitch(path, "include_prompt") === false) options.includePrompt = false;
    }
  }
  if (await readSwitch(`${folder}/${TRANSFORMER}`, "do_lower_case")) options.lowercase = true;
  const maxLength = await readLength(folder);
  return maxLength === undefined ? options : { ...options, maxLength };
}
