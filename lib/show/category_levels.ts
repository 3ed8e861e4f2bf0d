/** Level lines across a chart with categories on its horizontal axis: bars, or means with error bars. */
import type { Layout } from "plotly.js";
import { type Baseline, levelColour, short } from "./figure.ts";
import { FRAME, path, type Scale } from "./svg.ts";

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

/** The level lines as shapes of plotly, as a trace would end in the middle of the outer categories. */
export function levelShapes(baselines: readonly Baseline[]): Layout["shapes"] {
  return levelEntries(baselines).map(({ colour, stroke }, i) => {
    const height = short(baselines[i].y);
    const line = { color: colour, dash: stroke };
    return { type: "line", xref: "paper", x0: 0, x1: 1, y0: height, y1: height, line };
  });
}

/** Traces that give the level lines their names in plotly's legend. A single point draws nothing. */
export function levelTraces(baselines: readonly Baseline[], categories: readonly string[]) {
  return levelEntries(baselines).map(({ name, colour, stroke }, i) => ({
    type: "scatter" as const,
    mode: "lines" as const,
    name,
    x: [categories[0]],
    y: [short(baselines[i].y)],
    line: { color: colour, dash: stroke },
  }));
}
