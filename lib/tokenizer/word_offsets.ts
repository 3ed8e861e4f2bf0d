/**
 * The words of a text with the offsets of their characters in the original text. The steps are those
 * of `words.ts`; each also computes the offsets of the characters that it keeps or changes.
 */
import { checkText } from "../checks.ts";
import { decompose } from "./decompose.ts";
import { hasDotlessI } from "./locale.ts";
import type { TokenizerOptions } from "./options.ts";
import {
  ASCII_ONLY,
  isAccent,
  isCjk,
  isControl,
  lowerCharacter,
  lowerDotted,
  splitPunctuation,
  WHITESPACE,
} from "./words.ts";

/** Matches a single character of white space, or a part of a text without any. */
const WORD_OR_BLANK = new RegExp(
  `${WHITESPACE.source.slice(0, -1)}|${WHITESPACE.source.replace("[", "[^")}`,
  "g",
);

/** Characters with the start and the end of each in the original text, in UTF-16 units. */
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
 * `wordTokens()` of one word that holds no white space, with the offsets of the characters, counted
 * from the start of the word.
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

/** `normalizeText()` with the offsets of each UTF-16 unit. */
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

/** The characters of a word that cleaning keeps, with their offsets. */
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

/** The offsets of each UTF-16 unit. Both units of a surrogate pair have those of their character. */
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
 * `stripAccents()` for characters with offsets. NFD may change the order of accents, but the offsets
 * keep their order, as in the reference: in the decomposed text, each character that is the first of
 * a decomposition takes the next offsets, and any other character has those of the one before it.
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

/** The occurrences of one character in the decompositions of a word. */
interface Occurrences {
  /** For each occurrence, whether it is the first character of a decomposition. */
  readonly begins: boolean[];
  /** The index of the occurrence that comes next. */
  next: number;
}

/** For each character its occurrences in the decompositions of `chars`, in order. */
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

/**
 * `lowerDotted()` for characters with offsets. Where `I` and a dot above become one letter, it has the
 * offsets of the dot, as in the reference.
 */
function dotted({ chars, starts, ends }: PlacedChars): PlacedChars {
  const changed = noChars();
  for (const [at, char] of chars.entries()) {
    if (char === "I" && chars[at + 1] === "\u0307") continue;
    const small = char === "\u0307" && chars[at - 1] === "I" ? "i" : lowerDotted(char);
    addChar(changed, small, starts[at], ends[at]);
  }
  return changed;
}

/** Lower-cases characters. If a character becomes two, both have its offsets. */
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
