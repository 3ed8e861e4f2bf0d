/** Labelled texts as padded batches, to train and evaluate a classifier. */
import { type Batch, collate } from "../data/batch.ts";
import { chunks } from "../data/epochs.ts";
import type { MaskedExample } from "../data/example.ts";
import {
  ARRAY,
  checkArguments,
  checkOptions,
  checkWhole,
  having,
  nameOf,
  TEXT,
} from "../checks.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** A text and its class. */
export interface LabelledText {
  /** The text to classify. */
  readonly text: string;
  /** A second text, for tasks about two texts. */
  readonly pair?: string;
  /** The number of its class, 0 to C - 1. */
  readonly label: number;
}

/** Labelled texts, or sentences with labelled words, as padded rows. */
export interface LabelledBatch {
  /** The texts as input of the model. */
  readonly batch: Batch;
  /**
   * The class of each row, [B]; for a classifier of words that of each token, [B*T] row by row, and -1
   * where there is none.
   */
  readonly labels: Int32Array;
}

/**
 * Makes batches of texts in the given order, cut to `maxLength` tokens. Every batch but the last is
 * full.
 *
 * @throws {ConfigError} If an option is unknown or a size cannot work.
 * @throws {RangeError} If a label is not a whole number of at least 0.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { labelledBatches } from "bert/use/labelled_texts.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const texts = [{ text: "sea", label: 0 }, { text: "land", label: 1 }, { text: "sea", label: 0 }];
 * const batches = labelledBatches(texts, tokenizer, { batchSize: 2, maxLength: 8 });
 * deepStrictEqual(batches.map(({ labels }) => [...labels]), [[0, 1], [0]]);
 * ```
 */
export function labelledBatches(
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  options: { readonly batchSize: number; readonly maxLength: number },
): LabelledBatch[] {
  checkOptions("labelledBatches()", options, ["batchSize", "maxLength"]);
  checkTexts("labelledBatches(texts, tokenizer, options)", texts, tokenizer);
  const { batchSize, maxLength } = options;
  checkWhole("batchSize", batchSize, 1);
  const rows = textRows(texts, tokenizer, maxLength);
  return Array.from(chunks(rows, batchSize), (part) => textBatch(part, tokenizer, maxLength));
}

/** A text as ids, and its class. */
export interface TextRow {
  /** The ids, without labels for masked words and for the pair. */
  readonly example: MaskedExample;
  /** The number of its class. */
  readonly label: number;
}

/** Encodes texts that were checked, cut to `maxLength` tokens. */
export function textRows(
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  maxLength: number,
): TextRow[] {
  return texts.map((text) => ({
    example: exampleOf(text, tokenizer, maxLength),
    label: text.label,
  }));
}

/** Makes one batch of encoded texts. */
export function textBatch(
  rows: readonly TextRow[],
  { vocab: { padId: padTokenId, maskId: maskTokenId } }: BertTokenizer,
  maxLength: number,
): LabelledBatch {
  const examples = rows.map(({ example }) => example);
  const labels = Int32Array.from(rows, ({ label }) => label);
  return { batch: collate(examples, { padTokenId, maskTokenId, maxLength }), labels };
}

/**
 * Checks labelled texts and a tokenizer before anything is computed.
 *
 * @param call The function with the names of its arguments.
 * @param classes The number of classes. Without it every whole number from 0 is a class.
 * @throws {TypeError} If the texts are not an array, one of them is not a text, or the tokenizer is
 * not a `BertTokenizer`.
 * @throws {RangeError} If a label is not one of the classes. The message names the label and the
 * number of its text.
 */
export function checkTexts(
  call: string,
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  classes = Infinity,
): void {
  checkArguments(call, [["texts", texts, ARRAY], ["tokenizer", tokenizer, TOKENIZER]]);
  for (const [i, entry] of texts.entries()) {
    checkArguments(call, [[`entry ${i} of texts`, entry, LABELLED]]);
    checkArguments(call, [[`the text of entry ${i} of texts`, entry.text, TEXT]]);
    checkLabel(entry.label, i, classes);
  }
}

const LABELLED = having("{ text, label }", "text");

/** Throws `RangeError` unless the label of text number `i` is one of the classes. */
function checkLabel(label: unknown, i: number, classes: number): void {
  if (Number.isSafeInteger(label) && label as number >= 0 && label as number < classes) return;
  const range = classes === Infinity ? "a whole number of at least 0" : `0 to ${classes - 1}`;
  const fix = typeof label === "string"
    ? `: number the classes, as with ["no", "yes"].indexOf(label)`
    : "";
  throw new RangeError(
    `Cannot use label ${
      nameOf(label)
    } of text ${i}: expected the number of a class, ${range}${fix}`,
  );
}

/** A text as an example without labels for masked words and for the pair. */
function exampleOf(
  { text, pair }: LabelledText,
  tokenizer: BertTokenizer,
  maxLength: number,
): MaskedExample {
  const { tokenIds, segmentIds } = tokenizer.encode(text, pair, { maxLength });
  const first = { document: text, start: 0, end: 1 };
  const labels = tokenIds.map(() => -1);
  return { tokenIds, segmentIds, labels, nspLabel: -1, first, truncated: false };
}
