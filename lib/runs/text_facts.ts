/** Figures of a run's training text, counted before training, and warnings that follow from them. */
import type { DataConfig } from "../config.ts";
import { count, percent, several } from "../format.ts";

/** The training text of a run in numbers. Shares are from 0 to 1. */
export interface TextFacts {
  /** Documents of the training text. */
  readonly documents: number;
  /** Their sentences. */
  readonly sentences: number;
  /** Their tokens, without special tokens. */
  readonly tokens: number;
  /** Share of the tokens that are `[UNK]`. */
  readonly unknownShare: number;
  /** Share of the tokens that one epoch uses; `null` if there are too many examples to count. */
  readonly reachedShare: number | null;
  /** Documents of which one epoch uses nothing; `null` if there are too many examples to count. */
  readonly unusedDocuments: number | null;
  /**
   * Documents with the same text as an earlier one; `null` for a store that `prepare()` did not
   * write.
   */
  readonly equalDocuments: number | null;
  /** Sentence pairs in the examples that were counted. */
  readonly pairs: number;
  /**
   * Share of these pairs whose second segment does not follow the first; `null` if there are no
   * pairs.
   */
  readonly notNextShare: number | null;
  /** Mean number of tokens of an example, special tokens included. */
  readonly exampleTokens: number;
  /**
   * Share of the tokens that the figures of the epoch are counted from; missing where all were
   * counted.
   */
  readonly countedShare?: number;
}

/**
 * The facts as rows of a table: what is counted, and the figure.
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

/**
 * The largest share of the text that may be unused. Pairs are cut to the length, which loses about a
 * tenth of any text; without pairs nothing is lost.
 */
const MOST_UNREACHED = { nsp: 0.25, sop: 0.25, none: 0.02 };
const MOST_UNUSED = 0.01;
const MOST_EQUAL = 0.05;
/** How far from one half the share of pairs that do not follow each other may be. */
const MOST_UNEVEN = 0.1;
const FEWEST_PAIRS = 50;

/**
 * Warnings about the training text, each with what to do. Frequent `[UNK]` is warned of with the
 * vocabulary.
 *
 * @param pairing As in `DataConfig`.
 */
export function textWarnings(facts: TextFacts, pairing: DataConfig["pairing"]): string[] {
  const { documents, reachedShare, unusedDocuments, equalDocuments, pairs, notNextShare } = facts;
  const warnings: string[] = [];
  if (unusedDocuments && unusedDocuments > MOST_UNUSED * documents) {
    warnings.push(
      `${count(unusedDocuments)} of ${several(documents, "document")} are never shown${
        pairing === "sop" ? ", as two sentences in order need two sentences" : ""
      }. To use them, join short texts into longer documents, or train with --pairing none`,
    );
  }
  if (reachedShare !== null && 1 - reachedShare > MOST_UNREACHED[pairing]) {
    const cure = pairing === "none"
      ? "raise --length"
      : "end sentences with a full stop or a line end, raise --length, or train with --pairing none, " +
        "which cuts nothing off";
    warnings.push(
      `One epoch does not show ${
        percent(1 - reachedShare)
      } of the tokens: sentences that do not fit ` +
        `into --length are cut off. To use them, ${cure}`,
    );
  }
  if (equalDocuments !== null && equalDocuments > MOST_EQUAL * documents) {
    warnings.push(
      `${count(equalDocuments)} of ${
        several(documents, "document")
      } read as one before them, so that ` +
        "their text counts more than the rest. Remove them from the corpus unless you want that",
    );
  }
  if (
    notNextShare !== null && pairs >= FEWEST_PAIRS && Math.abs(notNextShare - 0.5) > MOST_UNEVEN
  ) {
    warnings.push(
      `${
        percent(notNextShare)
      } of the sentence pairs do not follow each other, where one half should: ` +
        "a model that always gives the same answer is right so often. Join short texts into longer documents",
    );
  }
  return warnings;
}

/**
 * A small model from random weights was seen to learn little but word frequencies in this many
 * tokens.
 */
const PLATEAU = 12_000_000;

/**
 * A warning if a run from random weights is too short to learn more than word frequencies.
 *
 * @param plannedSteps The steps of the run; `null` if only the clock ends it.
 * @param sequences Sequences in a step.
 */
export function plateauWarning(
  plannedSteps: number | null,
  sequences: number,
  { exampleTokens }: TextFacts,
): string | undefined {
  if (plannedSteps === null) return undefined;
  const tokens = plannedSteps * sequences * exampleTokens;
  if (tokens >= PLATEAU) return undefined;
  const million = tokens < 1e6
    ? `${count(Math.round(tokens))}`
    : `${(tokens / 1e6).toFixed(1)} million`;
  return `The run shows ${million} tokens to a model that begins with random weights. In 12 million tokens such a ` +
    "model was seen to learn how frequent words are, and little about what stands beside them. For a " +
    "short run add --recipe short or --head-start, or begin with a saved model: --init";
}
