/**
 * Documents as they are read, before they are split into sentences: reading is fast, but splitting is
 * slow, and can be done by other threads.
 */
import type { Document } from "./document.ts";
import { type SentenceOptions, splitTexts } from "./sentences.ts";

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

/**
 * Splits documents into sentences, which are trimmed and not empty. One call for many short documents
 * is several times as fast.
 */
export function splitDocuments(
  documents: readonly RawDocument[],
  { locale }: SentenceOptions,
): Document[] {
  const prose = documents.flatMap(({ texts }) => texts.filter(({ isSentence }) => !isSentence));
  const split = splitTexts(prose.map(({ text }) => text), locale).values();
  return documents.map(({ texts, ...document }) => ({
    ...document,
    sentences: texts.flatMap((text) => text.isSentence ? trimmed(text) : split.next().value!),
  }));
}

function trimmed({ text }: RawText): string[] {
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

/** About how many characters the short documents of a batch have together. */
const BATCH = 2 ** 16;

/** The characters that a document counts for beside its texts, so that empty ones fill a batch, too. */
const DOCUMENT = 64;

/** Gathers documents for `splitDocuments()`. If reading fails, those before come first. */
export async function* inBatches(
  documents: AsyncIterable<RawDocument>,
): AsyncGenerator<RawDocument[]> {
  let batch: RawDocument[] = [];
  let size = 0;
  let failure: { error: unknown } | undefined;
  try {
    for await (const document of documents) {
      batch.push(document);
      size += document.texts.reduce((sum, { text }) => sum + text.length, DOCUMENT);
      if (size < BATCH) continue;
      yield batch;
      batch = [];
      size = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (batch.length > 0) yield batch;
  if (failure) throw failure.error;
}
