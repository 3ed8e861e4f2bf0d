import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { ShapeError } from "bert/errors.ts";
import { barChart, lineChart, table } from "bert/show/plot.ts";
import { heatmap } from "bert/show/heatmap.ts";
import { escape, WIDTH } from "bert/show/svg.ts";
import { number, ticksBetween } from "bert/show/axes.ts";

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

Deno.test("every figure shows its title, the names of its axes and its baselines, escaped", () => {
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
    deepStrictEqual(layout.title, { text: "A & B", yref: "container", y: 0.96, yanchor: "top" });
  }
});

Deno.test("a long line is thinned by averaging, and the file stays small", () => {
  const steps = x.slice(0, 4800);
  const figure = lineChart([{ name: "loss", x: steps, y: steps.map((i) => i % 2) }], TITLES);
  const [{ y }] = figure.data as { y: number[] }[];
  ok(y.length <= 600 && y.length > 450);
  ok(y.every((value) => Math.abs(value - 0.5) < 0.05), "neighbours must be averaged, not dropped");
  ok(figure.svg.length < 30_000);
});

Deno.test("a line of 600 points is drawn whole, and the text of a longer one has its own ends", () => {
  const line = (points: number) =>
    lineChart([{ name: "l", x: x.slice(0, points), y: x.slice(0, points) }], TITLES);
  const [{ y }] = line(600).data as { y: number[] }[];
  deepStrictEqual(y, x.slice(0, 600));
  ok(line(601).text.endsWith(" 0 → 600"), line(601).text);
});

Deno.test("points are drawn at the pixels of their values, and higher values further up", () => {
  const { svg } = lineChart([{ name: "l", x: [0, 10], y: [0, 1] }], TITLES);
  const [, x0, y0, x1, y1] = svg.match(/d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/)!.map(Number);
  deepStrictEqual([x0, y0, x1, y1], [70, 344, 660, 62]);
});

Deno.test("values that are not finite leave a gap instead of breaking the picture", () => {
  const { svg } = lineChart([{ name: "l", x: [0, 1, 2, 3], y: [1, NaN, 2, 3] }], TITLES);
  ok(!svg.includes("NaN"));
  strictEqual(svg.match(/d="([^"]*)"/)![1].split("M").length - 1, 2);
});

Deno.test("lineChart() draws a single point, such as a run's first score, as a dot", () => {
  const dots = (x: number[], y: number[]) => {
    const { svg } = lineChart([{ name: "l", x, y }], TITLES);
    return [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x]) => Number(x));
  };
  deepStrictEqual(dots([0, 10], [1, 2]), []);
  deepStrictEqual(dots([0, 5, 10, 20], [1, NaN, 2, 3]), [70]);
  strictEqual(dots([7], [1]).length, 1);
});

Deno.test("a baseline of a bar chart crosses the whole plot and has its name in the legend", () => {
  const baselines = [{ name: "chance", y: 0.25 }];
  const { data, layout } = barChart({ a: 0.1, b: 0.2 }, { ...TITLES, baselines });
  const [{ xref, x0, x1, y0, y1, line }] = layout.shapes!;
  deepStrictEqual([xref, x0, x1, y0, y1], ["paper", 0, 1, 0.25, 0.25]);
  const { name, line: inLegend } = data[1] as { name: string; line: unknown };
  deepStrictEqual([name, inLegend], ["chance", line]);
});

