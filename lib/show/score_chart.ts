/** Charts of one score of a run, with its baselines as level lines. */
import type { Baselines } from "../training/baselines.ts";
import type { Baseline, Figure } from "./figure.ts";
import { lineChart, type Series } from "./plot.ts";

/** The scores that have a chart, in the order of the report. */
export const SCORES = ["mlmLoss", "mlmAccuracy", "nspLoss", "nspAccuracy"] as const;

/** The name of a score, as in a step's entry and in an evaluation. */
export type Score = typeof SCORES[number];

const TITLES: Readonly<Record<Score, string>> = {
  mlmLoss: "Masked words: loss",
  mlmAccuracy: "Masked words: accuracy",
  nspLoss: "Sentence pairs: loss",
  nspAccuracy: "Sentence pairs: accuracy",
};

/** The title of a score's chart, and the name of its vertical axis. */
export function scoreTitles(score: Score): { readonly title: string; readonly yTitle: string } {
  const yTitle = score.endsWith("Loss") ? "loss (nats)" : "share of right answers";
  return { title: TITLES[score], yTitle };
}

/** Draws the chart of a score. Without `baselines` the only level line is ln 2, for the loss of pairs. */
export function scoreChart(score: Score, curves: readonly Series[], baselines?: Baselines): Figure {
  return lineChart(curves, {
    ...scoreTitles(score),
    xTitle: "step",
    baselines: levels(score, baselines),
  });
}

/** Makes the curve of a score over the steps. */
export function scoreCurve(
  name: string,
  rows: readonly ({ readonly step: number } & Readonly<Record<Score, number>>)[],
  score: Score,
): Series {
  return { name, x: rows.map(({ step }) => step), y: rows.map((row) => row[score]) };
}

function levels(score: Score, baselines: Baselines | undefined): Baseline[] {
  if (score === "nspLoss") return [{ name: "a coin (ln 2)", y: Math.LN2 }];
  if (!baselines) return [];
  const { uniformLoss, unigramLoss, unigramAccuracy, nspMajority } = baselines;
  return {
    mlmLoss: [
      { name: "no knowledge (ln V)", y: uniformLoss },
      { name: "word frequencies", y: unigramLoss },
    ],
    mlmAccuracy: [{ name: "most frequent word", y: unigramAccuracy }],
    nspAccuracy: [{ name: "majority", y: nspMajority }],
  }[score];
}
