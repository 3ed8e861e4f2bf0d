/** A drawing that a notebook displays, and the white card on which diagrams are drawn. */
import { label, WIDTH } from "./svg.ts";

/** A drawing that a notebook displays as the value of a cell: an SVG document, and the same as text. */
export class Picture {
  /** A stand-alone SVG document. */
  readonly svg: string;
  /** The content as text, for a terminal and for viewers that do not trust SVG. */
  readonly text: string;

  /** Makes a picture from both forms. */
  constructor(svg: string, text: string) {
    this.svg = svg;
    this.text = text;
  }

  /** The MIME bundle that Jupyter asks for. */
  bundle(): Record<string, unknown> {
    return { "image/svg+xml": this.svg, "text/plain": this.text };
  }

  /** Is called by Jupyter if the drawing is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/** Draws a white card with a title and content. A card that is wider than `WIDTH` is shown smaller. */
export function card(title: string, width: number, height: number, content: string[]): string {
  const w = Math.ceil(width);
  const h = Math.ceil(height);
  const shownWidth = Math.min(w, WIDTH);
  const shownHeight = Math.round(h * shownWidth / w);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${shownWidth}" height="${shownHeight}" ` +
    `viewBox="0 0 ${w} ${h}">`,
    `<rect x="0.5" y="0.5" width="${w - 1}" height="${h - 1}" rx="8" fill="#ffffff" ` +
    `stroke="#cccccc"/>`,
    label(title, w / 2, 26, { size: 15, anchor: "middle", colour: "#222222" }),
    ...content,
    "</svg>",
  ].join("\n");
}
