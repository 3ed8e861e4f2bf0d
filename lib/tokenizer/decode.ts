/** Tokens back to text. */

/**
 * Joins tokens with spaces; a piece inside a word, `##x`, stands right behind the one before it.
 *
 * @param cleanUp Whether to leave out the space before punctuation and contractions, as the decoder
 * of the reference does. It looks at each token alone, so that `can ' t` stays as it is.
 *
 * @example
 * ```ts
 * import { joinTokens } from "bert/tokenizer/decode.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(joinTokens(["un", "##seen", ",", "isn", "'", "t", "it", "?"], true), "unseen, isn ' t it?");
 * ```
 *
 * Source: `decoders::wordpiece` in huggingface/tokenizers.
 */
export function joinTokens(tokens: readonly string[], cleanUp: boolean): string {
  const parts = tokens.map((token, at) => {
    if (at === 0) return token;
    return token.startsWith("##") ? token.slice(2) : ` ${token}`;
  });
  return (cleanUp ? parts.map(tidySpaces) : parts).join("");
}

/** What is replaced in a token with the space before it, in this order. */
const TIDIED: readonly (readonly [spaced: string, tidy: string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function tidySpaces(token: string): string {
  return TIDIED.reduce((text, [spaced, tidy]) => text.replaceAll(spaced, tidy), token);
}
