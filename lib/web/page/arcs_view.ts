/** A sentence as a row of words, with arcs above them for the attention weights of a head. */
import { choices, find, moveWithArrows, press, reachByTab } from "./dom.ts";

/** The smallest attention weights that are drawn: from one word, and from all words at once. */
const FAINTEST = 0.02;
const FAINTEST_OF_ALL = 0.25;

/** The least and the greatest height of the row of arcs, in pixels. */
const LOWEST = 70;
const HIGHEST = 180;
/** The height of an arc for each pixel between its ends. */
const RISE = 0.4;

const SVG = "http://www.w3.org/2000/svg";

/** The attention weights of a sentence: `weights[from][to]`. */
type Weights = readonly (readonly number[])[];

/** A row of words with arcs. `choose` is called with the index of the chosen word. */
export class Arcs {
  readonly #svg = find<SVGElement>("#look .arcs");
  readonly #row = find("#look .tokens");
  readonly #choose: (place: number) => void;
  #buttons: HTMLButtonElement[] = [];
  #weights: Weights = [];
  #chosen: number | "all" = 0;

  /** Makes words selectable by the arrow keys and by pointing at them. */
  constructor(choose: (place: number) => void) {
    this.#choose = choose;
    moveWithArrows(this.#row);
    this.#row.addEventListener("pointerover", ({ target, pointerType }) => {
      const at = this.#buttons.indexOf(target as HTMLButtonElement);
      if (pointerType === "mouse" && at >= 0) this.#paint(at);
    });
    this.#row.addEventListener("pointerleave", () => this.#paint(this.#chosen));
  }

  /** Shows other words. If a word had the focus, the chosen word gets it. */
  setTokens(tokens: readonly string[], chosen: number): void {
    const shown = this.#buttons.map(({ textContent }) => textContent).join(" ");
    if (shown === tokens.join(" ")) return press(this.#buttons, chosen);
    const hadFocus = this.#row.contains(document.activeElement);
    this.#buttons = choices(this.#row, tokens, chosen, this.#choose);
    const end = tokens.indexOf("[SEP]");
    for (const button of this.#buttons.slice(end + 1)) button.classList.add("second");
    if (hadFocus) this.#buttons[chosen]?.focus();
  }

  /** Draws the attention weights of one word, or of all words. */
  draw(weights: Weights, chosen: number | "all"): void {
    this.#weights = weights;
    this.#chosen = chosen;
    press(this.#buttons, chosen === "all" ? -1 : chosen);
    reachByTab(this.#buttons, chosen === "all" ? 0 : chosen);
    if (chosen !== "all") this.#bringIntoView(this.#buttons[chosen]);
    this.#paint(chosen);
  }

  #paint(chosen: number | "all"): void {
    const left = this.#row.offsetLeft;
    const centres = this.#buttons.map(({ offsetLeft, offsetWidth }) =>
      offsetLeft + offsetWidth / 2 - left
    );
    const height = heightOf(this.#weights, centres);
    this.#svg.style.height = `${height}px`;
    const from = chosen === "all" ? [...this.#weights.keys()] : [chosen];
    const least = chosen === "all" ? FAINTEST_OF_ALL : FAINTEST;
    const paths = from.flatMap((at) =>
      this.#weights[at].flatMap((weight, to) =>
        weight < least ? [] : [arc(centres[at], centres[to], weight, height)]
      )
    );
    this.#svg.replaceChildren(...paths);
    for (const [to, button] of this.#buttons.entries()) {
      const share = from.reduce((sum, at) => sum + this.#weights[at][to], 0) / from.length;
      button.style.setProperty("--share", String(share)); // the strength of its colour
    }
  }

  /** Scrolls the row, and nothing else of the page, until a word is in the middle of it. */
  #bringIntoView({ offsetLeft, offsetWidth }: HTMLElement): void {
    const window = find("#look .sentence");
    const middle = offsetLeft + offsetWidth / 2 - window.offsetLeft;
    window.scrollLeft = middle - window.clientWidth / 2;
  }
}

/**
 * The height of the row of arcs. It fits the longest strong arc of any word, so that the page does not
 * move when another word is chosen. Arcs with less than half of a word's largest weight, and those of
 * [CLS] and of the [SEP] at the end, may be flattened.
 */
function heightOf(weights: Weights, centres: readonly number[]): number {
  const distances = weights.flatMap((row, from) => {
    const isWord = from > 0 && from < weights.length - 1;
    const least = isWord ? Math.max(...row) / 2 : Infinity;
    return row.map((weight, to) => weight < least ? 0 : Math.abs(centres[to] - centres[from]));
  });
  return Math.min(HIGHEST, Math.max(LOWEST, 26 + RISE * Math.max(...distances)));
}

/** Draws an arc from one word to another, higher the further they are apart, or a loop to itself. */
function arc(from: number, to: number, weight: number, height: number): SVGElement {
  const path = document.createElementNS(SVG, "path");
  const top = height - Math.min(height - 8, 18 + Math.abs(to - from) * RISE);
  const bottom = height - 2;
  const shape = from === to
    ? `M ${from - 8} ${bottom} C ${from - 16} ${bottom - 34}, ${from + 16} ${bottom - 34}, ${
      from + 8
    } ${bottom}`
    : `M ${from} ${bottom} C ${from} ${top}, ${to} ${top}, ${to} ${bottom}`;
  path.setAttribute("d", shape);
  path.setAttribute("class", from === to ? "itself" : to > from ? "later" : "earlier");
  path.setAttribute("stroke-width", String(1 + 7 * weight));
  path.setAttribute("stroke-opacity", String(0.3 + 0.7 * weight));
  return path;
}
