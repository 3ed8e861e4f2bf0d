/** The share of `[UNK]` in texts. */
import { TOKENIZER } from "./argument_kinds.ts";
import { checkArguments, checkText, having, LIST } from "../checks.ts";
import { percent } from "../format.ts";
import type { BertTokenizer } from "./bert_tokenizer.ts";
import { PUT_SPACES, type VocabNote } from "./vocab_notes.ts";
import { isLongerThan } from "./word_counts.ts";
import { WHITESPACE, wordTokens } from "./words.ts";

/** The share of `[UNK]` in some texts. */
export interface UnknownShare {
  /** The number of tokens, without `[CLS]` and `[SEP]`. */
  readonly tokens: number;
  /** The number of tokens that are `[UNK]`. */
  readonly unknown: number;
  /** The number of tokens that are `[UNK]` because the word is longer than `maxWordLength`. */
  readonly tooLong: number;
  /** The share of the tokens that are `[UNK]`, from 0 to 1; 0 if there are no tokens. */
  readonly share: number;
  /** The most frequent words, as white space separates them, that contain `[UNK]`; at most five. */
  readonly examples: readonly string[];
}

/**
 * Above this share there is a note: a model learns only from the other tokens, and its scores look
 * better than they are.
 */
const NOTED_SHARE = 0.05;

/**
 * Measures the share of `[UNK]` among the tokens of texts.
 *
 * @example
 * ```ts
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { unknownShare } from "bert/tokenizer/unknown_share.ts";
 * import { deepStrictEqual, strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "the", "sea"]));
 * const { share, examples } = unknownShare(tokenizer, ["The sea, the ship"]);
 * strictEqual(share, 0.4);
 * deepStrictEqual(examples, ["sea,", "ship"]);
 * ```
 */
export function unknownShare(tokenizer: BertTokenizer, texts: Iterable<string>): UnknownShare {
  const call = "unknownShare(tokenizer, texts)";
  checkArguments(call, [["tokenizer", tokenizer, TOKENIZER], ["texts", texts, LIST]]);
  const { vocab: { unkId }, options } = tokenizer;
  const unknownWords = new Map<string, number>();
  let tokens = 0;
  let unknown = 0;
  let tooLong = 0;
  for (const text of texts) {
    checkText(call, "each of texts", text);
    for (const word of text.split(WHITESPACE)) {
      const ids = tokenizer.ids(word);
      tokens += ids.length;
      if (!ids.includes(unkId)) continue;
      unknown += ids.filter((id) => id === unkId).length;
      const long = wordTokens(word, options).filter((token) =>
        isLongerThan(token, options.maxWordLength)
      );
      tooLong += long.length;
      unknownWords.set(word, (unknownWords.get(word) ?? 0) + 1);
    }
  }
  const share = tokens === 0 ? 0 : unknown / tokens;
  const frequent = [...unknownWords].sort(([, a], [, b]) => b - a).slice(0, 5);
  return { tokens, unknown, tooLong, share, examples: frequent.map(([word]) => shorten(word)) };
}

/**
 * A note about a share of `[UNK]` above 5 %; undefined if it is smaller.
 *
 * @example
 * ```ts
 * import { unknownNote } from "bert/tokenizer/unknown_share.ts";
 * import { strictEqual } from "node:assert";
 * const found = { tokens: 100, unknown: 4, tooLong: 0, share: 0.04, examples: ["ℵ"] };
 * strictEqual(unknownNote(found), undefined);
 * strictEqual(unknownNote({ ...found, share: 0.06 })?.about, "unknown");
 * ```
 */
export function unknownNote(found: UnknownShare): VocabNote | undefined {
  checkArguments("unknownNote(found)", [["found", found, FOUND]]);
  const { unknown, tooLong, share, examples } = found;
  if (share <= NOTED_SHARE) return undefined;
  const shown = examples.slice(0, 3).map((word) => `"${word}"`).join(", ");
  const finding = `${percent(share)} of the tokens are [UNK], as in ${shown}`;
  if (2 * tooLong >= unknown) {
    return {
      about: "unspaced",
      finding: `${finding}: most of them are longer than a word may be`,
      advice: PUT_SPACES,
    };
  }
  return {
    about: "unknown",
    finding: `${finding}: the vocabulary has no pieces for them`,
    advice: "learn the vocabulary from this text, or one of more pieces",
  };
}

const FOUND = having("a result of unknownShare()", "unknown", "tooLong", "share", "examples");

/** A word for a message, cut off after 24 characters. */
function shorten(word: string): string {
  const characters = [...word.slice(0, 60)];
  return characters.length > 24 ? `${characters.slice(0, 23).join("")}…` : word;
}
