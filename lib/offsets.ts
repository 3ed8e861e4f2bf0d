/**
 * Where each normalised character comes from. Cleaning, lower-casing and stripping accents change
 * the length of a text; an offset must still point into the text that the reader typed.
 */
import {
  cleanText,
  decompose,
  isAccent,
  lowerCase,
  splitPunctuation,
  type TextOptions,
} from "./text.ts";

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
  if (lowercase) chars = replaceEach(chars, lowerCase);
  const places = chars.flatMap(({ char, place }) => Array<Place>(char.length).fill(place));
  let next = 0;
  return splitPunctuation(textOf(chars)).map((text) => {
    const from = next;
    next += text.length;
    return { text, places: places.slice(from, next) };
  });
}

function placeChars(word: string, start: number): PlacedChar[] {
  let end = start;
  const typed = Array.from(word, (char): PlacedChar => {
    const begin = end;
    end += char.length;
    return { char, place: [begin, end] };
  });
  return replaceEach(typed, cleanText);
}

/**
 * NFD sorts the accents of a letter. Like the reference, places are not sorted along: a character
 * that begins a decomposition takes the next place, and the rest of one stays with its neighbour.
 */
function withoutAccents(chars: readonly PlacedChar[]): PlacedChar[] {
  const begins = decompositionBegins(chars);
  let place = -1;
  return Array.from(decompose(textOf(chars)), (char): PlacedChar => {
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

/** Changes each character alone; all that it becomes has its place. */
function replaceEach(chars: readonly PlacedChar[], change: (char: string) => string): PlacedChar[] {
  return chars.flatMap(({ char, place }) =>
    Array.from(change(char), (part): PlacedChar => ({ char: part, place }))
  );
}

function textOf(chars: readonly PlacedChar[]): string {
  return chars.map(({ char }) => char).join("");
}
