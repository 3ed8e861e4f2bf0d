/** A sentence as a row of words, with arcs over them for where a head looks. */
import { choices, find, moveWithArrows, press } from "./dom.ts";

/** Weaker looks than these are not drawn: from one word, and from all at once. */
const FAINTEST = 0.02;
const FAINTEST_OF_ALL = 0.25;

const SVG = "http://www.w3.org/2000/svg";

/** The row of words; `choose` is told which one was chosen. */
export class Arcs {
  readonly #svg = find<SVGElement>("#look .arcs");
  readonly #row = find("#look .tokens");
  readonly #choose: (place: number) => void;
  #buttons: HTMLButtonElement[] = [];

  /** The words can be reached with the arrow keys, too. */
  constructor(choose: (place: number) => void) {
    this.#choose = choose;
    moveWithArrows(this.#row);
  }

  /** Shows other words; the one that had the focus keeps it. */
  setTokens(tokens: readonly string[], chosen: number): void {
    const shown = this.#buttons.map(({ textContent }) => textContent).join(" ");
    if (shown === tokens.join(" ")) return press(this.#buttons, chosen);
    const hadFocus = this.#row.contains(document.activeElement);
    this.#buttons = choices(this.#row, tokens, chosen, this.#choose);
    if (hadFocus) this.#buttons[chosen]?.focus();
  }

  /** Draws where one word looks, or all of them. */
  draw(weights: readonly (readonly number[])[], chosen: number | "all"): void {
    press(this.#buttons, chosen === "all" ? -1 : chosen);
    if (chosen !== "all") this.#bringIntoView(this.#buttons[chosen]);
    const centres = this.#buttons.map(({ offsetLeft, offsetWidth }) =>
      offsetLeft + offsetWidth / 2
    );
    const left = this.#row.offsetLeft;
    const height = this.#svg.clientHeight;
    const from = chosen === "all" ? [...weights.keys()] : [chosen];
    const least = chosen === "all" ? FAINTEST_OF_ALL : FAINTEST;
    const paths = from.flatMap((at) =>
      weights[at].flatMap((weight, to) =>
        weight < least ? [] : [arc(centres[at] - left, centres[to] - left, weight, height)]
      )
    );
    this.#svg.replaceChildren(...paths);
  }

  /** Scrolls the row, and the row alone, until a word is in the middle of it. */
  #bringIntoView({ offsetLeft, offsetWidth }: HTMLElement): void {
    const window = find("#look .sentence");
    const middle = offsetLeft + offsetWidth / 2 - window.offsetLeft;
    window.scrollLeft = middle - window.clientWidth / 2;
  }
}

/** An arc from one word to another, higher the further they are apart; to itself, a loop. */
function arc(from: number, to: number, weight: number, height: number): SVGElement {
  const path = document.createElementNS(SVG, "path");
  const top = height - Math.min(height - 8, 18 + Math.abs(to - from) * 0.45);
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
