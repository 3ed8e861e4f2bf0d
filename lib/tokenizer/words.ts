/**
 * The first half of BERT's tokenizer: cleaning text and splitting it into words.
 *
 * Each step is a function of its own, named after the step in `BasicTokenizer` of google-research/bert.
 * Where that class and the widely used `tokenizers` library differ, this file follows the library,
 * down to its Unicode version (`unicode.ts`), so that ids agree on every string.
 */
import { checkText } from "../checks.ts";
import { decompose } from "./decompose.ts";
import { hasDotlessI } from "./locale.ts";
import { type TokenizerOptions, tokenizerOptions } from "./options.ts";
import {
  anyOf,
  isOneOf,
  LATER_CAPITALS,
  LATER_FORMAT,
  LATER_MARKS,
  LATER_PUNCTUATION,
} from "./unicode.ts";

/** The characters that separate words, tab, line feed and carriage return among them. Other control characters are removed. */
export const WHITESPACE = /[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** A text of printable ASCII, which needs no cleaning and has no accents. */
export const ASCII_ONLY = /^[\x20-\x7e]*$/;

// The patterns MAYBE_… test quickly whether a word may need a step. Most words need none.
const MAYBE_CLEANED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Z}\ufffd]/u;

const MAYBE_ACCENT = /[\p{Mn}\u1734\u{1171e}]/u;

/** Capitals that `toLowerCase()` of a whole text treats differently from `lowerCharacter()`. */
const MAYBE_OTHER_LOWER = anyOf([
  [0x3a3, 0x3a3],
  ...LATER_CAPITALS.flatMap(([capitals]) => capitals),
]);

const MARK = /\p{Mn}/u;

const REMOVED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;

const PUNCTUATION = /\p{P}/u;

/** CJK ideographs; each becomes a word. U+2B820 to U+2B91F are left out, as `tokenizers` does. */
const CJK =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;

const ALL_CJK = new RegExp(CJK.source, "gu");

const MAYBE_SPLIT = new RegExp(`[\\p{P}$+<=>^\`|~\\u166d\\u{111c9}]|${CJK.source}`, "u");

/**
 * Whether a character is removed before anything else: control and format characters, private use,
 * lone surrogates, U+0000 and U+FFFD.
 *
 * @example
 * ```ts
 * import { isControl } from "bert/tokenizer/words.ts";
 * import { ok } from "node:assert";
 * ok(isControl("\u200b")); // a space of width 0
 * ok(!isControl("\n")); // white space
 * ```
 */
export function isControl(char: string): boolean {
  if (char === "\t" || char === "\n" || char === "\r") return false;
  if (char === "\u0000" || char === "\ufffd") return true;
  return REMOVED.test(char) && !isOneOf(char, LATER_FORMAT);
}

/**
 * Whether a character is punctuation: every ASCII symbol, and Unicode's category P.
 *
 * @example
 * ```ts
 * import { isPunctuation } from "bert/tokenizer/words.ts";
 * import { ok } from "node:assert";
 * ok(isPunctuation("$") && isPunctuation("…"));
 * ok(!isPunctuation("€")); // a symbol, which is punctuation only in ASCII
 * ```
 */
export function isPunctuation(char: string): boolean {
  checkText("isPunctuation(char)", "char", char);
  const code = char.codePointAt(0) ?? 0;
  if (code < 128) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
      (code >= 123 && code <= 126);
  }
  if (char === "\u166d" || char === "\u{111c9}") return true; // punctuation in Unicode 8, but no longer in newer versions
  return PUNCTUATION.test(char) && !isOneOf(char, LATER_PUNCTUATION);
}

/**
 * Whether a character is a CJK ideograph (not kana, not Hangul).
 *
 * @example
 * ```ts
 * import { isCjk } from "bert/tokenizer/words.ts";
 * import { ok } from "node:assert";
 * ok(isCjk("海"));
 * ok(!isCjk("う") && !isCjk("바"));
 * ```
 */
export function isCjk(char: string): boolean {
  return CJK.test(char);
}

/**
 * Removes control characters and turns each character of white space into a plain space.
 *
 * @example
 * ```ts
 * import { cleanText } from "bert/tokenizer/words.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(cleanText("the\u0000 \u200bsea\u00a0\n"), "the sea  "); // spaces are not joined
 * ```
 */
export function cleanText(text: string): string {
  checkText("cleanText(text)", "text", text);
  if (!MAYBE_CLEANED.test(text)) return text;
  let cleaned = "";
  for (const char of text) {
    if (!isControl(char)) cleaned += WHITESPACE.test(char) ? " " : char;
  }
  return cleaned;
}

/**
 * Lower-cases character by character, so that a final capital sigma becomes σ and not ς, as it would
 * with `toLowerCase()`.
 *
 * @example
 * ```ts
 * import { lowerCase } from "bert/tokenizer/words.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(lowerCase("ΛΟΓΟΣ"), "λογοσ"); // toLowerCase() gives "λογος"
 * ```
 */
export function lowerCase(text: string): string {
  checkText("lowerCase(text)", "text", text);
  if (!MAYBE_OTHER_LOWER.test(text)) return text.toLowerCase();
  return Array.from(text, lowerCharacter).join("");
}

/** The lower case of one character; that of `İ` is two characters, i and a dot above. */
export function lowerCharacter(char: string): string {
  if (char < "\ua7ce") return char.toLowerCase();
  const [, distance] = LATER_CAPITALS.find(([capitals]) => isOneOf(char, capitals)) ?? [];
  if (distance === undefined) return char.toLowerCase();
  return String.fromCodePoint((char.codePointAt(0) ?? 0) + distance);
}

