import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { matrices } from "bert/show/matrix_diagram.ts";

Deno.test("matrices() draws each matrix with as many cells as its shape says, and its sizes", () => {
  const terms = ["Q [T = 3, D = 2]", "×", "Kᵀ [2, 3]", "=", "S [3, 3]"];
  const { svg, text } = matrices({ title: "Scores", terms, marked: { Q: { row: 2 } } });
  const lines = (3 + 1 + 2 + 1) + (2 + 1 + 3 + 1) + (3 + 1 + 3 + 1);
  strictEqual(svg.match(/<line /g)?.length, lines);
  for (const size of ["T = 3", "D = 2", "×", "="]) ok(svg.includes(`>${size}</text>`));
  strictEqual(text, "Scores\n  Q [T = 3, D = 2] × Kᵀ [2, 3] = S [3, 3]");
});

Deno.test("matrices() marks in green, and marks only the common cell of a row and a column", () => {
  const marked = { Q: { row: 2, column: 1 } };
  const { svg } = matrices({ title: "t", terms: ["Q [3, 2]"], marked });
  const [[, width, height, fill]] = [
    ...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="([\d.]+)" fill="#(\w{6})"\/>/g),
  ].slice(-1);
  deepStrictEqual([width, height], ["15", "15"]);
  const [red, green, blue] = fill.match(/../g)!.map((hex) => parseInt(hex, 16));
  ok(green > red && green > blue, "green");
});

Deno.test("matrices() marks several rows of one matrix", () => {
  const fills = (rows: number[]) => {
    const marked = { E: rows.map((row) => ({ row })) };
    const { svg } = matrices({ title: "t", terms: ["E [5, 2]"], marked });
    return svg.match(/fill="#7fcfa4"/g)?.length ?? 0;
  };
  deepStrictEqual([fills([]), fills([1]), fills([0, 2, 4])], [0, 1, 3]);
  throws(() => fills([0, 5]), RangeError);
});

Deno.test("matrices() writes a number that rounds to 0 without a sign", () => {
  const values = { a: { rows: [[-0.04, 0.04, -0.06]], decimals: 1 } };
  const { text } = matrices({ title: "t", terms: ["a [1, 3]"], values });
  strictEqual(text.split("\n").at(-1), "     0.0   0.0  -0.1");
});

Deno.test("matrices() writes the letter after an underscore as a subscript", () => {
  const { svg } = matrices({ title: "t", terms: ["W_Q [2, 3]"] });
  ok(svg.includes('>W<tspan font-size="9" dy="3">Q</tspan></text>'));
});

Deno.test("matrices() refuses a matrix without two sizes, and marks outside of what is drawn", () => {
  throws(
    () => matrices({ title: "t", terms: ["Q [T, H]"] }),
    new RangeError('Invalid matrix "Q [T, H]": it must be "name [rows, columns]"'),
  );
  const message = "The mark Q names a matrix, a row or a column that is not drawn";
  for (const marked of [{ Q: { row: 2 } }, { Q: { column: 3 } }]) {
    throws(() => matrices({ title: "t", terms: ["Q [2, 3]"], marked }), new RangeError(message));
  }
  throws(
    () => matrices({ title: "t", terms: ["Q [30, 3]"], marked: { Q: { row: 16 } } }),
    new RangeError(message),
  );
});

/** The texts of a drawing with their places and colours. */
function textsOf(svg: string): { x: number; y: number; fill: string; text: string }[] {
  const found = svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]* fill="(#\w+)">([^<]*)</g);
  return [...found].map(([, x, y, fill, text]) => ({ x: Number(x), y: Number(y), fill, text }));
}

Deno.test("matrices() writes the numbers into the cells, row by row, and into the text", () => {
  const values = { P: { rows: [[0.125, -1], [2, 30.5], [4, 5]] }, c: { rows: [[7]], decimals: 0 } };
  const { svg, text } = matrices({ title: "t", terms: ["P [3, 2]", "=", "c [1, 1]"], values });
  const texts = textsOf(svg);
  const at = (number: string) => texts.find((one) => one.text === number)!;
  const numbers = [["0.13", "-1.00"], ["2.00", "30.50"], ["4.00", "5.00"]];
  const lefts = [...new Set(numbers.flat().map((number) => at(number).x))].toSorted((a, b) =>
    a - b
  );
  const tops = [...new Set(numbers.flat().map((number) => at(number).y))].toSorted((a, b) => a - b);
  for (const [i, row] of numbers.entries()) {
    for (const [j, number] of row.entries()) {
      deepStrictEqual([at(number).x, at(number).y], [lefts[j], tops[i]], number);
    }
  }
  ok(at("7"), "without decimals");
  const lines = "  P:\n     0.13  -1.00\n     2.00  30.50\n     4.00   5.00\n  c:\n    7";
  strictEqual(text, `t\n  P [3, 2] = c [1, 1]\n${lines}`);
});

Deno.test("matrices() writes numbers that stay within their cells and are dark on light", () => {
  const rows = [[-1234.5, 1], [0, 2]];
  const marked = { P: { row: 0 } };
  const { svg } = matrices({ title: "t", terms: ["P [2, 2]"], marked, values: { P: { rows } } });
  const long = textsOf(svg).find(({ text }) => text === "-1234.50")!;
  const [grid] = svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*#eef3f8/g);
  const [x, , width] = grid.slice(1).map(Number);
  strictEqual(long.x, x + width / 4, "in the middle of its cell");
  ok(width / 2 >= 6.2 * "-1234.50".length, "the cell is wider than its number");
  strictEqual(long.fill, "#222222");
  const [[, mark]] = [...svg.matchAll(/<rect [^>]*fill="#(\w{6})"\/>/g)].slice(-1);
  ok(svg.indexOf(mark) < svg.indexOf("-1234.50"), "the mark lies below its numbers");
  ok(mark.match(/../g)!.every((hex) => parseInt(hex, 16) > 100), "the mark is light");
});

Deno.test("matrices() writes the numbers of the 16 rows and columns that are drawn", () => {
  const rows = Array.from({ length: 20 }, (_, i) => [i, 100 + i]);
  const values = { P: { rows, decimals: 0 } };
  const { svg } = matrices({ title: "t", terms: ["P [20, 2]"], values });
  const texts = textsOf(svg).map(({ text }) => text);
  ok(texts.includes("115") && !texts.includes("116"));
});

Deno.test("matrices() refuses values that do not fit a matrix", () => {
  const terms = ["P [2, 3]"];
  const draw = (values: Record<string, { rows: number[][]; decimals?: number }>) => () =>
    matrices({ title: "t", terms, values });
  throws(draw({ Q: { rows: [] } }), new RangeError("The values of Q name no matrix"));
  const wanted = "The values of P must be 2 rows of 3 numbers, found";
  throws(draw({ P: { rows: [[1, 2, 3]] } }), new RangeError(`${wanted} 1 rows`));
  throws(draw({ P: { rows: [[1, 2, 3], [4, 5]] } }), new RangeError(`${wanted} a row of 2`));
  const words = [["1", 2, 3], [4, 5, 6]] as number[][];
  throws(draw({ P: { rows: words } }), /row 0 of values must be an array of numbers/);
  const rows = [[1, 2, 3], [4, 5, 6]];
  throws(draw({ P: { rows, decimals: 0.5 } }), /decimals/);
  throws(draw({ P: { rows, digits: 1 } as { rows: number[][] } }), /digits/);
});
