/**
 * Diagrams for the notebooks, as plain SVG: boxes with arrows between them. They have a white
 * background, so that they look the same on dark and light pages.
 */
import { ARRAY, checkArguments, checkEntries, checkOptions, TEXT } from "../checks.ts";
import { nearest } from "../nearest_name.ts";
import { anyTouch, drawLabel, type Label } from "./arrow_labels.ts";
import { card, Picture } from "./picture.ts";
import { label, round } from "./svg.ts";

/** The contents of a diagram of boxes and arrows. */
export interface DiagramOptions {
  /** The title above the drawing. */
  readonly title: string;
  /**
   * Rows of boxes, from the top down. A box is given by its name, which may be followed by a shape in
   * brackets: `"scores [T, T]"`. `|` begins a new line in the box; `""` leaves a gap. A long name may
   * be preceded by a short one, which arrows then use: `"cut = cut the text|into pieces"`.
   */
  readonly rows: readonly (readonly string[])[];
  /**
   * Arrows as `"from -> to"` or `"from -> to: label"`, with the names of the boxes, or the short names
   * of those that have one. `--` instead of `->` draws a line without a head. `_` before the last letter
   * of a label makes this letter a subscript: `"× W_Q"`. Default: no arrows.
   */
  readonly arrows?: readonly string[];
  /** Names of the boxes that hold weights, which training changes. They are orange. Default: none. */
  readonly learnt?: readonly string[];
  /** Names of the boxes that matter most. They are green. Default: none. */
  readonly marked?: readonly string[];
}

/** The colours of each kind of box. */
const LOOKS = {
  plain: { fill: "#eef3f8", stroke: "#4a6785" },
  learnt: { fill: "#fdebd3", stroke: "#b26a00" },
  marked: { fill: "#dff2e6", stroke: "#00754f" },
};

/** The colour of text in boxes. */
const INK = "#222222";
/** The least distance between boxes, in pixels. A label between them makes it larger. */
const GAP = 34;
/** The height of the title, in pixels. */
const TOP = 48;
/** The width that is reserved for a letter, in pixels. */
const LETTER = 7.4;

interface Box {
  readonly name: string;
  readonly lines: readonly string[];
  readonly shape: string;
  readonly look: keyof typeof LOOKS;
  readonly row: number;
  readonly column: number;
}

interface Arrow {
  readonly from: Box;
  readonly to: Box;
  readonly label: string;
  readonly pointed: boolean;
}

