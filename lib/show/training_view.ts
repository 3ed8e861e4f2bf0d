/**
 * Live charts of training: losses and accuracies with their baselines as level lines, updated during
 * the run.
 */
import { ARRAY, checkArguments } from "../checks.ts";
import { count, duration } from "../format.ts";
import type { Baselines } from "../training/baselines.ts";
import { movingMean } from "../training/statistics.ts";
import type { Figure } from "./figure.ts";
import type { StepLog } from "../training/history.ts";
import { live, progressBar } from "./notebook.ts";
import { type Score, scoreChart, scoreCurve } from "./score_chart.ts";

/** The number of steps over which the curves are averaged, as single steps are noisy. */
const SMOOTHING = 25;

/**
 * Draws the masked-word loss over the steps, smoothed, with ln V and the unigram loss as level lines.
 *
 * @example
 * ```ts
 * import { stepIn } from "bert/training/metrics_file.ts";
 * import { mlmLossChart } from "bert/show/training_view.ts";
 * import { ok } from "node:assert";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * const steps = [{ ...step, step: 1 }, { ...step, step: 2, mlmLoss: 6.4 }];
 * ok(mlmLossChart(steps).text.includes("6.5 → 6.45")); // the curve is smoothed
 * ```
 */
export function mlmLossChart(steps: readonly StepLog[], baselines?: Baselines): Figure {
  return smoothChart("mlmLoss", steps, baselines);
}

/** Draws the sentence-pair loss over the steps, with ln 2 as a level line. */
export function nspLossChart(steps: readonly StepLog[]): Figure {
  return smoothChart("nspLoss", steps);
}

/** Draws the accuracy on masked words, with that of the most frequent word as a level line. */
export function mlmAccuracyChart(steps: readonly StepLog[], baselines?: Baselines): Figure {
  return smoothChart("mlmAccuracy", steps, baselines);
}

/** Draws the accuracy on pairs, with that of the more frequent label as a level line. */
export function nspAccuracyChart(steps: readonly StepLog[], baselines?: Baselines): Figure {
  return smoothChart("nspAccuracy", steps, baselines);
}

function smoothChart(score: Score, steps: readonly StepLog[], baselines?: Baselines): Figure {
  checkArguments("the chart of a run", [["steps", steps, ARRAY]]);
  const { name, x, y } = scoreCurve("training", steps, score);
  return scoreChart(score, [{ name, x, y: movingMean(y, SMOOTHING) }], baselines);
}

function hasPairs({ nspLoss }: StepLog): boolean {
  return nspLoss !== 0;
}

/** A live view of a run. `await using` finishes it. */
export interface TrainingView extends AsyncDisposable {
  /** The function to pass to `pretrain()` as `onStep`. */
  onStep(log: StepLog): Promise<void>;
  /** Draws the final state. The cell must wait for it at its end. */
  finish(): Promise<void>;
}

/**
 * Opens a live view of a run: a progress bar, a chart for the masked words and, if the run has pairs,
 * one for the sentence pairs.
 *
 * The final state shows no times or speeds, so that two equal runs look the same.
 *
 * @param id A name that is unique in the notebook.
 * @param plannedSteps The number of steps at which the bar is full. If the run ends earlier, the bar says
 * that it was stopped.
 * @param baselines The level lines of the chart of masked words. Default: none.
 *
 * @example
 * ```ts
 * import { inNotebook } from "bert/show/notebook.ts";
 * import { trainingView } from "bert/show/training_view.ts";
 * import { stepIn } from "bert/training/metrics_file.ts";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * if (inNotebook()) {
 *   await using view = trainingView("my-run", 2); // is finished at the end of the block
 *   await view.onStep(step); // pretrain(…, { onStep: view.onStep }) does this after each step
 * }
 * ```
 */
export function trainingView(
  id: string,
  plannedSteps: number,
  baselines?: Baselines,
): TrainingView {
  const steps: StepLog[] = [];
  const bar = live(`${id}-bar`, 500);
  const words = live(`${id}-words`, 2000);
  const pairs = live(`${id}-pairs`, 2000);
  const finish = async () => {
    const last = steps.at(-1);
    if (last) {
      await bar.update(progressBar(last.step / plannedSteps, endNote(last, plannedSteps)));
    }
    for (const view of [bar, words, pairs]) await view.finish();
  };
  return {
    async onStep(log) {
      steps.push(log);
      const share = log.step / plannedSteps;
      await bar.update(() => progressBar(share, progressNote(log, plannedSteps)));
      await words.update(() => mlmLossChart(steps, baselines));
      if (hasPairs(log)) await pairs.update(() => nspLossChart(steps));
    },
    finish,
    [Symbol.asyncDispose]: finish,
  };
}

/** The progress of a run in words: losses of the last batch, mean tokens per second, and time left. */
export function progressNote(log: StepLog, plannedSteps: number): string {
  const { step, tokens, seconds } = log;
  const speed = `${count(Math.round(tokens / seconds))} tokens/s`;
  const left = seconds / step * (plannedSteps - step);
  const rest = left > 0 ? `, ${duration(left)} left` : "";
  return `step ${step} of ${plannedSteps}, ${losses(log)}, ${speed}${rest}`;
}

/** The end of a run in words, and whether it was stopped before its planned steps. */
export function endNote(log: StepLog, plannedSteps: number): string {
  const { step } = log;
  if (step < plannedSteps) return `stopped at step ${step} of ${plannedSteps}, ${losses(log)}`;
  return `step ${step} of ${plannedSteps}, ${losses(log)}`;
}

/** The losses of the last batch. They vary more than the curves, which show means over batches. */
function losses(log: StepLog): string {
  const pairs = hasPairs(log) ? `, NSP ${log.nspLoss.toFixed(2)}` : "";
  return `last batch: MLM ${log.mlmLoss.toFixed(2)}${pairs} nats`;
}
