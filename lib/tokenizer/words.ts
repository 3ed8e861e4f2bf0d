/**
 * The first half of BERT's tokenizer: cleaning text and splitting it into words.
 *
 * Each step is a function of its own, named after the step in `BasicTokenizer` of google-research/bert.
 * Where that class and the widely used `tokenizers` library differ, this file follows the library,
 * down to its Unicode version (`unicode.ts`), so that ids agree on every string.
 */
import {
  anyOf,
  isOneOf,
  LATER_CAPITALS,
  LATER_FORMAT,
  LATER_FORMS,
  LATER_MARKS,
  LATER_PUNCTUATION,
} from "./unicode.ts";
import { hasDotlessI, type TokenizerOptions } from "./options.ts";

/** The characters that separate words. Tab, line feed and carriage return count; other controls vanish. */
export const WHITESPACE = /[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

const ASCII_ONLY = /^[\x20-\x7e]*$/;

// Most words need none of the work that these ask for; one look at the whole word tells.
const MAYBE_CLEANED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Z}\ufffd]/u;

const MAYBE_YOUNG = anyOf(LATER_FORMS);

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
export function isControl(char: string): boolean {
  if (char === "\t" || char === "\n" || char === "\r") return false;
  if (char === "\u0000" || char === "\ufffd") return true;
  return UNSEEN.test(char) && !isOneOf(char, LATER_FORMAT);
}

/** Whether a character is a word of its own: all ASCII symbols, and Unicode's category P. */
export function isPunctuation(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code < 128) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
      (code >= 123 && code <= 126);
  }
  if (char === "\u166d" || char === "\u{111c9}") return true; // punctuation once, and in the reference still
  return PUNCTUATION.test(char) && !isOneOf(char, LATER_PUNCTUATION);
}

/** Whether a character is a CJK ideograph (not kana, not Hangul). */
export function isCjk(char: string): boolean {
  return CJK.test(char);
}

/** Removes control characters and turns every kind of white space into a plain space. */
export function cleanText(text: string): string {
  if (!MAYBE_CLEANED.test(text)) return text;
  let cleaned = "";
  for (const char of text) {
    if (!isControl(char)) cleaned += WHITESPACE.test(char) ? " " : char;
  }
  return cleaned;
}

/** Lower-cases character by character, so that a final capital sigma becomes σ and not ς. */
export function lowerCase(text: string): string {
  if (!MAYBE_UNLIKE.test(text)) return text.toLowerCase();
  return Array.from(text, lowerCharacter).join("");
}

/** The small letter of one character: `İ` has two, i and a dot above. */
export function lowerCharacter(char: string): string {
  if (char < "\ua7ce") return char.toLowerCase();
  const [, distance] = LATER_CAPITALS.find(([capitals]) => isOneOf(char, capitals)) ?? [];
  if (distance === undefined) return char.toLowerCase();
  return String.fromCodePoint((char.codePointAt(0) ?? 0) + distance);
}

/** Splits accented letters (NFD) and drops the accents: `é` becomes `e`. */
export function stripAccents(text: string): string {
  if (ASCII_ONLY.test(text)) return text;
  const decomposed = decompose(text);
  if (!MAYBE_ACCENT.test(decomposed)) return decomposed;
  return Array.from(decomposed).filter((char) => !isAccent(char)).join("");
}

/** Whether a character is an accent that `stripAccents()` drops (category Mn). */
export function isAccent(char: string): boolean {
  if (char === "\u1734" || char === "\u{1171e}") return true; // Mn once, and in the reference still
  return MARK.test(char) && !isOneOf(char, LATER_MARKS);
}

/** Cuts a word at every punctuation character and ideograph, keeping them: `don't` → `don ' t`. */
export function splitPunctuation(word: string): string[] {
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

/** `I` and `İ` of Turkish and its kin, and their small letters; the replacements are in this order. */
export const DOTTED_LETTERS: readonly (readonly [capital: string, small: string])[] = [
  ["\u0130", "i"], // İ in one character
  ["I\u0307", "i"], // and in two
  ["I", "\u0131"],
];

const MAYBE_DOTTED = /[I\u0130]/;

/** `I` becomes `ı`, and `İ` becomes `i`, as Turkish has it; all else stays as it is. */
function lowerDotted(text: string): string {
  if (!MAYBE_DOTTED.test(text)) return text;
  return DOTTED_LETTERS.reduce((left, [capital, small]) => left.replaceAll(capital, small), text);
}

/** Case and accents of a piece of text, as the options say. Accents go first, as in the library. */
export function normalizeWord(word: string, options: TokenizerOptions = {}): string {
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
  return text.split(WHITESPACE).flatMap((word) => wordTokens(word, options));
}

/** `basicTokens()` of one word that holds no white space. */
export function wordTokens(word: string, options: TokenizerOptions = {}): string[] {
  const cleaned = ASCII_ONLY.test(word) ? word : cleanText(word);
  return splitPunctuation(normalizeWord(cleaned, options));
}

/**
 * A text as it is searched for tokens that were added as normalised: cleaned, with blanks around
 * ideographs, and with the case and accents that the options ask for.
 *
 * Source: `BertNormalizer` in huggingface/tokenizers.
 */
export function normalizeText(text: string, options: TokenizerOptions): string {
  return normalizeWord(cleanText(text).replace(ALL_CJK, " $& "), options);
}

/** NFD as of Unicode 9. A younger character stays as it is, and parts the accents on its two sides. */
export function decompose(text: string): string {
  if (!MAYBE_YOUNG.test(text)) return text.normalize("NFD");
  let decomposed = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (isOneOf(char, LATER_FORMS)) {
      decomposed += text.slice(start, at).normalize("NFD") + char;
      start = at + char.length;
    }
    at += char.length - 1;
  }
  return decomposed + text.slice(start).normalize("NFD");
}