/** An arrow as SVG, and its label. */
interface Drawn {
  readonly line: string;
  readonly label: Label;
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws boxes in rows, and arrows between them.
 *
 * An arrow between neighbours is straight. An arrow that would cross a box is bent around it. Boxes
 * move apart until no two labels touch.
 *
 * @throws {RangeError} If two boxes have the same name, or an arrow or a list names a box that does
 * not exist.
 *
 * @example
 * ```ts
 * import { diagram } from "bert/show/diagram.ts";
 * import { ok } from "node:assert";
 * const { text } = diagram({
 *   title: "Two steps",
 *   rows: [["text", "pieces [T]"]],
 *   arrows: ["text -> pieces: cut"],
 * });
 * ok(text.includes("text -> pieces: cut"));
 * ```
 */
export function diagram(options: DiagramOptions): Picture {
  checkOptions("diagram()", options, ["title", "rows", "arrows", "learnt", "marked"]);
  checkArguments("diagram(options)", [
    ["options.title", options.title, TEXT],
    ["options.rows", options.rows, ARRAY],
  ]);
  checkEntries("diagram(options)", "options.rows", options.rows, ARRAY);
  const boxes = readBoxes(options);
  const arrows = (options.arrows ?? []).map((arrow) => readArrow(arrow, boxes));
  const { places, width, height, strokes } = spaceOut(boxes, arrows, options.title);
  const drawn = [
    ...strokes.map(({ line }) => line),
    ...strokes.map(({ label }) => drawLabel(label)).filter((text) => text !== ""),
    ...boxes.map((box) => drawBox(box, places.get(box)!)),
  ];
  const inWords = ({ lines, shape }: Box) => `${lines.join(" ")} ${shape}`.trim();
  const rows = options.rows.map((_, row) => {
    return `  ${boxes.filter((box) => box.row === row).map(inWords).join("    ")}`;
  });
  const links = arrows.map(({ from, to, label, pointed }) => {
    const link = `${from.lines.join(" ")} ${pointed ? "->" : "--"} ${to.lines.join(" ")}`;
    return `  ${link}${label === "" ? "" : `: ${label}`}`;
  });
  const text = [options.title, ...rows, ...links];
  return new Picture(card(options.title, width, height, drawn), text.join("\n"));
}

function readBoxes({ rows, learnt = [], marked = [] }: DiagramOptions): Box[] {
  const boxes: Box[] = [];
  for (const [row, texts] of rows.entries()) {
    for (const [column, text] of texts.entries()) {
      if (text === "") continue;
      const [, short, long] = text.match(/^(\w+) = (.*)$/) ?? [undefined, undefined, text];
      const { name, shape } = readNamed(long);
      const plain = short ?? name.replaceAll(/\s*\|\s*/g, " ");
      if (boxes.some((box) => box.name === plain)) {
        throw new RangeError(`Two boxes have the name "${plain}": give one of them another name`);
      }
      const lines = name.split("|").map((part) => part.trim());
      const look = learnt.includes(plain) ? "learnt" : marked.includes(plain) ? "marked" : "plain";
      boxes.push({ name: plain, lines, shape, look, row, column });
    }
  }
  for (const name of [...learnt, ...marked]) find(name, boxes);
  return boxes;
}

/** Name and shape of a box. `[MASK]` and other special tokens belong to the name. */
function readNamed(text: string): { name: string; shape: string } {
  const [, name, shape = ""] = text.match(/^(.*?)\s*(\[(?![A-Z]{3,}\])[^\]]*\])?$/)!;
  return name === "" ? { name: shape, shape: "" } : { name, shape };
}

function readArrow(text: string, boxes: readonly Box[]): Arrow {
  const [, from, link, to, label = ""] = text.match(/^(.+?) (->|--) (.+?)(?:: (.*))?$/) ?? [];
  if (from === undefined) {
    throw new RangeError(
      `Invalid arrow "${text}": it must be "from -> to" or "from -> to: label" (-- for no head)`,
    );
  }
  return { from: find(from, boxes), to: find(to, boxes), label, pointed: link === "->" };
}

function find(name: string, boxes: readonly Box[]): Box {
  const box = boxes.find((one) => one.name === name);
  if (box) return box;
  const names = boxes.map((one) => one.name);
  const near = nearest(name, names);
  const hint = near ? `: did you mean "${near}"?` : `; there are ${names.join(", ")}`;
  throw new RangeError(`No box has the name "${name}"${hint}`);
}

/** Places boxes and arrows, and widens the gaps, up to a limit, until no two labels touch. */
function spaceOut(boxes: readonly Box[], arrows: readonly Arrow[], title: string) {
  for (let more = 0;; more += 2) {
    const placed = layOut(boxes, arrows, title, more);
    const strokes = arrows.map((arrow) => drawArrow(arrow, arrows, placed.places));
    if (more >= 300 || !anyTouch(strokes.map(({ label }) => label))) return { ...placed, strokes };
  }
}

