/**
 * Splitting text into sentences. `Intl.Segmenter` implements the rules of Unicode, but it also ends a
 * sentence after "Mr." and "U.S."; the rules of `sentence_rules.ts` correct such splits.
 */
import { checkArguments, checkOptions, TEXT } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { closingAtStart, goesOn, languageOf, openingAtEnd } from "./sentence_rules.ts";

/** How text is split. */
export interface SentenceOptions {
  /**
   * Language of the text, as a BCP 47 tag. Default `"en"`. There are rules for `en`, `de`, `fr` and
   * `es`; a text in another language is split by the rules of Unicode and of English.
   */
  readonly locale?: string;
}

/** Two line ends, LF, CRLF or CR, with nothing but space between them. */
const EMPTY_LINE = /(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*(?:\r\n|\r|\n)/;

/** White space other than single blanks; most paragraphs have none. */
const NOT_SINGLE = /[^\S ]| {2}/;

const LONGEST = 64; // UTF-16 units at the start and end of a sentence, and of what follows, that the rules use

/**
 * Splits text into sentences, trimmed, none of them empty.
 *
 * A line break inside a paragraph does not end a sentence; an empty line does.
 *
 * @throws {ConfigError} If `locale` is no language tag.
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
  const { locale = "en" } = options;
  return text.split(EMPTY_LINE).flatMap((paragraph) => splitParagraph(paragraph, locale));
}

function splitParagraph(paragraph: string, locale: string): string[] {
  const text = (NOT_SINGLE.test(paragraph) ? paragraph.replace(/\s+/g, " ") : paragraph).trim();
  if (text === "") return [];
  const { segmenter, language } = toolsFor(locale);
  const sentences: string[] = [];
  let last = ""; // the sentence so far
  let start = ""; // its first words
  let before = ""; // its last units: only these are used, so that the time stays linear
  let moved = ""; // moved from the end of the segment before to the start of this one
  for (const { segment: found, index } of segmenter.segment(text)) {
    const closing = moved === "" ? closingAtStart(found) : 0;
    const at = index - moved.length + closing;
    const whole = moved + found.slice(closing);
    const opening = openingAtEnd(whole);
    const segment = whole.slice(0, whole.length - opening);
    moved = whole.slice(whole.length - opening);
    last += found.slice(0, closing);
    if (segment === "") continue;
    if (last !== "" && !goesOn(before, text.slice(at, at + LONGEST), start, language)) {
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
  readonly language: ReturnType<typeof languageOf>;
}

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
