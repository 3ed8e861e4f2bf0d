/** Drawings of rows of cells, one below the other, in common columns: tokens with their ids and labels. */
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkEntries,
  checkOptions,
  checkShare,
  checkWhole,
  having,
  type Kind,
  TEXT,
} from "../checks.ts";
import { card, Picture } from "./picture.ts";
import { label, line, round, subscripts } from "./svg.ts";

/** How a cell is drawn: green, orange, grey, or as text without a box. */
export type CellLook = "plain" | "marked" | "learnt" | "faint" | "bare";

/** A cell with more than its text. */
export interface RowCell {
  /** What is written in it. `" "` leaves the box empty. */
  readonly text: string;
  /** How many columns it is wide. Default 1. */
  readonly span?: number;
  /**
   * `"marked"` (green) is what to look at, `"learnt"` (orange) what training changes, `"faint"` (grey)
   * what does not count, `"bare"` a text without a box. Default: the row's look.
   */
  readonly look?: CellLook;
  /** Draws a bar with the text above it: a share of the tallest bar that is possible, 0 to 1. */
  readonly bar?: number;
}

/** A row of a drawing. */
export interface CellRow {
  /**
   * Its name, to the left. `_` before the last letter makes this letter a subscript. Default: none.
   */
  readonly name?: string;
  /** From the left. A cell that needs nothing else is given by its text; `""` leaves a gap. */
  readonly cells: readonly (string | RowCell)[];
  /** The look of those of its cells that have none of their own. Default `"plain"`. */
  readonly look?: CellLook;
  /** Words to its right. Default: none. */
  readonly note?: string;
  /** Draws a line from each cell up to those in the row above that share a column with it. */
  readonly linked?: boolean;
}

/** The contents of a drawing of rows of cells. */
export interface CellRowsOptions {
  /** The title above the drawing. */
  readonly title: string;
  /** The rows, from the top down. All begin at the first column. */
  readonly rows: readonly CellRow[];
}

/** The colours of each kind of cell. Their frames have those of boxes in diagrams. */
const LOOKS: Readonly<
  Record<CellLook, { fill: string; stroke: string; ink: string; bar: string }>
> = {
  plain: { fill: "#eef3f8", stroke: "#4a6785", ink: "#222222", bar: "#9db8d3" },
  marked: { fill: "#c5e8d3", stroke: "#00754f", ink: "#222222", bar: "#7fcfa4" },
  learnt: { fill: "#fdebd3", stroke: "#b26a00", ink: "#222222", bar: "#f0bf7a" },
  faint: { fill: "#fafafa", stroke: "#cccccc", ink: "#6b6b6b", bar: "#dddddd" },
  bare: { fill: "none", stroke: "none", ink: "#222222", bar: "#9db8d3" },
};

const CELL: Kind = {
  name: "a text, or a cell such as { text, span }",
  fits: (value) => typeof value === "string" || having("", "text").fits(value),
};

/** The height of a cell, and of the tallest bar, in pixels. */
const HEIGHT = 24;
const BAR = 56;
/** The distance between rows, below a row of bars, and above a row that is linked. */
const BETWEEN = 7;
const BELOW_BARS = 14;
const LINKED = 22;
/** The width that is reserved for a letter, and what a cell has beside its text, in pixels. */
const LETTER = 6.7;
const INSET = 10;
/** The least width of a cell, and of a cell in a row whose cells are all empty. */
const NARROW = 20;
const EMPTY = 9;
const TOP = 44;

/** A cell at its place among the columns. */
interface Placed {
  readonly text: string;
  readonly start: number;
  readonly span: number;
  readonly look: CellLook;
  readonly bar?: number;
  /** Its least width, in pixels. */
  readonly least: number;
}

/** A row at its height in the drawing. */
interface PlacedRow {
  readonly row: CellRow;
  readonly cells: readonly Placed[];
  readonly top: number;
  readonly height: number;
}

