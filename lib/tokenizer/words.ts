/**
 * The first half of BERT's tokenizer: cleaning text and splitting it into words.
 *
 * Each step is a function of its own, named after the step in `BasicTokenizer` of google-research/bert.
 * Where that class and the widely used `tokenizers` library differ, this file follows the library,
 * down to its Unicode version (`unicode.ts`), so that ids agree on every string.
 */
import { checkText } from "../checks.ts";
import {
  anyOf,
  isOneOf,
  LATER_CAPITALS,
  LATER_FORMAT,
  LATER_MARKS,
  LATER_PUNCTUATION,
} from "./unicode.ts";
import { decompose } from "./decompose.ts";
import { hasDotlessI, type TokenizerOptions, tokenizerOptions } from "./options.ts";

/** The characters that separate words. Tab, line feed and carriage return count; other controls vanish. */
export const WHITESPACE = /[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

const ASCII_ONLY = /^[\x20-\x7e]*$/;

// Most words need none of the work that these ask for; one look at the whole word tells.
const MAYBE_CLEANED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Z}\ufffd]/u;

const MAYBE_ACCENT = /[\p{Mn}\u1734\u{1171e}]/u;

const MAYBE_UNLIKE = anyOf([[0x3a3, 0x3a3], ...LATER_CAPITALS.flatMap(([capitals]) => capitals)]);

const MARK = /\p{Mn}/u;

const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;

const PUNCTUATION = /\p{P}/u;

/** CJK ideographs; each of them becomes a word. The gap before 2B920 is the library's, and kept. */
const CJK =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;

const ALL_CJK = new RegExp(CJK.source, "gu");

/** A single character of white space, or a stretch without any. */
const WORD_OR_BLANK = new RegExp(
  `${WHITESPACE.source.slice(0, -1)}|${WHITESPACE.source.replace("[", "[^")}`,
  "g",
);

const MAYBE_SPLIT = new RegExp(`[\\p{P}$+<=>^\`|~\\u166d\\u{111c9}]|${CJK.source}`, "u");

/** Whether a character is removed before anything else: controls, formats, private use, U+0000, U+FFFD. */
function isControl(char: string): boolean {
  if (char === "\t" || char === "\n" || char === "\r") return false;
  if (char === "\u0000" || char === "\ufffd") return true;
  return UNSEEN.test(char) && !isOneOf(char, LATER_FORMAT);
}

/** Whether a character is a word of its own: all ASCII symbols, and Unicode's category P. */
export function isPunctuation(char: string): boolean {
  checkText("isPunctuation(char)", "char", char);
  const code = char.codePointAt(0) ?? 0;
  if (code < 128) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
      (code >= 123 && code <= 126);
  }
  if (char === "\u166d" || char === "\u{111c9}") return true; // punctuation once, and in the reference still
  return PUNCTUATION.test(char) && !isOneOf(char, LATER_PUNCTUATION);
}

/** Whether a character is a CJK ideograph (not kana, not Hangul). */
function isCjk(char: string): boolean {
  return CJK.test(char);
}

/** Removes control characters and turns every kind of white space into a plain space. */
export function cleanText(text: string): string {
  checkText("cleanText(text)", "text", text);
  if (!MAYBE_CLEANED.test(text)) return text;
  let cleaned = "";
  for (const char of text) {
    if (!isControl(char)) cleaned += WHITESPACE.test(char) ? " " : char;
  }
  return cleaned;
}

/** Lower-cases character by character, so that a final capital sigma becomes σ and not ς. */
export function lowerCase(text: string): string {
  checkText("lowerCase(text)", "text", text);
  if (!MAYBE_UNLIKE.test(text)) return text.toLowerCase();
  return Array.from(text, lowerCharacter).join("");
}

/** The small letter of one character: `İ` has two, i and a dot above. */
function lowerCharacter(char: string): string {
  if (char < "\ua7ce") return char.toLowerCase();
  const [, distance] = LATER_CAPITALS.find(([capitals]) => isOneOf(char, capitals)) ?? [];
  if (distance === undefined) return char.toLowerCase();
  return String.fromCodePoint((char.codePointAt(0) ?? 0) + distance);
}

/** Splits accented letters (NFD) and drops the accents: `é` becomes `e`. */
export function stripAccents(text: string): string {
  checkText("stripAccents(text)", "text", text);
  if (ASCII_ONLY.test(text)) return text;
  const decomposed = decompose(text);
  if (!MAYBE_ACCENT.test(decomposed)) return decomposed;
  return Array.from(decomposed).filter((char) => !isAccent(char)).join("");
}

