/**
 * Splitting text into sentences. `Intl.Segmenter` implements the rules of Unicode, but it also ends a
 * sentence after "Mr." and "U.S."; the rules of `sentence_rules.ts` correct such splits.
 */
import { ARRAY, checkArguments, checkEntries, checkOptions, TEXT } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { type Language, languageOf } from "./sentence_languages.ts";
import { closingAtStart, goesOn, LONGEST, openingAtEnd } from "./sentence_rules.ts";

/** Options of `splitSentences()`. */
export interface SentenceOptions {
  /**
   * The language of the text, as a BCP 47 tag. Default `"en"`. There are rules for `de`, `en`, `es`, `fr`,
   * `it`, `nl`, `pl`, `pt` and `ru`; a text in another language is split by the rules of Unicode and
   * of English.
   */
  readonly locale?: string;
}

/** Two line ends (LF, CRLF or CR) with nothing but white space between them. */
const EMPTY_LINE = /(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*(?:\r\n|\r|\n)/;

/** White space other than single spaces; most paragraphs have none. */
const NOT_SINGLE = /[^\S ]| {2}/;

/**
 * Splits a text into sentences, which are trimmed and not empty.
 *
 * A line break inside a paragraph does not end a sentence; an empty line does.
 *
 * Some splits depend on the meaning of the text, and no rule finds them: "He met King Jr. Day broke."
 * and "He likes King Jr. Day in May." are both split after "Jr.", and so is "at Acme Inc. USA". After
 * "the U.S." a sentence ends only before a word that often opens one, such as "The". Each language has
 * a list of abbreviations; any other abbreviation ends a sentence if a capital letter follows.
 *
 * @throws {ConfigError} If `locale` is not a language tag.
 *
 * @example
 * ```ts
 * import { splitSentences } from "bert/data/sentences.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(splitSentences("Mr. J. Smith left the U.S. in 1850. He sailed, e.g. to Peru."), [
 *   "Mr. J. Smith left the U.S. in 1850.",
 *   "He sailed, e.g. to Peru.",
 * ]);
 * ```
 *
 * Source: Unicode Standard Annex 29 (`Intl.Segmenter`).
 */
export function splitSentences(text: string, options: SentenceOptions = {}): string[] {
  checkArguments("splitSentences(text)", [["text", text, TEXT]]);
  checkOptions("splitSentences()", options, ["locale"]);
  return sentencesOf([text], options.locale)[0];
}

/**
 * The sentences of each of several texts, as `splitSentences()` gives them. One call for many short
 * texts is several times as fast, as starting the segmenter takes as long as many sentences.
 *
 * @param locale The language of the texts. Default `"en"`.
 * @throws {ConfigError} If `locale` is not a language tag, even if there is nothing to split.
 * @throws {TypeError} If `texts` is not an array of texts.
 *
 * @example
 * ```ts
 * import { splitTexts } from "bert/data/sentences.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(splitTexts(["Call me. I come.", "", "Go."]), [["Call me.", "I come."], [], ["Go."]]);
 * ```
 */
export function splitTexts(texts: readonly string[], locale?: string): string[][] {
  const call = "splitTexts(texts, locale)";
  checkArguments(call, [["texts", texts, ARRAY]]);
  checkEntries(call, "texts", texts, TEXT);
  return sentencesOf(texts, locale);
}

/** The sentences of each text, for arguments that were checked. */
function sentencesOf(texts: readonly string[], locale = "en"): string[][] {
  const paragraphs: string[] = [];
  const lasts = texts.map((text) => { // the number of paragraphs up to the end of each text
    for (const paragraph of text.split(EMPTY_LINE)) {
      const clean = withSingleSpaces(paragraph);
      if (clean !== "") paragraphs.push(clean);
    }
    return paragraphs.length;
  });
  const split = splitParagraphs(paragraphs, toolsFor(locale));
  return lasts.map((last, i) => split.slice(lasts[i - 1] ?? 0, last).flat());
}

function withSingleSpaces(paragraph: string): string {
  return (NOT_SINGLE.test(paragraph) ? paragraph.replace(/\s+/g, " ") : paragraph).trim();
}

/**
 * The paragraph separator of Unicode, at which the segmenter always ends a sentence and begins anew. It
 * is white space, so that no paragraph has one after `withSingleSpaces()`.
 */
const SEPARATOR = "\u2029";

/** The sentences of each paragraph. */
function splitParagraphs(
  paragraphs: readonly string[],
  { segmenter, language }: Tools,
): string[][] {
  const text = paragraphs.join(SEPARATOR) + SEPARATOR;
  const segments = segmenter.segment(text)[Symbol.iterator]();
  let end = -1;
  return paragraphs.map((paragraph) => {
    end += paragraph.length + 1;
    return joinSegments(segments, text, end, language);
  });
}

/**
 * Takes the segments of one paragraph and joins those that are one sentence.
 *
 * @param segments The segments of `text`, of which those before the paragraph were taken.
 * @param end The index of the separator after the paragraph.
 */
function joinSegments(
  segments: Iterator<Intl.SegmentData>,
  text: string,
  end: number,
  language: Language,
): string[] {
  const sentences: string[] = [];
  let last = ""; // the sentence so far
  let start = ""; // its first units
  let before = ""; // its last units; looking only at these keeps the time linear
  let moved = ""; // units that belong to this segment, but ended the one before
  for (let next = 0; next <= end;) {
    const { value: { segment: all, index } } = segments.next();
    next = index + all.length;
    const found = all.slice(0, end - index);
    const closing = moved === "" ? closingAtStart(found) : 0;
    const at = index - moved.length + closing;
    const whole = moved + found.slice(closing);
    const opening = openingAtEnd(whole);
    const segment = whole.slice(0, whole.length - opening);
    moved = whole.slice(whole.length - opening);
    last += found.slice(0, closing);
    if (segment === "") continue;
    const after = text.slice(at, Math.min(at + LONGEST, end));
    if (last !== "" && !goesOn(before, after, start, language)) {
      sentences.push(last);
      last = "";
      start = "";
      before = "";
    }
    last += segment;
    if (start.length < LONGEST) start = (start + segment).slice(0, LONGEST);
    before = (before + segment.slice(-LONGEST)).slice(-LONGEST);
  }
  sentences.push(last + moved);
  return sentences.map((sentence) => sentence.trim()).filter((sentence) => sentence !== "");
}

/** The segmenter and the rules of a language. */
interface Tools {
  readonly segmenter: Intl.Segmenter;
  readonly language: Language;
}

/** The tools of the languages that were asked for, as making a segmenter is slow. */
const known = new Map<string, Tools>();

function toolsFor(locale: string): Tools {
  const found = known.get(locale);
  if (found) return found;
  const made = makeTools(locale);
  known.set(locale, made);
  return made;
}

function makeTools(locale: string): Tools {
  try {
    const segmenter = new Intl.Segmenter(locale, { granularity: "sentence" });
    return { segmenter, language: languageOf(locale) };
  } catch {
    throw new ConfigError("locale", locale, 'must be a language tag such as "en" or "pt-BR"');
  }
}
