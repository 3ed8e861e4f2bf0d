/** Labelling each word of sentences, and evaluating a classifier of words. */
import { ensureBackend } from "../backend/choose.ts";
import { collate } from "../data/batch.ts";
import { ARRAY, checkArguments, checkOptions, checkWhole } from "../checks.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { TOKEN_CLASSIFIER } from "../training/argument_kinds.ts";
import { checkedToTensors } from "../training/batch_tensors.ts";
import { macrotask } from "../training/macrotask.ts";
import { type ClassScore, classScores, noConfusion, shareRight } from "./class_scores.ts";
import { checkSentences, checkWords, type LabelledWords, withSomeLabel } from "./labelled_words.ts";
import { mostTokens, read } from "./text_inputs.ts";
import type { BertTokenClassifier } from "./token_classifier.ts";
import { largest, softmax } from "./vectors.ts";
import {
  type Window,
  windowsOf,
  wordExample,
  wordPieces,
  type WordRow,
  wordRow,
} from "./word_rows.ts";

/** A word and its most probable class. */
export interface ClassifiedWord {
  /** The word, as it was given. */
  readonly word: string;
  /** The number of its most probable class, 0 to C - 1. */
  readonly label: number;
  /** The probability of each class; they sum to 1. */
  readonly probabilities: readonly number[];
}

/** How sentences are read. */
export interface ClassifyWordsOptions {
  /** Sentences, or parts of long ones, in a batch; at least 1. Default 32. */
  readonly batchSize?: number;
  /**
   * Longer sentences are read in parts of at most this many tokens, 3 to the model's
   * `maxPositionEmbeddings`, which is the default.
   */
  readonly maxLength?: number;
}

/** The scores of a classifier of words. Words without a label do not count. */
export interface TokenClassifierScore {
  /** The mean cross-entropy over the words, in nats. */
  readonly loss: number;
  /** The share of words whose predicted class is their label, 0 to 1. */
  readonly accuracy: number;
  /** The number of words. */
  readonly count: number;
  /** The confusion matrix, [C, C]: `confusion[label][predicted]` is a number of words. */
  readonly confusion: readonly (readonly number[])[];
  /** Precision, recall and F1 of each class, word by word; `entityScores()` counts whole names. */
  readonly classes: readonly ClassScore[];
}

/**
 * Finds the most probable class of each word of some sentences.
 *
 * Every word has an answer. A sentence of more than `maxLength` tokens is read in several parts that
 * share up to half of their tokens; a word that is in two of them is judged where it is further from
 * the edge. Parts of similar length form a batch. Padding does not change the result.
 *
 * @param sentences The words of each sentence.
 * @returns For each sentence its words with their classes, in the same order.
 * @throws {ConfigError} If an option is unknown or cannot work.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { classifyWords } from "bert/use/classify_words.ts";
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome"]));
 * const config = bertConfig("smoke", { vocabSize: 7 });
 * const model = new BertTokenClassifier(config, { classes: 2, seed: 1 });
 * const [words] = await classifyWords(model, tokenizer, [["In", "Rome"]]);
 * deepStrictEqual(words.map(({ word }) => word), ["In", "Rome"]);
 * ```
 */
export async function classifyWords(
  model: BertTokenClassifier,
  tokenizer: BertTokenizer,
  sentences: readonly (readonly string[])[],
  options: ClassifyWordsOptions = {},
): Promise<ClassifiedWord[][]> {
  const call = "classifyWords(model, tokenizer, sentences, options)";
  checkArguments(call, [
    ["model", model, TOKEN_CLASSIFIER],
    ["tokenizer", tokenizer, TOKENIZER],
    ["sentences", sentences, ARRAY],
  ]);
  for (const [i, words] of sentences.entries()) {
    checkWords(call, `entry ${i} of sentences`, words);
  }
  const sizes = sizesOf("classifyWords()", model, options);
  const logits = await wordLogits(model, tokenizer, sentences, sizes);
  return sentences.map((words, sentence) =>
    words.map((word, i) => {
      const probabilities = [...softmax(logits[sentence][i])];
      return { word, label: largest(probabilities, 1)[0], probabilities };
    })
  );
}

/**
 * Evaluates a classifier of words on labelled sentences, without dropout. Every word that has a label
 * counts, also in sentences that are longer than `maxLength`, as in `classifyWords()`.
 *
 * @throws {ConfigError} If no word has a label, or an option is unknown or cannot work.
 * @throws {RangeError} If a label is not one of the model's classes and not -1, or a sentence has more
 * or fewer labels than words. The message names the number of the sentence.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { evaluateTokenClassifier } from "bert/use/classify_words.ts";
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome"]));
 * const config = bertConfig("smoke", { vocabSize: 7 });
 * const model = new BertTokenClassifier(config, { classes: 2, seed: 1 });
 * const sentences = [{ words: ["In", "Rome"], labels: [0, 1] }];
 * const { count, classes } = await evaluateTokenClassifier(model, sentences, tokenizer);
 * strictEqual(count, 2);
 * strictEqual(classes[1].count, 1); // Rome
 * ```
 */
