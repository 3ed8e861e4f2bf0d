/** `run.html`: a run on one page, curves, scores, samples and settings, readable without network. */
import { replaceFile } from "./durable.ts";
import type { IntervalName } from "./evaluate.ts";
import type { Interval } from "./intervals.ts";
import { readSteps, type StepLog } from "./metrics.ts";
import { lineChart, type Series, table } from "./plot.ts";
import type { RunConfig } from "./run_folder.ts";
import type { EvaluationLog } from "./run_hooks.ts";
import type { FilledSample } from "./samples.ts";
import { escape } from "./svg.ts";

/** Draws the report of a run from what is in its folder. */
export async function writeRunReport(folder: string, config: RunConfig): Promise<void> {
  const steps = await readSteps(`${folder}/metrics.csv`);
  const lines = (await Deno.readTextFile(`${folder}/evaluations.jsonl`)).split("\n");
  const evaluations = lines.filter(Boolean).map((line) => JSON.parse(line) as EvaluationLog);
  const events = await Deno.readTextFile(`${folder}/log.txt`).catch(() => "");
  const name = folder.split(/[/\\]/).at(-1) ?? folder;
  await replaceFile(`${folder}/run.html`, runReport(name, { config, steps, evaluations, events }));
}

/** What a report is made of. */
export interface RunFacts {
  readonly config: RunConfig;
  readonly steps: readonly StepLog[];
  readonly evaluations: readonly EvaluationLog[];
  /** The lines of `log.txt`. */
  readonly events: string;
}

/** The report as one HTML document that refers to nothing outside itself. */
export function runReport(name: string, facts: RunFacts): string {
  const { evaluations, config, events } = facts;
  const last = evaluations.at(-1);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${escape(name)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>${escape(name)}</h1>`,
    `<p>${escape(standing(facts))}</p>`,
    ...(last ? ["<h2>Held-out scores</h2>", scores(last, config)] : []),
    ...(facts.steps.length > 0 ? ["<h2>Curves</h2>", ...curves(facts)] : []),
    ...(last ? ["<h2>What it fills in</h2>", sampleTable(evaluations)] : []),
    "<h2>Settings</h2>",
    settingsTable(config),
    ...(events ? ["<h2>Events</h2>", `<pre>${escapeLines(events)}</pre>`] : []),
    "</body></html>\n",
  ].join("\n");
}

const STYLE = "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;" +
  "line-height:1.5;color:#222}svg{max-width:100%;height:auto}table{border-collapse:collapse}" +
  "td,th{padding:.25rem .75rem;border-bottom:1px solid #ddd;vertical-align:top}" +
  "pre{overflow-x:auto;background:#f6f6f6;padding:.75rem}";

function standing({ config, steps }: RunFacts): string {
  const { settings, model, plannedSteps, corpus } = config;
  const last = steps.at(-1);
  const planned = plannedSteps === null ? "" : ` of ${count(plannedSteps)}`;
  const progress = last
    ? `step ${count(last.step)}${planned}, ${count(last.tokens)} tokens in ${minutes(last.seconds)}`
    : "no step yet";
  return `${settings.corpus}: ${corpus.training} documents to train on, ${corpus.heldOut} held out. ` +
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
  const chart = (
    title: string,
    key: "mlmLoss" | "nspLoss" | "mlmAccuracy" | "nspAccuracy",
    levels: readonly { name: string; y: number | undefined }[],
  ) => {
    const held = { name: "held out", ...points(evaluations, key) };
    const series: Series[] = [{ name: "training", ...points(steps, key) }];
    if (evaluations.length > 0) series.push(held);
    const known = levels.flatMap(({ name, y }) => y === undefined ? [] : [{ name, y }]);
    const yTitle = key.endsWith("Loss") ? "loss (nats)" : "share of right answers";
    return lineChart(series, { title, xTitle: "step", yTitle, baselines: known }).svg;
  };
  return [
    chart("Masked words: loss", "mlmLoss", [
      { name: "ln V", y: baselines?.uniformLoss },
      { name: "word frequencies", y: baselines?.unigramLoss },
    ]),
    chart("Masked words: accuracy", "mlmAccuracy", [
      { name: "most frequent word", y: baselines?.unigramAccuracy },
    ]),
    ...(settings.pairing === "none" ? [] : [
      chart("Sentence pairs: loss", "nspLoss", [{ name: "a coin", y: baselines?.nspUniformLoss }]),
      chart("Sentence pairs: accuracy", "nspAccuracy", [
        { name: "majority", y: baselines?.nspMajority },
      ]),
    ]),
  ];
}

function points<K extends string>(
  rows: readonly ({ readonly step: number } & Readonly<Record<K, number>>)[],
  key: K,
) {
  return { x: rows.map(({ step }) => step), y: rows.map((row) => row[key]) };
}

/** The samples at up to five evaluations, first and last among them. */
function sampleTable(evaluations: readonly EvaluationLog[]): string {
  const shown = Math.min(5, evaluations.length);
  const chosen = Array.from(
    { length: shown },
    (_, i) => evaluations[Math.round(i * (evaluations.length - 1) / Math.max(shown - 1, 1))],
  );
  const guesses = ({ guesses }: FilledSample) =>
    guesses.map(({ token, probability }) => `${token} ${(100 * probability).toFixed(0)} %`).join(
      ", ",
    );
  const rows = chosen[0].samples.map(({ text, answer }, i) => ({
    sentence: text,
    answer,
    ...Object.fromEntries(chosen.map(({ step, samples }) => [`step ${step}`, guesses(samples[i])])),
  }));
  return rows.length > 0 ? table(rows).html : "<p>No held-out sentence is long enough.</p>";
}

function settingsTable({ settings, run, software, corpus, vocabulary }: RunConfig): string {
  const more = { run, "corpus SHA-256": corpus.sha256, "vocabulary SHA-256": vocabulary.sha256 };
  const all = Object.entries({ ...settings, ...more, ...software });
  return table(all.map(([setting, value]) => ({ setting, value: String(value) }))).html;
}

function escapeLines(text: string): string {
  return text.trimEnd().split("\n").map(escape).join("\n");
}

function range([low, high]: Interval, digits: number): string {
  const end = (value: number | null) =>
    value === null || !Number.isFinite(value) ? "?" : value.toFixed(digits);
  return `${end(low)} to ${end(high)}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
