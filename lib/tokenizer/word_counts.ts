/** Counting words, and finding different words that become equal. */
import { percent } from "../format.ts";
import { decompose } from "./decompose.ts";
import type { TokenizerOptions } from "./options.ts";
import { hasDotlessI } from "./locale.ts";
import type { VocabNote } from "./vocab_notes.ts";
import { WordTable } from "./word_cache.ts";
import { wordTokens } from "./words.ts";

/** The counts of the words of some texts. */
export interface WordCounts {
  /** The counts of words as WordPiece receives them, none longer than `maxWordLength`. */
  readonly counts: ReadonlyMap<string, number>;
  /** The number of longer words, which become `[UNK]`. */
  readonly tooLong: number;
  /** Notes about different words that become equal; empty if there are few of them. */
  readonly notes: readonly VocabNote[];
}

/** Below this share of the words there is no note: the few words that change are loan words and names. */
const NOTED_SHARE = 0.01;

const ASCII_ONLY = /^\p{ASCII}*$/u;

/**
 * Counts the words of texts.
 *
 * @throws {TypeError} If one of the texts is not a string.
 */
export async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  options: Required<TokenizerOptions>,
): Promise<WordCounts> {
  const typed = await countTypedWords(texts); // first, so that each distinct word is cleaned only once
  const counts = new Map<string, number>();
  let tooLong = 0;
  for (const [word, count] of typed) {
    for (const token of wordTokens(word, options)) {
      if (isLongerThan(token, options.maxWordLength)) tooLong += count;
      else counts.set(token, (counts.get(token) ?? 0) + count);
    }
  }
  const notes = [...accentNotes(typed, counts, options), ...dotlessNotes(typed, counts, options)];
  return { counts, tooLong, notes };
}

/** Whether a word has more than `limit` characters, counted as code points. */
export function isLongerThan(word: string, limit: number): boolean {
  if (word.length <= limit) return false;
  let characters = 0;
  for (const _ of word) if (++characters > limit) return true;
  return false;
}

/** The counts of words as they were typed, separated by white space. */
async function countTypedWords(
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<Map<string, number>> {
  const words = new TypedWords();
  if (Symbol.asyncIterator in texts) {
    for await (const text of texts) words.count(text);
  } else {
    for (const text of texts) words.count(text); // `for await` would wait after each text
  }
  return words.counts;
}

/**
 * The number of words that are found without making a string of them. If there are more, and all of
 * them are frequent, counting takes twice as long as with a map alone.
 */
const QUICKLY_FOUND = 2 ** 20;

/** Counts the words of texts as they are typed, separated by white space. */
class TypedWords {
  /** The number of each word, in the order in which they first occurred. */
  readonly #numbers = new Map<string, number>();
  /** How often each word occurred, by its number. */
  readonly #counts: number[] = [];
  readonly #table = new WordTable(QUICKLY_FOUND, (word) => [this.#numberOf(word)]);

  /** Counts the words of a text. */
  count(text: string): void {
    if (typeof text !== "string") {
      const advice = "pass strings, as in documents.flatMap(({ sentences }) => sentences)";
      throw new TypeError(
        `Cannot train on texts of which one is of type ${typeof text}: ${advice}`,
      );
    }
    const found: number[] = [];
    this.#table.append(found, text);
    for (let i = 0; i < found.length; i++) this.#counts[found[i]]++;
  }

  /** The count of each word, in the order in which they first occurred. */
  get counts(): Map<string, number> {
    return new Map(this.#numbers.keys().map((word, number) => [word, this.#counts[number]]));
  }

  #numberOf(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    this.#numbers.set(word, this.#counts.length);
    return this.#counts.push(0) - 1;
  }
}

/** A note if many words lose accents, with examples of words that become equal. */
function accentNotes(
  typed: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
  options: Required<TokenizerOptions>,
): VocabNote[] {
  if (!(options.stripAccents ?? options.lowercase)) return [];
  const accented = new Map<string, Map<string, number>>(); // by the word without accents
  let changed = 0;
  for (const [word, count] of typed) {
    if (ASCII_ONLY.test(word)) continue;
    for (const token of wordTokens(word, { ...options, stripAccents: false })) {
      if (isLongerThan(token, options.maxWordLength)) continue;
      const kept = decompose(token);
      const [bare = ""] = wordTokens(token, options);
      if (bare === kept) continue;
      changed += count;
      const forms = accented.get(bare) ?? new Map<string, number>();
      accented.set(bare, forms.set(kept, (forms.get(kept) ?? 0) + count));
    }
  }
  const share = changed / sum(counts.values());
  if (changed === 0 || share < NOTED_SHARE) return [];
  return [{
    about: "accents",
    finding: `Stripping accents changes ${percent(share)} of the words: ` +
      mergedPairs(accented, counts).join("; "),
    advice: "keep the accents with stripAccents: false, or case as well with lowercase: false",
  }];
}

/** The most frequent words that become equal to another word; if there are none, words that change. */
function mergedPairs(
  accented: ReadonlyMap<string, ReadonlyMap<string, number>>,
  counts: ReadonlyMap<string, number>,
): string[] {
  const pairs = [...accented].map(([bare, forms]) => {
    const rest = (counts.get(bare) ?? 0) - sum(forms.values());
    const all = rest > 0 ? [...forms, [bare, rest] as const] : [...forms];
    const [[first, most], second] = all.toSorted(([, a], [, b]) => b - a);
    return second === undefined
      ? { text: `"${first}" becomes "${bare}"`, merged: 0, count: most }
      : { text: `"${first}" and "${second[0]}" become one`, merged: second[1], count: most };
  });
  pairs.sort((a, b) => b.merged - a.merged || b.count - a.count);
  return pairs.slice(0, 3).map(({ text }) => text.normalize("NFC"));
}

/** A note if the text has Turkish letters that are lower-cased by the rules of other languages. */
function dotlessNotes(
  typed: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
  { lowercase, locale }: Required<TokenizerOptions>,
): VocabNote[] {
  if (!lowercase || hasDotlessI(locale)) return [];
  let found = 0;
  for (const [word, count] of typed) if (/[\u0130\u0131]/.test(word)) found += count;
  const share = found / sum(counts.values());
  if (found === 0 || share < NOTED_SHARE) return [];
  return [{
    about: "dotless i",
    finding: `${percent(share)} of the words have "ı" or "İ", and "I" becomes "i" here, so that ` +
      '"IŞIK" is not "ışık"',
    advice: 'name the language, as in locale: "tr"',
  }];
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