/**
 * Draws rows of cells below each other. Columns are as wide as their widest cell, so that cells with
 * the same place stand under each other; a cell may span several columns. In a drawing with bars all
 * columns are equally wide, so that a bar's area says no more than its height. A linked row has lines
 * up to the row above, which makes trees.
 *
 * @throws {TypeError} If a row or a cell is not what it has to be.
 * @throws {ConfigError} If an option is unknown, or a span, a bar or a look cannot be.
 *
 * @example
 * ```ts
 * import { cellRows } from "bert/show/cell_rows.ts";
 * import { strictEqual } from "node:assert";
 * const { text } = cellRows({
 *   title: "A word in pieces",
 *   rows: [
 *     { name: "word", cells: [{ text: "unsinkable", span: 3 }] },
 *     { name: "pieces", cells: ["un", "##sink", { text: "##able", look: "marked" }], linked: true },
 *   ],
 * });
 * strictEqual(text, "A word in pieces\n  word: unsinkable\n  pieces: un | ##sink | *##able*");
 * ```
 */
export function cellRows(options: CellRowsOptions): Picture {
  checkOptions("cellRows()", options, ["title", "rows"]);
  const { title, rows } = options;
  checkArguments("cellRows(options)", [
    ["options.title", title, TEXT],
    ["options.rows", rows, ARRAY],
  ]);
  for (const row of rows) checkRow(row);
  const placed = placeRows(rows);
  const columns = columnEdges(placed.flatMap(({ cells }) => cells));
  const left = 18 + widest(rows.map(({ name }) => name));
  const right = 18 + widest(rows.map(({ note }) => note));
  const inner = Math.max(columns.at(-1)!, title.length * 8.4 - left - right);
  const shift = left + (inner - columns.at(-1)!) / 2;
  const edges = columns.map((edge) => edge + shift);
  const drawn = [
    ...placed.flatMap((row, i) => row.row.linked ? drawLinks(placed[i - 1], row, edges) : []),
    ...placed.flatMap((row) => drawRow(row, edges)),
  ];
  const foot = Math.max(TOP, ...placed.map(({ top, height }) => top + height));
  const text = [title, ...rows.map(textOf)].join("\n");
  return new Picture(card(title, left + inner + right, foot + 18, drawn), text);
}

function checkRow(row: CellRow): void {
  checkOptions("cellRows(), a row,", row, ["name", "cells", "look", "note", "linked"]);
  checkArguments("cellRows(options)", [["cells of a row", row.cells, ARRAY]]);
  checkEntries("cellRows(options)", "cells of a row", row.cells, CELL);
  checkChoice("look", row.look ?? "plain", Object.keys(LOOKS));
  for (const cell of row.cells) {
    if (typeof cell === "string") continue;
    checkOptions("cellRows(), a cell,", cell, ["text", "span", "look", "bar"]);
    checkWhole("span", cell.span ?? 1, 1);
    checkChoice("look", cell.look ?? "plain", Object.keys(LOOKS));
    checkShare("bar", cell.bar ?? 0);
  }
}

function placeRows(rows: readonly CellRow[]): PlacedRow[] {
  let top = TOP;
  let below = 0;
  return rows.map((row) => {
    const cells = placeCells(row);
    const hasBars = cells.some(({ bar }) => bar !== undefined);
    const height = hasBars ? BAR + HEIGHT : HEIGHT;
    top += below === 0 ? 0 : row.linked ? LINKED : below;
    const placed = { row, cells, top, height };
    top += height;
    below = hasBars ? BELOW_BARS : BETWEEN;
    return placed;
  });
}

/** The cells of a row without its gaps. */
function placeCells({ cells, look = "plain" }: CellRow): Placed[] {
  const inFull = cells.map((cell) => typeof cell === "string" ? { text: cell } : cell);
  const least = inFull.every(({ text }) => text.trim() === "") ? EMPTY : NARROW;
  let start = 0;
  return inFull.map(({ span = 1, ...rest }) => {
    const placed = { look, ...rest, span, start, least };
    start += span;
    return placed;
  }).filter(({ text, bar }) => text !== "" || bar !== undefined);
}

/**
 * The left edges of the columns and the right edge of the last one. A wide cell widens its columns alike,
 * and one with a bar makes all columns as wide as the widest.
 */
