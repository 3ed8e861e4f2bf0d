/** How much of the text the examples of an epoch use. */
import type { TokenizedDocument } from "./document.ts";
import type { Kept, Stretch } from "./segments.ts";

/** How much of the text of its documents an epoch uses. */
export interface Reach {
  /** The number of tokens of the documents. */
  readonly tokens: number;
  /** The number of tokens that are in no example. */
  readonly unreachedTokens: number;
  /** The number of documents of which no token is in an example. */
  readonly unusedDocuments: number;
}

/** The marks of one document while its window is open. */
interface Marks {
  /** The number of tokens before each sentence. */
  readonly offsets: Int32Array;
  /** 1 for each token that is in an example, else 0. */
  readonly seen: Uint8Array;
}

/** Counts the tokens that are in no example, one window of documents at a time. */
export class ReachCounter {
  #open = new Map<TokenizedDocument, Marks>();
  #tokens = 0;
  #unreached = 0;
  #unused = 0;

  /** Begins a window, after counting the one before. */
  open(window: readonly TokenizedDocument[]): void {
    this.countWindow();
    for (const document of window) this.#open.set(document, marksFor(document));
  }

  /** Marks the part of a stretch that an example uses. */
  mark({ document, start, skip = 0 }: Stretch, kept: Kept): void {
    const marks = this.#open.get(document);
    if (!marks) return; // its window has been counted
    const first = marks.offsets[start] + skip;
    marks.seen.fill(1, first + kept.start, first + kept.end);
  }

  /** Counts the window that is open, and forgets it. */
  countWindow(): void {
    for (const { seen } of this.#open.values()) {
      const reached = seen.reduce((sum, one) => sum + one, 0);
      this.#tokens += seen.length;
      this.#unreached += seen.length - reached;
      if (reached === 0) this.#unused++;
    }
    this.#open.clear();
  }

  /** The counts, without the window that is open. */
  get counts(): Reach {
    return {
      tokens: this.#tokens,
      unreachedTokens: this.#unreached,
      unusedDocuments: this.#unused,
    };
  }
}

function marksFor({ sentences }: TokenizedDocument): Marks {
  const offsets = new Int32Array(sentences.length);
  let tokens = 0;
  for (const [i, { ids }] of sentences.entries()) {
    offsets[i] = tokens;
    tokens += ids.length;
  }
  return { offsets, seen: new Uint8Array(tokens) };
}
