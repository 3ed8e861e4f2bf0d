import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { GrowingFile, lastLines } from "bert/files/growing_file.ts";
import { readLastSteps, stepIn } from "bert/training/metrics_file.ts";
import { Output } from "bert/cli/terminal_output.ts";
import { PretrainLine } from "bert/cli/pretrain_status.ts";
import { duration } from "bert/format.ts";
import type { RunConfig } from "bert/runs/config_file.ts";
import type { EvaluationLog } from "bert/runs/journal.ts";
import { RunReport, runReport } from "bert/show/run_report.ts";
import { completeSettings, libraryConfigs } from "bert/runs/complete_settings.ts";
import { bertConfig } from "bert/config.ts";
import { MetricsFile } from "bert/training/metrics_file.ts";
import { StepMeans } from "bert/show/run_report.ts";
import { STEP } from "../support/step_log.ts";

const STEPS = Array.from({ length: 40 }, (_, i) => ({
  ...STEP,
  step: i + 1,
  epoch: 1,
  seconds: i + 1,
  tokens: 1000 * (i + 1),
  tokensPerSecond: 1000,
  mlmLoss: 6.25 - i / 20,
  nspLoss: 0.7,
  mlmAccuracy: 0.1,
  nspAccuracy: 0.5,
  gradientNorm: 2,
}));

const SCORE = { loss: 4, accuracy: 0.5, count: 2 };
const EVALUATION: EvaluationLog = {
  step: 20,
  epoch: 1,
  tokens: 20_000,
  seconds: 20,
  mlmLoss: 5.125,
  mlmAccuracy: 0.21,
  nspLoss: 0.69,
  nspAccuracy: 0.55,
  perplexity: 168.2,
  predictions: 300,
  pairs: 40,
  byKind: { masked: SCORE, random: SCORE, kept: SCORE },
  intervals: {
    mlmLoss: [5, 5.25],
    mlmAccuracy: [0.18, 0.24],
    nspLoss: [0.68, 0.7],
    nspAccuracy: [0.4, 0.7],
    perplexity: [148, 191],
  },
  samples: [{
    text: "a <b> & [MASK]",
    answer: "c",
    guesses: [{ token: "the", probability: 0.25 }],
  }],
};

const CONFIG: RunConfig = {
  format: 1,
  run: "abc",
  settings: completeSettings({}),
  ...libraryConfigs(completeSettings({})),
  model: bertConfig("tiny"),
  plannedSteps: 40,
  evaluateEvery: 20,
  corpus: { sha256: "0123", training: 20, heldOut: 2 },
  vocabulary: { sha256: "4567", size: 100, lowercase: true, stripAccents: null },
  baselines: {
    uniformLoss: 9,
    unigramLoss: 6.125,
    unigramAccuracy: 0.05,
    nspMajority: 0.5,
    nspUniformLoss: Math.LN2,
  },
  software: { backend: "test" },
};

