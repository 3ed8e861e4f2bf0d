/**
 * Rules for places where `Intl.Segmenter` ends a sentence too early: after abbreviations, initials
 * and ordinals, after a question or exclamation within a sentence, and in quotations and brackets.
 */

import type { Language } from "./sentence_languages.ts";

/** German names of months that are not English words. */
const GERMAN_MONTH = /^(Januar|Jänner|Februar|Feber|März|Mai|Juni|Juli|Oktober|Dezember)(?!\p{L})/u;

/** German names of months that are English words, too. */
const SHARED_MONTH = /^(April|August|September|November)(?!\p{L})/u;
const BEFORE_DATE = /(?:^|\s)(am|vom|zum|bis|den|dem|der|seit|ab) \d{1,2}\.\s*$/iu;

/**
 * The number of UTF-16 units that the rules look at: of the start and the end of a sentence, and of
 * the text after it.
 */
export const LONGEST = 64;

/**
 * Whether a sentence goes on where the segmenter ended it. All white space must be single spaces.
 *
 * @param before The last 64 units of the sentence so far.
 * @param after The first 64 units of the text that follows.
 * @param start The first 64 units of the sentence so far.
 */
export function goesOn(before: string, after: string, start: string, language: Language): boolean {
  if (isEnumerator(start)) return true;
  if (/^[とっ]/.test(after) && /[」』] ?$/.test(before)) return true; // 「…」と言った
  if (isExclaimedWithin(before, after, start) || isSaidBy(before, after, language)) return true;
  if (/^(?:& |(?:Inc|Ltd|Corp|Co)\.)/.test(after)) return true; // Com. & Adm., Yahoo! Inc.
  const found = lastWords(before);
  if (!found) return false;
  const { previous, word } = found;
  return isAbbreviation(before, word, after, language) ||
    isWithoutVerb(start, word, after, language) || isUnit(start, previous, word, after, language) ||
    isInitial(previous, word, after, language) || isOrdinal(before, word, after, language);
}

/**
 * Whether a question or an exclamation is a part of a sentence, which goes on with a small letter:
 * "Why?" she asked; Yahoo! is big. If the sentence itself begins with a small letter, as in a chat,
 * only a quotation counts.
 */
