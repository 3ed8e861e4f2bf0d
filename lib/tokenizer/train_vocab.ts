/**
 * Learning the pieces of a vocabulary from text.
 *
 * Google never published its algorithm. This is what the `tokenizers` library calls WordPiece
 * training: byte-pair encoding by counts, with `##` in front of pieces inside a word. Unlike there,
 * the pieces themselves decide between pairs of equal counts, so that a corpus always gives the same
 * vocabulary.
 */
import { checkArguments, checkOptions, checkWhole, ITERABLE } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { alphabetNotes, byCodePoint, type Char, chooseAlphabet } from "./alphabet.ts";
import { SPECIAL_TOKENS, Vocab } from "./vocab.ts";
import { PUT_SPACES, type VocabNote } from "./vocab_notes.ts";
import { countWords } from "./word_counts.ts";
import { TOKENIZER_OPTIONS, type TokenizerOptions, tokenizerOptions } from "./options.ts";

/** How a vocabulary is learnt, and how its tokenizer will treat text. */
export interface VocabOptions extends TokenizerOptions {
  /**
   * The number of pieces, including the five special tokens, at least 6. There are fewer if the corpus
   * does not yield as many. Default 8,000.
   */
  readonly size?: number;
  /** The smallest number of occurrences of a pair that is joined, at least 1. Default 2. */
  readonly minFrequency?: number;
  /**
   * The most characters in the vocabulary, at least 1; the most frequent ones are chosen. Default: as
   * many as `size` has room for.
   */
  readonly alphabetLimit?: number;
}

const OPTIONS = ["size", "minFrequency", "alphabetLimit", ...TOKENIZER_OPTIONS];

/** A word of the texts. */
interface Word {
  /** The ids of its pieces, fewer whenever two are joined. */
  readonly symbols: number[];
  /** How often it occurs. */
  readonly count: number;
}

/**
 * Learns a vocabulary from texts.
 *
 * The result begins with the special tokens. The characters follow by code point, then the characters
 * inside words, `##x`, also by code point. The joined pieces come last: the most frequent pair first,
 * and of equally frequent pairs the one whose left piece, then whose right piece, is the smaller
 * string.
 *
 * @param texts Texts of any length, as an array or any other iterable.
 * @returns A vocabulary with `[PAD] [UNK] [CLS] [SEP] [MASK]` at 0 to 4. It contains the options of
 * its tokenizer, so that `new BertTokenizer(vocab)` treats text in the same way. Its `notes` are
 * warnings, for instance that the text yields too few pieces.
 * @throws {ConfigError} If `size` has no room for the alphabet: for the `alphabetLimit` most frequent
 * characters, by default 1,000.
 * @throws {RangeError} If the texts have no words.
 *
 * @example
 * ```ts
 * import { trainVocab } from "bert/tokenizer/train_vocab.ts";
 * import { deepStrictEqual } from "node:assert";
 * const vocab = await trainVocab(["hug hug hugs"], { size: 13 });
 * deepStrictEqual(vocab.tokens.slice(5), ["g", "h", "s", "u", "##g", "##s", "##u", "##ug"]);
 * ```
 *
 * Source: `WordPieceTrainer` and `BpeTrainer` in huggingface/tokenizers; Sennrich et al. 2016 for
 * the algorithm.
 */