function columnEdges(cells: readonly Placed[]): number[] {
  const count = Math.max(1, ...cells.map(({ start, span }) => start + span));
  const widths = Array.from({ length: count }, () => EMPTY);
  for (const cell of cells.toSorted((a, b) => a.span - b.span)) {
    const own = widths.slice(cell.start, cell.start + cell.span);
    const lacking = widthOf(cell) - own.reduce((sum, width) => sum + width);
    if (lacking <= 0) continue;
    for (let i = 0; i < cell.span; i++) widths[cell.start + i] += lacking / cell.span;
  }
  if (cells.some(({ bar }) => bar !== undefined)) widths.fill(Math.max(...widths));
  const edges = [0];
  for (const width of widths) edges.push(edges.at(-1)! + width);
  return edges;
}

function widthOf({ text, least }: Placed): number {
  return text.trim() === "" ? least : Math.max(least, LETTER * [...text].length + INSET);
}

function widest(texts: readonly (string | undefined)[]): number {
  return Math.max(0, ...texts.map((text) => text ? 6.4 * text.length + 10 : 0));
}

/** What is drawn of a row: its name, its cells and its note. */
function drawRow({ row, cells, top, height }: PlacedRow, edges: readonly number[]): string[] {
  const y = top + height - HEIGHT / 2 + 4;
  const small = { size: 12, colour: "#5a5a5a" } as const;
  const { name, note } = row;
  const end = edges.at(-1)! + 10;
  return [
    ...(name ? [subscripts(label(name, edges[0] - 10, y, { ...small, anchor: "end" }))] : []),
    ...cells.map((cell) => drawCell(cell, top, height, edges)),
    ...(note ? [label(note, end, y, small)] : []),
  ];
}

function drawCell(
  { text, start, span, look, bar }: Placed,
  top: number,
  height: number,
  edges: readonly number[],
): string {
  const { fill, stroke, ink, bar: filled } = LOOKS[look];
  const [x, width] = [edges[start], edges[start + span] - edges[start]];
  const foot = top + height;
  const centred = (y: number) =>
    text.trim() === "" ? "" : label(text, x + width / 2, y, { anchor: "middle", colour: ink });
  if (bar !== undefined) {
    const tall = BAR * bar;
    return rectangle(x + 2, foot - tall, width - 4, tall, filled, "none") +
      centred(foot - tall - 5) +
      line(x, foot, x + width, foot, "#5a5a5a");
  }
  const box = look === "bare" ? "" : rectangle(x + 1, top, width - 2, height, fill, stroke);
  return box + centred(foot - HEIGHT / 2 + 4);
}

function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  stroke: string,
): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${
    round(height)
  }" ` +
    `rx="3" fill="${fill}" stroke="${stroke}"/>`;
}

/** Lines from the cells of a row up to the cells above them. */
function drawLinks(
  above: PlacedRow | undefined,
  below: PlacedRow,
  edges: readonly number[],
): string[] {
  const middle = ({ start, span }: Placed) => (edges[start] + edges[start + span]) / 2;
  return (above?.cells ?? []).flatMap((upper) =>
    below.cells.filter((lower) =>
      upper.start < lower.start + lower.span && lower.start < upper.start + upper.span
    ).map((lower) => {
      const foot = above!.top + above!.height;
      return line(middle(upper), foot, middle(lower), below.top, "#5a5a5a", { width: 1.2 });
    })
  );
}

/** A row as a line of text. Marked cells stand between stars, and a dot is an empty box. */
function textOf({ name, cells, look, note }: CellRow): string {
  const texts = cells.flatMap((cell) => {
    const { text, ...own } = typeof cell === "string" ? { text: cell } : cell;
    if (text === "") return [];
    const shown = text.trim() === "" ? "·" : text;
    return ("look" in own ? own.look : look) === "marked" ? [`*${shown}*`] : [shown];
  });
  return `  ${name ? `${name}: ` : ""}${texts.join(" | ")}${note ? `  (${note})` : ""}`;
}
