/**
 * What a figure is: plotly JSON for interactive front ends, a plain SVG for everything else, and a
 * line of text for a terminal, all from the same data.
 *
 * JupyterLab with the `plotly` package and VS Code draw the JSON; GitHub, exported HTML and a bare
 * JupyterLab show the SVG.
 */
import type { Data, Layout } from "plotly.js";
import { FRAME } from "./svg.ts";

/** Titles that every figure must have. */
export interface Titles {
  /** What the figure shows. */
  readonly title: string;
  /** Name of the horizontal axis, with its unit. */
  readonly xTitle: string;
  /** Name of the vertical axis, with its unit. */
  readonly yTitle: string;
}

/** A level line that a curve is to be compared with: chance, a unigram model. */
export interface Baseline {
  /** What the legend calls it. */
  readonly name: string;
  /** How high it lies. */
  readonly y: number;
}

/** A picture that a notebook shows by itself when it is the value of a cell. */
export class Figure {
  /** The traces, as plotly takes them. */
  readonly data: Partial<Data>[];
  /** Titles, axes and size, as plotly takes them. */
  readonly layout: Partial<Layout>;
  /** A stand-alone SVG document. */
  readonly svg: string;
  /** The same in words and figures. */
  readonly text: string;

  /** Puts the four forms of one figure together. */
  constructor(
    parts: { data: Partial<Data>[]; layout: Partial<Layout>; svg: string; text: string },
  ) {
    this.data = parts.data;
    this.layout = parts.layout;
    this.svg = parts.svg;
    this.text = parts.text;
  }

  /** The MIME bundle that Jupyter asks for. There is no HTML in it: that would hide the SVG. */
  bundle(): Record<string, unknown> {
    return {
      "application/vnd.plotly.v1+json": { data: this.data, layout: this.layout },
      "image/svg+xml": this.svg,
      "text/plain": this.text,
    };
  }

  /**
   * The bundle for a figure that will be replaced soon, a live curve: the SVG alone. JupyterLab's
   * plotly extension draws an output once and never again, and would show the first curve for good.
   */
  liveBundle(): Record<string, unknown> {
    return { "image/svg+xml": this.svg, "text/plain": this.text };
  }

  /** Shows the figure where it is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/** A table that a notebook shows by itself: HTML, and text for a terminal. */
export class Table {
  /** The table as HTML. */
  readonly html: string;
  /** The table as lines of text. */
  readonly text: string;

  /** Puts both forms of one table together. */
  constructor(html: string, text: string) {
    this.html = html;
    this.text = text;
  }

  /** The MIME bundle that Jupyter asks for. */
  bundle(): Record<string, unknown> {
    return { "text/html": this.html, "text/plain": this.text };
  }

  /** Shows the table where it is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/**
 * The colours of lines and bars: Okabe and Ito's palette (2008), which colour-blind readers can tell
 * apart, without its purple, which belongs to the line of word frequencies.
 */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#000000"];

/** Level lines that come again and again, each with its colour in every chart. */
const LEVEL_COLOURS: readonly (readonly [RegExp, string])[] = [
  [/^(no knowledge|knows nothing|ln V)/, "#999999"],
  [/frequenc|most frequent word/, "#cc79a7"],
  [/coin|majority|half and half/, "#555555"],
];

/**
 * The colour of a level line, which goes by its name, so that a baseline looks alike everywhere.
 *
 * @param index Which of the other level lines it is, for names that are not known.
 */
export function levelColour(name: string, index: number): string {
  const known = LEVEL_COLOURS.find(([pattern]) => pattern.test(name));
  return known?.[1] ?? ["#555555", "#999999", "#c0a000"][index % 3];
}

/** At most four significant digits: the files are shorter, and further digits cannot be seen. */
export function short(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

/** What plotly needs to know beside the data: as in the SVG, names of lines stand above the plot. */
export function layout(
  titles: Titles,
  more: Record<string, unknown> = {},
): Partial<Layout> {
  return {
    title: { text: titles.title, yref: "container" as const, y: 0.96, yanchor: "top" as const },
    legend: { orientation: "h" as const, x: 0, y: 1, yanchor: "bottom" as const },
    margin: { l: 70, r: 20, t: 80, b: 60 },
    xaxis: { title: { text: titles.xTitle } },
    yaxis: { title: { text: titles.yTitle } },
    width: FRAME.width,
    height: FRAME.height + 40,
    ...more,
  };
}
