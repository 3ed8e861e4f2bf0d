/** Choosing the characters of a vocabulary. */
import { ConfigError } from "../errors.ts";
import { SPECIAL_TOKENS } from "./vocab.ts";
import type { VocabNote } from "./vocab_notes.ts";

/**
 * The number of characters for which every vocabulary must have room, if the text has as many. A size
 * without that room is refused.
 */
const LEAST_ALPHABET = 1000;

/** A character of the texts. */
export interface Char {
  /** The character, one code point. */
  readonly char: string;
  /** How often it occurs. */
  readonly count: number;
  /** Whether it also occurs inside words, so that it needs a second piece, `##x`. */
  readonly inside: boolean;
}

/** The characters of the texts, divided into those in the vocabulary and the others. */
export interface Alphabet {
  /** The characters in the vocabulary, most frequent first. */
  readonly chars: readonly Char[];
  /** The characters for which it has no room, most frequent first. */
  readonly left: readonly Char[];
}

/**
 * Chooses the characters of the vocabulary: the `limit` most frequent ones or, without a limit, as
 * many as fit, but never fewer than `LEAST_ALPHABET`.
 *
 * @param counts The counts of the words.
 * @param size The size of the vocabulary in pieces.
 * @throws {ConfigError} If the size has no room for them.
 */
export function chooseAlphabet(
  counts: ReadonlyMap<string, number>,
  size: number,
  limit: number | undefined,
): Alphabet {
  const chars = countChars(counts);
  const least = limit ?? LEAST_ALPHABET;
  let pieces: number = SPECIAL_TOKENS.length;
  let kept = 0;
  for (const { inside } of chars) {
    const more = pieces + (inside ? 2 : 1);
    if (kept >= least && (limit !== undefined || more > size)) break;
    pieces = more;
    kept++;
  }
  if (pieces > size) {
    const needed = `must be at least ${pieces}, as the alphabet alone takes that many`;
    const fix = limit === undefined ? "raise it" : "raise it or lower alphabetLimit";
    throw new ConfigError("size", size, `${needed}: ${fix}`);
  }
  return { chars: chars.slice(0, kept), left: chars.slice(kept) };
}

/**
 * Counts the characters of words. The most frequent come first, and of equally frequent ones the
 * lower code points.
 */
function countChars(counts: ReadonlyMap<string, number>): Char[] {
  const chars = new Map<string, { count: number; inside: boolean }>();
  for (const [word, count] of counts) {
    let first = true;
    for (const char of word) {
      const known = chars.get(char) ?? { count: 0, inside: false };
      known.count += count;
      known.inside ||= !first;
      chars.set(char, known);
      first = false;
    }
  }
  return Array.from(chars, ([char, found]) => ({ char, ...found }))
    .sort((a, b) => b.count - a.count || byCodePoint(a.char, b.char));
}

/** A note about the characters for which there is no room, with their share of the text. */
export function alphabetNotes({ chars, left }: Alphabet, size: number): VocabNote[] {
  if (left.length === 0) return [];
  const total = (some: readonly Char[]) => some.reduce((sum, { count }) => sum + count, 0);
  const share = (100 * total(left) / (total(left) + total(chars))).toFixed(2);
  return [{
    about: "characters",
    finding: `${size} pieces have no room for ${left.length} of the ` +
      `${left.length + chars.length} characters of the text (${share} % of what is written): ` +
      "words with them become [UNK]",
    advice: "raise size",
  }];
}

/** Compares two strings by code points; JavaScript's own order is by UTF-16 units. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * The rank of a UTF-16 unit: halves of surrogate pairs come after all others, as their code points
 * do.
 */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
