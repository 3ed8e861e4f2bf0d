/** NFD, Unicode's canonical decomposition, as of Unicode 9 and in linear time. */
import { anyOf, isOneOf, LATER_FORMS } from "./unicode.ts";

const MAYBE_LATER = anyOf(LATER_FORMS);

/**
 * Finds more marks in a row than any language has. The engine's own NFD sorts marks by insertion, so
 * that a million of them would take an hour.
 */
const MANY_MARKS = /\p{M}{64}/u;

/**
 * Separates letters from their accents, and sorts the accents of each letter, as NFD does in Unicode 9.
 * A character of a later version is not changed, and accents are not sorted across it.
 */
export function decompose(text: string): string {
  if (!MAYBE_LATER.test(text)) return nfd(text);
  const parts: string[] = [];
  let start = 0;
  let at = 0;
  for (const char of text) {
    if (isOneOf(char, LATER_FORMS)) {
      parts.push(nfd(text.slice(start, at)), char);
      start = at + char.length;
    }
    at += char.length;
  }
  parts.push(nfd(text.slice(start)));
  return parts.join("");
}

/** NFD with the engine's tables, in linear time even for a long row of marks. */
function nfd(text: string): string {
  if (text.length < 64 || !MANY_MARKS.test(text)) return text.normalize("NFD");
  const sorted: string[] = [];
  let marks: string[] = [];
  for (const char of text) {
    for (const part of char.normalize("NFD")) {
      if (isReordered(part)) {
        marks.push(part);
        continue;
      }
      for (const mark of sortMarks(marks)) sorted.push(mark);
      marks = [];
      sorted.push(part);
    }
  }
  for (const mark of sortMarks(marks)) sorted.push(mark);
  return sorted.join("");
}

/** Sorts marks by their combining classes, stably. */
function sortMarks(marks: readonly string[]): readonly string[] {
  if (marks.length < 2) return marks;
  const groups = new Map<string, string[]>();
  for (const mark of marks) {
    const group = groups.get(mark);
    if (group) group.push(mark);
    else groups.set(mark, [mark]);
  }
  if (groups.size === 1) return marks;
  const classes = classesOf([...groups.keys()]);
  const rows: string[][] = Array.from({ length: Math.max(...classes.values()) + 1 }, () => []);
  for (const mark of marks) rows[classes.get(mark) ?? 0].push(mark);
  return rows.flat();
}

/**
 * The rank of each mark's combining class among the classes of the given marks. The marks must differ,
 * so that there are at most some 900.
 */
function classesOf(marks: readonly string[]): Map<string, number> {
  const sorted = marks.toSorted((a, b) => isSwapped(a, b) ? 1 : isSwapped(b, a) ? -1 : 0);
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [at, mark] of sorted.entries()) {
    if (at > 0 && isSwapped(mark, sorted[at - 1])) rank++;
    ranks.set(mark, rank);
  }
  return ranks;
}

/** Whether NFD exchanges two marks, because the combining class of the second is lower. */
function isSwapped(first: string, second: string): boolean {
  return (first + second).normalize("NFD") !== first + second;
}

/**
 * Marks of the lowest combining class (1) and of the highest one (240). NFD exchanges every mark whose
 * class is not 0 with at least one of them.
 */
const LOW = "\u0334";
const HIGH = "\u0345";

/** Whether NFD reorders a character, that is, whether its combining class is not 0. */
function isReordered(char: string): boolean {
  return MARK.test(char) && (isSwapped(char, LOW) || isSwapped(HIGH, char));
}

const MARK = /\p{M}/u;
