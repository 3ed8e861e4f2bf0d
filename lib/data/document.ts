/**
 * What a document is, as text, and how files of documents are read.
 */
import type { SentenceOptions } from "./sentences.ts";

/** A text: its name and its sentences, in order, none of them empty. */
export interface Document {
  readonly name: string;
  readonly sentences: readonly string[];
  /** What is known about it beside the text: year, speaker, chapter … */
  readonly meta?: Readonly<Record<string, string | number>>;
}

/** How your own files are read. */
export interface CorpusOptions extends SentenceOptions {
  /** `.txt`: every line is one sentence (default false: lines are prose, to be split). */
  readonly sentencePerLine?: boolean;
  /** `.csv`, `.jsonl`: the column of the text. Default: `text`, else `sentence`. */
  readonly textColumn?: string;
  /**
   * `.csv`, `.jsonl`: the column that names the document; rows that follow each other with the same
   * name are one document. Default: `document`, if there is such a column; else each row is one.
   */
  readonly documentColumn?: string;
}

/** A document as ids; sentences without any token are left out. */
export interface TokenizedDocument {
  readonly name: string;
  readonly sentences: readonly TokenizedSentence[];
}

/** A sentence as ids, with its place in the document. */
export interface TokenizedSentence {
  readonly ids: readonly number[];
  readonly index: number;
}