/** Places the boxes. All are as wide as the widest, and each row is centred. */
function layOut(boxes: readonly Box[], arrows: readonly Arrow[], title: string, more: number) {
  const wide = Math.max(...boxes.map(({ lines, shape }) => widthOf([...lines, shape]) + 20), 64);
  const across = arrows.filter(({ from, to }) => from.row === to.row);
  const gap = more + Math.max(GAP, ...across.map((arrow) => widthOf([arrow.label]) + 20));
  const along = arrows.some(({ from, to, label }) => from.row !== to.row && label !== "");
  const columns = (row: number) =>
    Math.max(...boxes.filter((box) => box.row === row).map(({ column }) => column)) + 1;
  const rows = Math.max(...boxes.map(({ row }) => row)) + 1;
  const widths = Array.from({ length: rows }, (_, row) => columns(row) * (wide + gap) - gap);
  const around = arrows.filter(skips);
  const aside = around.length === 0
    ? 0
    : 30 + 14 * around.length + widthOf(around.map((arrow) => arrow.label));
  const inner = Math.max(...widths, widthOf([title]) * 1.1 - 2 * aside);
  const places = new Map<Box, Place>();
  let top = TOP + (across.some(passes) ? 24 : 0);
  for (let row = 0; row < rows; row++) {
    const here = boxes.filter((box) => box.row === row);
    const height = Math.max(...here.map(heightOf));
    const start = 20 + aside + (inner - widths[row]) / 2;
    for (const box of here) {
      const own = heightOf(box);
      const left = start + box.column * (wide + gap);
      places.set(box, { left, top: top + (height - own) / 2, width: wide, height: own });
    }
    top += height + (along ? 46 : GAP);
  }
  return { places, width: inner + 40 + 2 * aside, height: top - (along ? 46 : GAP) + 20 };
}

function widthOf(lines: readonly string[]): number {
  return LETTER * Math.max(0, ...lines.map((text) => text.length));
}

function heightOf({ lines, shape }: Box): number {
  return 16 + 17 * (lines.length + (shape === "" ? 0 : 1));
}

/** Whether an arrow goes past a row that lies between its ends. */
function skips({ from, to }: Arrow): boolean {
  return Math.abs(from.row - to.row) > 1;
}

/** Whether an arrow goes past a box in its own row. */
function passes({ from, to }: Arrow): boolean {
  return from.row === to.row && Math.abs(from.column - to.column) > 1;
}

function drawBox({ lines, shape, look }: Box, { left, top, width, height }: Place): string {
  const { fill, stroke } = LOOKS[look];
  const middle = left + width / 2;
  const frame = `<rect x="${round(left)}" y="${round(top)}" width="${round(width)}" ` +
    `height="${height}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.4"/>`;
  const texts = lines.map((text, i) =>
    label(text, middle, top + 21 + 17 * i, { size: 13, anchor: "middle", colour: INK })
  );
  const below = shape === "" ? "" : label(shape, middle, top + 21 + 17 * lines.length, {
    size: 12,
    anchor: "middle",
    colour: "#5a5a5a",
  });
  return [frame, ...texts, below].join("");
}

function drawArrow(arrow: Arrow, all: readonly Arrow[], places: ReadonlyMap<Box, Place>): Drawn {
  const from = places.get(arrow.from)!;
  const to = places.get(arrow.to)!;
  if (skips(arrow)) return aroundRows(arrow, from, to, all.filter(skips));
  if (passes(arrow)) return aroundBoxes(arrow, from, to);
  if (arrow.from.row === arrow.to.row) {
    const forward = from.left < to.left;
    const y = from.top + from.height / 2;
    const start = forward ? from.left + from.width : from.left;
    const end = forward ? to.left : to.left + to.width;
    const d = `M${round(start)} ${round(y)}L${round(end)} ${round(y)}`;
    const line = stroke(d) + headOf(arrow, end, y, forward ? 0 : 180);
    return { line, label: above(arrow, (start + end) / 2, y - 8) };
  }
  const down = from.top < to.top;
  const start = from.left + from.width / 2 + spread(arrow, all, "from", places);
  const end = to.left + to.width / 2 + spread(arrow, all, "to", places);
  const y1 = down ? from.top + from.height : from.top;
  const y2 = down ? to.top : to.top + to.height;
  const turn = Math.atan2(y2 - y1, end - start) * 180 / Math.PI;
  const line = stroke(`M${round(start)} ${round(y1)}L${round(end)} ${round(y2)}`) +
    headOf(arrow, end, y2, turn);
  const share = apartAt(arrow, all);
  return { line, label: above(arrow, start + share * (end - start), y1 + share * (y2 - y1) + 4) };
}

