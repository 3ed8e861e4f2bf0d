/**
 * The heads of a layer side by side: for each a small picture, and words that say what it mostly attends
 * to.
 */
import { choices, make, percent } from "./dom.ts";
import type { Look } from "./engine.ts";

/** Fills the group with a button for each head. */
export function showHeads(
  group: HTMLElement,
  { tokens, heads }: Look,
  chosen: number,
  choose: (head: number) => void,
): HTMLButtonElement[] {
  const names = heads.map((_, head) => `Head ${head + 1}`);
  const buttons = choices(group, names, chosen, choose);
  for (const [head, button] of buttons.entries()) {
    button.className = "head";
    button.append(picture(heads[head]), " ", make("span", "hint", habit(tokens, heads[head])));
  }
  return buttons;
}

function picture(weights: readonly (readonly number[])[]): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = weights.length;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--later");
  for (const [from, row] of weights.entries()) {
    for (const [to, weight] of row.entries()) {
      pen.globalAlpha = Math.sqrt(weight); // the root makes small weights visible
      pen.fillRect(to, from, 1, 1);
    }
  }
  return canvas;
}

type Kind = (from: number, to: number) => boolean;

/** What a head mostly attends to, on average over all words, as in "the next token, 78 %". */
export function habit(
  tokens: readonly string[],
  weights: readonly (readonly number[])[],
): string {
  const isSpecial = (at: number) => tokens[at] === "[CLS]" || tokens[at] === "[SEP]";
  const kinds: readonly (readonly [string, Kind])[] = [
    ["the next token", (from, to) => to === from + 1],
    ["the one before", (from, to) => to === from - 1],
    ["itself", (from, to) => to === from],
    ["the same word elsewhere", (from, to) => to !== from && tokens[to] === tokens[from]],
    ["[CLS] and [SEP]", (_, to) => isSpecial(to)],
  ];
  const words = [...tokens.keys()].filter((at) => !isSpecial(at));
  const shares = kinds.map(([name, isKind]) => {
    const shares = words.map((from) =>
      weights[from].reduce((sum, weight, to) => sum + (isKind(from, to) ? weight : 0), 0)
    );
    return { name, share: shares.reduce((a, b) => a + b, 0) / (words.length || 1) };
  });
  const [most] = shares.sort((a, b) => b.share - a.share);
  return most.share < 0.3 ? "many words" : `${most.name}, ${percent(most.share)}`;
}
