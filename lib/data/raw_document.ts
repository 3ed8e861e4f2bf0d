/** Documents as they are read, before their sentences are split: reading is quick, splitting is not. */
import type { Document } from "./document.ts";
import { type SentenceOptions, splitSentences } from "./sentences.ts";

/** A stretch of text of a document. */
export interface RawText {
  /** Any characters, line ends among them. */
  readonly text: string;
  /** Whether it is one sentence, and not to be split. */
  readonly isSentence: boolean;
}

/** A document before its sentences are split. */
export interface RawDocument extends Omit<Document, "sentences"> {
  /** Its texts, in order. */
  readonly texts: readonly RawText[];
}

/** The document with its sentences, trimmed, none of them empty. */
export function splitDocument(raw: RawDocument, options: SentenceOptions): Document {
  const { texts, ...document } = raw;
  return { ...document, sentences: texts.flatMap((text) => sentencesOf(text, options)) };
}

function sentencesOf({ text, isSentence }: RawText, { locale }: SentenceOptions): string[] {
  if (!isSentence) return splitSentences(text, { locale });
  const sentence = text.trim();
  return sentence === "" ? [] : [sentence];
}