/**
 * The position of an arrow's label, as a share of its length. If several arrows begin or end at the same
 * side of a box, their labels are nearer to their other ends, where the arrows are further apart.
 */
function apartAt(arrow: Arrow, all: readonly Arrow[]): number {
  const fansOut = beside(arrow, all, "from").length > 1;
  const fansIn = beside(arrow, all, "to").length > 1;
  return fansOut === fansIn ? 0.5 : fansOut ? 0.58 : 0.42;
}

/** The arrows that share an end with an arrow, itself included, on the same side of the box. */
function beside(arrow: Arrow, all: readonly Arrow[], end: "from" | "to"): Arrow[] {
  const side = Math.sign(arrow.to.row - arrow.from.row);
  return all.filter((one) =>
    one[end] === arrow[end] && !skips(one) && Math.sign(one.to.row - one.from.row) === side
  );
}

/** The shift of an arrow's end, which spreads arrows that share an end in the order of their other ends. */
function spread(
  arrow: Arrow,
  all: readonly Arrow[],
  end: "from" | "to",
  places: ReadonlyMap<Box, Place>,
): number {
  const other = end === "from" ? "to" : "from";
  const together = beside(arrow, all, end)
    .toSorted((a, b) => places.get(a[other])!.left - places.get(b[other])!.left);
  return 16 * (together.indexOf(arrow) - (together.length - 1) / 2);
}

/** Where one arrow around rows ends and another one begins, both keep away from the middle of the box. */
function aroundRows(arrow: Arrow, from: Place, to: Place, around: readonly Arrow[]): Drawn {
  const away = from.top < to.top ? 8 : -8;
  const goesOn = around.some((one) => one.to === arrow.from);
  const isMet = around.some((one) => one.from === arrow.to);
  const x1 = from.left + from.width;
  const y1 = from.top + from.height / 2 + (goesOn ? away : 0);
  const x2 = to.left + to.width;
  const y2 = to.top + to.height / 2 - (isMet ? away : 0);
  const out = Math.max(x1, x2) + 26 + 14 * around.indexOf(arrow);
  const d = `M${round(x1)} ${round(y1)}C${round(out + 10)} ${round(y1)} ${round(out + 10)} ${
    round(y2)
  } ${round(x2)} ${round(y2)}`;
  const side = 4 + (x1 + x2 + 6 * (out + 10)) / 8; // right of the middle of the curve
  const line = stroke(d) + headOf(arrow, x2, y2, 180);
  return { line, label: { text: arrow.label, x: side, y: (y1 + y2) / 2 + 4, anchor: "start" } };
}

function aroundBoxes(arrow: Arrow, from: Place, to: Place): Drawn {
  const x1 = from.left + from.width / 2;
  const y1 = from.top;
  const x2 = to.left + to.width / 2;
  const y2 = to.top;
  const over = Math.min(y1, y2) - 34;
  const d = `M${round(x1)} ${round(y1)}C${round(x1)} ${round(over)} ${round(x2)} ${round(over)} ` +
    `${round(x2)} ${round(y2)}`;
  const line = stroke(d) + headOf(arrow, x2, y2, 90);
  return { line, label: above(arrow, (x1 + x2) / 2, over + 12) };
}

function stroke(d: string): string {
  return `<path d="${d}" fill="none" stroke="#5a5a5a" stroke-width="1.4"/>`;
}

/** The head of an arrow that ends at a point, in the direction of `turn` degrees, if it has one. */
function headOf({ pointed }: Arrow, x: number, y: number, turn: number): string {
  if (!pointed) return "";
  const at = `translate(${round(x)} ${round(y)}) rotate(${Math.round(turn)})`;
  return `<path d="M0 0L-9 -4L-9 4Z" fill="#5a5a5a" transform="${at}"/>`;
}

function above({ label }: Arrow, x: number, y: number): Label {
  return { text: label, x, y, anchor: "middle" };
}
