/**
 * What a document is, as text, and how files of documents are read.
 */
import type { SentenceOptions } from "./sentences.ts";

/** A text: its name and its sentences, in order, none of them empty. */
export interface Document {
  /** What it is called; a file's documents are named after the file and counted. */
  readonly name: string;
  /** Its sentences, in order, none of them empty. */
  readonly sentences: readonly string[];
  /** What is known about it beside the text: year, speaker, chapter … */
  readonly meta?: Readonly<Record<string, string | number>>;
}

/** How your own files are read. */
export interface CorpusOptions extends SentenceOptions {
  /** `.txt`: every line is one sentence (default false: lines are prose, to be split). */
  readonly sentencePerLine?: boolean;
  /**
   * `.csv`, `.jsonl`, `.parquet`: the column of the text. Default: `text`, else `sentence`. Texts are split into
   * sentences, but for rows of a named document in a column `sentence`: each of them is one.
   */
  readonly textColumn?: string;
  /**
   * `.csv`, `.jsonl`, `.parquet`: the column that names the document; rows that follow each other with the same
   * name are one document, a row without a name is one of its own. `false`: each row is a document.
   * Default: `document`, if there is such a column beside the text's.
   */
  readonly documentColumn?: string | false;
  /** Told what of a folder is not read, in a sentence. Default: `console.warn()`. */
  readonly onLeftOut?: (what: string) => void;
  /** Told how many bytes of the files, as they lie there, were read since the last time: for progress. */
  readonly onRead?: (bytes: number) => void;
}

/** The ids of tokens: an array of their own, or a part of a larger one. */
export type TokenIds = readonly number[] | Uint16Array | Int32Array;

/** A document as ids; sentences without any token are left out. */
export interface TokenizedDocument {
  /** The document's name. */
  readonly name: string;
  /** Its sentences, in order, none without tokens. */
  readonly sentences: readonly TokenizedSentence[];
}

/** A sentence as ids, with its place in the document. */
export interface TokenizedSentence {
  /** The ids of its tokens, without special ones. */
  readonly ids: TokenIds;
  /** Its place among the document's sentences, from 0. */
  readonly index: number;
}
