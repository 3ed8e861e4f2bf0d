/**
 * Changing the vocabulary or the length of a model. Each function returns a new model and does not
 * change the given one. The caller disposes of both.
 */
import { ARRAY, checkArguments, checkText, checkWhole, LIST } from "../checks.ts";
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { MODEL } from "./argument_kinds.ts";
import { BertPretrainHead } from "./bert.ts";
import { basicTokens } from "../tokenizer/words.ts";
import type { AddedToken } from "../tokenizer/added_tokens.ts";
import { WordPieces } from "../tokenizer/wordpiece.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

const WORDS = "bert.embeddings.word_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const DECODER_BIAS = "cls.predictions.bias";

/** Computes the values of a weight of the new model from those of the old one. */
type Change = (old: Float32Array) => Float32Array;

/**
 * Makes the same model with position embeddings for another length.
 *
 * Positions beyond the old table repeat it from the start, so that neighbours stay neighbours except
 * at each seam, which further training corrects. A shorter table is a part of the old one.
 *
 * @param length Positions of the new model.
 * @returns A new model; the caller disposes of both.
 * @throws {ConfigError} If the length is not a whole number of at least 1.
 *
 * Source: Beltagy et al. 2020, "Longformer", section 5, "Position Embeddings".
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { resizePositions } from "bert/model/resize.ts";
 * import { strictEqual } from "node:assert";
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 50 }), { seed: 1 });
 * const longer = await resizePositions(model, 1024);
 * strictEqual(longer.config.maxPositionEmbeddings, 1024);
 * ```
 */
export async function resizePositions(
  model: BertPretrainHead,
  length: number,
): Promise<BertPretrainHead> {
  checkArguments("resizePositions(model, length)", [["model", model, MODEL]]);
  const { hiddenSize, maxPositionEmbeddings: old } = model.config;
  checkWhole("length", length, 1);
  const rows = Array.from({ length }, (_, position) => [position % old]);
  return await rebuilt(model, { maxPositionEmbeddings: length }, {
    [POSITIONS]: (table) => meansOf(table, hiddenSize, rows),
  });
}

/** A piece that a vocabulary did not have, and the pieces of which its embedding is the mean. */
export interface NewPiece {
  /** The piece as it stands in the vocabulary. */
  readonly token: string;
  /** The pieces of the old vocabulary that spell it; none if they cannot. */
  readonly parts: readonly string[];
}

/** A model with another vocabulary. */
export interface Revocabulated {
  /** The new model; the caller disposes of it. */
  readonly model: BertPretrainHead;
  /** The tokenizer that goes with it. */
  readonly tokenizer: BertTokenizer;
  /** The pieces that the old vocabulary did not have. */
  readonly added: readonly NewPiece[];
}

/**
 * Makes the same model with more words. The embedding and the decoder bias of a new word are the
 * means of those of the pieces that it was cut into so far.
 *
 * @param tokenizer The model's tokenizer.
 * @param words The words as in texts. Words that the vocabulary already has are ignored.
 * @returns A new model and a new tokenizer; the caller disposes of both models.
 * @throws {ConfigError} If a word is more than one word to the tokenizer, or the tokenizer is not the
 * model's.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { addWords } from "bert/model/resize.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "un", "##seen"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const { added } = await addWords(model, tokenizer, ["Unseen"]);
 * deepStrictEqual(added, [{ token: "unseen", parts: ["un", "##seen"] }]);
 * ```
 */
export async function addWords(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  words: Iterable<string>,
): Promise<Revocabulated> {
  checkArguments("addWords(model, tokenizer, words)", [
    ["model", model, MODEL],
    ["tokenizer", tokenizer, TOKENIZER],
    ["words", words, LIST],
  ]);
  const { vocab } = tokenizer;
  const fresh = new Set([...words].map((word) => asOneToken(word, tokenizer)));
  for (const token of fresh) if (vocab.has(token)) fresh.delete(token);
  const grown = vocab.extend([...fresh]);
  return await changeVocabulary(model, tokenizer, tokenizer.withVocab(grown));
}

/**
 * Makes the same model with additional tokens, such as markers like `[E1]`. The embedding of a new
 * token is the mean of those of the pieces that it was cut into so far.
 *
 * @param tokenizer The model's tokenizer.
 * @param tokens The tokens. A string is a special token: it is found as it is typed, and never masked.
 * Tokens that the vocabulary has as pieces keep their embeddings.
 * @returns A new model and a new tokenizer; the caller disposes of both models.
 * @throws {FormatError} If a token is empty or has a line break.
 * @throws {ConfigError} If the tokenizer is not the model's.
 *
 * Source: `add_tokens()` and `resize_token_embeddings()` in transformers.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { addTokens } from "bert/model/resize.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "the", "sea"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const marked = await addTokens(model, tokenizer, ["[E1]"]);
 * deepStrictEqual(marked.tokenizer.tokenize("the [E1] sea"), ["the", "[E1]", "sea"]);
 * ```
 */
export async function addTokens(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  tokens: readonly (string | AddedToken)[],
): Promise<Revocabulated> {
  checkArguments("addTokens(model, tokenizer, tokens)", [
    ["model", model, MODEL],
    ["tokenizer", tokenizer, TOKENIZER],
    ["tokens", tokens, ARRAY],
  ]);
  const grown = tokenizer.withVocab(tokenizer.vocab.addTokens(tokens));
  return await changeVocabulary(model, tokenizer, grown);
}