/** Whether a character is an accent that `stripAccents()` drops (category Mn). */
function isAccent(char: string): boolean {
  if (char === "\u1734" || char === "\u{1171e}") return true; // Mn once, and in the reference still
  return MARK.test(char) && !isOneOf(char, LATER_MARKS);
}

/**
 * Splits a word at every punctuation character and ideograph, which become words: `don't` → `don '
 * t`.
 */
export function splitPunctuation(word: string): string[] {
  checkText("splitPunctuation(word)", "word", word);
  if (!MAYBE_SPLIT.test(word)) return word === "" ? [] : [word];
  const parts: string[] = [];
  let current = "";
  for (const char of word) {
    if (!isPunctuation(char) && !isCjk(char)) {
      current += char;
      continue;
    }
    if (current) parts.push(current);
    parts.push(char);
    current = "";
  }
  if (current) parts.push(current);
  return parts;
}

/**
 * The letters `I` and `İ` of Turkish and Azeri with their small letters, in the order of replacement.
 */
export const DOTTED_LETTERS: readonly (readonly [capital: string, small: string])[] = [
  ["\u0130", "i"], // İ in one character
  ["I\u0307", "i"], // and in two
  ["I", "\u0131"],
];

const MAYBE_DOTTED = /[I\u0130]/;

/** Lower-cases `I` to `ı` and `İ` to `i`, as in Turkish. Other characters are not changed. */
function lowerDotted(text: string): string {
  if (!MAYBE_DOTTED.test(text)) return text;
  return DOTTED_LETTERS.reduce((left, [capital, small]) => left.replaceAll(capital, small), text);
}

/**
 * Strips accents and lower-cases text, as the options say; accents first, as in the `tokenizers`
 * library.
 */
function normalizeWord(word: string, options: TokenizerOptions = {}): string {
  if (typeof options !== "object" || options === null) tokenizerOptions(options); // says so
  const { lowercase = true, stripAccents: strip = null, locale = null } = options;
  const text = lowercase && hasDotlessI(locale) ? lowerDotted(word) : word;
  const bare = strip ?? lowercase ? stripAccents(text) : text;
  return lowercase ? lowerCase(bare) : bare;
}

/**
 * Splits text into the words that WordPiece then cuts into pieces.
 *
 * @param text Any string; lone surrogates are dropped like U+FFFD.
 * @returns Words without white space; every punctuation mark and ideograph alone.
 *
 * @example
 * ```ts
 * import { basicTokens } from "bert/tokenizer/words.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(basicTokens("Héllo, WORLD!"), ["hello", ",", "world", "!"]);
 * ```
 *
 * Source: `BasicTokenizer` in google-research/bert; `BertNormalizer` and `BertPreTokenizer` in
 * huggingface/tokenizers, which is followed where the two differ: private-use characters are
 * removed, accents go before case.
 */
export function basicTokens(text: string, options: TokenizerOptions = {}): string[] {
  checkText("basicTokens(text, options)", "text", text);
  const complete = tokenizerOptions(options);
  return text.split(WHITESPACE).flatMap((word) => wordTokens(word, complete));
}

/** `basicTokens()` of one word that holds no white space. */
export function wordTokens(word: string, options: TokenizerOptions = {}): string[] {
  checkText("wordTokens(word, options)", "word", word);
  const cleaned = ASCII_ONLY.test(word) ? word : cleanText(word);
  return splitPunctuation(normalizeWord(cleaned, options));
}

/**
 * Normalises a text: cleans it, puts blanks around ideographs, and applies the options for case and
 * accents. Added tokens with the flag `normalized` are found in the result.
 *
 * Source: `BertNormalizer` in huggingface/tokenizers.
 */
export function normalizeText(text: string, options: TokenizerOptions): string {
  checkText("normalizeText(text, options)", "text", text);
  return normalizeWord(cleanText(text).replace(ALL_CJK, " $& "), options);
}

/** Characters, with their starts and ends in the original text, in UTF-16 units. */
interface PlacedChars {
  readonly chars: string[];
  readonly starts: number[];
  readonly ends: number[];
}

/** A normalised text, with the start and end of each of its UTF-16 units in the original text. */
export interface PlacedWord {
  /** The normalised text. */
  readonly text: string;
  /** The start of each unit. */
  readonly starts: readonly number[];
  /** The end of each unit. */
  readonly ends: readonly number[];
}

/**
 * `wordTokens()` of one word that holds no white space, each with the places of its characters,
 * counted from the start of the word.
 */
