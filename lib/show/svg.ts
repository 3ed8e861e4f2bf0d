/**
 * Plain SVG: the document, lines, text and legend of all figures. It has no style sheet, scripts or
 * references, so that code hosts and viewers show it unchanged.
 */

/** The outer size and the margins of the plot, in pixels. */
export const FRAME = { width: 700, height: 400, left: 70, right: 20, top: 62, bottom: 56 } as const;

/** The width and the height of the plot within the margins, in pixels. */
export const PLOT_WIDTH = FRAME.width - FRAME.left - FRAME.right;
export const PLOT_HEIGHT = FRAME.height - FRAME.top - FRAME.bottom;

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

/** A line of text that runs upwards, around its middle. */
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
