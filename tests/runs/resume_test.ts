/** Runs that are resumed after something in their folder has changed. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun, type OpenRun, reopenRun } from "bert/runs/open.ts";
import { RunReport } from "bert/show/run_report.ts";
import { ended, QUICK as WORDS, replaced, startPretrain, withCorpus } from "../support/runs.ts";

await useBackend();

const SOFTWARE = { backend: "test" };
const QUICK = {
  preset: "smoke",
  vocabSize: 60,
  length: 32,
  batchSize: 4,
  steps: 12,
  evaluateEvery: 4,
};

/** Begins a run and stops it after a step. */
async function stoppedAt(folder: string, step: number): Promise<void> {
  const settings = { corpus: `${folder}/corpus.csv`, ...QUICK };
  using run = await beginRun(`${folder}/run`, settings, SOFTWARE, () => {});
  await driveTo(run, step);
}

async function driveTo(run: OpenRun, step: number): Promise<string> {
  const stop = new AbortController();
  const report = new RunReport(run.folder.path, run.config);
  const onStep = (log: { step: number }) => void (log.step === step && stop.abort());
  const hooks = { onStep, report: () => report.write() };
  return (await runToEnd(run, hooks, stop.signal)).stopped;
}

async function reopen(folder: string): Promise<OpenRun> {
  return await reopenRun(`${folder}/run`, {}, SOFTWARE, () => {});
}

Deno.test("resuming refuses a config.json in which anything was changed or is missing", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 3);
    const path = `${folder}/run/config.json`;
    const text = await Deno.readTextFile(path);
    // deno-lint-ignore no-explicit-any -- the file is damaged on purpose
    const harm = async (change: (config: any) => void) => {
      const config = JSON.parse(text);
      change(config);
      await Deno.writeTextFile(path, JSON.stringify(config));
    };
    const changed = /config.json: expected .*the file was changed after the run had begun/;
    // deno-lint-ignore no-explicit-any -- as above
    const harms: [(config: any) => void, RegExp][] = [
      [({ model }) => model.numAttentionHeads = 1, changed],
      [({ model }) => model.hiddenAct = "relu", changed],
      [({ train }) => train.learningRate = 0.5, changed],
      [({ train }) => delete train.clipNorm, changed],
      [({ data }) => data.maskProbability = 0.5, changed],
      [({ settings }) => settings.lr = 0.5, changed],
      [({ vocabulary }) => vocabulary.lowercase = false, changed],
      [({ baselines }) => baselines.unigramLoss = 1, changed],
      [(config) => config.evaluateEvery = 1, changed],
      [(config) => config.plannedSteps = "12", changed],
      [(config) => delete config.train, /expected "train" as an object, found none/],
      [(config) => config.model = null, /expected "model" as an object, found none/],
      [(config) => config.software = { backend: 7 }, changed],
      [({ settings }) => settings.keep = -1, /keep = -1: it must be a whole number/],
      [(config) => config.format = 2, /found other JSON/],
    ];
    for (const [change, message] of harms) {
      await harm(change);
      await rejects(reopen(folder), { name: "FormatError", message }, `${change}`);
    }
    await Deno.remove(path);
    await Deno.mkdir(path);
    await rejects(reopen(folder), {
      name: "FormatError",
      message: /run\/config.json: expected a file, found a folder/,
    });
    await Deno.remove(path);
    await harm((config) =>
      config.settings = Object.fromEntries(Object.entries(config.settings).reverse())
    );
    (await reopen(folder)).close(); // the order of the settings does not matter
  });
});

Deno.test("resuming removes the unfinished files of killed saves, and no model", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 5);
    const best = `${folder}/run/best`;
    const names = () => [...Deno.readDirSync(best)].map(({ name }) => name).sort();
    const before = names();
    for (const left of [".saving-abc123", ".saving/new"]) {
      await Deno.mkdir(`${best}/${left}`, { recursive: true });
      await Deno.writeTextFile(`${best}/${left}/model.safetensors`, "half");
    }
    (await reopen(folder)).close();
    deepStrictEqual(names(), before);
  });
});

Deno.test("a run with a damaged line in evaluations.jsonl and metrics.csv goes on; run.html says so", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 9);
    for (const name of ["evaluations.jsonl", "metrics.csv"]) {
      const lines = (await Deno.readTextFile(`${folder}/run/${name}`)).split("\n");
      lines[1] = lines[1].slice(0, 20).replace(",1,", ",\0,");
      await Deno.writeTextFile(`${folder}/run/${name}`, lines.join("\n"));
    }
    using run = await reopen(folder);
    strictEqual(await driveTo(run, Infinity), "finished");
    const html = await Deno.readTextFile(`${folder}/run/run.html`);
    match(html, /Damaged lines of evaluations.jsonl that are left out: 1/);
    ok(!/NaN|undefined/.test(html));
  });
});

