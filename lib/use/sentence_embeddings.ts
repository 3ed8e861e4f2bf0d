/**
 * One vector for a sentence, or one for each of its tokens, from any encoder: the use that most
 * published BERTs are put to.
 */
import * as tf from "@tensorflow/tfjs";
import { ensureBackend } from "../backend/choose.ts";
import { ARRAY, checkArguments, checkOptions, checkText, checkWhole, TEXT } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { BertModel } from "../model/bert.ts";
import { BACKBONE } from "../model/arguments.ts";
import { TOKENIZER } from "../tokenizer/arguments.ts";
import { BertTokenizer, type Encoding } from "../tokenizer/bert_tokenizer.ts";

import {
  readLength,
  readModules,
  readPooling,
  readPrompt,
  readSwitch,
  TRANSFORMER,
} from "./sentence_files.ts";

/** How a sentence becomes a vector. */
export interface EmbeddingOptions {
  /** `"mean"` of all tokens, the default, special ones included; or the vector at `[CLS]`. */
  readonly pooling?: "mean" | "cls";
  /** Whether `[CLS]` and `[SEP]` count in the mean. Default true, as in published sentence models. */
  readonly specialTokens?: boolean;
  /** Whether to scale each vector to length 1, so that products are cosines. Default false. */
  readonly normalize?: boolean;
  /** Longer texts lose what is beyond this many tokens; by default as many as the model can take. */
  readonly maxLength?: number;
  /** Texts that go through the encoder together. Default 32. */
  readonly batchSize?: number;
  /** What is put before each text, as `"query: "` is for some models. Default: nothing. */
  readonly prompt?: string;
  /**
   * Whether the tokens of the prompt count, `[CLS]` before it among them; if not, `"cls"` takes the
   * vector of the first token behind the prompt. Default true.
   */
  readonly includePrompt?: boolean;
  /** Whether to lower-case texts even where the tokenizer does not. Default false. */
  readonly lowercase?: boolean;
}

/**
 * A vector for each text.
 *
 * Texts of like length go through the encoder together, so that there is little padding; padding
 * changes nothing. How the model was meant to be used, `embeddingOptions()` reads from its folder.
 *
 * @returns One `[H]` for each text, in the order of the texts.
 * @throws {ConfigError} If an option cannot work, or a text has no token where `specialTokens` is false.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * Source: Reimers and Gurevych 2019, "Sentence-BERT", section 3; `Pooling` and `Normalize` in
 * sentence-transformers. A model that was only pre-trained was never asked to make such vectors comparable.
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
  const cutter = lowercase ? lowercasing(tokenizer) : tokenizer;
  const encode = (text: string) => cutter.encode(text, undefined, { maxLength });
  const encodings = texts.map((text) => encode(prompt + text));
  const start = prompt === "" || includePrompt ? 0 : length(encode(prompt)) - 1; // without [SEP]
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

/** The tokens of a text and the last layer's vector at each. */
export interface TokenEmbeddings {
  /** The T tokens, `[CLS]` and `[SEP]` among them. */
  readonly tokens: readonly string[];
  /** Where each token stands in the text, in UTF-16 units; `[0, 0]` for special tokens. */
  readonly offsets: readonly (readonly [number, number])[];
  /** T vectors [H]. */
  readonly vectors: readonly Float32Array[];
}

/**
 * A vector for each token of a text, `[CLS]` and `[SEP]` included.
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

/** The same tokenizer, but lower-casing; it leaves accents where it left them before. */
function lowercasing(tokenizer: BertTokenizer): BertTokenizer {
  const { vocab, options, cleanUp } = tokenizer;
  if (options.lowercase) return tokenizer;
  const stripAccents = options.stripAccents ?? false;
  return new BertTokenizer(vocab, { ...options, lowercase: true, stripAccents, cleanUp });
}

/** Checks the options, and says how many tokens a text may have. */
function checkSizes(bert: BertModel, options: EmbeddingOptions): number {
  const most = bert.config.maxPositionEmbeddings;
  const { pooling = "mean", specialTokens = true, maxLength = most, batchSize = 32 } = options;
  if (pooling !== "mean" && pooling !== "cls") {
    throw new ConfigError("pooling", pooling, 'must be "mean" or "cls"');
  }
  if (pooling === "cls" && !specialTokens) {
    throw new ConfigError("specialTokens", false, 'must be true where pooling is "cls"');
  }
  if (typeof (options.prompt ?? "") !== "string") {
    throw new ConfigError("prompt", options.prompt, "must be text");
  }
  checkWhole("batchSize", batchSize, 1);
  if (maxLength <= most) return maxLength;
  throw new ConfigError("maxLength", maxLength, `must be at most ${most}, the model's positions`);
}

/** The last layer's vectors of each text, those of padding left out. */
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

/** In double precision, as many small numbers are added up; zeros where there are no rows. */
function mean(rows: readonly Float32Array[], width: number): Float32Array {
  const sum = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i] += row[i];
  return Float32Array.from(sum, (value) => value / Math.max(1, rows.length));
}

/** A vector of zeros stays one. */
function toLengthOne(vector: Float32Array): Float32Array {
  const squares = vector.reduce((sum, value) => sum + value * value, 0);
  return vector.map((value) => value / (Math.sqrt(squares) || 1));
}

/**
 * The options for `sentenceEmbeddings()` that a folder asks for: pooling, normalisation, length, the
 * prompt before each text, lower-casing.
 *
 * @param promptName One of the folder's prompts, `"query"` for instance. Default: the folder's default.
 * @returns Nothing set where there is no `modules.json`: the folder is a plain BERT.
 * @throws {FormatError} If a file cannot be read, or the model does more than this library: another
 * pooling, a dense layer.
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
