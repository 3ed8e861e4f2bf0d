/** `run.html`: the curves, scores, samples and settings of a run on one page that needs no network. */
import { GrowingFile, lastLines } from "../files/growing_file.ts";
import { replaceFile } from "../files/write.ts";
import { count, duration, percent, several } from "../format.ts";
import type { RunConfig } from "../runs/config_file.ts";
import { evaluationIn, type EvaluationLog } from "../runs/journal.ts";
import { type TextFacts, textRows } from "../runs/text_facts.ts";
import type { FilledSample } from "../runs/sample_sentences.ts";
import type { IntervalName } from "../training/evaluate.ts";
import type { StepLog } from "../training/history.ts";
import { stepIn } from "../training/metrics_file.ts";
import type { Interval } from "../training/statistics.ts";
import type { Series } from "./plot.ts";
import { table } from "./table.ts";
import { type Score, scoreChart, scoreCurve, SCORES } from "./score_chart.ts";
import { escape } from "./svg.ts";

/** The most lines of `log.txt` that the report shows. */
const EVENTS = 200;

/**
 * The report of a run. It can be written repeatedly: each time only the new parts of the run's files
 * are read, and memory holds a bounded number of steps.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { beginRun } from "bert/runs/open.ts";
 * import { runToEnd } from "bert/runs/loop.ts";
 * import { RunReport } from "bert/show/run_report.ts";
 * import { ok } from "node:assert";
 * const folder = `${await Deno.makeTempDir()}/run`;
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 1 };
 * const run = await beginRun(folder, settings, { backend: await useBackend() }, () => {});
 * const report = new RunReport(folder, run.config);
 * await runToEnd(run, { report: () => report.write() });
 * run.close();
 * ok((await Deno.readTextFile(`${folder}/run.html`)).includes("<svg"));
 * ```
 */
export class RunReport {
  readonly #folder: string;
  readonly #config: RunConfig;
  readonly #metrics: GrowingFile;
  readonly #evaluationLines: GrowingFile;
  readonly #means = new StepMeans();
  readonly #evaluations: EvaluationLog[] = [];
  #damagedLines = 0;

  /** Makes the report of the run in `folder`, whose `config.json` contains `config`. */
  constructor(folder: string, config: RunConfig) {
    this.#folder = folder;
    this.#config = config;
    this.#metrics = new GrowingFile(`${folder}/metrics.csv`);
    this.#evaluationLines = new GrowingFile(`${folder}/evaluations.jsonl`);
  }

  /** Writes `run.html`. */
  async write(): Promise<void> {
    for await (const line of this.#metrics.newLines()) {
      const step = stepIn(line);
      if (step) this.#means.add(step);
    }
    for await (const line of this.#evaluationLines.newLines()) {
      const evaluation = evaluationIn(line);
      if (evaluation) this.#evaluations.push(evaluation);
      else this.#damagedLines++;
    }
    const name = this.#folder.split(/[/\\]/).at(-1) ?? this.#folder;
    const { steps, last } = this.#means;
    const events = await lastLines(`${this.#folder}/log.txt`, EVENTS);
    const facts = {
      config: this.#config,
      steps,
      last,
      evaluations: this.#evaluations,
      events,
      damagedLines: this.#damagedLines,
    };
    await replaceFile(`${this.#folder}/run.html`, runReport(name, facts));
  }
}

/** The contents of a report. */
export interface RunFacts {
  /** The contents of the run's `config.json`. */
  readonly config: RunConfig;
  /** All steps, or means of neighbouring steps. */
  readonly steps: readonly StepLog[];
  /** The last step, if there is one. */
  readonly last?: StepLog;
  /** All evaluations on held-out text. */
  readonly evaluations: readonly EvaluationLog[];
  /** The last lines of `log.txt`. */
  readonly events: readonly string[];
  /** The number of lines of `evaluations.jsonl` that cannot be read and are left out. Default: 0. */
  readonly damagedLines?: number;
}

