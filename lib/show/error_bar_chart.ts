/**
 * A chart of values with error bars over categories, such as the variants of a run or the sizes of a data
 * set.
 */
import { checkSwitches } from "../checks.ts";
import { categoryChart, categoryWidth, levelEntries, levelPaths } from "./category_chart.ts";
import { checkBaselines, checkMeasured, checkTitles } from "./chart_checks.ts";
import { type Baseline, type Figure, short, type Titles } from "./figure.ts";
import { colourAt } from "./colours.ts";
import { box, line, path } from "./svg.ts";
import { type Scale, vertical } from "./axes.ts";
import { FRAME } from "./svg.ts";

/** A value with its error bar. */
export interface Measured {
  /** The value. */
  readonly value: number;
  /** The length of the error bar to either side; at least 0. */
  readonly error: number;
}

/** A series of points with one colour, one point for each category. */
export interface MeasuredSeries {
  /** Its name in the legend. */
  readonly name: string;
  /** A point for each category, in their order. */
  readonly points: readonly Measured[];
  /** The index of its colour in `COLOURS`, from 0. Default: its index among the series. */
  readonly colour?: number;
}

/** Titles and options of an error bar chart. */
export interface ErrorBarOptions extends Titles {
  /** Whether to join the points of a series by a line, for ordered categories. Default false. */
  readonly joined?: boolean;
  /** Level lines (dashed) to compare with. Default: none. */
  readonly baselines?: readonly Baseline[];
}

/**
 * Draws points with error bars. The points of several series stand side by side in each category.
 *
 * @param categories Names along the horizontal axis; each series has a point for each.
 * @throws {TypeError} If a series or a number has a wrong type.
 * @throws {ConfigError} If a title is missing or an option is unknown.
 * @throws {RangeError} If a series has more or fewer points than there are categories.
 *
 * @example
 * ```ts
 * import { errorBarChart } from "bert/show/error_bar_chart.ts";
 * import { ok } from "node:assert";
 * const titles = { title: "Two ways", xTitle: "way", yTitle: "loss (nats)" };
 * const points = [{ value: 2, error: 0.1 }, { value: 3, error: 0.2 }];
 * const { text } = errorBarChart(["this", "that"], [{ name: "loss", points }], titles);
 * ok(text.includes("that  loss  3 ± 0.2"));
 * ```
 */
export function errorBarChart(
  categories: readonly string[],
  series: readonly MeasuredSeries[],
  options: ErrorBarOptions,
): Figure {
  checkMeasured(categories, series);
  checkTitles("errorBarChart()", options, ["joined", "baselines"]);
  checkBaselines("errorBarChart(categories, series, options)", options.baselines);
  checkSwitches(options, ["joined"]);
  const { baselines = [], joined = false } = options;
  const all = series.flatMap(({ points }) => points);
  const y = vertical([
    ...all.flatMap(({ value, error }) => [value, value - error, value + error]),
    ...baselines.map((level) => level.y),
  ]);
  const place = placing(categories.length, series.length);
  const marks = series.flatMap((one, i) => drawn(one, i, { y, place, joined }));
  return categoryChart(categories, options, y, {
    traces: series.map((one, i) => plotly(one, i, categories, joined)),
    drawn: [...levelPaths(baselines, y), ...marks],
    entries: entries(series, baselines),
    rows: rowsOf(categories, series),
  });
}

/**
 * Returns a function that gives the x of a point in pixels. The points of a category stand side by side
 * around its middle.
 */
function placing(categories: number, series: number) {
  const room = categoryWidth(categories);
  const step = Math.min(14, room / (series + 1));
  return (category: number, which: number): number =>
    FRAME.left + (category + 0.5) * room + (which - (series - 1) / 2) * step;
}

interface Drawing {
  readonly y: Scale;
  readonly place: (category: number, which: number) => number;
  readonly joined: boolean;
}

function drawn(series: MeasuredSeries, which: number, { y, place, joined }: Drawing): string[] {
  const { points, colour = which } = series;
  const ink = colourAt(colour);
  const places = points.map(({ value }, i) => [place(i, which), y.toPixel(value)] as const);
  const whiskers = points.flatMap(({ value, error }, i) => {
    if (!Number.isFinite(value) || !Number.isFinite(error)) return []; // as of a single run
    const x = place(i, which);
    const top = y.toPixel(value + error);
    const bottom = y.toPixel(value - error);
    const width = 2;
    return [
      line(x, top, x, bottom, ink, { width }),
      line(x - 4, top, x + 4, top, ink, { width }),
      line(x - 4, bottom, x + 4, bottom, ink, { width }),
    ];
  });
  const dots = places.filter(([, at]) => Number.isFinite(at))
    .map(([x, at]) => box(x - 4, at - 4, 8, 8, ink));
  return [...(joined ? [path(places, ink)] : []), ...whiskers, ...dots];
}

function entries(series: readonly MeasuredSeries[], baselines: readonly Baseline[]) {
  const all = [
    ...series.map(({ name, colour }, i) => ({ name, colour: colourAt(colour ?? i) })),
    ...levelEntries(baselines),
  ];
  return series.length > 1 ? all : all.slice(1); // the axis already names a single series
}

function plotly(
  { name, points, colour }: MeasuredSeries,
  which: number,
  categories: readonly string[],
  joined: boolean,
) {
  const color = colourAt(colour ?? which);
  return {
    type: "scatter" as const,
    mode: joined ? "lines+markers" as const : "markers" as const,
    name,
    x: [...categories],
    y: points.map(({ value }) => short(value)),
    error_y: {
      type: "data" as const,
      array: points.map(({ error }) => short(error)),
      visible: true,
    },
    marker: { color, size: 8 },
    line: { color },
  };
}

/** A line of text for each point. */
function rowsOf(categories: readonly string[], series: readonly MeasuredSeries[]): string[] {
  const widest = Math.max(0, ...categories.map((name) => name.length));
  return categories.flatMap((category, i) =>
    series.map(({ name, points }) =>
      `${category.padEnd(widest)}  ${name}  ${short(points[i].value)} ± ${
        Number(points[i].error.toPrecision(2))
      }`
    )
  );
}
