/** Sentences with a label for each word, as padded batches to train a classifier of words. */
import { collate } from "../data/batch.ts";
import { chunks } from "../data/epochs.ts";
import type { MaskedExample } from "../data/example.ts";
import {
  ARRAY,
  checkArguments,
  checkEntries,
  checkOptions,
  checkWhole,
  having,
  nameOf,
  TEXT,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { LabelledBatch } from "./labelled_texts.ts";
import { wordExample, wordPieces, wordRow } from "./word_rows.ts";

/** The words of a sentence, and the class of each. */
export interface LabelledWords {
  /** The words, as in `["Ann", "lives", "in", "Rome", "."]`. */
  readonly words: readonly string[];
  /** The number of each word's class, 0 to C - 1; -1 for a word that has none and does not count. */
  readonly labels: readonly number[];
}

/** How many sentences a batch has, and how long they may be. */
export interface WordBatchOptions {
  /** Sentences in a batch, at least 1; the last batch may have fewer. */
  readonly batchSize: number;
  /** Longer sentences are cut to this many tokens, at least 3. The words beyond them do not count. */
  readonly maxLength: number;
}

/**
 * Makes batches of sentences in the given order. The first piece of a word has the word's label. All
 * other pieces, `[CLS]`, `[SEP]` and padding have -1, which the loss ignores.
 *
 * A word of which the tokenizer makes nothing, such as an empty one, stands as `[UNK]`, so that it has
 * its label, too, and no label is shifted.
 *
 * @returns Batches whose `labels` are those of the tokens, [B*T] row by row.
 * @throws {ConfigError} If an option is unknown or a size cannot work.
 * @throws {RangeError} If a label is not a whole number of at least -1, or a sentence has more or fewer
 * labels than words. The message names the number of the sentence.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { labelledWordBatches } from "bert/use/labelled_words.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome", "##s"]));
 * const sentences = [{ words: ["in", "Romes"], labels: [0, 1] }];
 * const [{ labels }] = labelledWordBatches(sentences, tokenizer, { batchSize: 1, maxLength: 8 });
 * deepStrictEqual([...labels], [-1, 0, 1, -1, -1, -1, -1, -1]); // [CLS] in rome ##s [SEP] and padding
 * ```
 *
 * Source: Devlin et al. 2018 section 5.3: "We use the representation of the first sub-token as the
 * input to the token-level classifier".
 */
export function labelledWordBatches(
  sentences: readonly LabelledWords[],
  tokenizer: BertTokenizer,
  options: WordBatchOptions,
): LabelledBatch[] {
  checkOptions("labelledWordBatches()", options, ["batchSize", "maxLength"]);
  checkSentences("labelledWordBatches(sentences, tokenizer, options)", sentences, tokenizer);
  const { batchSize, maxLength } = options;
  checkWhole("batchSize", batchSize, 1);
  checkWhole("maxLength", maxLength, 3);
  const rows = sentenceRows(sentences, tokenizer, maxLength);
  return Array.from(chunks(rows, batchSize), (part) => sentenceBatch(part, tokenizer, maxLength));
}

/** Encodes sentences that were checked, as examples whose labels are those of the words. */
export function sentenceRows(
  sentences: readonly LabelledWords[],
  tokenizer: BertTokenizer,
  maxLength: number,
): MaskedExample[] {
  return sentences.map((sentence) => labelledExample(sentence, tokenizer, maxLength));
}

/** Makes one batch of encoded sentences. */
export function sentenceBatch(
  rows: readonly MaskedExample[],
  { vocab: { padId: padTokenId, maskId: maskTokenId } }: BertTokenizer,
  maxLength: number,
): LabelledBatch {
  const batch = collate(rows, { padTokenId, maskTokenId, maxLength });
  return { batch, labels: batch.mlmLabels }; // padded like the labels of masked words
}

/** A sentence as an example whose labels are those of its words. */
function labelledExample(
  { words, labels }: LabelledWords,
  tokenizer: BertTokenizer,
  maxLength: number,
): MaskedExample {
  const row = wordRow(wordPieces(words, tokenizer), tokenizer.vocab, maxLength);
  const wanted = row.tokenIds.map(() => -1);
  for (const [i, column] of row.columns.entries()) wanted[column] = labels[i];
  return wordExample(row, wanted, words);
}

/**
 * Checks labelled sentences and a tokenizer before anything is computed.
 *
 * @param call The function with the names of its arguments.
 * @param classes The number of classes. Without it every whole number from 0 is a class.
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {RangeError} If a label is not one of the classes and not -1, or a sentence has more or fewer
 * labels than words.
 */
export function checkSentences(
  call: string,
  sentences: readonly LabelledWords[],
  tokenizer: BertTokenizer,
  classes = Infinity,
): void {
  checkArguments(call, [["sentences", sentences, ARRAY], ["tokenizer", tokenizer, TOKENIZER]]);
  for (const [i, sentence] of sentences.entries()) {
    checkArguments(call, [[`entry ${i} of sentences`, sentence, LABELLED]]);
    const { words, labels } = sentence;
    checkWords(call, `the words of entry ${i} of sentences`, words);
    checkArguments(call, [[`the labels of entry ${i} of sentences`, labels, ARRAY]]);
    checkLabels(sentence, i, classes);
  }
}

const LABELLED = having("{ words, labels }", "words", "labels");

/** Throws `TypeError` unless the words of a sentence are an array of texts. */
export function checkWords(call: string, name: string, words: unknown): void {
  checkArguments(call, [[name, words, ARRAY]]);
  checkEntries(call, name, words as readonly unknown[], TEXT);
}

/** Throws `RangeError` unless sentence number `i` has a label for each word, and each is a class or -1. */
function checkLabels({ words, labels }: LabelledWords, i: number, classes: number): void {
  if (labels.length !== words.length) {
    throw new RangeError(
      `Cannot use sentence ${i}: expected a label for each of its ${words.length} words, found ` +
        `${labels.length}: give a word without a label the label -1`,
    );
  }
  const wrong = Array.from(labels).findIndex((label) =>
    !(Number.isSafeInteger(label) && label >= -1 && label < classes)
  );
  if (wrong < 0) return;
  const range = classes === Infinity ? "a whole number of at least 0" : `0 to ${classes - 1}`;
  const fix = typeof labels[wrong] === "string"
    ? `: number the classes, as with ["O", "PLACE"].indexOf(label)`
    : "";
  throw new RangeError(
    `Cannot use label ${nameOf(labels[wrong])} of word ${wrong} of sentence ${i}: expected the ` +
      `number of a class, ${range}, or -1 for none${fix}`,
  );
}

/**
 * The sentences in which some word has a label. The others can neither teach nor test anything.
 *
 * @throws {ConfigError} If there is no such sentence.
 */
export function withSomeLabel(sentences: readonly LabelledWords[]): LabelledWords[] {
  const chosen = sentences.filter(({ labels }) => labels.some((label) => label >= 0));
  if (chosen.length > 0) return chosen;
  throw new ConfigError("sentences", sentences, "must have at least one word with a label");
}