Deno.test("resuming restores a lost header of metrics.csv, reports it, and keeps every row", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 5);
    const path = `${folder}/run/metrics.csv`;
    const [header, ...rows] = (await Deno.readTextFile(path)).split(/\r?\n/);
    const saved = `\ufeff${header}\r\n${rows.join("\r\n")}`; // as a spreadsheet saves it
    for (const first of [[], ["spl\0it,epoch"], undefined]) {
      await Deno.writeTextFile(path, first ? [...first, ...rows].join("\n") : saved);
      using run = await reopen(folder);
      const events: string[] = [];
      const onEvent = (text: string) => events.push(text);
      await runToEnd(run, { onEvent }, AbortSignal.abort());
      const lost = events.filter((text) => /lost its header|lost from/.test(text));
      deepStrictEqual(lost, first ? ["metrics.csv had lost its header: it was restored"] : []);
      const now = (await Deno.readTextFile(path)).replace(/^\ufeff/, "");
      deepStrictEqual(now.split(/\r?\n/), [header, ...rows]);
    }
  });
});

Deno.test("a link or a folder in the place of a growing file of the run is refused by name and not written to", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 3);
    await Deno.writeTextFile(`${folder}/precious`, "mine");
    for (const name of ["lock", "log.txt", "metrics.csv", "evaluations.jsonl"]) {
      const path = `${folder}/run/${name}`;
      await Deno.rename(path, `${folder}/aside`);
      await Deno.symlink(`${folder}/precious`, path);
      const link = {
        name: "FormatError",
        message: new RegExp(`/run/${name}: expected a file, found a symbolic link`),
      };
      await rejects(reopen(folder), link);
      strictEqual(await Deno.readTextFile(`${folder}/precious`), "mine");
      await Deno.remove(path);
      await Deno.mkdir(path);
      await rejects(reopen(folder), {
        name: "FormatError",
        message: new RegExp(`/run/${name}: .* found a folder`),
      });
      await Deno.remove(path);
      await Deno.rename(`${folder}/aside`, path);
    }
    (await reopen(folder)).close();
  });
});

Deno.test("what would make the first save fail is refused by name before a run is resumed", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 5);
    const harms: [string, (path: string) => Promise<void>, RegExp][] = [
      ["run.html", (path) => Deno.mkdir(path), /run.html: expected a file, found a folder/],
      ["vocab.txt", (path) => Deno.mkdir(path), /vocab.txt: expected a file, found a folder/],
      ["best", (path) => Deno.writeTextFile(path, ""), /best: expected a folder, found a file/],
      ["final", (path) => Deno.writeTextFile(path, ""), /final: expected a folder, found a file/],
      ["final", (path) => Deno.symlink("gone", path), /final: .* found a symbolic link/],
      ["checkpoints", (path) => Deno.writeTextFile(path, ""), /checkpoints: .* found a file/],
    ];
    for (const [name, harm, message] of harms) {
      const path = `${folder}/run/${name}`;
      const was = await Deno.rename(path, `${folder}/aside`).then(() => true, () => false);
      await harm(path);
      await rejects(reopen(folder), { name: "FormatError", message });
      await Deno.remove(path);
      if (was) await Deno.rename(`${folder}/aside`, path);
    }
    await Deno.rename(`${folder}/run/checkpoints`, `${folder}/elsewhere`);
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/run/checkpoints`); // as to another disk
    (await reopen(folder)).close();
  });
});

Deno.test("if the lock does not name its process yet, the message says that another process is at work", async () => {
  await withCorpus(async (folder) => {
    await stoppedAt(folder, 3);
    using held = await Deno.open(`${folder}/run/lock`, { write: true, truncate: true });
    await held.lock(true);
    await rejects(reopen(folder), /: another process is at work there/);
  });
});

Deno.test("a run whose folder was moved away says that no checkpoint is left", async () => {
  await withCorpus(async (folder) => {
    const files = ["--out", `${folder}/run`, "--corpus", `${folder}/corpus.csv`];
    const process = startPretrain(folder, [...files, ...replaced(WORDS, "--epochs", "100000")]);
    let isRunning = true;
    const end = ended(process).finally(() => isRunning = false);
    const rows = () => Deno.readTextFile(`${folder}/run/metrics.csv`).catch(() => "");
    while (isRunning && (await rows()).split("\n").length < 4) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (isRunning) await Deno.rename(`${folder}/run`, `${folder}/elsewhere`);
    const { code, err } = await end;
    strictEqual(code, 1);
    match(err, /No checkpoint is left in .*run\/checkpoints: begin a new run/);
  });
});
