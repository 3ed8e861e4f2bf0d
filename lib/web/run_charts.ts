/** The curves of a run as charts, for the page; they are drawn anew from `metrics.csv` each time. */
import { curves, readRun } from "../runs/compare.ts";
import type { Metric } from "../training/metrics_file.ts";
import { lineChart } from "../show/plot.ts";

/** What a chart shows. */
const CHARTS: readonly { readonly metric: Metric; readonly title: string }[] = [
  { metric: "mlm_loss", title: "Masked words: loss" },
  { metric: "mlm_accuracy", title: "Masked words: accuracy" },
  { metric: "nsp_loss", title: "Sentence pairs: loss" },
  { metric: "nsp_accuracy", title: "Sentence pairs: accuracy" },
];

/** A run as its charts show it. */
export interface RunCharts {
  /** The last part of the folder's path. */
  readonly name: string;
  /** The last step; 0 if there is none. */
  readonly step: number;
  /** One SVG each. */
  readonly charts: readonly {
    readonly title: string;
    readonly file: string;
    readonly svg: string;
  }[];
}

/**
 * Draws the run in a folder.
 *
 * @throws {FormatError} If its `metrics.csv` cannot be read.
 */
export async function runCharts(folder: string): Promise<RunCharts> {
  const run = await readRun(folder);
  const charts = CHARTS.flatMap(({ metric, title }) => {
    const smoothing = Math.max(1, Math.round(run.steps.length / 100));
    const [training] = curves([run], { x: "step", y: metric, smoothing });
    const [heldOut] = curves([run], { x: "step", y: metric, split: "evaluations" });
    if (training.x.length === 0) return [];
    const yTitle = metric.endsWith("loss") ? "loss (nats)" : "share of right answers";
    const series = [
      { ...training, name: smoothing > 1 ? `training, means of ${smoothing}` : "training" },
      ...(heldOut.x.length > 0 ? [{ ...heldOut, name: "held out" }] : []),
    ];
    const { svg } = lineChart(series, { title, xTitle: "step", yTitle });
    return [{ title, file: `charts/${metric}.svg`, svg }];
  });
  return { name: run.name, step: run.steps.at(-1)?.step ?? 0, charts };
}
