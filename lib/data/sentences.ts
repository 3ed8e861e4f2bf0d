/**
 * Text to sentences. `Intl.Segmenter` knows the rules of Unicode, but it also ends a sentence after
 * "Mr." and "U.S."; such splits are mended here.
 */
import { ConfigError } from "../errors.ts";

/** How text is split. */
export interface SentenceOptions {
  /** Language of the text, as a BCP 47 tag. Default `"en"`. */
  readonly locale?: string;
}

/** Titles and the like, capitalised and followed by a name. */
const BEFORE_NAME = new Set(
  ("Mr Mrs Ms Dr Prof Rev Hon Messrs Mme Mlle Capt Col Gen Lieut Lt Maj Sgt Cmdr Adm Gov Sen Rep Pres " +
    "St Mt Ft Dept v").split(" "),
);

/** Words that are abbreviations only in front of a figure: No. 5, but "He said no." */
const BEFORE_FIGURE = new Set(
  "no nos vol vols ch chap sec art fig figs p pp jan feb mar apr jun jul aug sept sep oct nov dec"
    .split(" "),
);

/** Abbreviations in the middle of a sentence, whatever follows. */
const IN_THE_MIDDLE = new Set("e.g i.e viz cf vs al approx".split(" "));

/** Abbreviations that may end a sentence: one that goes on goes on in lower case or with a figure. */
const MAY_END = new Set(
  "etc inc ltd co corp jr sr bros a.m p.m u.s u.s.a u.k u.n d.c ave blvd rd".split(" "),
);

const LONGEST = 64; // units of a segment's end in which an abbreviation is looked for

const segmenters = new Map<string, Intl.Segmenter>();

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
export function splitSentences(text: string, { locale = "en" }: SentenceOptions = {}): string[] {
  return text.split(/\r?\n[ \t]*\r?\n/).flatMap((paragraph) => splitParagraph(paragraph, locale));
}

function splitParagraph(paragraph: string, locale: string): string[] {
  const text = paragraph.replace(/\s+/g, " ").trim();
  const sentences: string[] = [];
  let before = "";
  for (const { segment } of segmenter(locale).segment(text)) {
    if (sentences.length > 0 && goesOn(before, segment)) sentences[sentences.length - 1] += segment;
    else sentences.push(segment);
    before = segment.slice(-LONGEST); // all that is looked at, so that the time stays linear
  }
  return sentences.map((sentence) => sentence.trim()).filter((sentence) => sentence !== "");
}

function segmenter(locale: string): Intl.Segmenter {
  const known = segmenters.get(locale);
  if (known) return known;
  const made = makeSegmenter(locale);
  segmenters.set(locale, made);
  return made;
}

function makeSegmenter(locale: string): Intl.Segmenter {
  try {
    return new Intl.Segmenter(locale, { granularity: "sentence" });
  } catch {
    throw new ConfigError("locale", locale, 'must be a language tag such as "en" or "pt-BR"');
  }
}

/** Whether a split between these two parts is a mistake. */
function goesOn(before: string, after: string): boolean {
  const word = before.match(/([^\s"'“‘([]+)\.["'”’)\]]*\s*$/)?.[1];
  if (word === undefined) return false;
  const abbreviation = word.toLowerCase();
  if (IN_THE_MIDDLE.has(abbreviation)) return true;
  if (BEFORE_NAME.has(word) && /^\p{Lu}/u.test(after)) return true;
  if (BEFORE_FIGURE.has(abbreviation) && /^\d/.test(after)) return true;
  if (/^\p{Lu}$/u.test(word) && word !== "I") return true; // an initial: J. Smith
  if (/^(\p{Lu}\.)+\p{Lu}$/u.test(word) && startsName(after, abbreviation)) return true; // J. R. Smith, U.S. Army
  return MAY_END.has(abbreviation) && /^[\p{Ll}\d(]/u.test(after);
}

/** Whether `U.S. Army` goes on: a capitalised word that does not usually begin a sentence. */
function startsName(after: string, abbreviation: string): boolean {
  if (/^[\p{Ll}\d(]/u.test(after)) return true;
  if (!/^\p{Lu}/u.test(after)) return false;
  const first = after.match(/^[\p{L}']+/u)?.[0] ?? "";
  return !MAY_END.has(abbreviation) || !OPENERS.has(first);
}

/** Words that open sentences far more often than they follow "U.S." as part of a name. */
const OPENERS = new Set(
  ("A After All Although An And As At But By Congress Even Every For From He Her His However I If In It Its " +
    "Many More Most My No Nor Not Now Of On One Only Or Our She Since So Some Such That The Their There These " +
    "They This Those Thus To Under Until Upon We What When Where Whether Which While Who Why With You")
    .split(" "),
);
