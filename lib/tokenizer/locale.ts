/** Languages of text as BCP 47 tags, and those in which the small letter of `I` is `ı`. */
import { ConfigError } from "../errors.ts";

/**
 * Whether the small letter of `I` is `ı` in a language: Turkish, Azeri and others in Latin script.
 *
 * @param locale A BCP 47 tag, or null for a language that is not known, which gives false.
 * @throws {ConfigError} If `locale` is not a language tag.
 */
export function hasDotlessI(locale: string | null): boolean {
  if (locale === null) return false;
  const known = dotless.get(locale);
  if (known !== undefined) return known;
  const { language, script } = new Intl.Locale(canonicalLocale(locale)).maximize();
  const found = DOTLESS.includes(language) && (script ?? "Latn") === "Latn";
  dotless.set(locale, found);
  return found;
}

/** Turkish, Azeri, Crimean Tatar, Gagauz, Tatar and Kazakh, each where it is written in Latin script. */
const DOTLESS = ["tr", "az", "crh", "gag", "tt", "kk"];

/** The results for the tags that were asked for, as there are few tags and many words. */
const dotless = new Map<string, boolean>();

/** The end of a message that says what a locale must be. */
export const LOCALE_ADVICE = 'must be a language tag such as "de", "tr" or "pt-BR"';

/** Whether a value is a language tag whose language is a code of two or three letters. */
export function isLocale(value: unknown): value is string {
  try {
    return typeof value === "string" && new Intl.Locale(value).language.length < 4;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * A language tag in its canonical spelling.
 *
 * @throws {ConfigError} If `locale` is not a language tag.
 */
export function canonicalLocale(locale: string): string {
  if (isLocale(locale)) return new Intl.Locale(locale).toString();
  throw new ConfigError("locale", locale, LOCALE_ADVICE);
}
