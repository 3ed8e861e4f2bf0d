/**
 * Tokens that are found in a text as wholes, before its words are cut into pieces: the special ones
 * such as `[MASK]`, and those that were added to a vocabulary.
 */
import { ARRAY, checkArguments, checkEntries, checkOptions, having } from "../checks.ts";
import { describe, FormatError } from "../errors.ts";

/** A token that is found as a whole. */
export interface AddedToken {
  /** The token as it is typed. */
  readonly content: string;
  /**
   * Whether it stands for something other than text, such as `[CLS]`. Special tokens are never masked,
   * and `decode()` leaves them out. Default false.
   */
  readonly special?: boolean;
  /**
   * Whether to search for it in the normalised text, which is lower-cased if the tokenizer does that.
   * Default: the opposite of `special`.
   */
  readonly normalized?: boolean;
  /** Whether it is only found where no letter, mark, digit or `_` is beside it. Default false. */
  readonly singleWord?: boolean;
  /** Whether white space before it belongs to it, which changes no id. Default false. */
  readonly lstrip?: boolean;
  /** Whether white space after it belongs to it, which changes no id. Default false. */
  readonly rstrip?: boolean;
}

/**
 * Completes a token with the defaults of its flags. A string is a special token.
 *
 * @param where The source of the token, for error messages. Default `"the added tokens"`.
 * @throws {FormatError} If it is empty, has a line break or is not well-formed.
 *
 * @example
 * ```ts
 * import { completeToken } from "bert/tokenizer/added_tokens.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(completeToken("[E1]").special, true);
 * strictEqual(completeToken("[E1]").normalized, false); // found in the text as it is
 * strictEqual(completeToken({ content: "New York" }).normalized, true); // and as "new york"
 * ```
 */
export function completeToken(
  given: string | AddedToken,
  where = "the added tokens",
): Required<AddedToken> {
  if (typeof given !== "string") {
    checkArguments("addTokens(tokens)", [["each of tokens", given, TOKEN]]);
    checkOptions("an added token", given, TOKEN_FLAGS);
  }
  const { content, special = false, ...flags } = typeof given === "string"
    ? { content: given, special: true }
    : given;
  if (typeof content !== "string" || content === "" || /[\r\n]/.test(content)) {
    const found = describe(content);
    throw new FormatError(where, `expected a token of one line, found ${found}`);
  }
  if (!content.isWellFormed()) {
    throw new FormatError(where, `found half a surrogate pair in ${JSON.stringify(content)}`);
  }
  const { normalized = !special, singleWord = false, lstrip = false, rstrip = false } = flags;
  return { content, special, normalized, singleWord, lstrip, rstrip };
}

const TOKEN = having('a text such as "[E1]", or { content: "…" }', "content");
const TOKEN_FLAGS = ["content", "special", "normalized", "singleWord", "lstrip", "rstrip"];

/** Whether two tokens are found at the same places of any text; their other flags may differ. */
export function areFoundAlike(a: Required<AddedToken>, b: Required<AddedToken>): boolean {
  return a.content === b.content && a.normalized === b.normalized && a.singleWord === b.singleWord;
}

/** A part of a text: a token, or the text between two tokens. */
export interface Stretch {
  /** The text of the token, or between tokens. */
  readonly text: string;
  /** The offset at which it begins, in UTF-16 units. */
  readonly start: number;
  /** The id of the token; undefined between tokens. */
  readonly id: number | undefined;
}

/** A token that a `TokenFinder` searches for. */
export interface Pattern {
  /** The text of the token, normalised if the searched text is. */
  readonly text: string;
  /** The id of the token. */
  readonly id: number;
  /** Whether it is found only where no letter, mark, digit or `_` is beside it. */
  readonly singleWord: boolean;
}

const ENDS_IN_WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const STARTS_WITH_WORD = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds tokens in texts: the leftmost first, and of tokens that begin at the same place the longest
 * one.
 *
 * Source: `AddedVocabulary` in huggingface/tokenizers.
 */
export class TokenFinder {
  readonly #patterns = new Map<string, Pattern>();
  /** Finds all tokens of a text. */
  readonly #all: RegExp;
  /** Tests whether a text contains any token. */
  readonly #any: RegExp;
  /** The first unit of all tokens, if they share it, as a search for it is faster; otherwise empty. */
  readonly #first: string;

  /**
   * Compiles the patterns.
   *
   * @param patterns The tokens, whose texts must be different and not empty.
   */
  constructor(patterns: readonly Pattern[]) {
    const call = "new TokenFinder(patterns)";
    checkArguments(call, [["patterns", patterns, ARRAY]]);
    checkEntries(call, "patterns", patterns, having("a pattern", "text", "id"));
    for (const pattern of patterns) this.#patterns.set(pattern.text, pattern);
    const longestFirst = [...this.#patterns.keys()].sort((a, b) => b.length - a.length);
    const firsts = new Set(longestFirst.map((text) => text[0]));
    this.#first = firsts.size === 1 ? [...firsts][0] : "";
    const source = longestFirst.map(escaped).join("|") || "(?!)"; // which matches nothing
    this.#all = new RegExp(source, "g");
    this.#any = new RegExp(source);
  }

  /** Whether a text contains a token, whatever stands beside it. */
  mayFind(text: string): boolean {
    return text.includes(this.#first) && this.#any.test(text);
  }

  /** Splits a text into tokens and the parts between them, in order and without empty parts. */
  *split(text: string): Generator<Stretch> {
    let start = 0;
    for (const { 0: found, index } of text.matchAll(this.#all)) {
      const { id, singleWord } = this.#patterns.get(found)!;
      const end = index + found.length;
      if (singleWord && !standsAlone(text, index, end)) continue;
      if (index > start) yield { text: text.slice(start, index), start, id: undefined };
      yield { text: found, start: index, id };
      start = end;
    }
    if (start < text.length) yield { text: text.slice(start), start, id: undefined };
  }
}

/** Whether no letter, mark, digit or `_` is beside the part of a text from `start` to `end`. */
function standsAlone(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 2), start);
  return !ENDS_IN_WORD.test(before) && !STARTS_WITH_WORD.test(text.slice(end, end + 2));
}

/** A text as the source of a regular expression that matches it. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
