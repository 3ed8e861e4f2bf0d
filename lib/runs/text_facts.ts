/** Figures of a run's training text, which are counted before training. */
import { checkArguments, having, type Kind } from "../checks.ts";
import { count, percent, several } from "../format.ts";

/** The training text of a run in numbers. Shares are from 0 to 1. */
export interface TextFacts {
  /** The number of documents to train on. */
  readonly documents: number;
  /** The number of their sentences. */
  readonly sentences: number;
  /** The number of their tokens, without special tokens. */
  readonly tokens: number;
  /** Share of the tokens that are `[UNK]`. */
  readonly unknownShare: number;
  /** Share of the tokens that one epoch uses; `null` if there are too many examples to count. */
  readonly reachedShare: number | null;
  /** Documents of which one epoch uses no token; `null` if there are too many examples to count. */
  readonly unusedDocuments: number | null;
  /**
   * Documents with the same text as an earlier one; `null` for a store that `prepare()` did not
   * write.
   */
  readonly equalDocuments: number | null;
  /** The number of sentence pairs among the examples that were counted. */
  readonly pairs: number;
  /**
   * Share of these pairs whose second segment does not follow the first; `null` if there are no
   * pairs.
   */
  readonly notNextShare: number | null;
  /** Mean number of tokens of an example, special tokens included. */
  readonly exampleTokens: number;
  /**
   * Share of the tokens from which the figures of the epoch are estimated; missing if all were counted.
   */
  readonly countedShare?: number;
}

const FACTS: Kind = having("the facts of a text", "documents", "sentences", "tokens");

/**
 * Returns the facts as rows of a table: what was counted, and the figure.
 *
 * @example
 * ```ts
 * import { textRows } from "bert/runs/text_facts.ts";
 * import { deepStrictEqual } from "node:assert";
 * const counts = { documents: 20, sentences: 300, tokens: 5000, unknownShare: 0.001, reachedShare: 0.97 };
 * const more = { unusedDocuments: 1, equalDocuments: 2, pairs: 80, notNextShare: 0.5, exampleTokens: 50 };
 * deepStrictEqual(textRows({ ...counts, ...more }), [
 *   ["training text", "20 documents, 300 sentences, 5,000 tokens"],
 *   ["[UNK]", "0.10 % of the tokens"],
 *   ["one epoch shows", "97.0 % of the tokens; nothing of 1 document"],
 *   ["equal documents", "2"],
 *   ["sentence pairs", "80, of which 50.0 % do not follow each other"],
 * ]);
 * ```
 */
export function textRows(facts: TextFacts): (readonly [what: string, found: string])[] {
  checkArguments("textRows(facts)", [["facts", facts, FACTS]]);
  const { documents, sentences, tokens, reachedShare, unusedDocuments, pairs, notNextShare } =
    facts;
  const unused = unusedDocuments ? `; nothing of ${several(unusedDocuments, "document")}` : "";
  const { countedShare: part, equalDocuments: equal } = facts;
  const counted = part === undefined ? "" : `; counted in ${percent(part, 2)} of them`;
  const shown = reachedShare === null
    ? "not counted: there are too many examples"
    : `${percent(reachedShare)} of the tokens${unused}${counted}`;
  const sizes = [several(documents, "document"), several(sentences, "sentence")];
  return [
    ["training text", `${sizes.join(", ")}, ${several(tokens, "token")}`],
    ["[UNK]", `${percent(facts.unknownShare, 2)} of the tokens`],
    ["one epoch shows", shown],
    ["equal documents", equal === null ? "not counted" : count(equal)],
    [
      "sentence pairs",
      notNextShare === null
        ? "none"
        : `${count(pairs)}, of which ${percent(notNextShare)} do not follow each other`,
    ],
  ];
}
