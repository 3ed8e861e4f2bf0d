import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { barChart, heatmap, lineChart, table } from "bert/plot.ts";
import { escape, ticksBetween } from "bert/svg.ts";
import { tokenTable } from "bert/token_table.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/vocab.ts";

const TITLES = { title: "A & B", xTitle: "step", yTitle: "loss (nats)" };
const x = Array.from({ length: 5000 }, (_, i) => i);

Deno.test("a figure gives plotly JSON, SVG and text at once, and no HTML", () => {
  const bundle = lineChart([{ name: "loss", x: [1, 2], y: [3, 4] }], TITLES).bundle();
  deepStrictEqual(Object.keys(bundle), [
    "application/vnd.plotly.v1+json",
    "image/svg+xml",
    "text/plain",
  ]);
});

Deno.test("every figure carries its title, its axes' names and its baselines, escaped", () => {
  const baselines = [{ name: "ln V", y: 5 }];
  const figures = [
    lineChart([{ name: "loss", x: [1, 2], y: [3, 4] }], { ...TITLES, baselines }),
    barChart({ a: 1, b: 2 }, { ...TITLES, baselines }),
    heatmap([[1, 2], [3, 4]], { ...TITLES, valueTitle: "ln V" }),
  ];
  for (const { svg, layout } of figures) {
    for (const text of ["A &amp; B", "step", "loss (nats)", "ln V"]) {
      ok(svg.includes(`>${text}<`), text);
    }
    ok(!/<style|<script|<use|href/.test(svg));
    deepStrictEqual(layout.title, { text: "A & B" });
  }
});

Deno.test("a long line is thinned by averaging, and the file stays small", () => {
  const figure = lineChart([{ name: "loss", x, y: x.map((i) => i % 2) }], TITLES);
  const [{ y }] = figure.data as { y: number[] }[];
  ok(y.length <= 400 && y.length > 300);
  ok(y.every((value) => Math.abs(value - 0.5) < 0.05), "neighbours must be averaged, not dropped");
  ok(figure.svg.length < 30_000);
});

Deno.test("points land where their values say, higher values further up", () => {
  const { svg } = lineChart([{ name: "l", x: [0, 10], y: [0, 1] }], TITLES);
  const [, x0, y0, x1, y1] = svg.match(/d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/)!.map(Number);
  deepStrictEqual([x0, y0, x1, y1], [70, 344, 680, 44]);
});

Deno.test("values that are not finite leave a gap instead of breaking the picture", () => {
  const { svg } = lineChart([{ name: "l", x: [0, 1, 2, 3], y: [1, NaN, 2, 3] }], TITLES);
  ok(!svg.includes("NaN"));
  strictEqual(svg.match(/d="([^"]*)"/)![1].split("M").length - 1, 2);
});

Deno.test("ticks are round numbers that enclose the range", () => {
  deepStrictEqual(ticksBetween(0, 10), [0, 2, 4, 6, 8, 10]);
  deepStrictEqual(ticksBetween(0.13, 0.87), [0, 0.2, 0.4, 0.6, 0.8, 1]);
});

Deno.test("table() aligns numbers to the right and escapes text", () => {
  const { html, text } = table([{ word: "<b>", n: 5 }, { word: "x", n: 123 }]);
  ok(html.includes('<td align="left">&lt;b&gt;</td><td align="right">5</td>'));
  deepStrictEqual(text.split("\n"), ["word    n", "<b>     5", "x     123"]);
});

Deno.test("escape() leaves nothing that XML would read", () => {
  strictEqual(escape(`<a href="x">&\u0000`), "&lt;a href=&quot;x&quot;&gt;&amp; ");
});

Deno.test("tokenTable() shows masked, random and kept tokens with their targets, and the label in words", () => {
  const vocab = new Vocab([...SPECIAL_TOKENS, "sea", "ship", "<"]);
  const { text, html } = tokenTable({
    tokenIds: [2, 4, 5, 6, 3, 7, 3],
    labels: [-1, 5, 6, 6, -1, -1, -1],
    segmentIds: [1, 1, 1, 1, 1, 2, 2],
    nspLabel: 1,
    first: { document: "a", start: 0, end: 1 },
    second: { document: "b", start: 2, end: 4 },
    truncated: false,
  }, vocab);
  ok(
    text.startsWith("[CLS] [MASK]{masked: sea} sea{random: ship} ship{kept: ship} [SEP] < [SEP]\n"),
  );
  ok(text.includes('B does not follow A (label 1). A: "a", sentence 1. B: "b", sentences 3 to 4.'));
  ok(html.includes("&lt;"));
});
