/** Heat maps: tables of numbers as colours, such as attention maps. */
import { ARRAY, checkArguments, checkEntries, type Kind, TEXT } from "../checks.ts";
import { ShapeError } from "../errors.ts";
import { checkRows, checkTitles } from "./chart_checks.ts";
import { Figure, layout, short, type Titles } from "./figure.ts";
import { box, document, label } from "./svg.ts";
import { number } from "./axes.ts";
import { FRAME } from "./svg.ts";

/** The number of shades. The eye cannot distinguish more. */
const SHADES = 20;
/** The most rows or columns that the SVG draws, to keep it small. Plotly gets all of them. */
const MOST_CELLS = 64;
const PLOT = { left: 110, top: FRAME.top, width: FRAME.width - 190, height: 300 } as const;

const DECIMALS: Kind = {
  name: "a whole number from 0 to 6",
  fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 6,
};

/** Titles and options of a heat map. */
export interface HeatmapOptions extends Titles {
  /** What a value means, with its unit. */
  readonly valueTitle: string;
  /** Names of the columns, from the left. */
  readonly columns?: readonly string[];
  /** Names of the rows, from the top. */
  readonly rows?: readonly string[];
  /** Decimals of the values that are written into the cells, 0 to 6. Default: no values are written. */
  readonly decimals?: number;
}

/**
 * Draws a table of numbers as colours, from white (smallest) to dark blue (largest).
 *
 * @param values Rows from the top down, all of the same length. Values that are not finite stay
 * white.
 * @throws {TypeError} If a row is not an array of numbers.
 * @throws {ConfigError} If a title is missing or an option is unknown.
 * @throws {ShapeError} If there is no value, or rows or names have wrong lengths.
 *
 * @example
 * ```ts
 * import { heatmap } from "bert/show/heatmap.ts";
 * import { ok } from "node:assert";
 * const titles = { title: "Attention", xTitle: "to", yTitle: "from", valueTitle: "share" };
 * ok(heatmap([[0.9, 0.1], [0.5, 0.5]], titles).text.includes("2 × 2"));
 * ```
 */
export function heatmap(
  values: readonly (readonly number[])[],
  options: HeatmapOptions,
): Figure {
  checkRows("heatmap(values, options)", values);
  checkTitles("heatmap()", options, ["valueTitle", "columns", "rows", "decimals"]);
  checkArguments("heatmap(values, options)", [["options.valueTitle", options.valueTitle, TEXT]]);
  if (options.decimals !== undefined) {
    checkArguments("heatmap(values, options)", [["options.decimals", options.decimals, DECIMALS]]);
  }
  for (const field of ["columns", "rows"] as const) {
    if (options[field] === undefined) continue;
    const name = `options.${field}`;
    checkArguments("heatmap(values, options)", [[name, options[field], ARRAY]]);
    checkEntries("heatmap(values, options)", name, options[field], TEXT);
  }
  const [height, width] = checkTable(values, options);
  const [low, high] = rangeOf(values);
  const foot = PLOT.top + PLOT.height + roomBelow(options.columns);
  return new Figure({
    data: [{
      type: "heatmap",
      z: values.map((row) => row.map((value) => Number.isFinite(value) ? short(value) : null)),
      colorscale: [[0, shade(0)], [1, shade(1)]],
      colorbar: { title: { text: options.valueTitle } },
      ...(options.decimals !== undefined && { texttemplate: `%{z:.${options.decimals}f}` }),
    }],
    layout: layout(options, {
      xaxis: named(options.xTitle, options.columns),
      yaxis: {
        ...named(options.yTitle, options.rows),
        autorange: "reversed",
        automargin: true, // room for long names beside the title
      },
    }),
    svg: document(options.title, [
      ...cells(shrink(values), low, high),
      ...written(values, options.decimals, low, high),
      ...names(options, height, width),
      ...colourBar(options, low, high),
      label(options.xTitle, PLOT.left + PLOT.width / 2, foot + 10, { anchor: "middle" }),
      label(options.yTitle, 16, PLOT.top + PLOT.height / 2, { anchor: "middle", turn: -90 }),
    ], { height: foot + 24 }),
    text: `${options.title}: ${height} × ${width} values from ${short(low)} to ${short(high)}`,
  });
}

