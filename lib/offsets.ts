/**
 * Where each normalised character comes from. Cleaning, lower-casing and stripping accents change
 * the length of a text; an offset must still point into the text that the reader typed.
 */
import { cleanText, normalizeWord, type TextOptions, wordTokens } from "./text.ts";

/** A word after normalisation, with the place of each of its UTF-16 units in the original text. */
export interface PlacedWord {
  readonly text: string;
  /** For each UTF-16 unit of `text`: start and end of the original character it came from. */
  readonly places: readonly (readonly [number, number])[];
}

/**
 * `basicTokens()` of one white-space-free word, each with the places of its characters.
 *
 * @param word The word as typed.
 * @param start Where the word begins in the original text, in UTF-16 units.
 */
export function placedWords(word: string, start: number, options: TextOptions): PlacedWord[] {
  const units = placeUnits(word, start, options);
  const words: PlacedWord[] = [];
  let next = 0;
  for (const text of wordTokens(word, options)) {
    const places = Array.from(text, (char) => claim(units, char, next)).flat();
    words.push({ text, places });
    while (next < units.length && units[next].taken) next++;
  }
  return words;
}

interface Unit {
  readonly char: string;
  readonly place: readonly [number, number];
  taken: boolean;
}

/** Each original character normalised alone, with its place. */
function placeUnits(word: string, start: number, options: TextOptions): Unit[] {
  const units: Unit[] = [];
  let at = start;
  for (const char of word) {
    const place = [at, at + char.length] as const;
    at += char.length;
    for (const part of normalizeWord(cleanText(char), options)) {
      units.push({ char: part, place, taken: false });
    }
  }
  return units;
}

/**
 * The place of the first free unit that holds this character. Searching, instead of just taking the
 * next one, is needed since NFD may put several accents of one letter into another order.
 */
function claim(units: Unit[], char: string, from: number): (readonly [number, number])[] {
  const unit = units.slice(from).find((candidate) => !candidate.taken && candidate.char === char);
  if (!unit) throw new Error(`Cannot place "${char}": normalising by character lost it`);
  unit.taken = true;
  return Array.from({ length: char.length }, () => unit.place);
}