/** Start and end of a character in the original text, in UTF-16 units. */
export type Place = readonly [number, number];

/** A word after normalisation, with the place of each of its UTF-16 units in the original text. */
export interface PlacedWord {
  readonly text: string;
  readonly places: readonly Place[];
}

interface PlacedChar {
  readonly char: string;
  readonly place: Place;
}

/**
 * `wordTokens()` of one word that holds no white space, each with the places of its characters.
 *
 * @param word The word as typed.
 * @param start Where the word begins in the original text, in UTF-16 units.
 */
export function placedWords(
  word: string,
  start: number,
  options: TokenizerOptions,
): PlacedWord[] {
  const { lowercase = true, stripAccents = null, locale = null } = options;
  let chars = placeChars(word, start);
  if (lowercase && hasDotlessI(locale)) chars = dotted(chars);
  if (stripAccents ?? lowercase) chars = withoutAccents(chars);
  if (lowercase) chars = chars.flatMap(lowered);
  const places = chars.flatMap(({ char, place }) => Array<Place>(char.length).fill(place));
  let next = 0;
  return splitPunctuation(textOf(chars)).map((text) => {
    const from = next;
    next += text.length;
    return { text, places: places.slice(from, next) };
  });
}

/**
 * `normalizeText()` with the place of each UTF-16 unit.
 *
 * @param start Where the text begins in the original one, in UTF-16 units.
 */
export function placedText(text: string, start: number, options: TokenizerOptions): PlacedWord {
  let normal = "";
  const places: Place[] = [];
  const append = (part: string, of: readonly Place[]) => {
    normal += part;
    for (const place of of) places.push(place);
  };
  for (const { 0: part, index } of text.matchAll(WORD_OR_BLANK)) {
    const at = start + index;
    if (WHITESPACE.test(part)) append(" ", [[at, at + 1]]);
    else {
      for (const word of placedWords(part, at, options)) {
        const [first] = word.places;
        if (isCjk(word.text)) append(` ${word.text} `, [first, ...word.places, first]);
        else append(word.text, word.places);
      }
    }
  }
  return { text: normal, places };
}

/** The characters that cleaning leaves. */
function placeChars(word: string, start: number): PlacedChar[] {
  const chars: PlacedChar[] = [];
  let end = start;
  for (const char of word) {
    const begin = end;
    end += char.length;
    if (!isControl(char)) chars.push({ char, place: [begin, end] });
  }
  return chars;
}

/**
 * NFD sorts the accents of a letter. Like the reference, places are not sorted along: a character
 * that begins a decomposition takes the next place, and the rest of one stays with its neighbour.
 */
function withoutAccents(chars: readonly PlacedChar[]): PlacedChar[] {
  const text = textOf(chars);
  const decomposed = decompose(text);
  if (decomposed === text) return chars.filter(({ char }) => !isAccent(char));
  const begins = decompositionBegins(chars);
  let place = -1;
  return Array.from(decomposed, (char): PlacedChar => {
    if (begins.get(char)?.shift()) place++;
    return { char, place: chars[place].place };
  }).filter(({ char }) => !isAccent(char));
}

/** Whether each occurrence of a character begins what some original character decomposes to. */
function decompositionBegins(chars: readonly PlacedChar[]): Map<string, boolean[]> {
  const begins = new Map<string, boolean[]>();
  for (const { char } of chars) {
    for (const [i, part] of [...decompose(char)].entries()) {
      const occurrences = begins.get(part);
      if (occurrences) occurrences.push(i === 0);
      else begins.set(part, [i === 0]);
    }
  }
  return begins;
}

/** `lowerDotted()` of characters with places. As in the reference, two characters leave the second's. */
function dotted(chars: readonly PlacedChar[]): PlacedChar[] {
  const changed: PlacedChar[] = [];
  for (const [at, placed] of chars.entries()) {
    const { char, place } = placed;
    if (char === "\u0307" && chars[at - 1]?.char === "I") {
      changed[changed.length - 1] = { char: "i", place };
    } else changed.push({ char: lowerDotted(char), place });
  }
  return changed;
}

/** The small letter, or letters, of a character; all have its place. */
function lowered(placed: PlacedChar): PlacedChar | PlacedChar[] {
  const small = lowerCharacter(placed.char);
  if (small === placed.char) return placed;
  return Array.from(small, (char): PlacedChar => ({ char, place: placed.place }));
}

function textOf(chars: readonly PlacedChar[]): string {
  return chars.map(({ char }) => char).join("");
}