function checkTable(
  values: readonly (readonly number[])[],
  { columns, rows }: HeatmapOptions,
): [number, number] {
  const height = values.length;
  const width = values[0]?.length ?? 0;
  if (height === 0 || width === 0) {
    throw new ShapeError("a heat map", ["rows", "columns"], [height, width]);
  }
  for (const row of values) {
    if (row.length !== width) throw new ShapeError("a row of a heat map", [width], [row.length]);
  }
  if ((columns ?? values[0]).length !== width) {
    throw new ShapeError("names of a heat map's columns", [width], [columns?.length ?? 0]);
  }
  if ((rows ?? values).length !== height) {
    throw new ShapeError("names of a heat map's rows", [height], [rows?.length ?? 0]);
  }
  return [height, width];
}

function rangeOf(values: readonly (readonly number[])[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values.flat()) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 0];
}

/**
 * Draws the cells as one path for each shade. One stroke of it covers neighbouring cells of a row. A
 * rectangle for each cell would take ten times the space.
 */
function cells(values: readonly (readonly number[])[], low: number, high: number): string[] {
  const levels = values.map((row) =>
    row.map((value) => high > low ? Math.round((SHADES - 1) * (value - low) / (high - low)) : 0)
  );
  const strokes = new Map<number, string>();
  for (const [r, row] of levels.entries()) {
    for (let start = 0, end = 0; start < row.length; start = end) {
      while (end < row.length && Object.is(row[end], row[start])) end++;
      const level = row[start];
      if (level > 0 && level < SHADES) { // white cells, NaN and infinities are not drawn
        strokes.set(level, `${strokes.get(level) ?? ""}M${start} ${r}h${end - start}`);
      }
    }
  }
  const width = PLOT.width / levels[0].length;
  const height = PLOT.height / levels.length;
  // half of a stroke's width lies above its line
  const x = PLOT.left;
  const y = PLOT.top + height / 2;
  const scale = `translate(${x} ${y.toFixed(2)}) scale(${width.toFixed(4)} ${height.toFixed(4)})`;
  const paths = [...strokes].map(([level, d]) =>
    `<path d="${d}" stroke="${shade(level / (SHADES - 1))}" stroke-width="1" fill="none"/>`
  );
  const frame = `<rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.width}" ` +
    `height="${PLOT.height}" fill="none" stroke="#888888"/>`;
  return [`<g transform="${scale}" shape-rendering="crispEdges">`, ...paths, "</g>", frame];
}

/** The values as text in their cells, white on the dark ones. */
function written(
  values: readonly (readonly number[])[],
  decimals: number | undefined,
  low: number,
  high: number,
): string[] {
  if (decimals === undefined) return [];
  const width = PLOT.width / values[0].length;
  const height = PLOT.height / values.length;
  return values.flatMap((row, r) =>
    row.map((value, c) => {
      const colour = value > low + 0.55 * (high - low) ? "#ffffff" : "#222222";
      const at = { size: 11, anchor: "middle", colour } as const;
      const x = PLOT.left + (c + 0.5) * width;
      const y = PLOT.top + (r + 0.5) * height + 4;
      return Number.isFinite(value) ? label(value.toFixed(decimals), x, y, at) : "";
    })
  ).filter((text) => text !== "");
}

/** Averages blocks of neighbouring cells until the table is small enough. */
function shrink(values: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const size = Math.ceil(Math.max(values.length, values[0].length) / MOST_CELLS);
  if (size === 1) return values;
  const blocks = (length: number) => Array.from({ length: Math.ceil(length / size) }, (_, i) => i);
  return blocks(values.length).map((r) =>
    blocks(values[0].length).map((c) => {
      const rows = values.slice(r * size, (r + 1) * size);
      const block = rows.flatMap((row) => row.slice(c * size, (c + 1) * size));
      return block.reduce((a, b) => a + b, 0) / block.length;
    })
  );
}

