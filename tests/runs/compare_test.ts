import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { curves, differingSettings, findRuns, readRun, type RunRecord } from "bert/runs/compare.ts";
import { MetricsFile } from "bert/training/metrics_file.ts";
import { STEP } from "../support/step_log.ts";

/** Calls a function with a temporary folder, and removes the folder. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "compare-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeRun(folder: string, steps: number, config?: unknown): Promise<void> {
  const file = MetricsFile.create(`${folder}/metrics.csv`);
  for (let step = 1; step <= steps; step++) {
    file.writeStep({
      ...STEP,
      epoch: 1,
      step,
      mlmLoss: 10 - step,
      tokens: 100 * step,
      seconds: step / 2,
    });
  }
  file.close();
  if (config) await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
}

Deno.test("readRun() reads what MetricsFile wrote, and separates steps from evaluations", async () => {
  await inFolder(async (folder) => {
    await writeRun(`${folder}/a`, 3, { seed: 1, train: { learningRate: 0.01, betas: [1, 2] } });
    const scored = "held-out,1,3,5,0.6,5.6,0.3,0.7,,,300,,1.5\n";
    const skipped = "skipped,1,4,,,,,,,,300,,\n";
    await Deno.writeTextFile(`${folder}/a/metrics.csv`, scored + skipped, { append: true });
    const run = await readRun(`${folder}/a/`);
    strictEqual(run.name, "a");
    deepStrictEqual(run.steps.map(({ mlm_loss }) => mlm_loss), [9, 8, 7]);
    deepStrictEqual(run.steps[2].tokens, 300);
    deepStrictEqual(run.evaluations, [{
      epoch: 1,
      step: 3,
      mlm_loss: 5,
      nsp_loss: 0.6,
      total_loss: 5.6,
      mlm_accuracy: 0.3,
      nsp_accuracy: 0.7,
      tokens: 300,
      seconds: 1.5,
    }]);
    deepStrictEqual(run.settings, {
      seed: "1",
      "train.learningRate": "0.01",
      "train.betas": "[1,2]",
    });
  });
});

Deno.test("readRun() leaves out an incomplete last row", async () => {
  await inFolder(async (folder) => {
    await writeRun(folder, 2);
    await Deno.writeTextFile(`${folder}/metrics.csv`, "train,1,3,7.12", { append: true });
    const { steps, settings } = await readRun(folder);
    deepStrictEqual([steps.length, settings], [2, {}]);
  });
});

Deno.test("readRun() names the file, the line and the column that are wrong", async () => {
  await inFolder(async (folder) => {
    await rejects(readRun(folder), { name: "FormatError", message: /metrics.csv.*no such file/ });
    const write = (text: string) => Deno.writeTextFile(`${folder}/metrics.csv`, text);
    await write("split,step,tokens\n");
    await rejects(readRun(folder), {
      name: "FormatError",
      message: /column "seconds", found split/,
    });
    await write("split,step,tokens,seconds\ntrain,1,5,1\ntrain,2,many,1\n");
    await rejects(readRun(folder), {
      name: "FormatError",
      message: /line 3, column tokens.*expected a number, found "many"/,
    });
    await writeRun(folder, 1, [1]);
    await rejects(readRun(folder), { name: "FormatError", message: /config.json.*object/ });
    await Deno.writeTextFile(`${folder}/config.json`, "{");
    await rejects(readRun(folder), { name: "FormatError", message: /config.json.*expected JSON/ });
  });
});

Deno.test("findRuns() lists the folders with metrics, by name", async () => {
  await inFolder(async (folder) => {
    for (const name of ["b", "a"]) await writeRun(`${folder}/${name}`, 1);
    await Deno.mkdir(`${folder}/empty`);
    await Deno.writeTextFile(`${folder}/notes.txt`, "");
    deepStrictEqual(await findRuns(folder), [`${folder}/a`, `${folder}/b`]);
    deepStrictEqual(await findRuns(`${folder}/nothing`), []);
  });
});

const RUN = { steps: [], evaluations: [] };

Deno.test("differingSettings() lists each difference once, and settings that a run lacks", () => {
  const runs: RunRecord[] = [
    {
      ...RUN,
      name: "a",
      settings: {
        run: "x",
        same: "1",
        "train.learningRate": "0.1",
        "settings.lr": "0.1",
        only: "y",
      },
    },
    {
      ...RUN,
      name: "b",
      settings: { run: "z", same: "1", "train.learningRate": "0.2", "settings.lr": "0.2" },
    },
  ];
  deepStrictEqual(differingSettings(runs), [
    { setting: "train.learningRate", a: "0.1", b: "0.2" },
    { setting: "only", a: "y", b: "–" },
  ]);
  deepStrictEqual(differingSettings(runs.slice(0, 1)), []);
});

Deno.test("differingSettings() compares a run of pretrain() with one of the task by the fields that both have", () => {
  const both = { "model.hiddenSize": "128", "train.batchSize": "16" };
  const task = {
    ...both,
    "settings.corpus": "sotu",
    "settings.seed": "1",
    "settings.lr": "0.001",
    "train.batchSize": "32",
    "train.precision": "float32",
    "corpus.sha256": "a",
    "text.pairs": "29",
    evaluateEvery: "100",
  };
  const runs = [
    { ...RUN, name: "notebook", settings: { ...both, "settings.seed": "2" } },
    { ...RUN, name: "task", settings: task },
  ];
  deepStrictEqual(differingSettings(runs), [
    { setting: "train.batchSize", notebook: "16", task: "32" },
    { setting: "settings.seed", notebook: "2", task: "1" },
  ]);
});

Deno.test("differingSettings() shortens digests, and leaves out fields that are not settings", () => {
  const runs = ["a", "b"].map((name) => ({
    ...RUN,
    name,
    settings: {
      "corpus.sha256": name.repeat(64),
      "baselines.unigramLoss": name,
      "software.deno": name,
    },
  }));
  deepStrictEqual(differingSettings(runs), [
    { setting: "corpus.sha256", a: "a".repeat(12), b: "b".repeat(12) },
  ]);
});

Deno.test("curves() draws any metric against steps, tokens or seconds, raw or smoothed", async () => {
  await inFolder(async (folder) => {
    await writeRun(`${folder}/a`, 4);
    const runs = [await readRun(`${folder}/a`)];
    const [raw] = curves(runs, { x: "tokens", y: "mlm_loss" });
    deepStrictEqual(raw, { name: "a", x: [100, 200, 300, 400], y: [9, 8, 7, 6] });
    const [smooth] = curves(runs, { x: "seconds", y: "mlm_loss", smoothing: 2 });
    deepStrictEqual(smooth, { name: "a", x: [0.5, 1, 1.5, 2], y: [9, 8.5, 7.5, 6.5] });
    const [none] = curves(runs, { x: "step", y: "mlm_loss", split: "evaluations" });
    deepStrictEqual(none, { name: "a", x: [], y: [] });
  });
});