export async function trainVocab(
  texts: Iterable<string> | AsyncIterable<string>,
  options: VocabOptions = {},
): Promise<Vocab> {
  checkOptions("trainVocab()", options, OPTIONS);
  if (typeof texts === "string") {
    throw new TypeError("Cannot train on one string, letter by letter: pass texts, as in [text]");
  }
  checkArguments("trainVocab(texts, options)", [["texts", texts, ITERABLE]]);
  const { size = 8000, minFrequency = 2, alphabetLimit, ...given } = options;
  const rules = tokenizerOptions(given);
  if (!Number.isInteger(size) || size < 6) {
    throw new ConfigError(
      "size",
      size,
      "must be a whole number of at least 6: 5 special tokens and text",
    );
  }
  checkWhole("minFrequency", minFrequency, 1);
  if (alphabetLimit !== undefined) checkWhole("alphabetLimit", alphabetLimit, 1);
  const { counts, tooLong, notes } = await countWords(texts, rules);
  if (counts.size === 0) {
    const problem = tooLong > 0
      ? `no word of at most ${rules.maxWordLength} characters: ${PUT_SPACES}`
      : "no word: check the corpus";
    throw new RangeError(`Cannot train a vocabulary as the texts hold ${problem}`);
  }
  const alphabet = chooseAlphabet(counts, size, alphabetLimit);
  const learner = new PieceLearner(counts, alphabet.chars);
  learner.join(size, minFrequency);
  const { tokens } = learner;
  return new Vocab(tokens, "the vocabulary", {
    options: rules,
    notes: [
      ...notes,
      ...(alphabetLimit === undefined ? alphabetNotes(alphabet, size) : []),
      ...sizeNotes(tokens.length, size, minFrequency),
    ],
  });
}

/** A note if the vocabulary has fewer pieces than `size`. */
function sizeNotes(found: number, size: number, minFrequency: number): VocabNote[] {
  if (found >= size) return [];
  return [{
    about: "size",
    finding:
      `The vocabulary has ${found} pieces and not ${size}: no other two stand side by side ` +
      `${minFrequency === 1 ? "anywhere" : `${minFrequency} times`} in the text`,
    advice: "a larger vocabulary needs more text",
  }];
}

/** Learns pieces by joining the most frequent pair of neighbours in all words, again and again. */
class PieceLearner {
  readonly tokens: string[] = [...SPECIAL_TOKENS];
  readonly #ids = new Map<string, number>();
  readonly #words: Word[] = [];
  readonly #queue: PairQueue;
  /**
   * For each pair the indices of the words in which it may occur. A word stays listed when its last
   * such pair is gone, and can be listed twice; neither changes the result.
   */
  readonly #where = new Map<number, number[]>();
  /** The id of each character that does not begin a word. */
  readonly #insideIds = new Map<string, number>();

  constructor(counts: ReadonlyMap<string, number>, alphabet: readonly Char[]) {
    for (const [id, token] of this.tokens.entries()) this.#ids.set(token, id);
    const chars = alphabet.map(({ char }) => char);
    const inside = alphabet.filter((char) => char.inside).map(({ char }) => char);
    for (const char of chars.sort(byCodePoint)) this.#idOf(char);
    for (const char of inside.sort(byCodePoint)) this.#idOf(`##${char}`);
    this.#queue = new PairQueue((id) => this.tokens[id]);
    const known = new Map(chars.map((char) => [char, this.#idOf(char)]));
    const sorted = [...counts].sort(([a], [b]) => byCodePoint(a, b));
    for (const [word, count] of sorted) this.#addWord(word, count, known);
  }

  /** Joins the most frequent pair repeatedly, until there are `size` pieces or pairs are too rare. */
  join(size: number, minFrequency: number): void {
    while (this.tokens.length < size) {
      const best = this.#queue.pop();
      if (!best || best.count < Math.max(1, minFrequency)) return;
      const { left, right } = best;
      const joined = this.#idOf(this.tokens[left] + this.tokens[right].slice(2));
      for (const index of this.#where.get(pairKey(left, right)) ?? []) {
        this.#joinIn(index, left, right, joined);
      }
    }
  }

  /**
   * Adds a word and counts its pairs. Characters that are not in the alphabet are left out.
   *
   * @param alphabet The characters that are pieces, with their ids at the start of a word.
   */
  #addWord(word: string, count: number, alphabet: ReadonlyMap<string, number>): void {
    const symbols: number[] = [];
    let isFirst = true;
    for (const char of word) {
      const first = alphabet.get(char);
      if (first !== undefined) symbols.push(isFirst ? first : this.#insideId(char));
      isFirst = false;
    }
    const index = this.#words.push({ symbols, count }) - 1;
    for (let i = 1; i < symbols.length; i++) this.#count(symbols[i - 1], symbols[i], count, index);
  }

  /** Replaces `left right` by `joined` in one word and moves the counts of the pairs around it. */
  #joinIn(index: number, left: number, right: number, joined: number): void {
    const { symbols, count } = this.#words[index];
    let length = 0; // the number of symbols of the new word so far
    for (let i = 0; i < symbols.length; i++) {
      if (symbols[i] !== left || symbols[i + 1] !== right) {
        symbols[length++] = symbols[i];
        continue;
      }
      symbols[length++] = joined;
      i++;
      if (length > 1) {
        this.#count(symbols[length - 2], left, -count, index);
        this.#count(symbols[length - 2], joined, count, index);
      }
      if (i + 1 < symbols.length) {
        this.#count(right, symbols[i + 1], -count, index);
        this.#count(joined, symbols[i + 1], count, index);
      }
    }
    symbols.length = length;
  }

  /** Changes the count of a pair in a word, and lists the word if the count grows. */
  #count(left: number, right: number, change: number, word: number): void {
    this.#queue.add(left, right, change);
    if (change < 0) return;
    const key = pairKey(left, right);
    const words = this.#where.get(key);
    if (!words) this.#where.set(key, [word]);
    else if (words[words.length - 1] !== word) words.push(word);
  }

  /** The id of a character within a word. */
  #insideId(char: string): number {
    const known = this.#insideIds.get(char);
    if (known !== undefined) return known;
    const id = this.#idOf(`##${char}`);
    this.#insideIds.set(char, id);
    return id;
  }

