/** A chart of means with their error bars, over categories: variants of a run, or sizes of a data set. */
import { type Baseline, COLOURS, Figure, layout, short, type Titles } from "./figure.ts";
import { levelEntries, levelPaths, levelShapes, levelTraces } from "./category_levels.ts";
import { checkBaselines, checkMeasured, checkTitles } from "./chart_checks.ts";
import {
  axes,
  box,
  categoryNames,
  document,
  FRAME,
  legend,
  line,
  path,
  type Scale,
  vertical,
} from "./svg.ts";

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
}

/** Titles and options of an error bar chart. */
export interface ErrorBarOptions extends Titles {
  /** Whether to join the points of a series by a line, for ordered categories. Default false. */
  readonly joined?: boolean;
  /** Level lines to compare with. */
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
  const { baselines = [], joined = false } = options;
  const all = series.flatMap(({ points }) => points);
  const y = vertical([
    ...all.flatMap(({ value, error }) => [value - error, value + error]),
    ...baselines.map((level) => level.y),
  ]);
  const below = categoryNames(categories);
  const place = placing(categories.length, series.length);
  const marks = series.flatMap((one, i) => drawn(one, i, { y, place, joined }));
  return new Figure({
    data: [
      ...series.map((one, i) => plotly(one, i, categories, joined)),
      ...levelTraces(baselines, categories),
    ],
    layout: layout(options, {
      xaxis: { title: { text: options.xTitle }, type: "category" },
      shapes: levelShapes(baselines),
    }),
    svg: document(options.title, [
      ...axes(undefined, y, options, { foot: below.foot }),
      ...below.labels,
      ...levelPaths(baselines, y),
      ...marks,
      ...legend(entries(series, baselines)),
    ], { height: FRAME.height + below.foot }),
    text: asText(categories, series, options.title),
  });
}

/** The x of a point in pixels: the points of a category stand side by side around its middle. */
function placing(categories: number, series: number) {
  const room = (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, categories);
  const step = Math.min(14, room / (series + 1));
  return (category: number, which: number): number =>
    FRAME.left + (category + 0.5) * room + (which - (series - 1) / 2) * step;
}

interface Drawing {
  readonly y: Scale;
  readonly place: (category: number, which: number) => number;
  readonly joined: boolean;
}

function drawn({ points }: MeasuredSeries, which: number, { y, place, joined }: Drawing): string[] {
  const ink = colour(which);
  const places = points.map(({ value }, i) => [place(i, which), y.toPixel(value)] as const);
  const whiskers = points.flatMap(({ value, error }, i) => {
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
  const dots = places.map(([x, at]) => box(x - 4, at - 4, 8, 8, ink));
  return [...(joined ? [path(places, ink)] : []), ...whiskers, ...dots];
}

function entries(series: readonly MeasuredSeries[], baselines: readonly Baseline[]) {
  const all = [
    ...series.map(({ name }, i) => ({ name, colour: colour(i) })),
    ...levelEntries(baselines),
  ];
  return series.length > 1 ? all : all.slice(1); // the axis already names a single series
}

function plotly(
  { name, points }: MeasuredSeries,
  which: number,
  categories: readonly string[],
  joined: boolean,
) {
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
    marker: { color: colour(which), size: 8 },
    line: { color: colour(which) },
  };
}

function asText(
  categories: readonly string[],
  series: readonly MeasuredSeries[],
  title: string,
): string {
  const widest = Math.max(0, ...categories.map((name) => name.length));
  const rows = categories.flatMap((category, i) =>
    series.map(({ name, points }) =>
      `${category.padEnd(widest)}  ${name}  ${short(points[i].value)} ± ${
        Number(points[i].error.toPrecision(2))
      }`
    )
  );
  return [title, ...rows].join("\n");
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length];
}
