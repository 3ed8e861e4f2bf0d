/** Documents as text and as ids, and the options for reading them. */
import type { SentenceOptions } from "./sentences.ts";

/** A text as a list of sentences. */
export interface Document {
  /** Its name. The documents of a file are named after the file and numbered. */
  readonly name: string;
  /** Its sentences, in order, none of them empty. */
  readonly sentences: readonly string[];
  /** Other facts about it, such as the year, the speaker or the chapter. */
  readonly meta?: Readonly<Record<string, string | number>>;
}

/** Options for reading files of your own. */
export interface CorpusOptions extends SentenceOptions {
  /** `.txt`: whether every line is one sentence. Default false: lines are prose, which is split. */
  readonly sentencePerLine?: boolean;
  /**
   * `.csv`, `.jsonl`, `.parquet`: the column of the text. Default: `text`, or `sentence` if there is
   * no such column. Texts are split into sentences, with one exception: if the rows name their
   * document, each text of a column `sentence` is one sentence.
   */
  readonly textColumn?: string;
  /**
   * `.csv`, `.jsonl`, `.parquet`: the column that names the document. Consecutive rows with the same
   * name are one document, and a row without a name is a document by itself. With `false` each row is
   * a document. Default: `document`, if there is such a column and it is not that of the text.
   */
  readonly documentColumn?: string | false;
  /**
   * Is called with a sentence that says which files of a folder are left out. Default:
   * `console.warn()`.
   */
  readonly onLeftOut?: (what: string) => void;
  /**
   * Is called with the number of bytes of the files that were read since the last call, to show
   * progress.
   */
  readonly onRead?: (bytes: number) => void;
}

/** The ids of tokens. */
export type TokenIds = readonly number[] | Uint16Array | Int32Array;

/** A document as ids, without sentences that have no tokens. */
export interface TokenizedDocument {
  /** The document's name. */
  readonly name: string;
  /** Its sentences, in order, none without tokens. */
  readonly sentences: readonly TokenizedSentence[];
}

/** A sentence as ids, with its position in the document. */
export interface TokenizedSentence {
  /** The ids of its tokens, without special ones. */
  readonly ids: TokenIds;
  /** Its position among the document's sentences, from 0. */
  readonly index: number;
}