/** Whether all names of columns have room side by side, so that none must be turned. */
function fits(columns: readonly string[]): boolean {
  return longest(columns) + 4 <= PLOT.width / columns.length;
}

/** The width of the longest of these names, in pixels. */
function longest(names: readonly string[]): number {
  return 6 * Math.max(...names.map(({ length }) => length));
}

/** The pixels between the cells and the title of the axis: the longer a turned name, the more. */
function roomBelow(columns: readonly string[] | undefined): number {
  if (columns === undefined) return 16;
  return fits(columns) ? 34 : 22 + Math.ceil(longest(columns) * Math.SQRT1_2);
}

/** The names of rows and columns. If there are too many, some are left out. */
function names({ rows = [], columns = [] }: HeatmapOptions, height: number, width: number) {
  const right = PLOT.left - 6;
  const below = PLOT.top + PLOT.height + 14;
  const rowAt = (r: number) => PLOT.top + (r + 0.5) * PLOT.height / height + 4;
  const columnAt = (c: number) => PLOT.left + (c + 0.5) * PLOT.width / width;
  const every = (count: number, room: number) => Math.ceil(11 * count / room);
  const rowStep = every(height, PLOT.height);
  const columnStep = every(width, PLOT.width);
  const columnName = (name: string, c: number) =>
    fits(columns)
      ? label(name, columnAt(c), below, { size: 10, anchor: "middle" })
      : label(name, columnAt(c) + 3, below, { size: 10, anchor: "end", turn: -45 });
  return [
    ...rows.map((name, r) =>
      r % rowStep === 0 ? label(name, right, rowAt(r), { size: 10, anchor: "end" }) : ""
    ),
    ...columns.map((name, c) => c % columnStep === 0 ? columnName(name, c) : ""),
  ].filter((text) => text !== "");
}

function colourBar(options: HeatmapOptions, low: number, high: number): string[] {
  const { valueTitle, decimals } = options;
  const left = FRAME.width - 72;
  const top = PLOT.top;
  const steps = 12;
  const height = PLOT.height / 12;
  const boxes = Array.from({ length: steps }, (_, i) => {
    const share = 1 - i / (steps - 1);
    return box(left, top + i * height, 16, height + 0.5, shade(share));
  });
  const beside = left + 21;
  const end = (value: number) => {
    if (decimals !== undefined) return value.toFixed(decimals); // as in the cells
    // a value that is tiny compared with the range is shown as 0
    return number(Math.abs(value) < 1e-4 * (high - low) ? 0 : Number(value.toPrecision(3)));
  };
  const frame = `<rect x="${left}" y="${top}" width="16" height="${PLOT.height}" ` +
    `fill="none" stroke="#888888"/>`;
  return [
    ...boxes,
    frame,
    label(end(high), beside, top + 10, { size: 10 }),
    label(end(low), beside, top + PLOT.height, { size: 10 }),
    label(valueTitle, beside + 6, top + PLOT.height / 2, { size: 11, anchor: "middle", turn: 90 }),
  ];
}

function named(title: string, names?: readonly string[]) {
  if (!names) return { title: { text: title } };
  const tickvals = names.map((_, i) => i);
  return { title: { text: title }, tickmode: "array" as const, tickvals, ticktext: [...names] };
}

/** The colour of a share of the range: white at 0, dark blue at 1. */
function shade(share: number): string {
  const mix = (from: number, to: number) =>
    Math.round(from + (to - from) * share).toString(16).padStart(2, "0");
  return `#${mix(0xff, 0x08)}${mix(0xff, 0x30)}${mix(0xff, 0x6b)}`;
}
