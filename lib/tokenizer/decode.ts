/** Joining tokens to text. */
import type { CleanUp } from "./options.ts";

/**
 * Joins tokens with spaces. A piece inside a word, `##x`, follows the piece before it without a
 * space.
 *
 * @param cleanUp Where the space before punctuation and contractions is left out. `"tokens"` treats
 * each token alone, so that `can ' t` is not changed; `"text"` changes it to `can't`.
 *
 * @example
 * ```ts
 * import { joinTokens } from "bert/tokenizer/decode.ts";
 * import { strictEqual } from "node:assert";
 * const tokens = ["un", "##seen", ",", "isn", "'", "t", "it", "?"];
 * strictEqual(joinTokens(tokens, "none"), "unseen , isn ' t it ?");
 * strictEqual(joinTokens(tokens, "tokens"), "unseen, isn ' t it?");
 * strictEqual(joinTokens(tokens, "text"), "unseen, isn't it?");
 * ```
 *
 * Source: `decoders::wordpiece` in huggingface/tokenizers, and `clean_up_tokenization()` in transformers.
 */
export function joinTokens(tokens: readonly string[], cleanUp: CleanUp): string {
  const parts = tokens.map((token, at) => {
    if (at === 0) return token;
    return token.startsWith("##") ? token.slice(2) : ` ${token}`;
  });
  if (cleanUp === "none") return parts.join("");
  const text = parts.map((part) => tidySpaces(part, TIDIED_IN_TOKEN)).join("");
  return cleanUp === "text" ? tidySpaces(text, TIDIED) : text;
}

/** Strings with spaces, and the strings that replace them. */
type Replacements = readonly (readonly [spaced: string, tidy: string])[];

/** The replacements in the whole text, in the order in which they are made. */
const TIDIED: Replacements = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The replacements within a token. Only an added token can contain `do not`. */
const TIDIED_IN_TOKEN: Replacements = [...TIDIED, [" do not", " don't"]];

function tidySpaces(text: string, replacements: Replacements): string {
  return replacements.reduce((tidied, [spaced, tidy]) => tidied.replaceAll(spaced, tidy), text);
}
