/** What a run writes down about its vocabulary, to tell later whether it is still the same. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { checkArguments } from "../checks.ts";
import { type AddedToken, completeToken } from "./added_tokens.ts";
import { TOKENIZER } from "./arguments.ts";
import type { BertTokenizer } from "./bert_tokenizer.ts";
import type { CleanUp, TokenizerOptions } from "./options.ts";
import { isOneOfFive } from "./vocab.ts";

/** What the vocabulary was, and the options of its tokenizer; runs of older versions lack the last two. */
export interface VocabularyFacts extends TokenizerOptions {
  /** Of `vocab.txt`. */
  readonly sha256: string;
  /** How many pieces there are. */
  readonly size: number;
  /** Where `decode()` leaves out spaces; missing where it does so within each token. */
  readonly cleanUp?: CleanUp;
  /** How many of its tokens words are cut into; missing where no token was added. */
  readonly pieces?: number;
  /** Tokens that were added, and special ones that are found in another way than usual. */
  readonly added?: readonly AddedToken[];
}

/** `vocab.txt` of a tokenizer. */
export function vocabularyText(tokenizer: BertTokenizer): string {
  checkArguments("vocabularyText(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
  const { vocab } = tokenizer;
  return `${vocab.tokens.join("\n")}\n`;
}

/** The digest and the size of a vocabulary, and the options of its tokenizer. */
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

/** Whether a token is a special one that is found as every tokenizer finds it. */
function isUsual(token: Required<AddedToken>): boolean {
  return isOneOfFive(token.content) && isDeepStrictEqual(token, completeToken(token.content));
}
