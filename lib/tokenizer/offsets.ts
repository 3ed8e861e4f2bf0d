/**
 * Where each normalised character comes from. Cleaning, lower-casing and stripping accents change
 * the length of a text; an offset must still point into the text that the reader typed.
 */
import {
  decompose,
  isAccent,
  isControl,
  lowerCharacter,
  splitPunctuation,
  type TextOptions,
} from "./words.ts";

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
export function placedWords(word: string, start: number, options: TextOptions): PlacedWord[] {
  const { lowercase = true, stripAccents = null } = options;
  let chars = placeChars(word, start);
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

/** The small letter, or letters, of a character; all have its place. */
function lowered(placed: PlacedChar): PlacedChar | PlacedChar[] {
  const small = lowerCharacter(placed.char);
  if (small === placed.char) return placed;
  return Array.from(small, (char): PlacedChar => ({ char, place: placed.place }));
}

function textOf(chars: readonly PlacedChar[]): string {
  return chars.map(({ char }) => char).join("");
}
