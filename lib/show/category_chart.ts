/** The common parts of charts with categories on the horizontal axis: bars, and points with error bars. */
import type { Data, Layout } from "plotly.js";
import { type Baseline, Figure, layout, short, type Titles } from "./figure.ts";
import { levelColour } from "./colours.ts";
import { document, legend, type LegendEntry, path } from "./svg.ts";
import { axes, categoryNames, type Scale } from "./axes.ts";
import { FRAME } from "./svg.ts";

/** The content of a chart with categories, without titles and axes. */
export interface CategoryContent {
  /** The traces for plotly, without level lines. */
  readonly traces: readonly Partial<Data>[];
  /** Everything within the frame of the SVG, level lines included, from the back to the front. */
  readonly drawn: readonly string[];
  /** The entries of the legend of the SVG. */
  readonly entries: readonly LegendEntry[];
  /** The values as lines of text. */
  readonly rows: readonly string[];
}

/** Puts the content of a chart into its frame: titles, axes, names of the categories, legend. */
export function categoryChart(
  categories: readonly string[],
  options: Titles & { readonly baselines?: readonly Baseline[] },
  y: Scale,
  { traces, drawn, entries, rows }: CategoryContent,
): Figure {
  const { title, xTitle, baselines = [] } = options;
  const below = categoryNames(categories);
  return new Figure({
    data: [...traces, ...levelTraces(baselines, categories)],
    layout: layout(options, {
      xaxis: { title: { text: xTitle }, type: "category" },
      shapes: levelShapes(baselines),
    }),
    svg: document(title, [
      ...axes(undefined, y, options, { foot: below.foot }),
      ...below.labels,
      ...drawn,
      ...legend(entries),
    ], { height: FRAME.height + below.foot }),
    text: [title, ...rows].join("\n"),
  });
}

/** The width of a category in pixels. */
export function categoryWidth(categories: number): number {
  return (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, categories);
}

/** The entries of the level lines in the legend of the SVG. */
export function levelEntries(baselines: readonly Baseline[]) {
  return baselines.map(({ name }, i) => ({
    name,
    colour: levelColour(name, i),
    stroke: "dash" as const,
  }));
}

/** The level lines as paths of the SVG, across the whole plot. */
export function levelPaths(baselines: readonly Baseline[], y: Scale): string[] {
  return levelEntries(baselines).map(({ colour, stroke }, i) => {
    const at = y.toPixel(baselines[i].y);
    return path([[FRAME.left, at], [FRAME.width - FRAME.right, at]], colour, stroke);
  });
}

/** The level lines as shapes of plotly. A trace would not reach beyond the middle of the outer categories. */
function levelShapes(baselines: readonly Baseline[]): Layout["shapes"] {
  return levelEntries(baselines).map(({ colour, stroke }, i) => {
    const height = short(baselines[i].y);
    const line = { color: colour, dash: stroke };
    return { type: "line", xref: "paper", x0: 0, x1: 1, y0: height, y1: height, line };
  });
}

/** Traces of a single point, which draw no line, but give the level lines an entry in plotly's legend. */
function levelTraces(baselines: readonly Baseline[], categories: readonly string[]) {
  return levelEntries(baselines).map(({ name, colour, stroke }, i) => ({
    type: "scatter" as const,
    mode: "lines" as const,
    name,
    x: [categories[0]],
    y: [short(baselines[i].y)],
    line: { color: colour, dash: stroke },
  }));
}
