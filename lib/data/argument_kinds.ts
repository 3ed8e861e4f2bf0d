/**
 * The kinds of arguments of the functions that handle documents.
 */
import { having, ITERABLE, type Kind, LIST } from "../checks.ts";
import type { PairExample } from "./example.ts";

/** One document. */
export const DOCUMENT: Kind = {
  name: 'a document, { name, sentences: ["…"] }',
  fits: (value) => {
    const { name, sentences } = (value ?? {}) as { name?: unknown; sentences?: unknown };
    return typeof name === "string" && Array.isArray(sentences) && areTexts(sentences);
  },
};

/** Whether all entries are strings; a hole of a sparse array is not one. */
function areTexts(list: readonly unknown[]): boolean {
  for (const entry of list) if (typeof entry !== "string") return false;
  return true;
}

/** Documents in memory as text. */
export const DOCUMENTS: Kind = {
  name: "documents from await readAll(corpus(…))",
  fits: LIST.fits,
};

const ENCODED = having("EncodedDocuments", "sentences", "tokens", "counts");

/** Documents in memory, as text or as ids. */
export const HELD: Kind = {
  name: DOCUMENTS.name,
  fits: (value) => LIST.fits(value) || ENCODED.fits(value),
};

/** Documents one by one, or in memory. */
export const STREAM: Kind = { name: "documents from corpus(…)", fits: ITERABLE.fits };

/** Documents in memory, or a function that opens a stream of them. */
export const REOPENED: Kind = {
  name: "documents from await readAll(corpus(…)), or a function that opens a stream",
  fits: (value) => typeof value === "function" || HELD.fits(value),
};

/** A pair, or a single segment, as ids. */
export const EXAMPLE: Kind = {
  name: "an example, as nspExamples() gives it",
  fits: (value) => {
    const { tokenIds, segmentIds, nspLabel, first } = (value ?? {}) as Partial<PairExample>;
    return Array.isArray(tokenIds) && Array.isArray(segmentIds) && typeof nspLabel === "number" &&
      typeof first === "object" && first !== null;
  },
};

/** An example with masked tokens and their labels. */
export const MASKED: Kind = having(
  "an example with the ids and labels of mlmData()",
  "tokenIds",
  "segmentIds",
  "labels",
);
