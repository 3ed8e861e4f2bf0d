/**
 * From text to ids: added tokens are found first, the text between them is split into words, and words
 * are cut into pieces. A cache holds the ids of words.
 */
import { FormatError } from "../errors.ts";
import { type Pattern, TokenFinder } from "./added_tokens.ts";
import type { TokenizerOptions } from "./options.ts";
import type { Part } from "./truncate.ts";
import type { Vocab } from "./vocab.ts";
import { isLongerThan } from "./word_counts.ts";
import { WordCache, WordTable } from "./word_cache.ts";
import { WordPieces } from "./wordpiece.ts";
import { normalizeText, splitPunctuation, WHITESPACE, wordTokens } from "./words.ts";
import { placedText, type PlacedWord, placedWords } from "./word_offsets.ts";

/** The start and the end of a part of a text, in UTF-16 units. */
type Place = readonly [start: number, end: number];

/** The ids of a part of a text without white space, with their places. */
interface PlacedIds {
  readonly ids: readonly number[];
  /** The place of each id, counted from the start of that part. */
  readonly places: readonly Place[];
}

/** The most UTF-16 units of an entry in the cache. Longer ones are rare, or in a script without spaces. */
const LONGEST_CACHED = 64;

/** Encodes texts with one vocabulary and one set of options. */
export class TextCutter {
  readonly #vocab: Vocab;
  readonly #options: Required<TokenizerOptions>;
  readonly #known: WordTable;
  readonly #placed: WordCache<PlacedIds>;
  readonly #matcher: WordPieces;
  /** Finds the added tokens that are searched for in the text as it is typed. */
  readonly #typed: TokenFinder;
  /**
   * Finds the added tokens that are searched for in the normalised text; undefined if there are none.
   */
  readonly #normal: TokenFinder | undefined;

  /**
   * Makes the tables of a vocabulary.
   *
   * @param cacheSize Half of the largest number of words in each of two caches: of ids, and of ids
   * with places.
   */
  constructor(vocab: Vocab, options: Required<TokenizerOptions>, cacheSize: number) {
    this.#vocab = vocab;
    this.#options = options;
    this.#placed = new WordCache(cacheSize);
    this.#known = new WordTable(2 * cacheSize, (word) => this.#cut(word));
    this.#matcher = new WordPieces(vocab);
    const [typed, normal] = finders(vocab, options);
    this.#typed = typed;
    this.#normal = normal;
  }

  /** The ids of a text. */
  ids(text: string): number[] {
    const ids: number[] = [];
    if (!this.#typed.mayFind(text)) {
      this.#appendText(ids, text);
      return ids;
    }
    for (const { text: part, id } of this.#typed.split(text)) {
      if (id === undefined) this.#appendText(ids, part);
      else ids.push(id);
    }
    return ids;
  }

