/** Classes of the words of a text, from the logits of its tokens. */
import { softmax } from "../../use/vectors.ts";
import { bestFirst, joined, type LabelledWord, wordAround } from "./engine.ts";

/**
 * The words of an encoded text with the probabilities of their classes. A word of several pieces has
 * those of its first piece, as in `classifyWords()`.
 *
 * @param tokens The tokens of the text, T, of which the first is `[CLS]` and the last `[SEP]`.
 * @param logits The scores, [T, C], one token after the other.
 * @param classes The names of the classes, C.
 *
 * @example
 * ```ts
 * import { labelledWords } from "bert/web/page/word_labels.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokens = ["[CLS]", "gen", "##eva", "[SEP]"];
 * const logits = [0, 9, 0, 1, 9, 0, 9, 0];
 * const [{ word, classes }] = labelledWords(tokens, logits, ["O", "PLACE"]);
 * deepStrictEqual([word, classes[0].token], ["geneva", "PLACE"]);
 * ```
 */
export function labelledWords(
  tokens: readonly string[],
  logits: ArrayLike<number>,
  classes: readonly string[],
): LabelledWord[] {
  const scores = Array.from(logits);
  const count = classes.length;
  const starts = [...tokens.keys()].slice(1, -1).filter((at) => !tokens[at].startsWith("##"));
  return starts.map((at) => ({
    word: joined(tokens, wordAround(tokens, at)),
    classes: bestFirst(classes, softmax(scores.slice(at * count, (at + 1) * count))),
  }));
}
