/**
 * The options of tokenizers as one object, which vocabularies, tokenizers, saved models and runs share.
 */
import { checkChoice, checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { canonicalLocale, hasDotlessI } from "./locale.ts";

/** The options that decide, together with the vocabulary, which ids a text gets. */
export interface TokenizerOptions {
  /** Whether to lower-case. Default true, as in the "uncased" models. */
  readonly lowercase?: boolean;
  /**
   * Whether to remove accents, which are all marks of Unicode's category Mn: German umlauts, Hindi
   * vowel signs and Japanese voicing marks are among them. `null`, the default, means "when
   * lower-casing".
   */
  readonly stripAccents?: boolean | null;
  /**
   * The language of the text, as a BCP 47 tag such as `"tr"`; it decides how `I` and `İ` are
   * lower-cased. With `null`, the default, `I` becomes `i`, as in most languages.
   */
  readonly locale?: string | null;
  /**
   * The most characters of a word, at least 1; a longer word becomes `[UNK]`, and no piece is learnt
   * from it. Default 100.
   */
  readonly maxWordLength?: number;
}

/** Where `decode()` leaves out spaces: nowhere, within each token, or in the whole text. */
export type CleanUp = "none" | "tokens" | "text";

/** All values of `CleanUp`. */
export const CLEAN_UPS: readonly CleanUp[] = ["none", "tokens", "text"];

/** The names of the options. */
export const TOKENIZER_OPTIONS: readonly (keyof TokenizerOptions)[] = [
  "lowercase",
  "stripAccents",
  "locale",
  "maxWordLength",
];

/**
 * Completes the options of a tokenizer with their defaults.
 *
 * @throws {ConfigError} If one is unknown or impossible.
 *
 * @example
 * ```ts
 * import { tokenizerOptions } from "bert/tokenizer/options.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(tokenizerOptions({ lowercase: false }), {
 *   lowercase: false,
 *   stripAccents: null,
 *   locale: null,
 *   maxWordLength: 100,
 * });
 * ```
 */
export function tokenizerOptions(given: TokenizerOptions = {}): Required<TokenizerOptions> {
  checkOptions("a tokenizer", given, TOKENIZER_OPTIONS);
  const { lowercase = true, stripAccents = null, locale = null, maxWordLength = 100 } = given;
  checkChoice("lowercase", lowercase, [true, false]);
  checkChoice("stripAccents", stripAccents, [true, false, null]);
  checkWhole("maxWordLength", maxWordLength, 1);
  return {
    lowercase,
    stripAccents,
    locale: locale === null ? null : canonicalLocale(locale),
    maxWordLength,
  };
}

/**
 * The options of a tokenizer whose vocabulary was learnt with `learnt`. Other given options must be
 * equal to these.
 *
 * @throws {ConfigError} If a given option would treat text in a different way from the vocabulary's.
 *
 * @example
 * ```ts
 * import { agreedOptions, tokenizerOptions } from "bert/tokenizer/options.ts";
 * import { strictEqual, throws } from "node:assert";
 * const learnt = tokenizerOptions({ lowercase: false });
 * strictEqual(agreedOptions(learnt, {}).lowercase, false);
 * throws(() => agreedOptions(learnt, { lowercase: true }), /must be false/);
 * ```
 */
export function agreedOptions(
  learnt: Required<TokenizerOptions>,
  given: TokenizerOptions,
): Required<TokenizerOptions> {
  checkOptions("agreedOptions()", learnt, TOKENIZER_OPTIONS);
  checkOptions("agreedOptions()", given, TOKENIZER_OPTIONS);
  const wanted = tokenizerOptions({ ...learnt, ...withoutUndefined(given) });
  const before = effective(learnt);
  const now = effective(wanted);
  for (const name of TOKENIZER_OPTIONS) {
    if (before[name] === now[name]) continue;
    const advice =
      `must be ${JSON.stringify(learnt[name])}, with which the vocabulary was learnt: ` +
      `leave it out here, or learn the vocabulary with ${name}: ${JSON.stringify(wanted[name])}`;
    throw new ConfigError(name, wanted[name], advice);
  }
  return wanted;
}

/** The options without those that are `undefined`, so that they can be spread over others. */
export function withoutUndefined<Options extends TokenizerOptions>(options: Options): Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Options;
}

/**
 * Options in a form in which those with the same effect are equal: two locales with the same small
 * letters, or two values of `stripAccents` that both strip.
 */
function effective(options: Required<TokenizerOptions>): Required<TokenizerOptions> {
  const { lowercase, stripAccents, locale, maxWordLength } = options;
  return {
    lowercase,
    stripAccents: stripAccents ?? lowercase,
    locale: lowercase && hasDotlessI(locale) ? "tr" : null,
    maxWordLength,
  };
}