  /** Appends the ids of a text in which no token as typed is left. */
  #appendText(ids: number[], text: string): void {
    const normal = this.#normal && normalizeText(text, this.#options);
    if (normal === undefined || !this.#normal!.mayFind(normal)) {
      return this.#known.append(ids, text);
    }
    for (const { text: part, id } of this.#normal!.split(normal)) {
      if (id === undefined) this.#appendNormal(ids, part);
      else ids.push(id);
    }
  }

  /** Appends the ids of a text that is normalised already. */
  #appendNormal(ids: number[], text: string): void {
    for (const word of text.split(WHITESPACE).flatMap(splitPunctuation)) {
      for (const id of this.#wordPieces(word)) ids.push(id);
    }
  }

  /** The ids of a part of a text without white space. */
  #cut(word: string): number[] {
    return wordTokens(word, this.#options).flatMap((token) => this.#wordPieces(token));
  }

  /** `#cut()` with places. */
  #cutPlaced(word: string): PlacedIds {
    const known = this.#placed.get(word);
    if (known !== undefined) return known;
    const ids: number[] = [];
    const places: Place[] = [];
    for (const token of placedWords(word, this.#options)) {
      const pieces = this.#wordPieces(token.text);
      for (const id of pieces) ids.push(id);
      for (const place of this.#placesOf(pieces, token, 0, token.text.length)) places.push(place);
    }
    if (word.length <= LONGEST_CACHED) this.#placed.set(word, { ids, places });
    return { ids, places };
  }

  /** The ids of a word's pieces; one `[UNK]` if it is too long or cannot be cut into pieces. */
  #wordPieces(word: string): number[] {
    const { unkId } = this.#vocab;
    if (isLongerThan(word, this.#options.maxWordLength)) return [unkId];
    return this.#matcher.idsOf(word) ?? [unkId];
  }

  /** The ids of a text, as `ids()` gives them, with the offsets of each. */
  place(text: string): Part {
    const pieces: Part = { ids: [], offsets: [] };
    for (const { text: part, start, id } of this.#typed.split(text)) {
      if (id === undefined) this.#placeText(pieces, part, start);
      else append(pieces, id, [0, part.length], start);
    }
    return pieces;
  }

  /** `#appendText()` with offsets. */
  #placeText(pieces: Part, text: string, start: number): void {
    if (this.#normal?.mayFind(normalizeText(text, this.#options))) {
      return this.#placeNormal(pieces, text, start, this.#normal);
    }
    let at = 0;
    for (const word of text.split(WHITESPACE)) {
      if (word === "") continue;
      at = text.indexOf(word, at);
      this.#appendPlaced(pieces, word, start + at);
      at += word.length;
    }
  }

  /** `#placeText()` for a text whose normalised form contains tokens. */
  #placeNormal(pieces: Part, text: string, start: number, finder: TokenFinder): void {
    const placed = placedText(text, this.#options);
    const { starts, ends } = placed;
    for (const { text: part, start: from, id } of finder.split(placed.text)) {
      if (id !== undefined) {
        append(pieces, id, [starts[from], ends[from + part.length - 1]], start);
        continue;
      }
      let at = 0;
      for (const word of part.split(WHITESPACE).flatMap(splitPunctuation)) {
        at = part.indexOf(word, at);
        const ids = this.#wordPieces(word);
        const places = this.#placesOf(ids, placed, from + at, word.length);
        for (let i = 0; i < ids.length; i++) append(pieces, ids[i], places[i], start);
        at += word.length;
      }
    }
  }

  /** Appends the ids and offsets of a word that begins at `start`. */
  #appendPlaced(part: Part, word: string, start: number): void {
    const { ids, places } = this.#cutPlaced(word);
    for (let i = 0; i < ids.length; i++) append(part, ids[i], places[i], start);
  }

  /** The places of the pieces of one word, which begins at `from` in a text and has `length` units. */
  #placesOf(
    ids: readonly number[],
    { starts, ends }: PlacedWord,
    from: number,
    length: number,
  ): Place[] {
    if (ids[0] === this.#vocab.unkId) return [[starts[from], ends[from + length - 1]]];
    let next = from;
    return ids.map((id) => {
      const first = next;
      next += this.#vocab.tokenOf(id).length - (first > from ? 2 : 0);
      return [starts[first], ends[next - 1]];
    });
  }
}

/** Adds an id with its place in a text that begins at `start`. */
function append({ ids, offsets }: Part, id: number, [from, to]: Place, start: number): void {
  ids.push(id);
  offsets.push([start + from, start + to]);
}

/**
 * The finders of the added tokens: in the text as typed, and in the normalised text if any are
 * searched for there.
 */
function finders(
  vocab: Vocab,
  options: Required<TokenizerOptions>,
): [typed: TokenFinder, normal: TokenFinder | undefined] {
  const patterns = vocab.added.map(({ content, normalized, singleWord }) => ({
    text: normalized ? normalizeText(content, options) : content,
    id: vocab.idOf(content),
    singleWord,
    normalized,
  }));
  const typed = new TokenFinder(patterns.filter(({ normalized }) => !normalized));
  const normal = patterns.filter(({ normalized, text }) => normalized && text.trim() !== "");
  refuseTwins(normal, vocab);
  return [typed, normal.length > 0 ? new TokenFinder(normal) : undefined];
}

/**
 * Refuses two tokens whose normalised texts are equal, as transformers may then find either of them.
 *
 * @throws {FormatError} If there are two. The message names them.
 */
function refuseTwins(patterns: readonly Pattern[], vocab: Vocab): void {
  const ids = new Map<string, number>();
  for (const { text, id } of patterns) {
    const twin = ids.get(text);
    ids.set(text, id);
    if (twin === undefined) continue;
    const names = `"${vocab.tokenOf(twin)}" and "${vocab.tokenOf(id)}"`;
    const problem = `${names} are both "${text}" in a text as normalised: take one of them out`;
    throw new FormatError("the added tokens", problem);
  }
}