Deno.test("names of bars that are slanted end above the axis' title", () => {
  for (const name of ["short", "a name of twenty-four letters"]) {
    const bars = Object.fromEntries([..."abcdefghi"].map((c) => [`${c} ${name}`, 1]));
    const { svg } = barChart(bars, TITLES);
    const height = Number(svg.match(/ height="(\d+)"/)![1]);
    const title = Number(svg.match(/ y="([\d.]+)"[^>]*>step</)![1]);
    const begins = Number(svg.match(/ y="([\d.]+)"[^>]*>a /)![1]);
    const slant = /rotate\(-35/.test(svg) ? 0.5 * 5.5 * (name.length + 2) : 0;
    ok(begins + slant < title - 8 && title < height, `${begins} + ${slant}, ${title}, ${height}`);
  }
});

Deno.test("ticks are round numbers that enclose the range", () => {
  deepStrictEqual(ticksBetween(0, 10), [0, 2, 4, 6, 8, 10]);
  deepStrictEqual(ticksBetween(0.13, 0.87), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  deepStrictEqual(ticksBetween(0, 12), [0, 2.5, 5, 7.5, 10, 12.5]);
});

Deno.test("what is counted, such as layers or passes, gets no ticks between whole numbers", () => {
  const ticks = (last: number) => {
    const x = Array.from({ length: last + 1 }, (_, i) => i);
    const { svg } = lineChart([{ name: "l", x, y: x.map((i) => 10 * i) }], TITLES);
    return [...svg.matchAll(/ y="362"[^>]*>([\d.,]+)</g)].map(([, text]) => text);
  };
  deepStrictEqual(ticks(2), ["0", "1", "2"]);
  deepStrictEqual(ticks(3), ["0", "1", "2", "3"]);
  deepStrictEqual(ticks(12), ["0", "3", "6", "9", "12"]);
  deepStrictEqual(ticks(120), ["0", "25", "50", "75", "100", "125"]);
  const { layout } = lineChart([{ name: "l", x: [0, 1, 2], y: [1, 2, 3] }], TITLES);
  strictEqual((layout.xaxis as { dtick: number }).dtick, 1, "plotly would draw halves");
});

Deno.test("numbers of an axis are written out up to a billion", () => {
  deepStrictEqual([0, 0.0008, 12_500_000, 3e9, 5e-5].map(number), [
    "0",
    "0.0008",
    "12,500,000",
    "3e9",
    "5e-5",
  ]);
});

Deno.test("all numbers of an axis are written in the same way, with as many decimals", () => {
  const atLeft = (y: number[]) => {
    const { svg } = lineChart([{ name: "l", x: [0, 1500], y }], TITLES);
    return [...svg.matchAll(/ x="62"[^>]*>([^<]+)</g)].map(([, text]) => text);
  };
  deepStrictEqual(atLeft([0.67, 0.72]), ["0.67", "0.68", "0.69", "0.70", "0.71", "0.72"]);
  deepStrictEqual(atLeft([0, 12]), ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"]);
  deepStrictEqual(atLeft([0, 5000]), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]);
  deepStrictEqual(atLeft([0, 1e-4]), ["0", "2e-5", "4e-5", "6e-5", "8e-5", "1e-4"]);
});

Deno.test("charts are as wide as a notebook in a window of 800 pixels", () => {
  ok(WIDTH <= 690);
  const heat = heatmap([[1, 2]], { ...TITLES, valueTitle: "n" });
  for (const { svg, layout } of [lineChart([], TITLES), barChart({ a: 1 }, TITLES), heat]) {
    deepStrictEqual([svg.match(/width="(\d+)"/)![1], layout.width], [`${WIDTH}`, WIDTH]);
  }
});

Deno.test("table() aligns numbers to the right and escapes text", () => {
  const { html, text } = table([{ word: "<b>", n: 5 }, { word: "x", n: 123 }]);
  ok(html.includes('<td align="left" style="text-align:left">&lt;b&gt;</td>'), html);
  ok(html.includes('<td align="right" style="text-align:right">5</td>'), html);
  const figures = { a: "-0.5", b: "± 1.20", c: "", d: "1st", e: "." };
  const rows = table([figures, { a: "12,000", b: "3 %", c: "7", d: "2", e: "5" }]).html;
  const sides = rows.match(/text-align:\w+/g)?.slice(0, 5).map((style) => style.slice(11));
  deepStrictEqual(sides, ["right", "right", "right", "left", "left"]);
  deepStrictEqual(text.split("\n"), ["word    n", "<b>     5", "x     123"]);
});

Deno.test("escape() replaces the characters of markup and control characters", () => {
  strictEqual(escape(`<a href="x">&\u0000`), "&lt;a href=&quot;x&quot;&gt;&amp; ");
});

Deno.test("heatmap() colours each cell by its value, from the top down", () => {
  const { svg } = heatmap([[0, 1, 1], [1, 0, NaN]], { ...TITLES, valueTitle: "share" });
  const strokes = [...svg.matchAll(/<path d="([^"]*)" stroke="([^"]*)"/g)].map((m) => m.slice(1));
  deepStrictEqual(strokes, [["M1 0h2M0 1h1", "#08306b"]], "zero and NaN stay white");
});

Deno.test("heatmap() leaves as much room for turned names of columns as the longest one needs", () => {
  const heightWith = (name: string) => {
    const columns = Array.from({ length: 60 }, () => name);
    const { svg } = heatmap([columns.map(() => 1)], { ...TITLES, valueTitle: "n", columns });
    return Number(svg.match(/height="(\d+)"/)![1]);
  };
  strictEqual(heightWith("a name!!") - heightWith("abc"), Math.ceil(48 * Math.SQRT1_2) - 13);
});

Deno.test("heatmap() with decimals writes its values into the cells, white on dark ones", () => {
  const options = { ...TITLES, valueTitle: "share" };
  const written = (svg: string) =>
    [...svg.matchAll(/font-size="11" [^>]*fill="(#\w+)">([-\d.]+)</g)].map((m) => m.slice(1));
  const values = [[0.123, 0.999], [NaN, 0.5]];
  deepStrictEqual(written(heatmap(values, { ...options, decimals: 2 }).svg), [
    ["#222222", "0.12"],
    ["#ffffff", "1.00"],
    ["#222222", "0.50"],
  ]);
  deepStrictEqual(written(heatmap(values, options).svg), []);
  const ends = heatmap([[0.00245, 0.98801]], { ...options, decimals: 2 }).svg;
  ok(/>0.99<[^]*>0.00</.test(ends) && !ends.includes("0.00245"), "the colour bar as the cells");
});

Deno.test("the name of the vertical axis stands beside its numbers, not on them", () => {
  const { svg } = lineChart([{ name: "rate", x: [0, 1], y: [0, 0.001] }], TITLES);
  const [, title] = svg.match(/<text x="([\d.]+)"[^>]*rotate\(-90/)!;
  const widest = 7.5 * "0.0008".length;
  ok(Number(title) + 4 < 62 - widest, `${title} beside numbers that begin at ${62 - widest}`);
});

Deno.test("the colour bar of heatmap() has short numbers at its ends", () => {
  const ends = (low: number, high: number) => {
    const { svg } = heatmap([[low, high]], { ...TITLES, valueTitle: "share" });
    return [...svg.matchAll(/font-size="10"[^>]*>([^<]*)</g)].map((m) => m[1]);
  };
  deepStrictEqual(ends(4.9e-19, 0.98765), ["0.988", "0"]);
  deepStrictEqual(ends(-1e-9, 3e-9), ["3e-9", "-1e-9"]);
  deepStrictEqual(ends(0.5, 0.5), ["0.5", "0.5"]);
});

Deno.test("heatmap() turns the names of its columns only if they do not fit side by side", () => {
  const options = { ...TITLES, valueTitle: "share" };
  const turned = (columns: string[]) =>
    /rotate\(-45/.test(heatmap([columns.map((_, i) => i)], { ...options, columns }).svg);
  deepStrictEqual(turned(["1", "2", "whale"]), false);
  deepStrictEqual(turned(Array(12).fill("congress")), true);
});

Deno.test("heatmap() of any size stays small, and plotly gets every value", () => {
  const values = x.slice(0, 200).map((r) =>
    x.slice(0, 100).map((c) => (r * 7919 + c * 104729) % 97)
  );
  const figure = heatmap(values, { ...TITLES, valueTitle: "remainder" });
  ok(figure.svg.length < 30_000, `${figure.svg.length} characters`);
  strictEqual((figure.data[0] as { z: number[][] }).z.flat().length, 20_000);
});

Deno.test("heatmap() names rows and columns, and leaves out names that would overlap", () => {
  const names = x.slice(0, 60).map((i) => `word${i}`);
  const values = names.map(() => names.map((_, i) => i));
  const { svg, layout } = heatmap(values, {
    ...TITLES,
    valueTitle: "n",
    rows: names,
    columns: names,
  });
  const shown = [...svg.matchAll(/>word\d+</g)].length;
  ok(shown > 20 && shown < 80, `${shown} names`);
  strictEqual(layout.xaxis!.ticktext!.length, 60);
});

Deno.test("heatmap() refuses tables without numbers, ragged rows and names that do not fit", () => {
  const titles = { ...TITLES, valueTitle: "n" };
  throws(() => heatmap([], titles), ShapeError);
  throws(() => heatmap([[]], titles), ShapeError);
  throws(
    () => heatmap([[1, 2], [3]], titles),
    /a row of a heat map: expected shape \[2\], got \[1\]/,
  );
  throws(() => heatmap([[1, 2]], { ...titles, columns: ["a"] }), ShapeError);
  throws(() => heatmap([[1, 2]], { ...titles, rows: [] }), ShapeError);
});

Deno.test("the last number of the horizontal axis stays inside the picture", () => {
  const { svg } = lineChart([{ name: "a", x: [0, 125_000], y: [1, 2] }], TITLES);
  const [, at] = svg.match(/<text x="([\d.]+)"[^>]*>125,000</)!;
  ok(Number(at) + 3.3 * "125,000".length < 680, at); // it is written around its middle
});

/** The texts of a picture with their sizes and positions, in pixels. Turned texts are left out. */
function textsIn(svg: string) {
  const found = svg.matchAll(
    /<text x="([\d.]+)" y="([\d.]+)"[^>]*font-size="(\d+)" text-anchor="(\w+)" fill="[^"]*">([^<]*)</g,
  );
  return [...found].map(([, x, y, size, anchor, text]) => {
    const length = 0.55 * Number(size) * text.length; // about
    const start = Number(x) - { start: 0, middle: length / 2, end: length }[anchor]!;
    return { text, size: Number(size), start, end: start + length, y: Number(y) };
  });
}

Deno.test("lineChart() of any width has text of the same size, which stays inside and does not overlap", () => {
  const names = ["training, means of 3", "held out", "once more", "and again", "the last of them"];
  const series = names.map((name) => ({ name, x: [0, 125_000], y: [6, 7] }));
  for (const width of [240, 316, 500, 680, 1100]) {
    const { svg, layout } = lineChart(series, { ...TITLES, width });
    const height = Number(svg.match(/height="(\d+)"/)![1]);
    deepStrictEqual([svg.match(/width="(\d+)"/)![1], layout.width], [`${width}`, width]);
    const texts = textsIn(svg);
    ok(names.every((name) => texts.some(({ text }) => text === name)));
    for (const { text, size, start, end, y } of texts) {
      ok(size >= 12 && start >= 0 && end <= width && y > size && y < height, `${width}: ${text}`);
    }
    for (const [i, one] of texts.entries()) {
      const other = texts.slice(i + 1).find((text) =>
        Math.abs(text.y - one.y) < 12 && text.start < one.end && one.start < text.end
      );
      strictEqual(other, undefined, `${width}: ${one.text}`);
    }
    const points = [...svg.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, , y]) => Number(y));
    const legend = Math.max(...texts.filter(({ text }) => names.includes(text)).map(({ y }) => y));
    ok(Math.min(...points) >= legend, `${width}: the lines begin below the legend`);
  }
});

Deno.test("lineChart() draws a dotted line in the colour of its solid one", () => {
  const values = { x: [0, 1], y: [1, 2], colour: 2 };
  const series = [{ name: "few", ...values }, { name: "exam", dotted: true, ...values }];
  const { svg } = lineChart(series, TITLES);
  const paths = [...svg.matchAll(/<path [^>]*stroke="(#\w+)"[^>]*>/g)];
  deepStrictEqual(paths.map(([, colour]) => colour), ["#009e73", "#009e73"]);
  deepStrictEqual(paths.map(([path]) => /dasharray="2 3"/.test(path)), [false, true]);
  const legend = [...svg.matchAll(/<line [^>]*stroke="#009e73"[^>]*>/g)].map(([line]) => line);
  deepStrictEqual(legend.map((line) => line.includes("dasharray")), [false, true]);
});
