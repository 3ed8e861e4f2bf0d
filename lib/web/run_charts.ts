/** The curves of a run for the page, which are read from `metrics.csv` each time. */
import { curves, readRun } from "../runs/compare.ts";
import type { Metric } from "../training/metrics_file.ts";
import { type Series, thin } from "../show/plot.ts";
import { type Score, SCORES, scoreTitles } from "../show/score_chart.ts";
import type { RunChart, RunFacts, RunLine } from "./page/engine.ts";

/** The column of `metrics.csv` with a score. */
const COLUMNS: Readonly<Record<Score, Metric>> = {
  mlmLoss: "mlm_loss",
  mlmAccuracy: "mlm_accuracy",
  nspLoss: "nsp_loss",
  nspAccuracy: "nsp_accuracy",
};

/**
 * Reads the progress of the run in a folder, with the curves of its charts.
 *
 * @throws {FormatError} If its `metrics.csv` cannot be read.
 */
export async function runCharts(folder: string): Promise<Omit<RunFacts, "isLive">> {
  const run = await readRun(folder);
  const charts = SCORES.flatMap((score): RunChart[] => {
    const metric = COLUMNS[score];
    const smoothing = Math.max(1, Math.round(run.steps.length / 100));
    const [training] = curves([run], { x: "step", y: metric, smoothing });
    const [heldOut] = curves([run], { x: "step", y: metric, split: "evaluations" });
    if (training.x.length === 0) return [];
    const name = smoothing > 1 ? `training, means of ${smoothing}` : "training";
    const lines = [
      runLine({ ...training, name }),
      ...(heldOut.x.length > 0 ? [runLine({ ...heldOut, name: "held out" })] : []),
    ];
    return [{ ...scoreTitles(score), lines }];
  });
  return { name: run.name, step: run.steps.at(-1)?.step ?? 0, charts };
}

/** A curve with no more points than a chart shows, as a run may have a million steps. */
function runLine(series: Series): RunLine {
  const { name, x, y } = thin(series);
  return { name, x, y: y.map((value) => Number.isFinite(value) ? value : null) };
}
