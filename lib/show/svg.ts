/**
 * Plain SVG: the frame, axes and text of all figures. It has no styles, scripts or references, so
 * that code hosts and viewers show it unchanged.
 */

/** A linear mapping from values to pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  toPixel(value: number): number;
}

/** The outer size and the margins of a plot, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The frame of the figures of notebooks and reports. */
export const FRAME: Frame = { width: 700, height: 400, left: 70, right: 20, top: 62, bottom: 56 };

const LEAST_HEIGHT = 240; // below it, margins would leave too little of the plot
const LEGEND_ROW = 17;

/**
 * The frame of a figure of another width. Text keeps its size, so that it can be read where there is
 * little room; the plot shrinks, and the legend has as many rows as it needs.
 */
export function frameOf(width: number, entries: readonly { readonly name: string }[]): Frame {
  const rows = legendRows(entries, { ...FRAME, width }).length;
  const more = Math.max(0, LEGEND_ROW * (rows - 1) - 12); // the second has not quite room
  const height = Math.max(LEAST_HEIGHT, Math.round(FRAME.height * width / FRAME.width));
  return { ...FRAME, width, height: height + more, top: FRAME.top + more };
}

function plotWidth({ width, left, right }: Frame): number {
  return width - left - right;
}

function plotBottom({ height, bottom }: Frame): number {
  return height - bottom;
}

/** A horizontal scale over the plot's width. */
export function horizontal(values: readonly number[], frame = FRAME): Scale {
  const width = plotWidth(frame);
  return scale(values, frame.left, frame.left + width, Math.min(STEPS, Math.floor(width / 70)));
}

/** A vertical scale over the plot's height; larger values are further up. */
export function vertical(values: readonly number[], frame = FRAME): Scale {
  return scale(values, plotBottom(frame), frame.top);
}

const STEPS = 5; // between the ticks of an axis, about

function scale(values: readonly number[], from: number, to: number, steps = STEPS): Scale {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const [bottom, top] = least < most
    ? [least, most]
    : least === most
    ? [least - 0.5, most + 0.5]
    : [0, 1];
  const ticks = ticksBetween(bottom, top, steps);
  const low = Math.min(bottom, ticks[0]);
  const high = Math.max(top, ticks[ticks.length - 1]);
  const toPixel = (value: number) => round(from + (to - from) * (value - low) / (high - low));
  return { low, high, ticks, toPixel };
}

/** Round numbers that enclose the range, one more than `steps`, or somewhat fewer or more. */
export function ticksBetween(low: number, high: number, steps = STEPS): number[] {
  const raw = (high - low) / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ??
    raw;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from(
    { length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(10)),
  );
}

/** The whole document around `content`. */
export function document(
  title: string,
  content: readonly string[],
  { width = FRAME.width, height = FRAME.height }: Partial<Frame> = {},
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    label(title, width / 2, 24, { size: 15, anchor: "middle" }),
    ...content,
    "</svg>",
  ].join("\n");
}

/**
 * Axis names, tick marks and grid lines. Without `x` the horizontal axis has no numbers; `foot` is the
 * height of what stands there instead.
 */
export function axes(
  x: Scale | undefined,
  y: Scale,
  titles: { readonly xTitle: string; readonly yTitle: string },
  { foot = 0, frame = FRAME }: { readonly foot?: number; readonly frame?: Frame } = {},
): string[] {
  const { left, top } = frame;
  const right = left + plotWidth(frame);
  const bottom = plotBottom(frame);
  const lines = y.ticks.flatMap((tick) => {
    const at = y.toPixel(tick);
    return [
      line(left, at, right, at, "#e3e3e3"),
      label(number(tick), left - 8, at + 4, { anchor: "end" }),
    ];
  });
  const columns = (x?.ticks ?? []).flatMap((tick) => {
    const at = x?.toPixel(tick) ?? 0;
    return [
      line(at, bottom, at, bottom + 4, "#888888"),
      label(number(tick), inside(at, number(tick), frame), bottom + 18, { anchor: "middle" }),
    ];
  });
  return [
    ...lines,
    ...columns,
    line(left, bottom, right, bottom, "#888888"),
    label(titles.xTitle, (left + right) / 2, frame.height - 12 + foot, { anchor: "middle" }),
    upright(titles.yTitle, 18, (top + bottom) / 2),
  ];
}

/**
 * The names of categories below the axis, at equal distances. They are slanted if they would not fit
 * side by side; `foot` is the additional height that this needs.
 */
export function categoryNames(names: readonly string[]): { labels: string[]; foot: number } {
  const room = plotWidth(FRAME) / Math.max(1, names.length);
  const bottom = plotBottom(FRAME);
  const widest = Math.max(0, ...names.map((name) => name.length));
  const slanted = widest * 6.2 >= room;
  const at = slanted ? bottom + 12 : bottom + 18;
  const style = slanted
    ? { size: 10, anchor: "end" as const, turn: -35 }
    : { anchor: "middle" as const };
  return {
    labels: names.map((name, i) => label(name, FRAME.left + (i + 0.5) * room, at, style)),
    foot: slanted ? Math.max(0, Math.round(3.1 * widest - 24)) : 0,
  };
}