  /** The id of a piece, which is added if it is new. */
  #idOf(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.tokens.length);
    return this.tokens.push(token) - 1;
  }
}

/** A pair of ids as one exact number, since ids are far below 2^26. */
function pairKey(left: number, right: number): number {
  return left * 2 ** 26 + right;
}

/** The ids of two neighbouring pieces, and how often they occur side by side. */
interface Pair {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** Counts of pairs, as a priority queue of the most frequent pair. */
class PairQueue {
  readonly #counts = new Map<number, number>();
  /**
   * A binary heap with the most frequent pair on top. When the pairs of `#risen` have been pushed, each
   * pair has at least one entry whose count is its present count or a larger, outdated one.
   */
  readonly #heap: Pair[] = [];
  /** The pairs whose counts have grown since the last `pop()`; each is pushed once by the next one. */
  readonly #risen = new Set<number>();
  readonly #textOf: (id: number) => string;

  /**
   * Makes an empty queue.
   *
   * @param textOf Returns the text of a piece, which decides between pairs of equal counts.
   */
  constructor(textOf: (id: number) => string) {
    this.#textOf = textOf;
  }

  /** Adds `change`, which may be negative, to a pair's count. */
  add(left: number, right: number, change: number): void {
    const key = pairKey(left, right);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + change);
    if (change > 0) this.#risen.add(key);
  }

  /** Removes and returns the most frequent pair; undefined if none is left. */
  pop(): Pair | undefined {
    this.#pushRisen();
    for (let top = this.#shift(); top; top = this.#shift()) {
      const key = pairKey(top.left, top.right);
      const count = this.#counts.get(key) ?? 0;
      if (count === top.count) {
        this.#counts.delete(key);
        return top;
      }
      if (count > 0 && count < top.count) this.#push({ ...top, count }); // the entry was outdated
    }
    return undefined;
  }

  /** Pushes the pairs whose counts have grown. */
  #pushRisen(): void {
    for (const key of this.#risen) {
      const count = this.#counts.get(key) ?? 0;
      if (count > 0) this.#push({ left: Math.floor(key / 2 ** 26), right: key % 2 ** 26, count });
    }
    this.#risen.clear();
  }

  /** Adds an entry to the heap. */
  #push(pair: Pair): void {
    const heap = this.#heap;
    let at = heap.push(pair) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(pair, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = pair;
  }

  /** Removes and returns the top entry of the heap; undefined if it is empty. */
  #shift(): Pair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }

  /** Whether a pair comes before another: by its count, then by its left and its right piece. */
  #isBefore(a: Pair, b: Pair): boolean {
    if (a.count !== b.count) return a.count > b.count;
    if (a.left !== b.left) return this.#textOf(a.left) < this.#textOf(b.left);
    return a.right !== b.right && this.#textOf(a.right) < this.#textOf(b.right);
  }
}