Deno.test("run.html has curves, scores beside baselines with intervals, samples and settings, and loads nothing", () => {
  const facts = { config: CONFIG, steps: STEPS, evaluations: [EVALUATION], events: ["x <began>"] };
  const html = runReport("whales", facts);
  strictEqual(html.split("<svg ").length - 1, 4);
  match(html, /5\.125<\/td><td[^>]*>5\.000 to 5\.250<\/td><td[^>]*>6\.125/);
  match(html, /a &lt;b&gt; &amp; \[MASK\].*the 25 %/);
  match(html, /x &lt;began&gt;/);
  match(html, /<td[^>]*>batchSize<\/td><td[^>]*>32/);
  deepStrictEqual(html.match(/(?:src|href|url)\s*[=(]|<script|@import/g), null);
  const addresses = new Set(html.match(/https?:[^"' ]*/g));
  deepStrictEqual([...addresses], ["http://www.w3.org/2000/svg"]); // the XML namespace of SVG
});

Deno.test("run.html can be drawn before the first step and without held-out text", () => {
  const { baselines: _, ...config } = CONFIG;
  for (const steps of [[], STEPS.slice(0, 1)]) {
    const html = runReport("whales", { config, steps, evaluations: [], events: [] });
    match(html, /<h2>Settings<\/h2>/);
    ok(!/NaN|undefined|Infinity/.test(html));
  }
});

Deno.test("stepIn() and readLastSteps() read back what was written, bit for bit", async () => {
  const path = await Deno.makeTempFile();
  const file = MetricsFile.create(path);
  for (const step of STEPS) file.writeStep({ ...step, mlmLoss: step.mlmLoss / 3 });
  file.writeEvaluation(EVALUATION, EVALUATION);
  file.writeSkipped({ epoch: 1, step: 41, tokens: 9 });
  file.close();
  const expected = STEPS.map((step) => ({ ...step, mlmLoss: step.mlmLoss / 3 }));
  const lines = (await Deno.readTextFile(path)).split("\n");
  deepStrictEqual(lines.map(stepIn).filter(Boolean), expected);
  deepStrictEqual(await readLastSteps(path, 7), expected.slice(-7));
  await Deno.remove(path);
});

Deno.test("GrowingFile yields each complete line once, and lastLines() returns the lines at the end of a file", async () => {
  const path = await Deno.makeTempFile();
  const lines = Array.from({ length: 20_000 }, (_, i) => `${i} é`.padEnd(4 + i % 9, "."));
  const file = new GrowingFile(path);
  const found: string[] = [];
  for (let at = 0; at < lines.length; at += 5000) {
    await Deno.writeTextFile(path, lines.slice(at, at + 5000).join("\n") + "\nhalf", {
      append: true,
    });
    for await (const line of file.newLines()) found.push(line);
    await Deno.truncate(path, (await Deno.stat(path)).size - 4);
  }
  deepStrictEqual(found, lines);
  for (const count of [1, 9000, 30_000]) {
    deepStrictEqual(await lastLines(path, count), lines.slice(-count));
  }
  await Deno.remove(path);
  deepStrictEqual(await lastLines(path, 3), []);
  deepStrictEqual(await Array.fromAsync(file.newLines()), []);
});

Deno.test("GrowingFile yields a line of any length once it has its end, copying each byte once", async () => {
  const path = await Deno.makeTempFile();
  const file = new GrowingFile(path);
  const long = "x".repeat(30_000_000);
  await Deno.writeTextFile(path, `a\n${long}`);
  deepStrictEqual(await Array.fromAsync(file.newLines()), ["a"]);
  await Deno.writeTextFile(path, "y\nb\nhal", { append: true });
  const lines = await Array.fromAsync(file.newLines());
  deepStrictEqual(lines.map(({ length }) => length), [long.length + 1, 1]);
  await Deno.remove(path);
});

Deno.test("StepMeans keeps a run of any length as means of neighbouring steps, and loses none", () => {
  const means = new StepMeans();
  for (const step of STEPS) means.add(step);
  deepStrictEqual(means.steps, STEPS); // so few steps are kept unchanged
  for (let step = STEPS.length + 1; step <= 100_001; step++) {
    means.add({ ...STEP, step, mlmLoss: 1e5 - step });
  }
  const { steps, last } = means;
  ok(steps.length >= 400 && steps.length <= 800, `${steps.length}`);
  strictEqual(last?.step, 100_001);
  deepStrictEqual(steps.slice(0, 2).map(({ step }) => step), [64.5, 192.5]); // means of 128 steps each
  ok(steps.slice(1).every(({ step, mlmLoss }) => Math.abs(mlmLoss - 1e5 + step) < 1e-6));
});

Deno.test("run.html of 100,000 steps is as small as that of 1,000, and writing it again reads only new rows", async () => {
  const folder = await Deno.makeTempDir();
  const report = new RunReport(folder, CONFIG);
  const row = (step: number) => `train,1,${step},5,0.7,5.7,0.1,0.5,0.001,1,${step}00,100,${step}`;
  const grow = async (from: number, to: number) => {
    const rows = Array.from({ length: to - from }, (_, i) => row(from + i)).join("\r\n");
    await Deno.writeTextFile(`${folder}/metrics.csv`, `${rows}\r\n`, { append: true });
    await report.write();
    return await Deno.readTextFile(`${folder}/run.html`);
  };
  const small = await grow(1, 1001);
  const large = await grow(1001, 100_001);
  match(large, /Now at step 100,000 of 40, 10,000,000 tokens/);
  ok(large.length < 1.5 * small.length, `${large.length} of ${small.length}`);
  await Deno.writeTextFile(`${folder}/metrics.csv`, ""); // rows that were read are not read again
  await report.write();
  strictEqual(await Deno.readTextFile(`${folder}/run.html`), large);
  await Deno.remove(folder, { recursive: true });
});

/** An output that keeps what is written to it. */
function kept(terminal: boolean) {
  const decoder = new TextDecoder();
  let text = "";
  const write = (bytes: Uint8Array) => {
    text += decoder.decode(bytes);
    return bytes.length;
  };
  return { output: new Output({ terminal, write }), text: () => text };
}

/** Shows steps a second apart and returns all that was written. */
function shown(terminal: boolean, resumed = 0): string {
  const { output, text } = kept(terminal);
  let time = 0;
  const line = new PretrainLine(output, { plannedSteps: 40, now: () => time });
  for (const step of STEPS.slice(resumed)) {
    time += 1000;
    line.show(step);
    if (step.step === 20) output.say("an evaluation");
  }
  line.close();
  return text();
}

Deno.test("the progress line is overwritten on a terminal, and is printed rarely elsewhere", () => {
  const lines = shown(false).split("\n");
  deepStrictEqual(lines.map((line) => line.split("  ")[0]), [
    "step 1/40",
    "an evaluation",
    "step 31/40",
    "",
  ]);
  strictEqual(
    lines[2],
    "step 31/40  MLM 4.750 (10.0 %)  NSP 0.700 (50.0 %)  1,000 tokens/s  ETA 9 s",
  );
  const drawn = shown(true);
  const drawings = drawn.split("\r\x1b[K");
  strictEqual(drawings.length - 1, 43); // 40 steps, two for the line that stays, one at the end
  match(drawings.at(-1)!, /^step 40\/40 .*\n$/);
  strictEqual(drawn.split("\n").length - 1, 2);
});

Deno.test("the progress line of a run without sentence pairs has no figures of pairs", () => {
  const { output, text } = kept(false);
  new PretrainLine(output, { plannedSteps: 40, pairs: false }).show(STEPS[0]);
  strictEqual(text(), "step 1/40  MLM 6.250 (10.0 %)  1,000 tokens/s  ETA …\n");
});

Deno.test("the time left is estimated from the speed of this process, also in a resumed run", () => {
  match(shown(false, 5).split("\n")[2], /ETA 4 s$/); // step 36
  deepStrictEqual([59, 61, 7260].map(duration), ["59 s", "1 min", "2 h 1 min"]);
});
