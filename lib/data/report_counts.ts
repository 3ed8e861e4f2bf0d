/** Counting a corpus and the examples made of it. */
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { ARRAY, checkArguments } from "../checks.ts";
import { DOCUMENT, EXAMPLE } from "./argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Document } from "./document.ts";
import type { PairExample } from "./example.ts";
import { documentHash, textHash } from "./text_hash.ts";

/** The distribution of lengths in tokens; all values are 0 if nothing was counted. */
export interface Spread {
  /** The shortest. */
  readonly least: number;
  /** The one in the middle; the smaller one if there are two. */
  readonly median: number;
  /** The arithmetic mean. */
  readonly mean: number;
  /** The longest. */
  readonly most: number;
}

/** Figures of a corpus. */
export interface CorpusCounts {
  /** The number of documents, including those without tokens. */
  readonly documents: number;
  /** The number of documents with exactly the same text as an earlier one. */
  readonly equalDocuments: number;
  /** The number of sentences in all documents. */
  readonly sentences: number;
  /** The number of sentences that equal an earlier one; `CorpusCounter` says how they are found. */
  readonly duplicateSentences: number;
  /** The number of tokens in all sentences, without special ones. */
  readonly tokens: number;
  /** The share of the tokens that are `[UNK]`, from 0 to 1. */
  readonly unkRate: number;
  /** The number of tokens in a sentence. */
  readonly sentenceTokens: Spread;
}

/** Figures of examples. */
export interface ExampleCounts {
  /** The number of examples. */
  readonly examples: number;
  /** The number of examples with a label of the pair. */
  readonly pairs: number;
  /** The share of the pairs with label 1, from 0 to 1; undefined if there are no pairs. */
  readonly notNextShare: number | undefined;
  /** The share of the examples that were cut to fit the length, from 0 to 1. */
  readonly truncatedShare: number;
  /** The number of tokens in an example, special ones included. */
  readonly exampleTokens: Spread;
  /** At index n the number of examples with n predictions. */
  readonly maskedHistogram: readonly number[];
}

/** The most sentences that are remembered, as numbers of 53 bits: about 100 MB. */
const REMEMBERED = 2_000_000;

/**
 * Counts documents. Duplicates are found by a 53-bit hash, among the first two million different
 * sentences. In a larger corpus their number is a lower bound.
 */
export class CorpusCounter {
  readonly #tokenizer: BertTokenizer;
  readonly #seen = new Set<number>();
  readonly #seenDocuments = new Set<number>();
  readonly #lengths = new Lengths();
  #documents = 0;
  #equalDocuments = 0;
  #duplicates = 0;
  #unknown = 0;

  /**
   * Makes a counter.
   *
   * @param tokenizer The tokenizer whose tokens are counted.
   */
  constructor(tokenizer: BertTokenizer) {
    checkArguments("new CorpusCounter(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
    this.#tokenizer = tokenizer;
  }

  /** Adds a document. */
  add(document: Document): void {
    checkArguments("add(document)", [["document", document, DOCUMENT]]);
    this.#documents++;
    const whole = documentHash(document);
    if (this.#seenDocuments.has(whole)) this.#equalDocuments++;
    else this.#seenDocuments.add(whole);
    for (const sentence of document.sentences) {
      const key = textHash(sentence);
      if (this.#seen.has(key)) this.#duplicates++;
      else if (this.#seen.size < REMEMBERED) this.#seen.add(key);
      const ids = this.#tokenizer.ids(sentence);
      this.#lengths.add(ids.length);
      for (const id of ids) if (id === this.#tokenizer.vocab.unkId) this.#unknown++;
    }
  }

  /** The counts so far. */
  counts(): CorpusCounts {
    const { count, total } = this.#lengths;
    return {
      documents: this.#documents,
      equalDocuments: this.#equalDocuments,
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

  /** The number of examples so far. */
  get count(): number {
    return this.#lengths.count;
  }

  /** Adds an example with its labels. */
  add(example: PairExample, labels: readonly number[]): void {
    const call = "add(example, labels)";
    checkArguments(call, [["example", example, EXAMPLE], ["labels", labels, ARRAY]]);
    const { tokenIds, nspLabel, truncated } = example;
    const masked = labels.reduce((sum, label) => label === -1 ? sum : sum + 1, 0);
    while (this.#masked.length <= masked) this.#masked.push(0);
    this.#masked[masked]++;
    this.#labels[nspLabel]++;
    if (truncated) this.#truncated++;
    this.#lengths.add(tokenIds.length);
  }

  /** The counts so far. */
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

/** Counts how often each length occurs. */
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
    const least = sorted[0][0];
    const most = sorted[sorted.length - 1][0];
    return { least, median: middle?.[0] ?? least, mean: this.total / this.count, most };
  }
}
