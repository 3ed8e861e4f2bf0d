/** Charts of values of another kind, without titles, or with an option that does not exist. */
import { errorBarChart } from "bert/show/error_bar_chart.ts";
import { heatmap } from "bert/show/heatmap.ts";
import { barChart, lineChart, table } from "bert/show/plot.ts";
import { tokenTable } from "bert/show/token_table.ts";
import { mlmLossChart } from "bert/show/training_view.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { testRefusals, untyped } from "../support/refuses.ts";

const titles = { title: "Loss", xTitle: "step", yTitle: "nats" };
const line = { name: "a", x: [1, 2], y: [3, 4] };
const points = [{ value: 2, error: 0.1 }];
const first = { document: "x", start: 0, end: 1 };
const pair = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], first, truncated: false };
const example = { ...pair, labels: [-1, 5, -1], nspLabel: -1 as const };
const vocab = new Vocab([...SPECIAL_TOKENS, "sea"]);

testRefusals([
  [
    "lineChart() of numbers",
    () => lineChart(untyped([1, 2, 3]), titles),
    "TypeError: Cannot call lineChart(series, options): entry 0 of series must be { name, x, y }, found 1",
  ],
  [
    "lineChart() of one line that is in no array",
    () => lineChart(untyped(line), titles),
    "TypeError: Cannot call lineChart(series, options): series must be an array, found an object with name, x, y",
  ],
  [
    "lineChart() without options",
    () => lineChart([line], untyped(undefined)),
    "TypeError: Cannot call lineChart(): expected options by name, as in { title: … }, found nothing",
  ],
  [
    "lineChart() without the title of an axis",
    () => lineChart([line], untyped({ title: "Loss", yTitle: "nats" })),
    "ConfigError: Invalid xTitle = undefined: it must be a text that says what the horizontal axis shows, with its unit",
  ],
  [
    "lineChart() with a mistyped option",
    () => lineChart([line], untyped({ ...titles, baseline: [] })),
    "ConfigError: Unknown option baseline of lineChart(): did you mean baselines? The options are title, xTitle, yTitle, baselines, width",
  ],
  [
    "lineChart() that is too narrow for its margins",
    () => lineChart([line], { ...titles, width: 100 }),
    "ConfigError: Invalid width = 100: it must be a whole number of at least 240",
  ],
  [
    "lineChart() of a line with more of x than of y",
    () => lineChart([{ name: "a", x: [1, 2, 3], y: [4] }], titles),
    'RangeError: Cannot draw the line "a": it has 3 values of x and 1 of y',
  ],
  [
    "lineChart() of texts",
    () => lineChart([{ ...line, y: untyped(["3", "4"]) }], titles),
    'TypeError: Cannot call lineChart(series, options): y of "a" must be an array of numbers, found an array',
  ],
  [
    "lineChart() with a baseline that is a number",
    () => lineChart([line], { ...titles, baselines: untyped([0.5]) }),
    "TypeError: Cannot call lineChart(series, options): entry 0 of options.baselines must be { name, y }, found 0.5",
  ],
  [
    "barChart() of an array",
    () => barChart(untyped([1, 2]), titles),
    "TypeError: Cannot call barChart(bars, options): bars must be heights by name, as in { a: 1 }, found an array",
  ],
  [
    "barChart() of a height that is no number",
    () => barChart({ a: untyped("3") }, titles),
    'TypeError: Cannot call barChart(bars, options): the bar "a" must be a number, found "3"',
  ],
  [
    "barChart() without a title",
    () => barChart({ a: 1 }, untyped({ xTitle: "x", yTitle: "y" })),
    "ConfigError: Invalid title = undefined: it must be a text that says what the figure shows",
  ],
  [
    "errorBarChart() of numbers",
    () => errorBarChart(["a"], [{ name: "loss", points: untyped([2]) }], titles),
    'TypeError: Cannot call errorBarChart(categories, series, options): a point of "loss" must be { value, error }, found 2',
  ],
  [
    "errorBarChart() with fewer points than categories",
    () => errorBarChart(["a", "b"], [{ name: "loss", points }], titles),
    'RangeError: Cannot draw "loss": it has 1 points for 2 categories',
  ],
  [
    "errorBarChart() with a mistyped option",
    () => errorBarChart(["a"], [{ name: "loss", points }], untyped({ ...titles, join: true })),
    "ConfigError: Unknown option join of errorBarChart(): did you mean joined? The options are title, xTitle, yTitle, joined, baselines",
  ],
  [
    "heatmap() of numbers",
    () => heatmap(untyped([1, 2, 3]), { ...titles, valueTitle: "share" }),
    "TypeError: Cannot call heatmap(values, options): row 0 of values must be an array of numbers, found 1",
  ],
  [
    "heatmap() without the title of its values",
    () => heatmap([[1]], untyped(titles)),
    "TypeError: Cannot call heatmap(values, options): options.valueTitle must be a text, found nothing",
  ],
  [
    "heatmap() with decimals that cannot be written",
    () => heatmap([[1]], { ...titles, valueTitle: "share", decimals: 0.5 }),
    "TypeError: Cannot call heatmap(values, options): options.decimals must be a whole number from 0 to 6, found 0.5",
  ],
  [
    "heatmap() with a mistyped option",
    () => heatmap([[1]], untyped({ ...titles, valueTitle: "share", column: ["a"] })),
    "ConfigError: Unknown option column of heatmap(): did you mean columns? The options are title, xTitle, yTitle, valueTitle, columns, rows, decimals",
  ],
  [
    "table() of numbers",
    () => table(untyped([1, 2])),
    "TypeError: Cannot call table(rows): entry 0 of rows must be cells by column, as in { step: 1, loss: 2 }, found 1",
  ],
  [
    "tokenTable() with its arguments in the wrong order",
    () => tokenTable(untyped(vocab), untyped(example)),
    "TypeError: Cannot call tokenTable(example, vocab, options): example must be a masked example, as mlmData() gives it, found a Vocab",
  ],
  [
    "tokenTable() with an unknown pairing",
    () => tokenTable(example, vocab, untyped({ pairing: "next" })),
    'ConfigError: Invalid pairing = "next": it must be one of "nsp", "sop", "none"',
  ],
  [
    "a loss chart of a whole history",
    () => mlmLossChart(untyped({ steps: [], epochs: [] })),
    "TypeError: Cannot call the chart of a run: steps must be an array, found an object with steps, epochs",
  ],
]);
