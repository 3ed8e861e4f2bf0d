/**
 * Plain SVG: the frame, axes and text of all figures. It has no style sheet, scripts or references,
 * so that code hosts and viewers show it unchanged.
 */

/** A linear mapping from values to pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  toPixel(value: number): number;
}

/** The outer size and the margins of the plot, in pixels. */
export const FRAME = { width: 700, height: 400, left: 70, right: 20, top: 62, bottom: 56 } as const;
const PLOT_WIDTH = FRAME.width - FRAME.left - FRAME.right;
const PLOT_HEIGHT = FRAME.height - FRAME.top - FRAME.bottom;

/** A horizontal scale over the plot's width. */
export function horizontal(values: readonly number[]): Scale {
  return scale(values, FRAME.left, FRAME.left + PLOT_WIDTH);
}

/** A vertical scale over the plot's height; larger values are further up. */
export function vertical(values: readonly number[]): Scale {
  return scale(values, FRAME.top + PLOT_HEIGHT, FRAME.top);
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const [bottom, top] = least < most
    ? [least, most]
    : least === most
    ? [least - 0.5, most + 0.5]
    : [0, 1];
  const ticks = ticksBetween(bottom, top);
  const low = Math.min(bottom, ticks[0]);
  const high = Math.max(top, ticks[ticks.length - 1]);
  const toPixel = (value: number) => round(from + (to - from) * (value - low) / (high - low));
  return { low, high, ticks, toPixel };
}

/** About six round numbers that enclose the range. */
export function ticksBetween(low: number, high: number): number[] {
  const raw = (high - low) / 5;
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

/** The attribute by which a drawing becomes smaller on a page that is narrower than it. */
export const SHRINKS = 'style="max-width:100%;height:auto"';

/** The whole document around `content`. */
export function document(
  title: string,
  content: readonly string[],
  height: number = FRAME.height,
): string {
  const { width } = FRAME;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" ${SHRINKS}>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    label(title, width / 2, 24, { size: 15, anchor: "middle" }),
    ...content,
    "</svg>",
  ].join("\n");
}

/** Axis names, tick marks and grid lines. `xTicks` replaces the numbers of the horizontal axis. */
export function axes(
  x: Scale | undefined,
  y: Scale,
  titles: { readonly xTitle: string; readonly yTitle: string },
  foot = 0,
): string[] {
  const bottom = FRAME.top + PLOT_HEIGHT;
  const lines = y.ticks.flatMap((tick) => {
    const at = y.toPixel(tick);
    return [
      line(FRAME.left, at, FRAME.left + PLOT_WIDTH, at, "#e3e3e3"),
      label(number(tick), FRAME.left - 8, at + 4, { anchor: "end" }),
    ];
  });
  const columns = (x?.ticks ?? []).flatMap((tick) => {
    const at = x?.toPixel(tick) ?? 0;
    return [
      line(at, bottom, at, bottom + 4, "#888888"),
      label(number(tick), inside(at, number(tick)), bottom + 18, { anchor: "middle" }),
    ];
  });
  return [
    ...lines,
    ...columns,
    line(FRAME.left, bottom, FRAME.left + PLOT_WIDTH, bottom, "#888888"),
    label(titles.xTitle, FRAME.left + PLOT_WIDTH / 2, FRAME.height - 12 + foot, {
      anchor: "middle",
    }),
    upright(titles.yTitle, besideTicks(y.ticks), FRAME.top + PLOT_HEIGHT / 2),
  ];
}

/** Where the name of the vertical axis stands: further left if its numbers are long. */
function besideTicks(ticks: readonly number[]): number {
  const widest = Math.max(...ticks.map((tick) => number(tick).length));
  return Math.max(12, Math.min(18, FRAME.left - 8 - 7.5 * widest - 6));
}

/**
 * The names of categories below the axis, at equal distances. They are slanted if they would not fit
 * side by side; `foot` is the additional height that this needs.
 */
export function categoryNames(names: readonly string[]): { labels: string[]; foot: number } {
  const room = PLOT_WIDTH / Math.max(1, names.length);
  const bottom = FRAME.top + PLOT_HEIGHT;
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
function inside(middle: number, text: string): number {
  return Math.min(middle, FRAME.width - 2 - 3.4 * text.length);
}

/** How a line is drawn. */
export type Stroke = "solid" | "dash" | "dot";

const DASHES: Readonly<Record<Stroke, string>> = { solid: "", dash: "6 4", dot: "2 3" };

/** Names and colours of the lines, below the title, in two rows if one is too short. */
export function legend(
  entries: readonly { readonly name: string; readonly colour: string; readonly stroke?: Stroke }[],
): string[] {
  const widths = entries.map(({ name }) => 34 + 6.6 * name.length);
  const total = widths.reduce((a, b) => a + b, 0);
  const most = FRAME.width - FRAME.right - 8;
  const start = Math.max(8, FRAME.left + PLOT_WIDTH - total);
  let at = start;
  let y = total > most ? 38 : 44;
  return entries.flatMap(({ name, colour, stroke }, i) => {
    if (at + widths[i] > FRAME.width && y === 38) {
      at = start;
      y = 55;
    }
    const drawn = [
      line(at, y, at + 18, y, colour, { width: 2.5, stroke }),
      label(name, at + 22, y + 4, {}),
    ];
    at += widths[i];
    return drawn;
  });
}

/** Points joined by straight lines. A point that is not finite leaves a gap. */
export function path(
  points: readonly (readonly [number, number])[],
  colour: string,
  stroke: Stroke = "solid",
): string {
  let d = "";
  let gap = true;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) gap = true;
    else {
      d += `${gap ? "M" : "L"}${x} ${y}`;
      gap = false;
    }
  }
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="2"${dashes(stroke)}/>`;
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

/** SVG text whose last letter, if an underscore is before it, is small and below the line: `W_Q`. */
export function subscripts(svg: string): string {
  return svg.replace(/_(\w)(?=<|$)/, '<tspan font-size="9" dy="3">$1</tspan>');
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