/** The middle of a text, moved to the left if the text would reach beyond the right edge. */
function inside(middle: number, text: string, { width }: Frame): number {
  return Math.min(middle, width - 2 - 3.4 * text.length);
}

/** How a line is drawn. */
export type Stroke = "solid" | "dash" | "dot";

const DASHES: Readonly<Record<Stroke, string>> = { solid: "", dash: "6 4", dot: "2 3" };

/** A line of a chart in its legend. */
export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly stroke?: Stroke;
}

/** Names and colours of the lines, below the title, in several rows if one is too short. */
export function legend(entries: readonly LegendEntry[], frame = FRAME): string[] {
  const total = entries.reduce((sum, entry) => sum + legendWidth(entry), 0);
  const start = Math.max(8, frame.width - frame.right - total);
  const first = total > frame.width - frame.right - 8 ? 38 : 44;
  return legendRows(entries, frame).flatMap((row, i) => {
    let at = start;
    const y = first + LEGEND_ROW * i;
    return row.flatMap((entry) => {
      const { name, colour, stroke } = entry;
      const drawn = [
        line(at, y, at + 18, y, colour, { width: 2.5, stroke }),
        label(name, at + 22, y + 4, {}),
      ];
      at += legendWidth(entry);
      return drawn;
    });
  });
}

/** The entries of a legend by rows, as many in each as have room. */
function legendRows<Entry extends { readonly name: string }>(
  entries: readonly Entry[],
  { width, right }: Frame,
): Entry[][] {
  const total = entries.reduce((sum, entry) => sum + legendWidth(entry), 0);
  const start = Math.max(8, width - right - total);
  const rows: Entry[][] = [[]];
  let at = start;
  for (const entry of entries) {
    if (at + legendWidth(entry) > width && at > start) {
      rows.push([]);
      at = start;
    }
    rows[rows.length - 1].push(entry);
    at += legendWidth(entry);
  }
  return rows;
}

function legendWidth({ name }: { readonly name: string }): number {
  return 34 + 6.6 * name.length;
}

/**
 * Points joined by straight lines. A point that is not finite leaves a gap, and one between two gaps is
 * a dot.
 */
export function path(
  points: readonly (readonly [number, number])[],
  colour: string,
  stroke: Stroke = "solid",
): string {
  const isThere = (at: number) => Number.isFinite(points[at]?.[1]);
  let d = "";
  const dots: string[] = [];
  for (const [i, [x, y]] of points.entries()) {
    if (!isThere(i)) continue;
    d += `${isThere(i - 1) ? "L" : "M"}${x} ${y}`;
    if (isThere(i - 1) || isThere(i + 1)) continue;
    dots.push(`<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`);
  }
  const line = `<path d="${d}" fill="none" stroke="${colour}" stroke-width="2"${dashes(stroke)}/>`;
  return [line, ...dots].join("\n");
}

function dashes(stroke: Stroke): string {
  return stroke === "solid" ? "" : ` stroke-dasharray="${DASHES[stroke]}"`;
}

/** A filled rectangle. */
export function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${
    round(height)
  }" fill="${fill}"/>`;
}

/** A straight line. */
export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
  { width = 1, stroke = "solid" }: { width?: number; stroke?: Stroke } = {},
): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${
    round(y2)
  }" stroke="${colour}" ` +
    `stroke-width="${width}"${dashes(stroke)}/>`;
}

/** A line of text. `turn` rotates it around its anchor, in degrees. */
export function label(
  text: string,
  x: number,
  y: number,
  { size = 12, anchor = "start", turn = 0, colour = "#222222" }: {
    size?: number;
    anchor?: "start" | "middle" | "end";
    turn?: number;
    colour?: string;
  },
): string {
  const rotate = turn === 0 ? "" : ` transform="rotate(${turn} ${round(x)} ${round(y)})"`;
  return `<text x="${round(x)}" y="${round(y)}" font-family="sans-serif" font-size="${size}" ` +
    `text-anchor="${anchor}" fill="${colour}"${rotate}>${escape(text)}</text>`;
}

function upright(text: string, x: number, y: number): string {
  return label(text, x, y, { anchor: "middle", turn: -90 });
}

/** A number in a readable notation, such as 12,000 or 0.25 or 3e-5. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential().replace("e+", "e");
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

/** Text that is safe inside XML and HTML. */
export function escape(text: string): string {
  return text.replace(/\p{Cc}/gu, " ").replaceAll(
    "&",
    "&amp;",
  )
    .replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