function isExclaimedWithin(before: string, after: string, start: string): boolean {
  if (!/^(?:[-–—] ?)?\p{Ll}/u.test(after)) return false;
  const end = before.match(/[?!]([\p{Pe}\p{Pf}\p{Pi}"' ]*)$/u);
  if (!end) return false;
  const isQuoted = /["'\p{Pf}\p{Pi}]/u.test(end[1]);
  return isQuoted || /^\P{L}*\p{Lu}/u.test(start);
}

/** A subject and the verb after it: I asked, Dr. Ann Lee quietly said. */
const SUBJECT_AND_VERB =
  /^(I|(?:\p{Lu}[\p{L}'’-]*\.? ){0,3}\p{Lu}[\p{L}'’-]+) (?:\p{Ll}+ly |then |also )?(\p{Ll}+)/u;

/** Verbs that never say who asked a question: in "Why?" I answered, "Because." a sentence begins at "I". */
const ANSWERS = new Set(["answered", "replied", "retorted"]);

/** Text after a verb by which the verb does not belong to the quotation before it: I said nothing. I said, "No." */
const SAYS_MORE =
  /^(?::|,? ?["“‘']\p{Lu}| (?:nothing|something|it|that|so|no|yes|the|a|an|my|his|this|these|how|what|why|whether|if|I|he|she|they|we|you|there)(?!\p{L}))/u;

/**
 * Whether a quotation that ends as a question or an exclamation is followed by its speaker, whose
 * capital letter does not begin a sentence: "Why?" I asked. "Go!" Ann cried.
 */
function isSaidBy(before: string, after: string, { openers, sayings }: Language): boolean {
  const mark = before.match(/([?!])[?!]*["'\p{Pf}\p{Pi}]+ ?$/u)?.[1];
  if (mark === undefined) return false;
  const found = after.match(SUBJECT_AND_VERB);
  if (!found) return false;
  const [whole, subject, verb] = found;
  if (!sayings.has(verb) || mark === "?" && ANSWERS.has(verb)) return false;
  if (subject !== "I" && opens(after, openers)) return false;
  return !SAYS_MORE.test(after.slice(whole.length));
}

const CLOSING = " \"'”’)]";
const BEFORE_WORD = ' "“‘„«»([';

/** Quotation marks, or an elided word, before a word: l'avv. (but not don't, where one letter is left). */
const ELIDED = /^['’]+|^\p{L}+['’](?=\p{L}{2})/u;

/** The word before the full stop that ends a text, and the word before that; undefined if none ends it. */
function lastWords(text: string): { previous: string; word: string } | undefined {
  let end = text.length;
  while (end > 0 && CLOSING.includes(text[end - 1])) end--;
  if (text[end - 1] !== ".") return undefined;
  let start = --end;
  while (start > 0 && !BEFORE_WORD.includes(text[start - 1])) start--;
  if (start === end) return undefined;
  const previous = text[start - 1] === " "
    ? text.slice(text.lastIndexOf(" ", start - 2) + 1, start - 1)
    : "";
  return { previous, word: text.slice(start, end).replace(ELIDED, "") };
}

/** Whether a sentence is only a number such as "2." or "IV.", which belongs to what follows. */
function isEnumerator(sentence: string): boolean {
  return sentence.length < 12 && /^\(?(?:\d{1,3}|\p{L}|[ivxIVX]+)[.)]+\s*$/u.test(sentence);
}

/** Whether a word with a full stop is an abbreviation after which the sentence goes on. */
function isAbbreviation(
  before: string,
  word: string,
  after: string,
  language: Language,
): boolean {
  const { beforeName, beforeNameOrEnd, beforeFigure, endsBeforeFigure } = language;
  const { inTheMiddle, mayEnd, beforeNoun, openers } = language;
  const forms = spellings(before, word);
  const goesOnSmall = /^[\p{Ll}\d(]/u.test(after);
  if (forms.some((form) => inTheMiddle.has(form))) return true;
  if (beforeName.has(word) && /^\p{Lu}/u.test(after)) return true;
  if (beforeNameOrEnd.has(word) && /^\p{Lu}/u.test(after) && !opens(after, openers)) return true;
  const figure = forms.some((form) => beforeFigure.has(form) || endsBeforeFigure?.test(form));
  if (figure && /^\d/.test(after)) return true;
  if (figure && word !== word.toUpperCase() && ROMAN_FIGURE.test(after)) return true;
  if (/^[ap]\.m$/.test(word) && TIME_ZONE.test(after)) return true;
  if (forms.some((form) => beforeNoun.has(form)) && !opens(after, openers)) return true;
  if (/^\p{Ll}$/u.test(word) && /^\p{L}{1,3}\.\s/u.test(after)) return true; // z. | B. ; v. | Chr.
  if (/^(?:\p{Lu}\.)+\p{Lu}$/u.test(word)) { // J.R. Smith, U.S. Army
    if (goesOnSmall || POSTSCRIPT.test(word)) return true;
    return /^\p{Lu}/u.test(after) && !opens(after, openers);
  }
  return goesOnSmall && forms.some((form) => mayEnd.has(form));
}

/** A number of at least two Roman figures, as a single one could be a word: vol. II. */
const ROMAN_FIGURE = /^[IVX]{2,}(?!\p{L})/u;

/** A time zone after an hour: 5 p.m. EST. */
const TIME_ZONE =
  /^(?:[A-Z]{1,3}[SD]T|[ECMP]T|GMT|UTC|CET|(?:Eastern|Central|Mountain|Pacific)(?! \p{Ll}))(?!\p{L})/u;

/** An abbreviation that begins a postscript or a note: P.S. I love you. */
const POSTSCRIPT = /^(?:(?:P\.)+S|P(?:\.S)+|N\.B)$/;

/** Small words within names: the Bank of America Corp. */
const WITHIN_NAMES = new Set(["and", "de", "for", "in", "of", "on", "the", "van", "von"]);

/**
 * Whether the sentence so far is only a name, which cannot be a whole sentence: King Jr. | Day was warm.
 * If there are other words, no rule decides whether what follows belongs to the name: He met King
 * Jr. | Day …
 */
function isWithoutVerb(
  start: string,
  word: string,
  after: string,
  { afterName, openers }: Language,
): boolean {
  if (!afterName.has(word.toLowerCase()) || word === word.toUpperCase()) return false;
  if (start.length === LONGEST || !/^\p{Lu}/u.test(after) || opens(after, openers)) return false;
  return start.trim().split(" ")
    .every((part) => !/^\P{L}*\p{Ll}/u.test(part) || WITHIN_NAMES.has(part));
}

/** Whether the sentence goes on after a unit: г. Тула; 1799 г. родился; В 1799 г. Пушкин. */
function isUnit(
  start: string,
  previous: string,
  word: string,
  after: string,
  { units, prepositions, openers }: Language,
): boolean {
  if (!units.has(word.toLowerCase())) return false;
  if (/^[\p{Ll}(]/u.test(after)) return true;
  if (!/^\p{Lu}/u.test(after) || opens(after, openers)) return false;
  if (!/^(?:\d|[IVX]+)/.test(previous)) return true;
  const parts = start.trim().split(" ");
  return parts.length <= 4 && (prepositions.has(parts[0]) || /^\d/.test(parts[0]));
}

/** A word, alone and joined to the short words before it: for "Dr. h. c." c, h.c and dr.h.c. */
function spellings(before: string, word: string): string[] {
  if (word.length > 3) return [word.toLowerCase()];
  const parts = before.match(/(?:^|\s)((?:\p{L}{1,3}\. )+)\p{L}{1,3}\.\s*$/u)?.[1].split(". ") ??
    [];
  const forms = [word.toLowerCase()];
  for (const part of parts.slice(0, -1).reverse()) {
    forms.push(`${part.toLowerCase()}.${forms[forms.length - 1]}`);
  }
  return forms;
}

/** Whether a letter is an initial (J. Smith), and not a label ("plan B. She …"). */
function isInitial(
  previous: string,
  word: string,
  after: string,
  { openers, labels }: Language,
): boolean {
  if (!/^\p{Lu}$/u.test(word)) return false;
  if (word === "I" && !/^\p{Lu}\.$/u.test(previous)) return false; // "It is I." and "World War I."
  if (labels.has(previous.toLowerCase())) return false;
  return previous === "" || !opens(after, openers);
}

/** Whether a text begins with an opener. The A of "A. Milne" is an initial, not an opener. */
function opens(after: string, openers: ReadonlySet<string>): boolean {
  const first = after.match(/^\p{L}[\p{L}']*/u)?.[0] ?? "";
  return openers.has(first) && !(first.length === 1 && after[1] === ".");
}

/** Whether a figure with a full stop is an ordinal, after which the sentence goes on. */
function isOrdinal(
  before: string,
  word: string,
  after: string,
  { ordinals, openers }: Language,
): boolean {
  if (/^\d{1,2}$/.test(word)) {
    if (GERMAN_MONTH.test(after)) return true;
    if (SHARED_MONTH.test(after) && BEFORE_DATE.test(before)) return true;
  }
  return ordinals && /^(?:\d{1,2}|[IVX]+)$/.test(word) && /^\p{Lu}/u.test(after) &&
    !opens(after, openers);
}

/**
 * The number of units at the end of a segment that belong to the next one: opening brackets and
 * quotation marks, which the segmenter leaves in the sentence before if no space precedes them.
 */
export function openingAtEnd(segment: string): number {
  if (
    isPlain(segment.charCodeAt(segment.length - 2)) &&
    isPlain(segment.charCodeAt(segment.length - 1))
  ) return 0;
  if (!/[\p{Ps}\p{Pi}]\s?$/u.test(segment.slice(-2))) return 0;
  const marks = segment.slice(-64).match(/[\p{Ps}\p{Pi}]+\s*$/u)?.[0];
  if (marks === undefined || marks.length === segment.length) return 0;
  const start = segment.length - marks.length;
  return closes(segment.slice(Math.max(0, start - 2000), start), marks.trimEnd())
    ? 0
    : marks.length;
}

/** Whether quotation marks close a quotation in German style: „…“ ‚…‘ »…«. */
function closes(text: string, marks: string): boolean {
  const mark = marks[0];
  if (mark === "“") return text.lastIndexOf("„") > text.lastIndexOf("“");
  if (mark === "‘") return text.lastIndexOf("‚") > text.lastIndexOf("‘");
  if (mark !== "«") return false;
  const first = text.match(/[«»]/)?.[0];
  return first === "»";
}

/** The number of units at the start of a segment that belong to the one before, such as » in French. */
export function closingAtStart(segment: string): number {
  if (isPlain(segment.charCodeAt(0))) return 0;
  return segment.match(/^[\p{Pe}\p{Pf}]+(?:\s+|$)/u)?.[0].length ?? 0;
}

/** Whether a unit is ASCII and not a bracket, as almost all are, so that no pattern has to be tried. */
function isPlain(unit: number): boolean {
  return unit < 0x7b && unit !== 0x28 && unit !== 0x29 && unit !== 0x5b && unit !== 0x5d;
}
