import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { type CellRow, cellRows } from "bert/show/cell_rows.ts";
import { ConfigError } from "bert/errors.ts";
import { WIDTH } from "bert/show/svg.ts";

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly foot: number;
  readonly fill: string;
}

/** The boxes and bars of a drawing, without its card. */
function boxesOf(rows: readonly CellRow[]): Box[] {
  const { svg } = cellRows({ title: "t", rows });
  const found = svg.matchAll(
    /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="3" fill="([^"]+)"/g,
  );
  return [...found].map(([, x, y, width, height, fill]) => ({
    left: Number(x),
    top: Number(y),
    right: Number(x) + Number(width),
    foot: Number(y) + Number(height),
    fill,
  }));
}

/** The places of the texts of a drawing, by their text. */
function textsOf(svg: string): Map<string, { x: number; y: number }> {
  const found = svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</g);
  return new Map([...found].map(([, x, y, text]) => [text, { x: Number(x), y: Number(y) }]));
}

Deno.test("cellRows() puts cells with the same place under each other, however wide", () => {
  const [a, b, c, d] = boxesOf([{ cells: ["a", "b"] }, { cells: ["something long", "d"] }]);
  deepStrictEqual([a.left, a.right, b.left, b.right], [c.left, c.right, d.left, d.right]);
  ok(a.right <= b.left && a.foot < c.top);
  ok(a.right - a.left > 6 * "something long".length);
});

Deno.test("cellRows() makes a cell as wide as the columns that it spans, and these as wide as it needs", () => {
  const [wide, a, b, c] = boxesOf([
    { cells: [{ text: "a text that is much wider than three letters", span: 3 }] },
    { cells: ["a", "b", "c"] },
  ]);
  deepStrictEqual([wide.left, Math.round(wide.right)], [a.left, Math.round(c.right)]);
  ok(Math.abs((b.right - b.left) - (a.right - a.left)) < 0.2, "widened alike");
});

Deno.test("cellRows() leaves a gap for an empty text, and draws an empty box for a space", () => {
  const [a, , c, under] = boxesOf([{ cells: ["a", "b", "c"] }, { cells: ["", "", " "] }]);
  strictEqual(under.left, c.left);
  ok(under.left > a.right);
});

Deno.test("cellRows() makes empty boxes as wide as letters, and narrow where the whole row is empty", () => {
  const widths = (cells: string[]) => boxesOf([{ cells }]).map(({ left, right }) => right - left);
  const [letter, empty] = widths(["a", " "]);
  strictEqual(empty, letter);
  const [narrow] = widths([" ", " "]);
  ok(narrow < letter / 2);
});

Deno.test("cellRows() colours cells by their own look, or else by that of their row", () => {
  const [faint, own, plain] = boxesOf([
    { cells: ["a", { text: "b", look: "marked" }], look: "faint" },
    { cells: ["c", { text: "bare", look: "bare" }] },
  ]);
  strictEqual(new Set([faint.fill, own.fill, plain.fill]).size, 3);
});

Deno.test("cellRows() draws bars as tall as their shares, from one line up", () => {
  const [half, whole, nothing] = boxesOf([{
    cells: [{ text: "1/2", bar: 0.5 }, { text: "1", bar: 1 }, { text: "0", bar: 0 }],
  }]);
  strictEqual(half.foot, whole.foot);
  strictEqual(2 * (half.foot - half.top), whole.foot - whole.top);
  strictEqual(nothing.top, nothing.foot);
});

Deno.test("cellRows() makes all bars equally wide, whatever stands above them", () => {
  const widths = (bar?: number) =>
    boxesOf([
      { cells: ["it", "because"], look: "bare" },
      { cells: [{ text: "1", bar }, { text: "2", bar }] },
    ]).map(({ left, right }) => Math.round(right - left));
  const [first, second] = widths(0.5);
  strictEqual(first, second);
  const [narrow, wide] = widths();
  ok(narrow < wide, "without bars columns are as wide as their texts");
});

Deno.test("cellRows() links a cell to the cells above that share a column with it, and to no others", () => {
  const svg = (cells: CellRow["cells"]) =>
    cellRows({ title: "t", rows: [{ cells: ["a", "b", "c"] }, { cells, linked: true }] }).svg;
  strictEqual(svg([{ text: "ab", span: 2 }]).match(/<line /g)?.length, 2);
  strictEqual(svg(["a", "b", "c"]).match(/<line /g)?.length, 3);
  strictEqual(svg([{ text: "", span: 2 }, "c"]).match(/<line /g)?.length, 1);
});

Deno.test("cellRows() writes names to the left and notes to the right, within the card", () => {
  const rows = [{ name: "a long name", cells: ["cell"], note: "what there is to say about it" }];
  const { svg } = cellRows({ title: "t", rows });
  const texts = textsOf(svg);
  const [name, cell, note] = ["a long name", "cell", rows[0].note].map((text) => texts.get(text)!);
  ok(name.x < cell.x && cell.x < note.x);
  deepStrictEqual([name.y, note.y], [cell.y, cell.y]);
  const width = Number(svg.match(/width="(\d+)"/)![1]);
  ok(note.x + 6 * rows[0].note.length < width);
});

Deno.test("cellRows() writes the letter after an underscore at a name's end as a subscript", () => {
  const { svg } = cellRows({ title: "t", rows: [{ name: "x · W_O", cells: ["a"] }] });
  ok(svg.includes('>x · W<tspan font-size="9" dy="3">O</tspan></text>'));
});

Deno.test("cellRows() shows a drawing that is too wide for a page smaller, and escapes its texts", () => {
  const { svg } = cellRows({ title: "t", rows: [{ cells: Array(60).fill("<token>") }] });
  strictEqual(Number(svg.match(/width="(\d+)"/)![1]), WIDTH);
  ok(svg.includes("&lt;token&gt;") && !svg.includes("<token>"));
});

Deno.test("cellRows() says in its text what is marked, what is empty, and the notes", () => {
  const rows: CellRow[] = [
    { name: "ids", cells: ["", "2", { text: "5", look: "marked" }], note: "of V" },
    { cells: [" ", " "], look: "marked" },
    { cells: [" ", "x"] },
  ];
  strictEqual(
    cellRows({ title: "T", rows }).text,
    "T\n  ids: 2 | *5*  (of V)\n  *·* | *·*\n  · | x",
  );
});

Deno.test("cellRows() refuses what is no cell, and spans, bars, looks and options that cannot be", () => {
  const draw = (cell: unknown) => () =>
    cellRows({ title: "t", rows: [{ cells: [cell as string] }] });
  throws(draw(5), TypeError);
  throws(draw({ span: 2 }), TypeError);
  throws(draw({ text: "a", span: 0 }), ConfigError);
  throws(draw({ text: "a", bar: 1.5 }), ConfigError);
  throws(draw({ text: "a", look: "green" }), /"plain", "marked"/);
  throws(draw({ text: "a", colour: "red" }), ConfigError);
  const row = { cells: ["a"], nots: "" } as CellRow;
  throws(() => cellRows({ title: "t", rows: [row] }), ConfigError);
});