export function placedWords(word: string, options: TokenizerOptions): PlacedWord[] {
  checkText("placedWords(word, options)", "word", word);
  const { lowercase = true, stripAccents = null, locale = null } = options;
  let placed = placeChars(word);
  if (lowercase && hasDotlessI(locale)) placed = dotted(placed);
  if (stripAccents ?? lowercase) placed = withoutAccents(placed);
  if (lowercase) placed = lowered(placed);
  const { starts, ends } = placesOfUnits(placed);
  let next = 0;
  return splitPunctuation(placed.chars.join("")).map((text) => {
    const from = next;
    next += text.length;
    return { text, starts: starts.slice(from, next), ends: ends.slice(from, next) };
  });
}

/** `normalizeText()`, with the place of each UTF-16 unit. */
export function placedText(text: string, options: TokenizerOptions): PlacedWord {
  checkText("placedText(text, options)", "text", text);
  const normal: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const append = (part: string, start: number, end: number) => {
    normal.push(part);
    starts.push(start);
    ends.push(end);
  };
  for (const { 0: part, index } of text.matchAll(WORD_OR_BLANK)) {
    if (WHITESPACE.test(part)) {
      append(" ", index, index + 1);
      continue;
    }
    for (const word of placedWords(part, options)) {
      const spaced = isCjk(word.text);
      if (spaced) append(" ", index + word.starts[0], index + word.ends[0]);
      for (let at = 0; at < word.text.length; at++) {
        append(word.text[at], index + word.starts[at], index + word.ends[at]);
      }
      if (spaced) append(" ", index + word.starts[0], index + word.ends[0]);
    }
  }
  return { text: normal.join(""), starts, ends };
}

/** The characters that remain after cleaning. */
function placeChars(word: string): PlacedChars {
  const placed = noChars();
  let end = 0;
  for (const char of word) {
    const start = end;
    end += char.length;
    if (!isControl(char)) addChar(placed, char, start, end);
  }
  return placed;
}

/** A place for each UTF-16 unit. */
function placesOfUnits({ chars, starts, ends }: PlacedChars): Omit<PlacedChars, "chars"> {
  if (chars.every((char) => char.length === 1)) return { starts, ends };
  const units = noChars();
  for (const [at, char] of chars.entries()) {
    for (let unit = 0; unit < char.length; unit++) {
      units.starts.push(starts[at]);
      units.ends.push(ends[at]);
    }
  }
  return units;
}

/**
 * NFD sorts the accents of a letter. Like the reference, places are not sorted along: a character
 * that begins a decomposition takes the next place, and the rest of one stays with its neighbour.
 */
function withoutAccents(placed: PlacedChars): PlacedChars {
  const text = placed.chars.join("");
  if (ASCII_ONLY.test(text)) return placed;
  const bare = noChars();
  const begins = decompositionBegins(placed.chars);
  let place = -1;
  for (const char of decompose(text)) {
    const occurrences = begins.get(char);
    if (occurrences?.begins[occurrences.next++]) place++;
    if (!isAccent(char)) addChar(bare, char, placed.starts[place], placed.ends[place]);
  }
  return bare;
}

/** Whether each occurrence of a character begins a decomposition, and which of them is the next. */
interface Occurrences {
  readonly begins: boolean[];
  next: number;
}

/** The occurrences of each character in the decompositions of some characters, in order. */
function decompositionBegins(chars: readonly string[]): Map<string, Occurrences> {
  const found = new Map<string, Occurrences>();
  for (const char of chars) {
    let first = true;
    for (const part of decompose(char)) {
      const occurrences = found.get(part) ?? { begins: [], next: 0 };
      occurrences.begins.push(first);
      found.set(part, occurrences);
      first = false;
    }
  }
  return found;
}

/** `lowerDotted()` of characters with places. As in the reference, two characters leave the second's. */
function dotted({ chars, starts, ends }: PlacedChars): PlacedChars {
  const changed = noChars();
  for (const [at, char] of chars.entries()) {
    if (char === "I" && chars[at + 1] === "\u0307") continue;
    const small = char === "\u0307" && chars[at - 1] === "I" ? "i" : lowerDotted(char);
    addChar(changed, small, starts[at], ends[at]);
  }
  return changed;
}

/** The small letter, or letters, of each character; all have its place. */
function lowered({ chars, starts, ends }: PlacedChars): PlacedChars {
  const small = noChars();
  for (const [at, char] of chars.entries()) {
    for (const letter of lowerCharacter(char)) addChar(small, letter, starts[at], ends[at]);
  }
  return small;
}

function noChars(): PlacedChars {
  return { chars: [], starts: [], ends: [] };
}

function addChar({ chars, starts, ends }: PlacedChars, char: string, start: number, end: number) {
  chars.push(char);
  starts.push(start);
  ends.push(end);
}