/**
 * Makes the same model with another vocabulary, for instance one learnt from texts of a new domain.
 *
 * Pieces that both have keep their embedding and decoder bias. A new piece gets the mean of the old
 * pieces that spell it, or the mean of all pieces if they cannot spell it.
 *
 * @param from The model's tokenizer.
 * @param to The tokenizer with the new vocabulary.
 * @returns A new model; the caller disposes of both.
 * @throws {ConfigError} If `from` is not the model's.
 *
 * Source: Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models", for the mean of all.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { changeVocabulary } from "bert/model/resize.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const other = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "me", "ship"]));
 * const changed = await changeVocabulary(model, tokenizer, other);
 * deepStrictEqual(changed.added, [{ token: "ship", parts: [] }]); // nothing spells it
 * ```
 */
export async function changeVocabulary(
  model: BertPretrainHead,
  from: BertTokenizer,
  to: BertTokenizer,
): Promise<Revocabulated> {
  checkArguments("changeVocabulary(model, from, to)", [
    ["model", model, MODEL],
    ["from", from, TOKENIZER],
    ["to", to, TOKENIZER],
  ]);
  const { hiddenSize, vocabSize } = model.config;
  if (from.vocab.size !== vocabSize) {
    const advice =
      `must be the model's vocabSize, ${vocabSize}: give the tokenizer that goes with it`;
    throw new ConfigError("vocab.size", from.vocab.size, advice);
  }
  const added: NewPiece[] = [];
  const all = [...from.vocab.tokens.keys()];
  const pieces = new WordPieces(from.vocab);
  const rows = to.vocab.tokens.map((token, id) => {
    if (from.vocab.has(token)) return [from.vocab.idOf(token)];
    const parts = id < to.vocab.pieces ? spelling(token, pieces) : knownParts(token, from);
    added.push({ token, parts: parts.map((id) => from.vocab.tokenOf(id)) });
    return parts.length > 0 ? parts : all;
  });
  const changed = await rebuilt(
    model,
    { vocabSize: to.vocab.size, padTokenId: to.vocab.padId },
    {
      [WORDS]: (table) => meansOf(table, hiddenSize, rows),
      [DECODER_BIAS]: (bias) => meansOf(bias, 1, rows),
    },
  );
  return { model: changed, tokenizer: to, added };
}

/** Makes a model with copies of the weights, some of them changed. */
async function rebuilt(
  model: BertPretrainHead,
  settings: Partial<BertConfig>,
  changes: Readonly<Record<string, Change>>,
): Promise<BertPretrainHead> {
  const weights = new Map<string, tf.Variable>();
  for (const [name, weight] of model.weights) {
    const old = await weight.data<"float32">();
    const values = changes[name]?.(old) ?? old;
    const shape = [values.length / (weight.size / weight.shape[0]), ...weight.shape.slice(1)];
    weights.set(name, tf.tidy(() => tf.variable(tf.tensor(values, shape, "float32"))));
  }
  return new BertPretrainHead({ ...model.config, ...settings }, { weights }, model.notes);
}

/** A table of rows of `width` numbers, each of which is the mean of some rows of another table. */
function meansOf(
  table: Float32Array,
  width: number,
  rows: readonly (readonly number[])[],
): Float32Array {
  const means = new Float32Array(rows.length * width);
  const average = new Map<readonly number[], Float32Array>(); // kept, as many pieces get the mean of all
  for (const [i, sources] of rows.entries()) {
    const known = average.get(sources) ?? meanOf(table, width, sources);
    if (sources.length > 100) average.set(sources, known);
    means.set(known, i * width);
  }
  return means;
}

/** The mean of some rows of a table. */
function meanOf(table: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const [only] = rows;
  if (rows.length === 1) return table.subarray(only * width, (only + 1) * width);
  const sum = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) sum[i] += table[row * width + i];
  return Float32Array.from(sum, (value) => value / rows.length);
}

/** The ids of the pieces that spell a token of another vocabulary; none if they cannot. */
function spelling(token: string, pieces: WordPieces): number[] {
  const continues = token.startsWith("##") && token.length > 2;
  return pieces.idsOf(continues ? token.slice(2) : token, continues) ?? [];
}

/** The ids of the pieces that a tokenizer cuts a token into, without special ones such as `[UNK]`. */
function knownParts(token: string, tokenizer: BertTokenizer): number[] {
  return tokenizer.ids(token).filter((id) => !tokenizer.vocab.isSpecial(id));
}

/** A word as the tokenizer sees it. */
function asOneToken(word: string, { options }: BertTokenizer): string {
  checkText("addWords(model, tokenizer, words)", "each of words", word);
  const tokens = basicTokens(word, options);
  if (tokens.length !== 1) {
    const advice = `must be one word to the tokenizer, which sees ${JSON.stringify(tokens)}`;
    throw new ConfigError("word", word, advice);
  }
  if ([...tokens[0]].length <= options.maxWordLength) return tokens[0];
  throw new ConfigError("word", word, `must have at most ${options.maxWordLength} characters`);
}
