/**
 * One example in detail: what the model sees at each position, what it has to predict there, and
 * where the two segments come from. `show/token_table.ts` draws a table of it.
 */
import { EXAMPLE } from "./argument_kinds.ts";
import { checkArguments, checkChoice, checkOptions, having } from "../checks.ts";
import { ShapeError } from "../errors.ts";
import type { PairExample, Span } from "./example.ts";
import type { Vocab } from "../tokenizer/vocab.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/**
 * What was done to a token:
 *
 * - `plain`: it is text that is not predicted;
 * - `masked`, `random`, `kept`: it was chosen for prediction, and replaced by `[MASK]`, replaced by
 *   another token, or left as it is;
 * - `special`: it is a special token that is not predicted, such as `[CLS]`, `[SEP]`, `[PAD]`, or a
 *   `[MASK]` of the text itself.
 */
export type TokenState = "plain" | "masked" | "random" | "kept" | "special";

/** One position of an example. */
export interface InspectedToken {
  /** Its position in the sequence, from 0. */
  readonly position: number;
  /** The token that the model sees. */
  readonly token: string;
  /** What was done to it. */
  readonly state: TokenState;
  /** The segment, 1 or 2; 0 in padding. */
  readonly segment: number;
  /** The token to predict, if the position has a label. */
  readonly target?: string;
}

/** An example with an explanation of its tokens, its label and its sources. */
export interface InspectedExample {
  /** Its positions, in order. */
  readonly tokens: readonly InspectedToken[];
  /** The label of the pair, whose meaning depends on `pairing`; -1 if there is no second segment. */
  readonly nspLabel: 0 | 1 | -1;
  /** The label in words. */
  readonly relation: string;
  /** Where each segment comes from, as in `"1790 George Washington", sentences 3 to 5`. */
  readonly sources: readonly string[];
  /** Whether its sentences were cut to fit the length. */
  readonly truncated: boolean;
}

const RELATIONS = {
  nsp: {
    0: "0: the second segment follows the first",
    1: "1: the second segment does not follow the first",
  },
  sop: { 0: "0: the segments are in order", 1: "1: the segments are swapped" },
};

/**
 * Explains an example as plain data.
 *
 * A random token that happens to equal the original counts as kept.
 *
 * @param example A pair with the ids and labels of `mlmData()`, or a pair before masking.
 * @param options `pairing`: the kind of pairs, which decides what the label means. Default `"nsp"`.
 * @throws {ShapeError} If there are more or fewer labels or segment ids than tokens.
 *
 * @example
 * ```ts
 * import { inspectExample } from "bert/data/inspect.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea"]));
 * const first = { document: "log", start: 0, end: 1 };
 * const pair = { segmentIds: [1, 1, 1], nspLabel: -1, first, truncated: false } as const;
 * const seen = inspectExample({ ...pair, tokenIds: [2, 4, 3], labels: [-1, 5, -1] }, tokenizer);
 * strictEqual(seen.tokens[1].state, "masked");
 * strictEqual(seen.tokens[1].target, "sea");
 * ```
 */
export function inspectExample(
  example: PairExample & { readonly labels?: readonly number[] },
  tokenizer: Pick<BertTokenizer, "vocab">,
  options: { readonly pairing?: "nsp" | "sop" | "none" } = {},
): InspectedExample {
  checkArguments("inspectExample(example, tokenizer, options)", [
    ["example", example, EXAMPLE],
    ["tokenizer", tokenizer, having("a BertTokenizer", "vocab")],
  ]);
  checkOptions("inspectExample()", options, ["pairing"]);
  const { pairing = "nsp" } = options;
  checkChoice("pairing", pairing, ["nsp", "sop", "none"]);
  const { tokenIds, segmentIds, nspLabel, first, second, truncated } = example;
  const labels = example.labels ?? tokenIds.map(() => -1);
  if (labels.length !== tokenIds.length || segmentIds.length !== tokenIds.length) {
    const what = "inspectExample() from an example's token, segment and label counts";
    const { length } = tokenIds;
    throw new ShapeError(what, [length, length, length], [
      length,
      segmentIds.length,
      labels.length,
    ]);
  }
  const { vocab } = tokenizer;
  const tokens = tokenIds.map((id, position) => ({
    position,
    token: vocab.tokenOf(id),
    state: stateOf(id, labels[position], vocab),
    segment: segmentIds[position],
    ...(labels[position] === -1 ? {} : { target: vocab.tokenOf(labels[position]) }),
  }));
  const relation = nspLabel === -1 || pairing === "none"
    ? "no second segment"
    : RELATIONS[pairing][nspLabel];
  const sources = [first, ...(second ? [second] : [])].map(source);
  return { tokens, nspLabel, relation, sources, truncated };
}

function stateOf(id: number, label: number, vocab: Vocab): TokenState {
  if (label === -1) return vocab.isSpecial(id) && id !== vocab.unkId ? "special" : "plain";
  if (id === vocab.maskId) return "masked";
  return id === label ? "kept" : "random";
}

/** A span in words. Sentences count from 1, and the last one is included. */
function source({ document, start, end }: Span): string {
  const place = end - start === 1 ? `sentence ${end}` : `sentences ${start + 1} to ${end}`;
  return `${JSON.stringify(document)}, ${place}`;
}
