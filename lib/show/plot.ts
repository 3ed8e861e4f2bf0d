/**
 * The figures of the notebooks: lines, bars and tables. Each function takes plain data and returns a
 * `Figure` or `Table`, independent of notebooks and training.
 */
import { checkWhole } from "../checks.ts";
import {
  type Baseline,
  COLOURS,
  Figure,
  layout,
  levelColour,
  short,
  Table,
  type Titles,
} from "./figure.ts";
import { levelEntries, levelPaths, levelShapes, levelTraces } from "./category_levels.ts";
import {
  checkBars,
  checkBaselines,
  checkSeries,
  checkTableRows,
  checkTitles,
} from "./chart_checks.ts";
import {
  axes,
  box,
  categoryNames,
  document,
  escape,
  FRAME,
  frameOf,
  horizontal,
  legend,
  path,
  vertical,
} from "./svg.ts";

/** Options of `lineChart()` beside its titles. */
export interface LineChartOptions extends Titles {
  /** Level lines (dashed) to compare with. */
  readonly baselines?: readonly Baseline[];
  /** How wide the picture is, in pixels, at least 240; text keeps its size. Default 700. */
  readonly width?: number;
}

/** One line of a chart. Points must be in the order in which they are joined. */
export interface Series {
  /** What the legend calls it. */
  readonly name: string;
  /** The values of its points on the horizontal axis. */
  readonly x: readonly number[];
  /** The values on the vertical axis. Values that are not finite leave a gap. */
  readonly y: readonly number[];
  /** The index of its colour in `COLOURS`, from 0. Default: its index among the lines. */
  readonly colour?: number;
  /** Whether the line is dotted, for a second run of the same recipe. Default false. */
  readonly dotted?: boolean;
}

/** The least width of a chart in pixels, of which margins take 90. */
export const LEAST_WIDTH = 240;

const MOST_POINTS = 400; // of a line; more would not be visible in 600 pixels, and would enlarge the file

/**
 * Draws a chart of lines.
 *
 * @param series The lines. In a line of more than 400 points neighbours are averaged.
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
      colour: colour(line.colour ?? i),
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
    layout: layout(options, { width, height: frame.height + 40 }),
    svg: document(
      options.title,
      [...axes(x, y, options, { frame }), ...paths, ...legend(drawn, frame)],
      frame,
    ),
    text: `${options.title}\n${
      lines.map(({ name, y }) => `${name.padEnd(24)} ${sparkline(y)}`).join("\n")
    }`,
  });
}

/**
 * Draws a chart of bars, one for each entry, in the order of the entries.
 *
 * @param bars The height of each bar, by name.
 * @param options Titles, and level lines (dashed) to compare with.
 * @throws {TypeError} If a height is no number.
 * @throws {ConfigError} If a title is missing or an option is unknown.
 *
 * @example
 * ```ts
 * import { barChart } from "bert/show/plot.ts";
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
  const room = (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, names.length);
  const below = categoryNames(names);
  const shapes = values.map((value, i) => {
    const left = FRAME.left + i * room;
    const top = y.toPixel(value);
    const zero = y.toPixel(0);
    const x = left + room * 0.15;
    const width = room * 0.7;
    return box(x, Math.min(top, zero), width, Math.abs(zero - top), COLOURS[0]);
  });
  const widest = Math.max(0, ...names.map((name) => name.length));
  return new Figure({
    data: [
      {
        type: "bar",
        x: names,
        y: values.map(short),
        marker: { color: COLOURS[0] },
        showlegend: false, // the bars have their names below them
      },
      ...levelTraces(baselines, names),
    ],
    layout: layout(options, {
      xaxis: { title: { text: options.xTitle }, type: "category" },
      shapes: levelShapes(baselines),
    }),
    svg: document(options.title, [
      ...axes(undefined, y, options, { foot: below.foot }),
      ...below.labels,
      ...shapes,
      ...levelPaths(baselines, y),
      ...legend(levelEntries(baselines)),
    ], { height: FRAME.height + below.foot }),
    text: `${options.title}\n${
      names.map((name, i) => `${name.padEnd(widest)}  ${short(values[i])}`).join("\n")
    }`,
  });
}

/**
 * Makes a table of rows. Its columns are the keys of the first row. Columns of numbers are aligned to
 * the right.
 */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): Table {
  checkTableRows(rows);
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? "")));
  const right = columns.map((column) => rows.every((row) => isFigure(row[column] ?? "")));
  const html = (tag: string, texts: readonly string[]) =>
    texts.map((text, i) =>
      `<${tag} ${aligned(right[i] ? "right" : "left")}>${escape(text)}</${tag}>`
    )
      .join("");
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...cells.map((row) => row[i].length))
  );
  const plain = [columns, ...cells].map((row) =>
    row.map((text, i) => right[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])).join("  ")
      .trimEnd()
  );
  return new Table(
    `<table><thead><tr>${html("th", columns)}</tr></thead><tbody>${
      cells.map((row) => `<tr>${html("td", row)}</tr>`).join("")
    }</tbody></table>`,
    plain.join("\n"),
  );
}

/** Whether a value is a number, a text that is a number (with `±` or `%`), or empty. */
function isFigure(value: string | number): boolean {
  return typeof value === "number" || /^((± ?)?-?\d[\d,.]*(e[-+]\d+)?( ?%)?)?$/.test(value);
}

/**
 * Both an attribute and a style, as Jupyter's style sheet overrides the attribute, and code hosts
 * remove the style.
 */
function aligned(side: "left" | "right"): string {
  return `align="${side}" style="text-align:${side}"`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length];
}

/** Averages neighbouring points until there are few enough for a chart. */
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
