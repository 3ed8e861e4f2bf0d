/**
 * The figures of the notebooks: lines, bars, heat maps and tables. Each function takes plain data
 * and gives a `Figure` or `Table`; nothing here knows about notebooks or training.
 */
import { COLOURS, Figure, short, Table, type Titles } from "./figure.ts";
import {
  axes,
  box,
  document,
  escape,
  FRAME,
  horizontal,
  label,
  legend,
  number,
  path,
  vertical,
} from "./svg.ts";

/** One line of a chart. Points must be in the order in which they are joined. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A level line that a curve is to be compared with: chance, a unigram model. */
export interface Baseline {
  readonly name: string;
  readonly y: number;
}

const MOST_POINTS = 400; // of a line; more cannot be seen in 600 pixels and would swell the file

/**
 * A chart of lines.
 *
 * @param series The lines; one of more than 400 points is thinned by averaging neighbours.
 * @param options Titles, and level lines (dashed) to compare with.
 *
 * @example
 * ```ts
 * import { lineChart } from "bert/plot.ts";
 * import { ok } from "node:assert";
 * const titles = { title: "Squares", xTitle: "n", yTitle: "n²" };
 * ok(lineChart([{ name: "n²", x: [1, 2, 3], y: [1, 4, 9] }], titles).svg.startsWith("<svg"));
 * ```
 */
export function lineChart(
  series: readonly Series[],
  options: Titles & { readonly baselines?: readonly Baseline[] },
): Figure {
  const lines = series.map(thin);
  const { baselines = [] } = options;
  const x = horizontal(lines.flatMap((line) => line.x));
  const y = vertical([...lines.flatMap((line) => line.y), ...baselines.map((line) => line.y)]);
  const named = [...lines.map(({ name }) => name), ...baselines.map(({ name }) => name)];
  const entries = named.map((name, i) => ({ name, colour: colour(i), dashed: i >= lines.length }));
  const levels = baselines.map((line) => ({
    name: line.name,
    x: [x.low, x.high],
    y: [line.y, line.y],
  }));
  const paths = [...lines, ...levels].map((line, i) => {
    const points = line.x.map((value, k) => [x.toPixel(value), y.toPixel(line.y[k])] as const);
    return path(points, colour(i), i >= lines.length);
  });
  return new Figure({
    data: [...lines, ...levels].map(({ name, x, y }, i) => ({
      type: "scatter",
      mode: "lines",
      name,
      x: x.map(short),
      y: y.map(short),
      line: { color: colour(i), dash: i >= lines.length ? "dash" : "solid" },
    })),
    layout: layout(options),
    svg: document(options.title, [...axes(x, y, options), ...paths, ...legend(entries)]),
    text: `${options.title}\n${
      lines.map(({ name, y }) => `${name.padEnd(24)} ${sparkline(y)}`).join("\n")
    }`,
  });
}

/**
 * A chart of bars, one for each entry, in the order of the entries.
 *
 * @param bars Name and height of each bar.
 */
export function barChart(
  bars: Readonly<Record<string, number>>,
  options: Titles & { readonly baselines?: readonly Baseline[] },
): Figure {
  const names = Object.keys(bars);
  const values = Object.values(bars);
  const { baselines = [] } = options;
  const y = vertical([0, ...values, ...baselines.map((line) => line.y)]);
  const room = (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, names.length);
  const crowded = names.some((name) => name.length * 7 > room);
  const shapes = names.flatMap((name, i) => {
    const [left, top, zero] = [FRAME.left + i * room, y.toPixel(values[i]), y.toPixel(0)];
    const middle = left + room / 2;
    const below = FRAME.height - FRAME.bottom + (crowded ? 12 : 18);
    return [
      box(left + room * 0.15, Math.min(top, zero), room * 0.7, Math.abs(zero - top), COLOURS[0]),
      label(
        name,
        middle,
        below,
        crowded ? { size: 10, anchor: "end", turn: -35 } : { anchor: "middle" },
      ),
    ];
  });
  const levels = baselines.map((line, i) => {
    const at = y.toPixel(line.y);
    return path([[FRAME.left, at], [FRAME.width - FRAME.right, at]], colour(i + 1), true);
  });
  const entries = baselines.map(({ name }, i) => ({ name, colour: colour(i + 1), dashed: true }));
  const widest = Math.max(0, ...names.map((name) => name.length));
  return new Figure({
    data: [
      { type: "bar", x: names, y: values.map(short), marker: { color: COLOURS[0] } },
      ...baselines.map((line, i) => ({
        type: "scatter" as const,
        mode: "lines" as const,
        name: line.name,
        x: [names[0], names[names.length - 1]],
        y: [short(line.y), short(line.y)],
        line: { color: colour(i + 1), dash: "dash" as const },
      })),
    ],
    layout: layout(options, { xaxis: { title: { text: options.xTitle }, type: "category" } }),
    svg: document(options.title, [
      ...axes(undefined, y, options),
      ...shapes,
      ...levels,
      ...legend(entries),
    ]),
    text: `${options.title}\n${
      names.map((name, i) => `${name.padEnd(widest)}  ${short(values[i])}`).join("\n")
    }`,
  });
}

