/** The curves of a run for the page; they are read anew from `metrics.csv` each time. */
import { curves, readRun } from "../runs/compare.ts";
import type { Metric } from "../training/metrics_file.ts";
import { type Series, thin } from "../show/plot.ts";
import type { RunChart, RunFacts, RunLine } from "./page/engine.ts";

/** What a chart shows. */
const CHARTS: readonly { readonly metric: Metric; readonly title: string }[] = [
  { metric: "mlm_loss", title: "Masked words: loss" },
  { metric: "mlm_accuracy", title: "Masked words: accuracy" },
  { metric: "nsp_loss", title: "Sentence pairs: loss" },
  { metric: "nsp_accuracy", title: "Sentence pairs: accuracy" },
];

/**
 * Reads the progress of the run in a folder, with the curves of its charts.
 *
 * @throws {FormatError} If its `metrics.csv` cannot be read.
 */
export async function runCharts(folder: string): Promise<Omit<RunFacts, "isLive">> {
  const run = await readRun(folder);
  const charts = CHARTS.flatMap(({ metric, title }): RunChart[] => {
    const smoothing = Math.max(1, Math.round(run.steps.length / 100));
    const [training] = curves([run], { x: "step", y: metric, smoothing });
    const [heldOut] = curves([run], { x: "step", y: metric, split: "evaluations" });
    if (training.x.length === 0) return [];
    const yTitle = metric.endsWith("loss") ? "loss (nats)" : "share of right answers";
    const name = smoothing > 1 ? `training, means of ${smoothing}` : "training";
    const lines = [
      runLine({ ...training, name }),
      ...(heldOut.x.length > 0 ? [runLine({ ...heldOut, name: "held out" })] : []),
    ];
    return [{ title, yTitle, lines }];
  });
  return { name: run.name, step: run.steps.at(-1)?.step ?? 0, charts };
}

/** No more points than a chart shows, as a run may have a million steps. */
function runLine(series: Series): RunLine {
  const { name, x, y } = thin(series);
  return { name, x, y: y.map((value) => Number.isFinite(value) ? value : null) };
}
