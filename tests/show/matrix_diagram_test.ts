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
