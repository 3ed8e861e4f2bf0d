/** WordPiece: cutting a word, from the left, into the longest pieces of a vocabulary. */
import { checkArguments } from "../checks.ts";
import { VOCAB } from "./argument_kinds.ts";
import type { Vocab } from "./vocab.ts";

/**
 * Cuts words into the pieces of one vocabulary, greedily: at each position it takes the longest piece
 * that matches.
 *
 * @example
 * ```ts
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { WordPieces } from "bert/tokenizer/wordpiece.ts";
 * import { deepStrictEqual } from "node:assert";
 * const pieces = new WordPieces(new Vocab([...SPECIAL_TOKENS, "un", "##able", "##a"]));
 * deepStrictEqual(pieces.idsOf("unable"), [5, 6]);
 * deepStrictEqual(pieces.idsOf("unkind"), undefined);
 * ```
 *
 * Source: Wu et al. 2016 section 4.1; `WordpieceTokenizer` in google-research/bert.
 */
export class WordPieces {
  readonly #starts = new Map<string, number>();
  readonly #continuations = new Map<string, number>();
  readonly #longest: number;

  /** Makes the tables of a vocabulary. `##` marks a piece that continues a word. */
  constructor(vocab: Vocab) {
    checkArguments("new WordPieces(vocab)", [["vocab", vocab, VOCAB]]);
    let longest = 0;
    for (const [id, token] of vocab.tokens.slice(0, vocab.pieces).entries()) {
      if (token.startsWith("##")) this.#continuations.set(token.slice(2), id);
      else this.#starts.set(token, id);
      longest = Math.max(longest, token.length);
    }
    this.#longest = longest;
  }

  /**
   * The ids of a word's pieces; undefined if no piece matches at some position.
   *
   * @param continues Whether the word is the end of a longer word, so that its first piece must begin
   * with `##`, too. Default false.
   */
  idsOf(word: string, continues = false): number[] | undefined {
    const ids: number[] = [];
    let start = 0;
    while (start < word.length) {
      const table = start > 0 || continues ? this.#continuations : this.#starts;
      let end = Math.min(word.length, start + this.#longest);
      let id = table.get(word.slice(start, end));
      while (id === undefined && end > start + 1) id = table.get(word.slice(start, --end));
      if (id === undefined) return undefined;
      ids.push(id);
      start = end;
    }
    return ids;
  }
}
