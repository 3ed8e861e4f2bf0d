/** WordPiece: cutting a word, from the left, into the longest pieces of a vocabulary. */
import { checkArguments } from "../checks.ts";
import { VOCAB } from "./argument_kinds.ts";
import { BEGINNING, INSIDE, PieceTree } from "./piece_tree.ts";
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
  readonly #tree = new PieceTree();

  /** Makes the tree of a vocabulary. `##` marks a piece that continues a word. */
  constructor(vocab: Vocab) {
    checkArguments("new WordPieces(vocab)", [["vocab", vocab, VOCAB]]);
    for (let id = 0; id < vocab.pieces; id++) {
      const token = vocab.tokens[id];
      if (token.startsWith("##")) this.#tree.add(INSIDE, token.slice(2), id);
      else this.#tree.add(BEGINNING, token, id);
    }
  }

  /**
   * The ids of a word's pieces; undefined if no piece matches at some position.
   *
   * @param continues Whether the word is the end of a longer word, so that its first piece must begin
   * with `##`, too. Default false.
   */
  idsOf(word: string, continues = false): number[] | undefined {
    const ids: number[] = [];
    let node = continues ? INSIDE : BEGINNING;
    for (let start = 0; start < word.length;) {
      let id = -1;
      for (let at = start; at < word.length; at++) {
        node = this.#tree.child(node, word.charCodeAt(at));
        if (node === 0) break;
        const found = this.#tree.idAt(node);
        if (found < 0) continue;
        id = found;
        start = at + 1; // the end of the longest piece so far
      }
      if (id < 0) return undefined;
      ids.push(id);
      node = INSIDE;
    }
    return ids;
  }
}
