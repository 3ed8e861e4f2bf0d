/** A training example as coloured tokens, which shows what the model has to predict. */
import { checkArguments, checkChoice, checkOptions, having } from "../checks.ts";
import type { MaskedExample } from "../data/example.ts";
import { Table } from "./figure.ts";
import { type InspectedExample, type InspectedToken, inspectExample } from "../data/inspect.ts";
import { escape } from "./svg.ts";
import type { Vocab } from "../tokenizer/vocab.ts";

const SEGMENTS = [
  { segment: 1, name: "First segment", background: "#f0f0f0" },
  { segment: 2, name: "Second segment", background: "#dde2e8" },
  { segment: 0, name: "Padding", background: "#fafafa" },
];
const COLOURS = {
  plain: "#222222",
  special: "#6b6b6b",
  masked: "#0060a0",
  random: "#b84300",
  kept: "#007a58",
};

const EXAMPLE = having("a masked example, as mlmData() gives it", "tokenIds", "labels");

const VOCAB = having("a Vocab", "tokenOf", "idOf");

/** Options of `tokenTable()`. */
export interface TokenTableOptions {
  /** The meaning of the pair's label: next sentence, sentence order, or no pairs. Default `"nsp"`. */
  readonly pairing?: "nsp" | "sop" | "none";
}

/**
 * Shows an example as coloured tokens: a line for each segment with its source, and below each token
 * to predict what was done to it and the right answer.
 *
 * Colours only repeat what the words say, so that the table can be read without them.
 *
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {ConfigError} If an option is unknown or cannot work.
 * @throws {ShapeError} If there are more or fewer labels or segment ids than tokens.
 *
 * @example
 * ```ts
 * import { tokenTable } from "bert/show/token_table.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { ok } from "node:assert";
 * const first = { document: "log", start: 0, end: 1 };
 * const pair = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], nspLabel: -1, first, truncated: false } as const;
 * const seen = tokenTable({ ...pair, labels: [-1, 5, -1] }, new Vocab([...SPECIAL_TOKENS, "sea"]));
 * ok(seen.text.startsWith("First segment: [CLS] [MASK]{masked: sea} [SEP]"));
 * ```
 */
export function tokenTable(
  example: MaskedExample,
  vocab: Vocab,
  options: TokenTableOptions = {},
): Table {
  const call = "tokenTable(example, vocab, options)";
  checkArguments(call, [["example", example, EXAMPLE], ["vocab", vocab, VOCAB]]);
  checkOptions("tokenTable()", options, ["pairing"]);
  const { pairing = "nsp" } = options;
  checkChoice("pairing", pairing, ["nsp", "sop", "none"]);
  const seen = inspectExample(example, { vocab }, { pairing });
  const parts = SEGMENTS.map((look) => ({
    ...look,
    tokens: seen.tokens.filter(({ segment }) => segment === look.segment),
  })).filter(({ tokens }) => tokens.length > 0);
  const html = parts.map(({ name, segment, background, tokens }) =>
    `<p><b>${name}</b>${from(seen, segment)}</p><div style="line-height:2.8">${
      tokens.map((token) => tokenHtml(token, background)).join(" ")
    }</div>`
  );
  const text = parts.map(({ name, tokens }) => `${name}: ${tokens.map(tokenText).join(" ")}`);
  const foot = `Label ${seen.relation}${seen.truncated ? "; cut to fit" : ""}`;
  return new Table(
    `${html.join("")}<p>${escape(foot)}</p>`,
    [...text, foot, ...seen.sources].join("\n"),
  );
}

function from({ sources }: InspectedExample, segment: number): string {
  const source = sources[segment - 1];
  return source === undefined ? "" : `, from ${escape(source)}`;
}

function tokenText({ token, state, target }: InspectedToken): string {
  return target === undefined ? token : `${token}{${state}: ${target}}`;
}

function tokenHtml({ token, state, target }: InspectedToken, background: string): string {
  const colour = COLOURS[state];
  const border = target === undefined ? background : colour;
  const below = target === undefined ? "" : `<br><small>${state}: ${escape(target)}</small>`;
  return `<span style="display:inline-block;line-height:1.2;text-align:center;padding:2px 4px;` +
    `background:${background};color:${colour};border:2px solid ${border}">${
      escape(token)
    }${below}</span>`;
}