/** Returns the report as one HTML document without external references. */
export function runReport(name: string, facts: RunFacts): string {
  const { evaluations, config, events, damagedLines = 0 } = facts;
  const last = evaluations.at(-1);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${escape(name)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>${escape(name)}</h1>`,
    `<p>${escape(summary(facts))}</p>`,
    ...(damagedLines > 0
      ? [`<p>Damaged lines of evaluations.jsonl that are left out: ${damagedLines}.</p>`]
      : []),
    ...(config.text ? ["<h2>Training text</h2>", textTable(config.text)] : []),
    ...(last ? ["<h2>Held-out scores</h2>", scores(last, config)] : []),
    ...(facts.steps.length > 0 ? ["<h2>Curves</h2>", ...curves(facts)] : []),
    ...(last ? ["<h2>What the model fills in</h2>", sampleTable(evaluations)] : []),
    "<h2>Settings</h2>",
    settingsTable(config),
    ...(events.length > 0
      ? [`<h2>Last events</h2>`, `<pre>${events.map(escape).join("\n")}</pre>`]
      : []),
    "</body></html>\n",
  ].join("\n");
}

const STYLE = "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;" +
  "line-height:1.5;color:#222}svg{max-width:100%;height:auto}table{border-collapse:collapse}" +
  "td,th{padding:.25rem .75rem;border-bottom:1px solid #ddd;vertical-align:top}" +
  "pre{overflow-x:auto;background:#f6f6f6;padding:.75rem}";

/** The corpus, the model and the progress of the run in a few sentences. */
function summary({ config, last }: RunFacts): string {
  const { settings, model, plannedSteps, corpus } = config;
  const planned = plannedSteps === null ? "" : ` of ${count(plannedSteps)}`;
  const progress = last
    ? `step ${count(last.step)}${planned}, ${count(last.tokens)} tokens in ${
      duration(last.seconds)
    }`
    : "no step yet";
  return `${settings.corpus}: ${
    several(corpus.training, "document")
  } to train on, ${corpus.heldOut} held out. ` +
    `${model.numHiddenLayers} layers of width ${model.hiddenSize}, vocabulary ` +
    `${count(model.vocabSize)}. Now at ${progress}.`;
}

function scores(log: EvaluationLog, { baselines }: RunConfig): string {
  const row = (what: string, name: IntervalName, digits: number, naive?: number) => ({
    score: what,
    model: log[name].toFixed(digits),
    "95 % interval": range(log.intervals[name], digits),
    baseline: naive === undefined ? "" : naive.toFixed(digits),
  });
  const rows = [
    row("masked words: loss (nats); word frequencies", "mlmLoss", 3, baselines?.unigramLoss),
    row("masked words: accuracy; most frequent word", "mlmAccuracy", 4, baselines?.unigramAccuracy),
    row("masked words: perplexity", "perplexity", 1, baselines && Math.exp(baselines.unigramLoss)),
  ];
  if (log.pairs > 0) {
    rows.push(row("sentence pairs: loss (nats); a coin", "nspLoss", 3, baselines?.nspUniformLoss));
    rows.push(row("sentence pairs: accuracy; majority", "nspAccuracy", 4, baselines?.nspMajority));
  }
  const note = `After step ${count(log.step)}, on ${count(log.predictions)} words and ` +
    `${count(log.pairs)} pairs. Intervals are over sequences.`;
  return `<p>${note}</p>${table(rows).html}`;
}

function curves({ config: { baselines, settings }, steps, evaluations }: RunFacts): string[] {
  const scores: Score[] = settings.pairing === "none" ? ["mlmLoss", "mlmAccuracy"] : [...SCORES];
  return scores.map((score) => {
    const series: Series[] = [scoreCurve("training", steps, score)];
    if (evaluations.length > 0) series.push(scoreCurve("held out", evaluations, score));
    return scoreChart(score, series, baselines).svg;
  });
}

/** The samples of up to five evaluations, including the first and the last. */
function sampleTable(evaluations: readonly EvaluationLog[]): string {
  const shown = Math.min(5, evaluations.length);
  const chosen = Array.from(
    { length: shown },
    (_, i) => evaluations[Math.round(i * (evaluations.length - 1) / Math.max(shown - 1, 1))],
  );
  const guesses = ({ guesses }: FilledSample) =>
    guesses.map(({ token, probability }) => `${token} ${percent(probability, 0)}`).join(
      ", ",
    );
  const rows = chosen[0].samples.map(({ text, answer }, i) => ({
    sentence: text,
    answer,
    ...Object.fromEntries(chosen.map(({ step, samples }) => [`step ${step}`, guesses(samples[i])])),
  }));
  return rows.length > 0 ? table(rows).html : "<p>No held-out sentence is long enough.</p>";
}

function textTable(facts: TextFacts): string {
  return table(textRows(facts).map(([what, found]) => ({ what, found }))).html;
}

function settingsTable({ settings, run, software, corpus, vocabulary }: RunConfig): string {
  const more = { run, "corpus SHA-256": corpus.sha256, "vocabulary SHA-256": vocabulary.sha256 };
  const all = Object.entries({ ...settings, ...more, ...software });
  return table(all.map(([setting, value]) => ({ setting, value: String(value) }))).html;
}

function range([low, high]: Interval, digits: number): string {
  const end = (value: number | null) =>
    value === null || !Number.isFinite(value) ? "?" : value.toFixed(digits);
  return `${end(low)} to ${end(high)}`;
}

/** The most means that are kept, which is twice the number of points of a line in a chart. */
const MOST = 800;

/**
 * Collects the steps of a run, with bounded memory. It keeps fewer than 800 steps as they are; of more
 * steps it keeps the means of two neighbours, then of four, and so on.
 *
 * @example
 * ```ts
 * import { stepIn } from "bert/training/metrics_file.ts";
 * import { StepMeans } from "bert/show/run_report.ts";
 * import { ok, strictEqual } from "node:assert";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * const means = new StepMeans();
 * for (let i = 1; i <= 5000; i++) means.add({ ...step, step: i });
 * ok(means.steps.length <= 800);
 * strictEqual(means.last?.step, 5000);
 * ```
 */
export class StepMeans {
  #means: StepLog[] = [];
  #open: StepLog[] = [];
  #width = 1;

  /** The last step. */
  last?: StepLog;

  /** Adds the next step. */
  add(step: StepLog): void {
    this.last = step;
    if (this.#open.push(step) < this.#width) return;
    this.#means.push(mean(this.#open));
    this.#open = [];
    if (this.#means.length < MOST) return;
    this.#means = this.#means.flatMap((first, i, all) =>
      i % 2 === 0 ? [mean([first, all[i + 1]])] : []
    );
    this.#width *= 2;
  }

  /** The means of neighbouring steps, in order. The last may be the mean of fewer steps. */
  get steps(): readonly StepLog[] {
    return this.#open.length > 0 ? [...this.#means, mean(this.#open)] : this.#means;
  }
}

function mean(steps: readonly StepLog[]): StepLog {
  if (steps.length === 1) return steps[0];
  const keys = Object.keys(steps[0]) as (keyof StepLog)[];
  const entries = keys.map((key) =>
    [key, steps.reduce((sum, step) => sum + step[key], 0) / steps.length] as const
  );
  return Object.fromEntries(entries) as unknown as StepLog;
}
