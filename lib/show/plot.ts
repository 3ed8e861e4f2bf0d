/** Charts of lines. Notebooks import charts of bars and tables from here, too. */
import { checkWhole } from "../checks.ts";
import { checkBaselines, checkSeries, checkTitles } from "./chart_checks.ts";
import { type Baseline, Figure, layout, short, type Titles } from "./figure.ts";
import { colourAt, levelColour } from "./colours.ts";
import { document, FRAME, frameOf, legend, path } from "./svg.ts";
import { axes, horizontal, vertical } from "./axes.ts";

export { barChart } from "./bar_chart.ts";
export { table } from "./table.ts";

/** Options of `lineChart()` beside its titles. */
export interface LineChartOptions extends Titles {
  /** Level lines (dashed) to compare with. Default: none. */
  readonly baselines?: readonly Baseline[];
  /** The width of the picture in pixels, at least 240; text keeps its size. Default 680. */
  readonly width?: number;
}

/** One line of a chart. It joins its points in the given order. */
export interface Series {
  /** Its name in the legend. */
  readonly name: string;
  /** The values of its points on the horizontal axis. */
  readonly x: readonly number[];
  /** The values of its points on the vertical axis. Values that are not finite leave a gap. */
  readonly y: readonly number[];
  /** The index of its colour in `COLOURS`, from 0. Default: its index among the lines. */
  readonly colour?: number;
  /**
   * Whether the line is dotted, for a second run of the same recipe, or for the same model on other
   * data. Default false.
   */
  readonly dotted?: boolean;
}

/** The least width of a chart in pixels, of which margins take 90. */
export const LEAST_WIDTH = 240;

/** The most points of a line: about one for each pixel. More would only enlarge the file. */
const MOST_POINTS = 600;

/**
 * Draws a chart of lines.
 *
 * @param series The lines. In a line of more than 600 points neighbours are averaged.
 * @param options Titles, level lines (dashed) to compare with, and the width.
 * @throws {TypeError} If a line or a number has a wrong type.
 * @throws {ConfigError} If a title is missing, or an option is unknown or cannot work.
 * @throws {RangeError} If a line has different numbers of x and y.
 *
 * @example
 * ```ts
 * import { lineChart } from "bert/show/plot.ts";
 * import { ok } from "node:assert";
 * const titles = { title: "Squares", xTitle: "n", yTitle: "n²" };
 * ok(lineChart([{ name: "n²", x: [1, 2, 3], y: [1, 4, 9] }], titles).svg.startsWith("<svg"));
 * ```
 */
export function lineChart(series: readonly Series[], options: LineChartOptions): Figure {
  checkSeries(series);
  checkTitles("lineChart()", options, ["baselines", "width"]);
  checkBaselines("lineChart(series, options)", options.baselines);
  const lines = series.map(thin);
  const { baselines = [], width = FRAME.width } = options;
  checkWhole("width", width, LEAST_WIDTH);
  const frame = frameOf(width, [...lines, ...baselines]);
  const x = horizontal(lines.flatMap((line) => line.x), frame);
  const heights = [...lines.flatMap((line) => line.y), ...baselines.map((line) => line.y)];
  const y = vertical(heights, frame);
  const levels = baselines.map((line, i) => ({
    name: line.name,
    x: [x.low, x.high],
    y: [line.y, line.y],
    colour: levelColour(line.name, i),
    stroke: "dash" as const,
  }));
  const drawn = [
    ...lines.map((line, i) => ({
      ...line,
      colour: colourAt(line.colour ?? i),
      stroke: line.dotted ? "dot" as const : "solid" as const,
    })),
    ...levels,
  ];
  const paths = drawn.map((line) => {
    const points = line.x.map((value, k) => [x.toPixel(value), y.toPixel(line.y[k])] as const);
    return path(points, line.colour, line.stroke);
  });
  return new Figure({
    data: drawn.map(({ name, x, y, colour, stroke }) => ({
      type: "scatter",
      mode: "lines",
      name,
      x: x.map(short),
      y: y.map(short),
      line: { color: colour, dash: stroke },
    })),
    layout: layout(options, {
      width,
      height: frame.height + 40,
      // else plotly would draw ticks between 0, 1 and 2
      ...(x.ticks[1] - x.ticks[0] === 1 &&
        { xaxis: { title: { text: options.xTitle }, dtick: 1 } }),
    }),
    svg: document(
      options.title,
      [...axes(x, y, options, { frame }), ...paths, ...legend(drawn, frame)],
      frame,
    ),
    text: `${options.title}\n${
      series.map(({ name, y }) => `${name.padEnd(24)} ${sparkline(y)}`).join("\n")
    }`,
  });
}

/**
 * Averages neighbouring points until there are at most 600, which are enough for a chart. A shorter
 * series is returned as it is.
 */
export function thin(series: Series): Series {
  const size = Math.ceil(series.x.length / MOST_POINTS);
  if (size <= 1) return series;
  const mean = (values: readonly number[], i: number) => {
    const part = values.slice(i * size, (i + 1) * size);
    return part.reduce((a, b) => a + b, 0) / part.length;
  };
  const length = Math.ceil(series.x.length / size);
  const pick = (values: readonly number[]) => Array.from({ length }, (_, i) => mean(values, i));
  return { ...series, x: pick(series.x), y: pick(series.y) };
}

/** A line as block characters of eight heights, with its first and last values. */
function sparkline(values: readonly number[]): string {
  if (values.length === 0) return "no points";
  const few = Array.from(
    { length: Math.min(40, values.length) },
    (_, i) => values[Math.floor(i * values.length / Math.min(40, values.length))],
  );
  const low = Math.min(...few);
  const high = Math.max(...few);
  const height = (value: number) => high > low ? Math.round(7 * (value - low) / (high - low)) : 0;
  return `${few.map((value) => "▁▂▃▄▅▆▇█"[height(value)]).join("")} ${short(values[0])} → ${
    short(values[values.length - 1])
  }`;
}