/**
 * A table of numbers as colours: an attention map, a batch.
 *
 * @param values Rows from the top down, all of one length.
 * @param options Titles, what a value means, and names for columns and rows.
 */
export function heatmap(
  values: readonly (readonly number[])[],
  options: Titles & {
    readonly valueTitle: string;
    readonly columns?: readonly string[];
    readonly rows?: readonly string[];
  },
): Figure {
  const { columns, rows } = options;
  const flat = values.flat();
  const [low, high] = [Math.min(...flat), Math.max(...flat)];
  const [width, height] = [(FRAME.width - 170) / values[0].length, 300 / values.length];
  const [left, top] = [110, FRAME.top];
  const cells = values.flatMap((row, r) =>
    row.map((value, c) => {
      const share = high > low ? (value - low) / (high - low) : 0;
      return box(left + c * width, top + r * height, width + 0.2, height + 0.2, shade(share));
    })
  );
  const below = top + 300 + 14;
  const names = [
    ...(rows ?? []).map((name, r) =>
      label(name, left - 6, top + (r + 0.65) * height, { size: 10, anchor: "end" })
    ),
    ...(columns ?? []).map((name, c) =>
      label(name, left + (c + 0.6) * width, below, { size: 10, anchor: "end", turn: -45 })
    ),
  ];
  const bar = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    box(FRAME.width - 44, top + 240 * (1 - share) * 0.8, 16, 48, shade(share))
  );
  const foot = below + (columns ? 56 : 10);
  const texts = [
    label(options.xTitle, left + (FRAME.width - 170) / 2, foot + 12, { anchor: "middle" }),
    label(options.yTitle, 16, top + 150, { anchor: "middle", turn: -90 }),
    label(number(short(high)), FRAME.width - 8, top - 6, { size: 10, anchor: "end" }),
    label(number(short(low)), FRAME.width - 8, top + 254, { size: 10, anchor: "end" }),
    label(options.valueTitle, FRAME.width - 8, top + 120, { size: 10, anchor: "middle", turn: 90 }),
  ];
  return new Figure({
    data: [{
      type: "heatmap",
      z: values.map((row) => row.map(short)),
      colorscale: [[0, shade(0)], [1, shade(1)]],
      colorbar: { title: { text: options.valueTitle } },
    }],
    layout: layout(options, {
      xaxis: named(options.xTitle, columns),
      yaxis: { ...named(options.yTitle, rows), autorange: "reversed" },
    }),
    svg: document(options.title, [...cells, ...bar, ...names, ...texts], foot + 24),
    text: `${options.title}: ${values.length} × ${values[0].length}, from ${short(low)} to ${
      short(high)
    }`,
  });
}

/** Rows as a table; the columns are the keys of the first row. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): Table {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? "")));
  const right = columns.map((column) => rows.every((row) => typeof row[column] === "number"));
  const html = (tag: string, texts: readonly string[]) =>
    texts.map((text, i) =>
      `<${tag}${right[i] ? ' align="right"' : ' align="left"'}>${escape(text)}</${tag}>`
    ).join("");
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

function named(title: string, names?: readonly string[]) {
  if (!names) return { title: { text: title } };
  const tickvals = names.map((_, i) => i);
  return { title: { text: title }, tickmode: "array" as const, tickvals, ticktext: [...names] };
}

function layout(titles: Titles, more: Record<string, unknown> = {}) {
  return {
    title: { text: titles.title },
    xaxis: { title: { text: titles.xTitle } },
    yaxis: { title: { text: titles.yTitle } },
    width: FRAME.width,
    height: FRAME.height + 40,
    ...more,
  };
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length];
}

/** From white to dark blue. */
function shade(share: number): string {
  const mix = (from: number, to: number) =>
    Math.round(from + (to - from) * share).toString(16).padStart(2, "0");
  return `#${mix(0xff, 0x08)}${mix(0xff, 0x30)}${mix(0xff, 0x6b)}`;
}

/** Neighbouring points averaged until there are few enough. */
function thin(series: Series): Series {
  const size = Math.ceil(series.x.length / MOST_POINTS);
  if (size <= 1) return series;
  const mean = (values: readonly number[], i: number) => {
    const part = values.slice(i * size, (i + 1) * size);
    return part.reduce((a, b) => a + b, 0) / part.length;
  };
  const length = Math.ceil(series.x.length / size);
  const pick = (values: readonly number[]) => Array.from({ length }, (_, i) => mean(values, i));
  return { name: series.name, x: pick(series.x), y: pick(series.y) };
}

/** A line in eight heights of block characters, first and last value beside it. */
function sparkline(values: readonly number[]): string {
  if (values.length === 0) return "no points";
  const few = Array.from(
    { length: Math.min(40, values.length) },
    (_, i) => values[Math.floor(i * values.length / Math.min(40, values.length))],
  );
  const [low, high] = [Math.min(...few), Math.max(...few)];
  const height = (value: number) => high > low ? Math.round(7 * (value - low) / (high - low)) : 0;
  return `${few.map((value) => "▁▂▃▄▅▆▇█"[height(value)]).join("")} ${short(values[0])} → ${
    short(values[values.length - 1])
  }`;
}
