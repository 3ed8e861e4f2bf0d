/** The facts by which a run recognises its vocabulary. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { checkArguments } from "../checks.ts";
import { type AddedToken, completeToken } from "./added_tokens.ts";
import { TOKENIZER } from "./argument_kinds.ts";
import type { BertTokenizer } from "./bert_tokenizer.ts";
import type { CleanUp, TokenizerOptions } from "./options.ts";
import { isOneOfFive } from "./vocab.ts";

/**
 * The facts that identify a vocabulary, and the options of its tokenizer. Runs of older versions lack
 * the last two fields.
 */
export interface VocabularyFacts extends TokenizerOptions {
  /** The SHA-256 of `vocabularyText()`, in hexadecimal. */
  readonly sha256: string;
  /** The number of tokens. */
  readonly size: number;
  /** Where `decode()` leaves out spaces; missing if it is `"tokens"`. */
  readonly cleanUp?: CleanUp;
  /** The number of pieces into which words are cut; missing if `added` is. */
  readonly pieces?: number;
  /** Added tokens, and special tokens with unusual flags; missing if there are none. */
  readonly added?: readonly AddedToken[];
}

/**
 * All tokens, one on each line. It is the text of `vocab.txt` if no token was added after the pieces.
 *
 * @example
 * ```ts
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { vocabularyText } from "bert/tokenizer/vocab_facts.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea"]));
 * strictEqual(vocabularyText(tokenizer), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\n");
 * ```
 */
export function vocabularyText(tokenizer: BertTokenizer): string {
  checkArguments("vocabularyText(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
  const { vocab } = tokenizer;
  return `${vocab.tokens.join("\n")}\n`;
}

/**
 * The digest and the size of a vocabulary, and the options of its tokenizer. The digest depends on the
 * tokens and their order.
 *
 * @example
 * ```ts
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { vocabularyFacts } from "bert/tokenizer/vocab_facts.ts";
 * import { notStrictEqual, strictEqual } from "node:assert";
 * const facts = (...pieces: string[]) =>
 *   vocabularyFacts(new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...pieces])));
 * strictEqual(facts("sea", "ship").size, 7);
 * notStrictEqual(facts("sea", "ship").sha256, facts("ship", "sea").sha256); // other ids
 * ```
 */
export function vocabularyFacts(tokenizer: BertTokenizer): VocabularyFacts {
  checkArguments("vocabularyFacts(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
  const sha256 = createHash("sha256").update(vocabularyText(tokenizer)).digest("hex");
  const { vocab, options, cleanUp } = tokenizer;
  const added = vocab.added.filter((token) => !isUsual(token));
  const tokens = added.length > 0 && { pieces: vocab.pieces, added };
  return {
    sha256,
    size: vocab.size,
    ...options,
    ...(cleanUp !== "tokens" && { cleanUp }),
    ...tokens,
  };
}

/** Whether a token is a special one with the usual flags. */
function isUsual(token: Required<AddedToken>): boolean {
  return isOneOfFive(token.content) && isDeepStrictEqual(token, completeToken(token.content));
}
