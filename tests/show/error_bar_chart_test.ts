import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert";
import { barChart } from "bert/show/bar_chart.ts";
import { heatmap } from "bert/show/heatmap.ts";
import { errorBarChart } from "bert/show/error_bar_chart.ts";

const TITLES = { title: "A & B", xTitle: "texts", yTitle: "accuracy" };
const SERIES = [
  { name: "one", points: [{ value: 0.5, error: 0.1 }, { value: 0.75, error: 0.05 }] },
  { name: "two", points: [{ value: 0.6, error: 0 }, { value: 0.9, error: 0.1 }] },
];

Deno.test("errorBarChart() draws a bar as long as the error, around the value", () => {
  const { svg } = errorBarChart(["10", "20"], SERIES, TITLES);
  const bars = [...svg.matchAll(/<line x1="([\d.]+)" y1="([\d.]+)" x2="\1" y2="([\d.]+)"/g)]
    .map(([, , top, bottom]) => Number(bottom) - Number(top));
  strictEqual(bars.length, 4);
  ok(Math.abs(bars[0] / bars[1] - 2) < 0.05 && bars[2] === 0, `${bars}`);
  const middles = [...svg.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="8"/g)].map(([, y]) => +y);
  ok(middles[1] < middles[0] && middles[3] < middles[1], `${middles}`); // larger is higher
});

Deno.test("errorBarChart() gives the same content as plotly JSON, SVG and text", () => {
  const baselines = [{ name: "chance", y: 0.25 }];
  const { data, layout, svg, text } = errorBarChart(["10", "20"], SERIES, {
    ...TITLES,
    joined: true,
    baselines,
  });
  deepStrictEqual(data.map(({ name }) => name), ["one", "two", "chance"]);
  const [first, , level] = data as { y: number[]; mode: string; error_y: { array: number[] } }[];
  deepStrictEqual([first.y, first.error_y.array], [[0.5, 0.75], [0.1, 0.05]]);
  deepStrictEqual([first.mode, level.y], ["lines+markers", [0.25]]);
  const [shape] = layout.shapes!;
  deepStrictEqual([shape.x0, shape.x1, shape.y0], [0, 1, 0.25]); // across the whole plot
  ok((layout.yaxis?.title as { text: string }).text === "accuracy");
  ok(svg.includes("A &amp; B") && svg.includes(">chance<") && svg.includes("<path"));
  ok(text.split("\n").includes("20  two  0.9 ± 0.1"), text);
});

Deno.test("errorBarChart() gives a series the colour that it asks for, in the picture, its legend and in plotly", () => {
  const [one, two] = SERIES;
  const usual = errorBarChart(["10", "20"], [one, two], TITLES);
  const swapped = errorBarChart(
    ["10", "20"],
    [{ ...one, colour: 1 }, { ...two, colour: 0 }],
    TITLES,
  );
  const coloursOf = (svg: string) => [...svg.matchAll(/#[\da-f]{6}/gi)].map(([colour]) => colour);
  const linesOf = (data: unknown) =>
    (data as { line: { color: string } }[]).map(({ line }) => line.color);
  const [first, second] = linesOf(usual.data);
  const other: Record<string, string> = { [first]: second, [second]: first };
  const expected = coloursOf(usual.svg).map((colour) => other[colour] ?? colour);
  deepStrictEqual(coloursOf(swapped.svg), expected);
  deepStrictEqual(linesOf(swapped.data), [second, first]);
});

Deno.test("errorBarChart() keeps everything inside its frame, also long names and wide errors", () => {
  const categories = Array.from({ length: 9 }, (_, i) => `a rather long category ${i}`);
  const points = categories.map((_, i) => ({ value: i, error: 3 }));
  const { svg } = errorBarChart(categories, [{ name: "only", points }], TITLES);
  const height = Number(svg.match(/ height="(\d+)"/)![1]);
  strictEqual(height, 400 + 50, "what the slanted names of 24 letters need, and no more");
  for (const [, y] of svg.matchAll(/ y[12]?="(-?[\d.]+)"/g)) ok(+y >= 0 && +y <= height, y);
  for (const [, x] of svg.matchAll(/ x[12]?="(-?[\d.]+)"/g)) ok(+x >= 0 && +x <= 680, x);
  ok(!svg.includes(">only<"), "one series needs no legend");
});

Deno.test("charts do not draw NaN and infinity, such as the error of a single run, but show them in their text", () => {
  const titles = { title: "a", xTitle: "b", yTitle: "c" };
  for (const [value, error] of [[2, NaN], [2, Infinity], [NaN, 0.1], [Infinity, NaN]]) {
    const series = [{ name: "s", points: [{ value, error }, { value: 1, error: 0.5 }] }];
    const { svg, text } = errorBarChart(["x", "y"], series, { ...titles, joined: true });
    doesNotMatch(svg, /="[^"]*(NaN|Infinity)/);
    match(text, new RegExp(`x  s  ${value} ± ${error}`));
    strictEqual(svg.match(/width="8"/g)?.length, Number.isFinite(value) ? 2 : 1); // the points
  }
  const bars = barChart({ a: NaN, b: Infinity, c: 1 }, titles);
  doesNotMatch(bars.svg, /="[^"]*(NaN|Infinity)/);
  match(bars.text, /a {2}NaN\nb {2}Infinity\nc {2}1/);
  const map = heatmap([[Infinity, 1], [NaN, 3]], { ...titles, valueTitle: "d", decimals: 1 });
  doesNotMatch(map.svg, /="[^"]*(NaN|Infinity)/);
});
