/** Counting a corpus and the examples made of it. */
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { ARRAY, checkArguments } from "../checks.ts";
import { DOCUMENT, EXAMPLE } from "./argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Document } from "./document.ts";
import type { PairExample } from "./example.ts";
import { documentHash, textHash } from "./text_hash.ts";

/** The distribution of lengths; all 0 if nothing was counted. */
export interface Spread {
  /** The shortest. */
  readonly least: number;
  /** The lower one of two in the middle. */
  readonly median: number;
  /** The arithmetic mean. */
  readonly mean: number;
  /** The longest. */
  readonly most: number;
}

/** What a corpus holds. */
export interface CorpusCounts {
  /** Documents, including those without tokens. */
  readonly documents: number;
  /** Documents with exactly the same text as an earlier one. */
  readonly equalDocuments: number;
  /** Sentences in all documents. */
  readonly sentences: number;
  /** Sentences that are exactly equal to an earlier one; see `CorpusCounter` for very large corpora. */
  readonly duplicateSentences: number;
  /** Tokens in all sentences, without special ones. */
  readonly tokens: number;
  /** Share of the tokens that are `[UNK]`. */
  readonly unkRate: number;
  /** Tokens in a sentence. */
  readonly sentenceTokens: Spread;
}

/** Figures of examples. */
export interface ExampleCounts {
  /** Examples that were made. */
  readonly examples: number;
  /** Examples with an NSP label. */
  readonly pairs: number;
  /** Share of the pairs with label 1; `undefined` where there are no pairs. */
  readonly notNextShare: number | undefined;
  /** Share of the examples that were cut to fit the length. */
  readonly truncatedShare: number;
  /** Tokens in an example, special ones included. */
  readonly exampleTokens: Spread;
  /** At index n: examples with n predictions. */
  readonly maskedHistogram: readonly number[];
}

const REMEMBERED = 2_000_000; // sentences, as 53-bit numbers: about 100 MB at most

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
   * Counts nothing yet.
   *
   * @param tokenizer Gives the tokens that are counted.
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

  /** How many there are. */
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
    const least = sorted[0][0];
    const most = sorted[sorted.length - 1][0];
    return { least, median: middle?.[0] ?? least, mean: this.total / this.count, most };
  }
}
