/**
 * Documents as they are read, before they are split into sentences. Reading is fast, and splitting is
 * slow.
 */
import type { Document } from "./document.ts";
import { type SentenceOptions, splitSentences } from "./sentences.ts";

/** A stretch of text of a document. */
export interface RawText {
  /** The text, with its line ends. */
  readonly text: string;
  /** Whether it is one sentence that must not be split. */
  readonly isSentence: boolean;
}

/** A document before its sentences are split. */
export interface RawDocument extends Omit<Document, "sentences"> {
  /** Its texts, in order. */
  readonly texts: readonly RawText[];
}

/** Splits a document into sentences, which are trimmed and not empty. */
export function splitDocument(raw: RawDocument, options: SentenceOptions): Document {
  const { texts, ...document } = raw;
  return { ...document, sentences: texts.flatMap((text) => sentencesOf(text, options)) };
}

function sentencesOf({ text, isSentence }: RawText, { locale }: SentenceOptions): string[] {
  if (!isSentence) return splitSentences(text, { locale });
  const sentence = text.trim();
  return sentence === "" ? [] : [sentence];
}

/**
 * About how many characters a document may have. A longer one is split, so that a file that is a
 * single document can be read as a stream. (The longest book of the King James Bible has a quarter of
 * a million.)
 */
export const LONGEST_DOCUMENT = 4_000_000;

/** A file, and the name of its documents. */
export interface TextFile {
  readonly path: string;
  readonly name: string;
}
