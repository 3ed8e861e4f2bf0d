/**
 * Counters that a report is made of. They take documents and examples one by one and hold numbers
 * only, so that a corpus of any size can be counted.
 */
import type { Document } from "./document.ts";
import type { PairExample } from "./example.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** How lengths are spread; all 0 where nothing was counted. */
export interface Spread {
  readonly least: number;
  /** The lower one of two in the middle. */
  readonly median: number;
  readonly mean: number;
  readonly most: number;
}

/** What a corpus holds. */
export interface CorpusCounts {
  readonly documents: number;
  readonly sentences: number;
  /** Sentences that occurred before, letter for letter; see `CorpusCounter` for very large corpora. */
  readonly duplicateSentences: number;
  readonly tokens: number;
  /** Share of the tokens that are `[UNK]`. */
  readonly unkRate: number;
  readonly sentenceTokens: Spread;
}

/** What the examples are like. */
export interface ExampleCounts {
  readonly examples: number;
  /** Examples with an NSP label. */
  readonly pairs: number;
  /** Share of the pairs with label 1; `undefined` where there are no pairs. */
  readonly notNextShare: number | undefined;
  /** Share of the examples that lost tokens to fit the length. */
  readonly truncatedShare: number;
  readonly exampleTokens: Spread;
  /** At index n: examples with n predictions. */
  readonly maskedHistogram: readonly number[];
}

const REMEMBERED = 2_000_000; // sentences, as 53-bit numbers: about 100 MB at most

/**
 * Counts documents. Duplicates are told by a hash of 53 bits, and looked for among the first two
 * million different sentences: in a corpus of more, their number is a lower bound.
 */
export class CorpusCounter {
  readonly #tokenizer: BertTokenizer;
  readonly #seen = new Set<number>();
  readonly #lengths = new Lengths();
  #documents = 0;
  #duplicates = 0;
  #unknown = 0;

  constructor(tokenizer: BertTokenizer) {
    this.#tokenizer = tokenizer;
  }

  add({ sentences }: Document): void {
    this.#documents++;
    for (const sentence of sentences) {
      const key = hash53(sentence);
      if (this.#seen.has(key)) this.#duplicates++;
      else if (this.#seen.size < REMEMBERED) this.#seen.add(key);
      const ids = this.#tokenizer.ids(sentence);
      this.#lengths.add(ids.length);
      for (const id of ids) if (id === this.#tokenizer.vocab.unkId) this.#unknown++;
    }
  }

  counts(): CorpusCounts {
    const { count, total } = this.#lengths;
    return {
      documents: this.#documents,
      sentences: count,
      duplicateSentences: this.#duplicates,
      tokens: total,
      unkRate: this.#unknown / Math.max(1, total),
      sentenceTokens: this.#lengths.spread(),
    };
  }
}

/** Counts examples. */
export class ExampleCounter {
  readonly #lengths = new Lengths();
  readonly #masked: number[] = [];
  #labels = { 0: 0, 1: 0, "-1": 0 };
  #truncated = 0;

  /** Adds an example with its labels; gives how many there are now. */
  add({ tokenIds, nspLabel, truncated }: PairExample, labels: readonly number[]): number {
    const masked = labels.reduce((sum, label) => label === -1 ? sum : sum + 1, 0);
    while (this.#masked.length <= masked) this.#masked.push(0);
    this.#masked[masked]++;
    this.#labels[nspLabel]++;
    if (truncated) this.#truncated++;
    this.#lengths.add(tokenIds.length);
    return this.#lengths.count;
  }

  counts(): ExampleCounts {
    const examples = this.#lengths.count;
    const pairs = this.#labels[0] + this.#labels[1];
    return {
      examples,
      pairs,
      notNextShare: pairs === 0 ? undefined : this.#labels[1] / pairs,
      truncatedShare: this.#truncated / Math.max(1, examples),
      exampleTokens: this.#lengths.spread(),
      maskedHistogram: [...this.#masked],
    };
  }
}

/** How often each length occurred. */
class Lengths {
  readonly #times = new Map<number, number>();
  count = 0;
  total = 0;

  add(length: number): void {
    this.#times.set(length, (this.#times.get(length) ?? 0) + 1);
    this.count++;
    this.total += length;
  }

  spread(): Spread {
    if (this.count === 0) return { least: 0, median: 0, mean: 0, most: 0 };
    const sorted = [...this.#times].sort(([a], [b]) => a - b);
    let passed = 0;
    const middle = sorted.find(([, times]) => (passed += times) * 2 >= this.count);
    const [least, most] = [sorted[0][0], sorted[sorted.length - 1][0]];
    return { least, median: middle?.[0] ?? least, mean: this.total / this.count, most };
  }
}

/** Two 32-bit hashes (FNV-1a and a variant) of the UTF-16 units, joined to 53 bits. */
function hash53(text: string): number {
  let [a, b] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return (a >>> 0) * 2 ** 21 + ((b ^ (b >>> 13)) >>> 11);
}
