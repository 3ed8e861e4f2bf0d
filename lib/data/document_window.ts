/**
 * A stretch of a corpus as ids: the documents that pairs are made from at one time. A corpus that
 * fits is one window; a longer one is worked through window by window, so that memory is bounded.
 */
import type { Document } from "./document.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

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

/** Tokens in a window, about: 4 million ids take some 40 MB. */
export const WINDOW_TOKENS = 4_000_000;

/**
 * A document as ids.
 *
 * @throws {TypeError} If it is no document.
 */
export function tokenizeDocument(document: Document, tokenizer: BertTokenizer): TokenizedDocument {
  if (!Array.isArray(document?.sentences)) {
    const found = JSON.stringify(document)?.slice(0, 60);
    throw new TypeError(`Cannot make pairs of ${found}: expected { name, sentences: ["…", "…"] }`);
  }
  const sentences = document.sentences
    .map((sentence, index) => ({ ids: tokenizer.ids(sentence), index }))
    .filter(({ ids }) => ids.length > 0);
  return { name: document.name, sentences };
}

/** Collects documents into windows; a document without any token is left out. */
export class WindowFiller {
  readonly #limit: number;
  #documents: TokenizedDocument[] = [];
  #tokens = 0;

  constructor(limit = WINDOW_TOKENS) {
    this.#limit = limit;
  }

  /** Adds a document; gives the window if this one filled it. */
  add(document: TokenizedDocument): TokenizedDocument[] | undefined {
    if (document.sentences.length === 0) return undefined;
    this.#documents.push(document);
    this.#tokens += document.sentences.reduce((sum, { ids }) => sum + ids.length, 0);
    return this.#tokens >= this.#limit ? this.take() : undefined;
  }

  /** What has been collected since the last window. */
  take(): TokenizedDocument[] {
    const documents = this.#documents;
    [this.#documents, this.#tokens] = [[], 0];
    return documents;
  }
}
