/**
 * Documents as they are read, before they are split into sentences: reading is fast, but splitting is
 * slow, and can be done by other threads.
 */
import type { Document } from "./document.ts";
import { type SentenceOptions, splitSentences } from "./sentences.ts";

/** A part of the text of a document. */
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
 * The number of characters at which a document is split, so that a file that is a single document can
 * be read as a stream. (The longest book of the King James Bible has a quarter of a million.)
 */
export const LONGEST_DOCUMENT = 4_000_000;

/** A file of texts. */
export interface TextFile {
  /** Its path. */
  readonly path: string;
  /** The name by which its documents are named. */
  readonly name: string;
}