/**
 * Decomposes accented letters (NFD) and drops the accents: `é` becomes `e`.
 *
 * @example
 * ```ts
 * import { stripAccents } from "bert/tokenizer/words.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(stripAccents("Žižka, Ærø"), "Zizka, Ærø"); // ø is a letter without an accent
 * ```
 */
export function stripAccents(text: string): string {
  checkText("stripAccents(text)", "text", text);
  if (ASCII_ONLY.test(text)) return text;
  const decomposed = decompose(text);
  if (!MAYBE_ACCENT.test(decomposed)) return decomposed;
  return Array.from(decomposed).filter((char) => !isAccent(char)).join("");
}

/** Whether a character is an accent that `stripAccents()` drops (category Mn). */
export function isAccent(char: string): boolean {
  if (char === "\u1734" || char === "\u{1171e}") return true; // of category Mn in Unicode 8, but no longer in newer versions
  return MARK.test(char) && !isOneOf(char, LATER_MARKS);
}

/**
 * Splits a word at every punctuation character and ideograph, which become words of their own:
 * `don't` becomes `don`, `'` and `t`.
 *
 * @example
 * ```ts
 * import { splitPunctuation } from "bert/tokenizer/words.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(splitPunctuation("don't!"), ["don", "'", "t", "!"]);
 * deepStrictEqual(splitPunctuation("東京都"), ["東", "京", "都"]);
 * ```
 */
export function splitPunctuation(word: string): string[] {
  checkText("splitPunctuation(word)", "word", word);
  if (!MAYBE_SPLIT.test(word)) return word === "" ? [] : [word];
  const parts: string[] = [];
  let current = "";
  for (const char of word) {
    if (!isPunctuation(char) && !isCjk(char)) {
      current += char;
      continue;
    }
    if (current) parts.push(current);
    parts.push(char);
    current = "";
  }
  if (current) parts.push(current);
  return parts;
}

/**
 * The letters `I` and `İ` of Turkish and Azeri with their small letters, in the order of replacement.
 */
export const DOTTED_LETTERS: readonly (readonly [capital: string, small: string])[] = [
  ["\u0130", "i"], // İ in one character
  ["I\u0307", "i"], // and in two
  ["I", "\u0131"],
];

const MAYBE_DOTTED = /[I\u0130]/;

/**
 * Lower-cases `I` to `ı` and `İ` to `i`, as in Turkish. Other characters are not changed.
 *
 * @example
 * ```ts
 * import { lowerDotted } from "bert/tokenizer/words.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(lowerDotted("DIŞ İZMİR"), "DıŞ iZMiR"); // toLowerCase() gives "diş"
 * ```
 */
export function lowerDotted(text: string): string {
  if (!MAYBE_DOTTED.test(text)) return text;
  return DOTTED_LETTERS.reduce((left, [capital, small]) => left.replaceAll(capital, small), text);
}

/**
 * Strips accents and then lower-cases, as far as the options say so. The order is that of the
 * `tokenizers` library.
 */
function normalizeWord(word: string, options: TokenizerOptions = {}): string {
  if (typeof options !== "object" || options === null) tokenizerOptions(options); // throws
  const { lowercase = true, stripAccents: strip = null, locale = null } = options;
  const text = lowercase && hasDotlessI(locale) ? lowerDotted(word) : word;
  const bare = strip ?? lowercase ? stripAccents(text) : text;
  return lowercase ? lowerCase(bare) : bare;
}

/**
 * Splits a text into the words that WordPiece then cuts into pieces.
 *
 * @param text Any string; lone surrogates are dropped like U+FFFD.
 * @param options How text is treated. Default: see `TokenizerOptions`.
 * @returns Words without white space; every punctuation mark and ideograph is a word of its own.
 *
 * @example
 * ```ts
 * import { basicTokens } from "bert/tokenizer/words.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(basicTokens("Héllo, WORLD!"), ["hello", ",", "world", "!"]);
 * ```
 *
 * Source: `BasicTokenizer` in google-research/bert; `BertNormalizer` and `BertPreTokenizer` in
 * huggingface/tokenizers, which is followed where the two differ: private-use characters are removed,
 * and accents are stripped before lower-casing.
 */
export function basicTokens(text: string, options: TokenizerOptions = {}): string[] {
  checkText("basicTokens(text, options)", "text", text);
  const complete = tokenizerOptions(options);
  return text.split(WHITESPACE).flatMap((word) => wordTokens(word, complete));
}

/**
 * `basicTokens()` of one word that holds no white space.
 *
 * @example
 * ```ts
 * import { wordTokens } from "bert/tokenizer/words.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(wordTokens("Don't"), ["don", "'", "t"]);
 * deepStrictEqual(wordTokens("Don't", { lowercase: false }), ["Don", "'", "t"]);
 * ```
 */
export function wordTokens(word: string, options: TokenizerOptions = {}): string[] {
  checkText("wordTokens(word, options)", "word", word);
  const cleaned = ASCII_ONLY.test(word) ? word : cleanText(word);
  return splitPunctuation(normalizeWord(cleaned, options));
}

/**
 * Normalises a text: cleans it, puts spaces around ideographs, and applies the options for case and
 * accents. Added tokens with the flag `normalized` are searched for in the result.
 *
 * @example
 * ```ts
 * import { normalizeText } from "bert/tokenizer/words.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(normalizeText("Él\tva a 東京", {}), "el va a  東  京 ");
 * strictEqual(normalizeText("Él", { lowercase: false, stripAccents: false }), "Él");
 * ```
 *
 * Source: `BertNormalizer` in huggingface/tokenizers.
 */
export function normalizeText(text: string, options: TokenizerOptions): string {
  checkText("normalizeText(text, options)", "text", text);
  return normalizeWord(cleanText(text).replace(ALL_CJK, " $& "), options);
}
