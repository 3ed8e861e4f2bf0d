/**
 * Plain SVG: the document, lines, text and legend of all figures. It contains no style sheet, script or
 * reference, so that code hosts and viewers show it unchanged.
 */

/** The outer size and the margins of a plot, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * The width of charts, and the largest width at which a diagram is shown, in pixels. Notebooks as static
 * HTML do not shrink pictures: in a window of 800 pixels they cut off what is wider than 690.
 */
export const WIDTH = 680;

/** The frame of figures in notebooks and reports. */
export const FRAME: Frame = { width: WIDTH, height: 400, left: 70, right: 20, top: 62, bottom: 56 };

/** The least height of a figure in pixels. In a lower one margins would leave too little of the plot. */
const LEAST_HEIGHT = 240;
const LEGEND_ROW = 17;

/**
 * The frame of a figure of another width. Text keeps its size, so that it stays readable. The plot
 * shrinks, and the legend gets as many rows as it needs.
 */
export function frameOf(width: number, entries: readonly { readonly name: string }[]): Frame {
  const rows = legendRows(entries, { ...FRAME, width }).length;
  const more = Math.max(0, LEGEND_ROW * (rows - 1) - 12); // FRAME leaves 12 pixels for a second row
  const height = Math.max(LEAST_HEIGHT, Math.round(FRAME.height * width / FRAME.width));
  return { ...FRAME, width, height: height + more, top: FRAME.top + more };
}

/** The width of the plot within the margins. */
export function plotWidth({ width, left, right }: Frame): number {
  return width - left - right;
}

/** The y of the lower edge of the plot. */
export function plotBottom({ height, bottom }: Frame): number {
  return height - bottom;
}

/** The whole document around `content`. */
export function document(
  title: string,
  content: readonly string[],
  { width = FRAME.width, height = FRAME.height }: Partial<Frame> = {},
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    label(title, width / 2, 24, { size: 15, anchor: "middle" }),
    ...content,
    "</svg>",
  ].join("\n");
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

/** Draws names and colours of the lines below the title, in several rows if one row is too short. */
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

/** The entries of a legend in rows. Each row has as many as fit. */
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
 * Draws points joined by straight lines. A point that is not finite leaves a gap. A point between two
 * gaps is drawn as a dot.
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

/** SVG text in which an underscore before the last letter makes that letter a subscript: `W_Q`. */
export function subscripts(svg: string): string {
  return svg.replace(/_(\w)(?=<|$)/, '<tspan font-size="9" dy="3">$1</tspan>');
}

/** A line of text that runs upwards, centred at a point. */
export function upright(text: string, x: number, y: number): string {
  return label(text, x, y, { anchor: "middle", turn: -90 });
}

/** Text that is safe inside XML and HTML. */
export function escape(text: string): string {
  return text.replace(/\p{Cc}/gu, " ").replaceAll(
    "&",
    "&amp;",
  )
    .replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate with one decimal place, which keeps files short. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
