/** Sentences whose words are known, as rows of pieces; a long one as several rows that overlap. */
import type { MaskedExample } from "../data/example.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Vocab } from "../tokenizer/vocab.ts";

/** The ids of a word's pieces, at least one. */
export type Pieces = readonly number[];

/**
 * The pieces of each word. A word of which the tokenizer makes nothing, as it is empty or has only
 * control characters, becomes `[UNK]`, so that every word has a first piece and can have a label.
 *
 * Source: `is_split_into_words` in transformers, which has no piece for such a word.
 */
export function wordPieces(words: readonly string[], tokenizer: BertTokenizer): Pieces[] {
  return words.map((word) => {
    const ids = tokenizer.ids(word);
    return ids.length === 0 ? [tokenizer.vocab.unkId] : ids;
  });
}

/** A row of pieces, between `[CLS]` and `[SEP]`. */
export interface WordRow {
  /** The ids, `maxLength` at most. */
  readonly tokenIds: readonly number[];
  /** The column of the first piece of each word that begins in the row. */
  readonly columns: readonly number[];
}

/** Puts words into a row and cuts it to `maxLength` tokens. */
export function wordRow(words: readonly Pieces[], vocab: Vocab, maxLength: number): WordRow {
  const tokenIds = [vocab.clsId];
  const columns: number[] = [];
  for (const pieces of words) {
    const room = maxLength - 1 - tokenIds.length; // one place is that of [SEP]
    if (room <= 0) break;
    columns.push(tokenIds.length);
    tokenIds.push(...pieces.slice(0, room));
  }
  return { tokenIds: [...tokenIds, vocab.sepId], columns };
}

/** A row as an example for `collate()`, whose labels, one for each token, are -1 where there is none. */
export function wordExample(
  { tokenIds }: WordRow,
  labels: readonly number[],
  words: readonly string[],
): MaskedExample {
  const first = { document: words.join(" "), start: 0, end: 1 };
  const segmentIds = tokenIds.map(() => 1);
  return { tokenIds, segmentIds, labels, nspLabel: -1, first, truncated: false };
}

/** A part of a sentence that is read at once, in words from 0. */
export interface Window {
  /** The first word that is read. */
  readonly start: number;
  /** The word after the last one that is read. */
  readonly end: number;
  /** The first word that is answered. */
  readonly from: number;
  /** The word after the last one that is answered. */
  readonly to: number;
}

/**
 * Cuts a sentence into windows of at most `room` pieces, so that each word is answered in exactly one.
 *
 * Neighbouring windows share up to half of their pieces. The words that they share are answered half
 * in the one and half in the other, so that none stands at an edge without its neighbours. A word with
 * more than `room` pieces counts as one with `room`, as `wordRow()` cuts it.
 *
 * @param words The pieces of each word. Without words there is no window.
 *
 * @example Three pieces at once; the word in the middle is shared, and answered in the first window
 * ```ts
 * import { windowsOf } from "bert/use/word_rows.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(windowsOf([[7], [7], [7], [7]], 3), [
 *   { start: 0, end: 3, from: 0, to: 3 },
 *   { start: 2, end: 4, from: 3, to: 4 },
 * ]);
 * ```
 */
export function windowsOf(words: readonly Pieces[], room: number): Window[] {
  const lengths = words.map(({ length }) => Math.min(length, room));
  const windows: Window[] = [];
  let start = 0;
  let from = 0;
  while (from < lengths.length) {
    const end = start + fitting(lengths.slice(start), room);
    const isLast = end === lengths.length;
    const shared = isLast ? 0 : Math.min(Math.floor(room / 2), room - lengths[end]); // [end] fits in
    const next = end - fitting(lengths.slice(start, end).reverse(), shared);
    const to = isLast ? end : Math.ceil((next + end) / 2);
    windows.push({ start, end, from, to });
    start = next;
    from = to;
  }
  return windows;
}

/** How many of the first words have at most `room` pieces together. */
function fitting(lengths: readonly number[], room: number): number {
  let left = room;
  let count = 0;
  while (count < lengths.length && lengths[count] <= left) left -= lengths[count++];
  return count;
}
