/**
 * Training as a picture: curves of the losses and accuracies beside the lines that a model has to
 * cross to have learnt anything, drawn while the run goes on.
 */
import type { Baselines } from "../training/baselines.ts";
import { movingMean } from "../training/statistics.ts";
import type { Figure } from "./figure.ts";
import type { StepLog } from "../training/history.ts";
import { live, progressBar } from "./notebook.ts";
import { type Baseline, lineChart } from "./plot.ts";

/** What the curves are smoothed over, in steps: single steps are noisy. */
const SMOOTHING = 25;

/**
 * Both losses over the steps, with the level lines that each has to get below. A run without
 * sentence pairs, whose loss for them is 0 throughout, has only the first.
 */
export function lossCurves(steps: readonly StepLog[], baselines?: Baselines): Figure {
  const x = steps.map(({ step }) => step);
  const words = { name: "masked words", x, y: smooth(steps.map(({ mlmLoss }) => mlmLoss)) };
  const pairs = { name: "sentence pairs", x, y: smooth(steps.map(({ nspLoss }) => nspLoss)) };
  const titles = { title: "Losses", xTitle: "step", yTitle: "loss (nats)" };
  const levels = mlmLevels(baselines);
  if (!steps.some(asksPairs)) return lineChart([words], { ...titles, baselines: levels });
  return lineChart([words, pairs], { ...titles, baselines: [...levels, COIN] });
}

function asksPairs({ nspLoss }: StepLog): boolean {
  return nspLoss !== 0;
}

/** The masked-word loss over the steps, with ln V and the unigram loss as level lines. */
export function mlmLossChart(steps: readonly StepLog[], baselines?: Baselines): Figure {
  return curve(steps, "mlmLoss", "Masked words: loss", "loss (nats)", mlmLevels(baselines));
}

/** The sentence-pair loss over the steps, with the loss of a coin as a level line. */
export function nspLossChart(steps: readonly StepLog[]): Figure {
  return curve(steps, "nspLoss", "Sentence pairs: loss", "loss (nats)", [COIN]);
}

/** Both accuracies over the steps, with the most frequent word and the majority as level lines. */
export function accuracyChart(steps: readonly StepLog[], baselines?: Baselines): Figure {
  const levels = baselines
    ? [
      { name: "most frequent word", y: baselines.unigramAccuracy },
      { name: "majority of pairs", y: baselines.nspMajority },
    ]
    : [];
  const x = steps.map(({ step }) => step);
  const lines = [
    { name: "masked words", x, y: smooth(steps.map(({ mlmAccuracy }) => mlmAccuracy)) },
    { name: "sentence pairs", x, y: smooth(steps.map(({ nspAccuracy }) => nspAccuracy)) },
  ];
  const titles = { title: "Accuracy", xTitle: "step", yTitle: "share of right answers" };
  return lineChart(lines, { ...titles, baselines: levels });
}

/** What `pretrain()` needs to draw a run while it goes on. */
export interface TrainingView {
  /** Hand it to `pretrain()` as `onStep`. */
  onStep(log: StepLog): Promise<void>;
  /** Draws the last state. Await it at the end of the cell. */
  finish(): Promise<void>;
}

/**
 * A loss curve and a progress bar that grow with the run.
 *
 * @param id A name that is different for each view in a notebook.
 * @param plannedSteps Where the bar ends.
 */
export function trainingView(
  id: string,
  plannedSteps: number,
  baselines?: Baselines,
): TrainingView {
  const steps: StepLog[] = [];
  const [bar, chart] = [live(`${id}-bar`, 500), live(`${id}-chart`, 2000)];
  return {
    async onStep(log) {
      steps.push(log);
      const share = log.step / plannedSteps;
      await bar.update(() => progressBar(share, progressNote(log, plannedSteps)));
      await chart.update(() => lossCurves(steps, baselines));
    },
    async finish() {
      await bar.finish();
      await chart.finish();
    },
  };
}

/** Where a run is and how fast: losses, tokens a second since it began, and the time still to go. */
export function progressNote(log: StepLog, plannedSteps: number): string {
  const { step, mlmLoss, nspLoss, tokens, seconds } = log;
  const pairs = asksPairs(log) ? `, NSP ${nspLoss.toFixed(2)}` : "";
  const losses = `MLM ${mlmLoss.toFixed(2)}${pairs} nats`;
  const speed = `${Math.round(tokens / seconds).toLocaleString("en-US")} tokens/s`;
  const left = Math.round(seconds / step * (plannedSteps - step));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const rest = left > 0 ? `, ${clock} left` : "";
  return `step ${step} of ${plannedSteps}: ${losses}, ${speed}${rest}`;
}

const COIN = { name: "a coin (ln 2)", y: Math.LN2 };

function mlmLevels(baselines?: Baselines): Baseline[] {
  if (!baselines) return [];
  return [
    { name: "no knowledge (ln V)", y: baselines.uniformLoss },
    { name: "word frequencies", y: baselines.unigramLoss },
  ];
}

function curve(
  steps: readonly StepLog[],
  key: "mlmLoss" | "nspLoss",
  title: string,
  yTitle: string,
  baselines: readonly Baseline[],
): Figure {
  const x = steps.map(({ step }) => step);
  const y = smooth(steps.map((step) => step[key]));
  return lineChart([{ name: "training", x, y }], { title, xTitle: "step", yTitle, baselines });
}

function smooth(values: readonly number[]): number[] {
  return movingMean(values, SMOOTHING);
}
