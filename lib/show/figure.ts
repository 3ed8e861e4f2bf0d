/**
 * A figure in three forms from the same data: plotly JSON for interactive front ends, a plain SVG for
 * others, and text for a terminal.
 *
 * JupyterLab with the `plotly` package and VS Code draw the JSON; GitHub, exported HTML and a bare
 * JupyterLab show the SVG.
 */
import { FRAME } from "./svg.ts";
import type { Data, Layout } from "plotly.js";

/** Titles that every figure must have. */
export interface Titles {
  /** What the figure shows. */
  readonly title: string;
  /** The name of the horizontal axis, with its unit. */
  readonly xTitle: string;
  /** The name of the vertical axis, with its unit. */
  readonly yTitle: string;
}

/** A level line to compare a curve with, such as chance or a unigram model. */
export interface Baseline {
  /** Its name in the legend. */
  readonly name: string;
  /** Its value on the vertical axis. */
  readonly y: number;
}

/** A chart that a notebook displays as the value of a cell. */
export class Figure {
  /** The traces for plotly. */
  readonly data: Partial<Data>[];
  /** Titles, axes and size for plotly. */
  readonly layout: Partial<Layout>;
  /** A stand-alone SVG document. */
  readonly svg: string;
  /** The title and the values as text. */
  readonly text: string;

  /** Makes a figure from its forms. */
  constructor(
    parts: { data: Partial<Data>[]; layout: Partial<Layout>; svg: string; text: string },
  ) {
    this.data = parts.data;
    this.layout = parts.layout;
    this.svg = parts.svg;
    this.text = parts.text;
  }

  /** The MIME bundle for Jupyter. It contains no HTML, as that would hide the SVG. */
  bundle(): Record<string, unknown> {
    return {
      "application/vnd.plotly.v1+json": { data: this.data, layout: this.layout },
      "image/svg+xml": this.svg,
      "text/plain": this.text,
    };
  }

  /**
   * The bundle for a figure that will be replaced soon, such as a live curve: only the SVG.
   * JupyterLab's plotly extension draws an output only once, and would keep showing the first curve.
   */
  liveBundle(): Record<string, unknown> {
    return { "image/svg+xml": this.svg, "text/plain": this.text };
  }

  /** Is called by Jupyter if the figure is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/** A table that a notebook displays as the value of a cell: HTML, and text for a terminal. */
export class Table {
  /** The table as HTML. */
  readonly html: string;
  /** The table as lines of text. */
  readonly text: string;

  /** Makes a table from both forms. */
  constructor(html: string, text: string) {
    this.html = html;
    this.text = text;
  }

  /** The MIME bundle that Jupyter asks for. */
  bundle(): Record<string, unknown> {
    return { "text/html": this.html, "text/plain": this.text };
  }

  /** Is called by Jupyter if the table is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/**
 * A number with at most four significant digits, which keeps files short; further digits would not be
 * visible.
 *
 * @example
 * ```ts
 * import { short } from "bert/show/figure.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(short(1 / 3), 0.3333);
 * strictEqual(short(123456), 123500);
 * ```
 */
export function short(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

/** The layout for plotly: as in the SVG, the legend is above the plot. */
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