export async function evaluateTokenClassifier(
  model: BertTokenClassifier,
  sentences: readonly LabelledWords[],
  tokenizer: BertTokenizer,
  options: ClassifyWordsOptions = {},
): Promise<TokenClassifierScore> {
  const call = "evaluateTokenClassifier(model, sentences, tokenizer, options)";
  checkArguments(call, [["model", model, TOKEN_CLASSIFIER]]);
  const sizes = sizesOf("evaluateTokenClassifier()", model, options);
  checkSentences(call, sentences, tokenizer, model.classes);
  const asked = withSomeLabel(sentences);
  const words = asked.map((sentence) => sentence.words);
  const logits = await wordLogits(model, tokenizer, words, sizes);
  const confusion = noConfusion(model.classes);
  let loss = 0;
  for (const [sentence, { labels }] of asked.entries()) {
    for (const [i, label] of labels.entries()) {
      if (label < 0) continue;
      const scores = logits[sentence][i];
      loss += crossEntropy(scores, label);
      confusion[label][largest(scores, 1)[0]]++;
    }
  }
  const classes = classScores(confusion);
  const count = classes.reduce((sum, one) => sum + one.count, 0);
  return { loss: loss / count, accuracy: shareRight(confusion), count, confusion, classes };
}

/** -log softmax(logits)[label], in nats. Large logits do not overflow, as the largest is subtracted. */
function crossEntropy(logits: Float32Array, label: number): number {
  const most = Math.max(...logits);
  const total = logits.reduce((sum, score) => sum + Math.exp(score - most), 0);
  return Math.log(total) + most - logits[label];
}

/** Checks the options, and fills in those that were not given. */
function sizesOf(
  what: string,
  { config }: BertTokenClassifier,
  options: ClassifyWordsOptions,
): Required<ClassifyWordsOptions> {
  checkOptions(what, options, ["batchSize", "maxLength"]);
  const { batchSize = 32 } = options;
  checkWhole("batchSize", batchSize, 1);
  return { batchSize, maxLength: mostTokens(options, config) };
}

/** A part of a sentence as a row. */
interface Part extends Window {
  /** The number of the sentence. */
  readonly sentence: number;
  /** Its words, of which the first is word `start` of the sentence. */
  readonly words: readonly string[];
  /** The pieces of these words. */
  readonly row: WordRow;
}

/** The logits of each word of each sentence, [C]. */
async function wordLogits(
  model: BertTokenClassifier,
  tokenizer: BertTokenizer,
  sentences: readonly (readonly string[])[],
  { batchSize, maxLength }: Required<ClassifyWordsOptions>,
): Promise<Float32Array[][]> {
  const parts = sentences.flatMap((words, sentence) =>
    partsOf(words, tokenizer, maxLength).map((part) => ({ ...part, sentence }))
  );
  parts.sort((a, b) => a.row.tokenIds.length - b.row.tokenIds.length);
  const logits = sentences.map(({ length }) => new Array<Float32Array>(length));
  for (let done = 0; done < parts.length; done += batchSize) {
    const batch = parts.slice(done, done + batchSize);
    const scores = await scoreParts(model, batch, tokenizer);
    for (const [b, { sentence, start, from, to }] of batch.entries()) {
      for (let word = from; word < to; word++) logits[sentence][word] = scores[b](word - start);
    }
    await macrotask();
  }
  return logits;
}

function partsOf(
  words: readonly string[],
  tokenizer: BertTokenizer,
  maxLength: number,
): Omit<Part, "sentence">[] {
  const pieces = wordPieces(words, tokenizer);
  return windowsOf(pieces, maxLength - 2).map((window) => {
    const { start, end } = window;
    const row = wordRow(pieces.slice(start, end), tokenizer.vocab, maxLength);
    return { ...window, words: words.slice(start, end), row };
  });
}

/** For each part a function that gives the logits, [C], of its words, counted from 0. */
async function scoreParts(
  model: BertTokenClassifier,
  parts: readonly Part[],
  { vocab: { padId: padTokenId, maskId: maskTokenId } }: BertTokenizer,
): Promise<((word: number) => Float32Array)[]> {
  const examples = parts.map(({ row, words }) =>
    wordExample(row, row.tokenIds.map(() => -1), words)
  );
  const { maxPositionEmbeddings: maxLength } = model.config;
  const batch = collate(examples, { padTokenId, maskTokenId, maxLength });
  await ensureBackend();
  using inputs = checkedToTensors(batch);
  const values = await read(model.forward(inputs)); // B*T*C numbers
  return parts.map(({ row: { columns } }, b) => (word) => {
    const at = (b * batch.length + columns[word]) * model.classes;
    return values.subarray(at, at + model.classes);
  });
}
