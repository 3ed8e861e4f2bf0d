/**
 * The example inspector: one training example as coloured tokens, so that a person can check with
 * their own eyes what the model is asked.
 */
import type { MaskedExample } from "./batch.ts";
import { Table } from "./figure.ts";
import type { Span } from "./nsp.ts";
import { escape } from "./svg.ts";
import type { Vocab } from "./vocab.ts";

/** What happened to a token. */
export type TokenState = "plain" | "masked" | "random" | "kept" | "special";

/** A token of an example, as the inspector shows it. */
export interface InspectedToken {
  /** What the model sees. */
  readonly token: string;
  readonly segment: number;
  readonly state: TokenState;
  /** What it has to answer, where it is asked. */
  readonly target?: string;
}

const BACKGROUND = { 1: "#dcebf7", 2: "#fdebd3" } as const;
const BORDER: Record<TokenState, string> = {
  plain: "transparent",
  special: "transparent",
  masked: "#0072b2",
  random: "#d55e00",
  kept: "#009e73",
};

/** The tokens of an example with what was done to each. */
export function inspectTokens(example: MaskedExample, vocab: Vocab): InspectedToken[] {
  return example.tokenIds.map((id, i) => {
    const [label, token, segment] = [example.labels[i], vocab.tokenOf(id), example.segmentIds[i]];
    if (label === -1) return { token, segment, state: vocab.isSpecial(id) ? "special" : "plain" };
    const state = id === vocab.maskId ? "masked" : id === label ? "kept" : "random";
    return { token, segment, state, target: vocab.tokenOf(label) };
  });
}

/** The label of a pair in words, with where its segments come from. */
export function describePair({ nspLabel, first, second }: MaskedExample): string {
  if (!second) return `One segment, from ${place(first)}.`;
  const verdict = nspLabel === 0 ? "B follows A (label 0)" : "B does not follow A (label 1)";
  return `${verdict}. A: ${place(first)}. B: ${place(second)}.`;
}

/**
 * An example as a picture of tokens: the two segments in two colours; masked, random and kept tokens
 * framed, with the word to answer under them.
 */
export function tokenTable(example: MaskedExample, vocab: Vocab): Table {
  const tokens = inspectTokens(example, vocab);
  const caption = describePair(example);
  const html =
    `<div style="line-height:2.6">${tokens.map(tokenHtml).join(" ")}</div><p>${
      escape(caption)
    }</p><p><small>Blue background: first segment. Orange background: second. Framed: the model is asked ` +
    `(blue: masked, orange: replaced by a random word, green: kept), the answer stands below.</small></p>`;
  const text = tokens.map(({ token, state, target }) =>
    target === undefined ? token : `${token}{${state}: ${target}}`
  );
  return new Table(html, `${text.join(" ")}\n${caption}`);
}

function tokenHtml({ token, segment, state, target }: InspectedToken): string {
  const background = BACKGROUND[segment as 1 | 2] ?? "#eeeeee";
  const weight = state === "special" ? "color:#777777" : "color:#222222";
  const below = target === undefined
    ? ""
    : `<br><small style="color:${BORDER[state]}">${escape(target)}</small>`;
  return `<span style="display:inline-block;line-height:1.2;text-align:center;padding:2px 4px;` +
    `background:${background};${weight};border:2px solid ${BORDER[state]}">${
      escape(token)
    }${below}</span>`;
}

function place({ document, start, end }: Span): string {
  const sentences = end - start === 1
    ? `sentence ${start + 1}`
    : `sentences ${start + 1} to ${end}`;
  return `"${document}", ${sentences}`;
}
