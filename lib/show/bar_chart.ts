/** Charts of bars. */
import { categoryChart, categoryWidth, levelEntries, levelPaths } from "./category_chart.ts";
import { checkBars, checkBaselines, checkTitles } from "./chart_checks.ts";
import { type Baseline, type Figure, short, type Titles } from "./figure.ts";
import { colourAt } from "./colours.ts";
import { box } from "./svg.ts";
import { vertical } from "./axes.ts";
import { FRAME } from "./svg.ts";

/** The width of a bar, as a share of the width of its category. */
const BAR_WIDTH = 0.7;

/**
 * Draws a chart of bars, one for each entry, in the order of the entries.
 *
 * @param bars The height of each bar, by name. A bar whose height is not finite is not drawn.
 * @param options Titles, and level lines (dashed) to compare with.
 * @throws {TypeError} If a height is not a number.
 * @throws {ConfigError} If a title is missing or an option is unknown.
 *
 * @example
 * ```ts
 * import { barChart } from "bert/show/bar_chart.ts";
 * import { ok } from "node:assert";
 * const titles = { title: "Right answers", xTitle: "model", yTitle: "share" };
 * ok(barChart({ ours: 0.4, chance: 0.1 }, titles).svg.startsWith("<svg"));
 * ```
 */
export function barChart(
  bars: Readonly<Record<string, number>>,
  options: Titles & { readonly baselines?: readonly Baseline[] },
): Figure {
  checkBars(bars);
  checkTitles("barChart()", options, ["baselines"]);
  checkBaselines("barChart(bars, options)", options.baselines);
  const names = Object.keys(bars);
  const values = Object.values(bars);
  const { baselines = [] } = options;
  const y = vertical([0, ...values, ...baselines.map((line) => line.y)]);
  const room = categoryWidth(names.length);
  const shapes = values.flatMap((value, i) => {
    if (!Number.isFinite(value)) return []; // the name and the text still show it
    const top = y.toPixel(value);
    const zero = y.toPixel(0);
    const x = FRAME.left + i * room + room * (1 - BAR_WIDTH) / 2;
    return box(x, Math.min(top, zero), room * BAR_WIDTH, Math.abs(zero - top), colourAt(0));
  });
  const widest = Math.max(0, ...names.map((name) => name.length));
  return categoryChart(names, options, y, {
    traces: [{
      type: "bar",
      x: names,
      y: values.map(short),
      marker: { color: colourAt(0) },
      showlegend: false, // as the names are below the bars
    }],
    drawn: [...shapes, ...levelPaths(baselines, y)],
    entries: levelEntries(baselines),
    rows: names.map((name, i) => `${name.padEnd(widest)}  ${short(values[i])}`),
  });
}
