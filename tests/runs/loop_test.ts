import { deepStrictEqual, match, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { checkpointPath, checkpointSteps } from "bert/runs/checkpoint_files.ts";
import { headStart } from "bert/model/head_start.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import type { Given } from "bert/runs/option_parser.ts";
import type { RunHooks } from "bert/runs/loop.ts";
import type { EvaluationLog } from "bert/runs/journal.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun } from "bert/runs/open.ts";
import type { OpenRun } from "bert/runs/open.ts";
import { reopenRun } from "bert/runs/open.ts";
import { RunSaver } from "bert/runs/run_saver.ts";
import type { RunSettings } from "bert/runs/run_settings.ts";
import { firstState } from "bert/runs/run_state.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { timelessMetrics, withCorpus } from "../support/runs.ts";
import { countedStart } from "bert/training/counted_start.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const SOFTWARE = { backend: "test" };
const QUICK: Given<keyof RunSettings> = {
  preset: "smoke",
  vocabSize: 60,
  length: 32,
  batchSize: 4,
  epochs: 2,
  heldOut: 0.1,
  lr: 0.003,
  evaluateEvery: 10,
};

async function begin(folder: string, changes: Given<keyof RunSettings> = {}): Promise<OpenRun> {
  const given = { corpus: `${folder}/corpus.csv`, ...QUICK, ...changes };
  return await beginRun(`${folder}/run`, given, SOFTWARE, () => {});
}

async function reopen(folder: string, given: Given<keyof RunSettings> = {}): Promise<OpenRun> {
  return await reopenRun(`${folder}/run`, given, SOFTWARE, () => {});
}

/** Takes a run to its end, or stops it after a step. Returns its weights, events and evaluations. */
async function drive(
  run: OpenRun,
  { stopAt = Infinity, ...hooks }: RunHooks & { stopAt?: number } = {},
) {
  const stop = new AbortController();
  const events: string[] = [];
  const evaluations: EvaluationLog[] = [];
  try {
    const end = await runToEnd(run, {
      ...hooks,
      onStep: (log) => {
        hooks.onStep?.(log);
        if (log.step === stopAt) stop.abort();
      },
      onEvent: (text) => {
        events.push(text);
        hooks.onEvent?.(text);
      },
      onEvaluation: (log) => evaluations.push(log),
    }, stop.signal);
    return { end, weights: snapshot(run.model), events, evaluations };
  } finally {
    run.close();
  }
}

Deno.test("a run that is stopped after any step and resumed equals a run that was never stopped", async () => {
  await withCorpus(async (folder) => {
    const whole = await drive(await begin(folder));
    const metrics = await timelessMetrics(`${folder}/run`);
    const steps = whole.end.step;
    ok(steps > 10, `${steps} steps`);
    strictEqual(whole.end.stopped, "finished");
    const perEpoch = metrics.filter(([split, epoch]) => split === "train" && epoch === "1").length;
    for (const stopAt of [1, 10, perEpoch, steps]) { // after the 10th step there is an evaluation
      await Deno.remove(`${folder}/run`, { recursive: true });
      strictEqual((await drive(await begin(folder), { stopAt })).end.step, stopAt);
      const { end, weights } = await drive(await reopen(folder));
      deepStrictEqual([end.stopped, end.step], ["finished", steps]);
      deepStrictEqual(weights, whole.weights);
      deepStrictEqual(await timelessMetrics(`${folder}/run`), metrics);
    }
  }, 10);
});

Deno.test("a run with Muon that is stopped and resumed equals one that was not, and cannot be resumed with AdamW", async () => {
  await withCorpus(async (folder) => {
    const muon = { optimizer: "muon", epochs: 1, heldOut: 0 };
    const whole = await drive(await begin(folder, muon));
    await Deno.remove(`${folder}/run`, { recursive: true });
    await drive(await begin(folder, muon), { stopAt: 3 });
    await rejects(reopen(folder, { optimizer: "adamw" }), /optimizer/);
    deepStrictEqual((await drive(await reopen(folder))).weights, whole.weights);
    await Deno.remove(`${folder}/run`, { recursive: true });
    const adamW = await drive(await begin(folder, { ...muon, optimizer: "adamw" }));
    notDeepStrictEqual(adamW.weights, whole.weights);
  }, 10);
});

Deno.test("a run in bf16 records its precision, and cannot be resumed in another", async () => {
  await withCorpus(async (folder) => {
    const short = { epochs: 1, heldOut: 0 };
    const exact = await drive(await begin(folder, short));
    await Deno.remove(`${folder}/run`, { recursive: true });
    const rounded: typeof short & { precision: string } = { ...short, precision: "bf16-emulated" };
    await drive(await begin(folder, rounded), { stopAt: 3 });
    const { train } = JSON.parse(await Deno.readTextFile(`${folder}/run/config.json`));
    strictEqual(train.precision, "bf16-emulated");
    await rejects(
      reopen(folder, { precision: "float32" }),
      /Invalid --precision = "float32": .*--precision is bf16-emulated there/,
    );
    const { weights } = await drive(await reopen(folder, { precision: "bf16-emulated" }));
    notDeepStrictEqual(weights, exact.weights);
    await Deno.remove(`${folder}/run`, { recursive: true });
    deepStrictEqual((await drive(await begin(folder, rounded))).weights, weights);
  }, 10);
});

Deno.test("a run leaves settings, metrics, evaluations and models that can be read", async () => {
  await withCorpus(async (folder) => {
    const { weights, evaluations, end } = await drive(await begin(folder));
    const due = Array.from({ length: Math.floor(end.step / 10) }, (_, i) => 10 * (i + 1));
    deepStrictEqual(evaluations.map(({ step }) => step), [...new Set([...due, end.step])]);
    const { model } = await loadModel(`${folder}/run/final`);
    deepStrictEqual(snapshot(model), weights);
    model.dispose();
    const best = evaluations.toSorted((a, b) => a.mlmLoss + a.nspLoss - b.mlmLoss - b.nspLoss)[0];
    const config = JSON.parse(await Deno.readTextFile(`${folder}/run/config.json`));
    strictEqual(config.settings.lr, 0.003);
    strictEqual(config.corpus.training + config.corpus.heldOut, 24);
    ok(config.baselines.unigramLoss > 0);
    const lines = (await Deno.readTextFile(`${folder}/run/evaluations.jsonl`)).trimEnd().split(
      "\n",
    );
    deepStrictEqual(
      lines.map((line) => JSON.parse(line).step),
      evaluations.map(({ step }) => step),
    );
    ok(evaluations[0].samples.length > 0 && evaluations[0].samples[0].guesses.length === 3);
    ok((await checkpointSteps(`${folder}/run/checkpoints`)).includes(best.step));
  });
});

Deno.test("resuming a finished run changes nothing but restores its model folder", async () => {
  await withCorpus(async (folder) => {
    const { weights } = await drive(await begin(folder));
    const metrics = await Deno.readTextFile(`${folder}/run/metrics.csv`);
    await Deno.remove(`${folder}/run/final`, { recursive: true });
    const { end } = await drive(await reopen(folder));
    strictEqual(end.stopped, "finished");
    strictEqual(await Deno.readTextFile(`${folder}/run/metrics.csv`), metrics);
    const { model } = await loadModel(`${folder}/run/final`);
    deepStrictEqual(snapshot(model), weights);
    model.dispose();
  });
});

Deno.test("resuming cuts off rows after the checkpoint, and an incomplete row", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder), { stopAt: 5 });
    const rows = await timelessMetrics(`${folder}/run`);
    await Deno.writeTextFile(`${folder}/run/metrics.csv`, "train,1,6,1\r\ntrain,1,7,9.", {
      append: true,
    });
    await drive(await reopen(folder), { stopAt: 6 });
    const found = await timelessMetrics(`${folder}/run`);
    deepStrictEqual(found.slice(0, -1), rows);
    strictEqual(found.at(-1)![2], "6");
    ok(Number(found.at(-1)![3]) > 1.5, `${found.at(-1)}`);
  });
});

Deno.test("a run whose newest checkpoint is damaged warns, goes on from an older one, and ends the same", async () => {
  await withCorpus(async (folder) => {
    const whole = await drive(await begin(folder));
    const metrics = await timelessMetrics(`${folder}/run`);
    await Deno.remove(`${folder}/run`, { recursive: true });
    await drive(await begin(folder, { checkpointEvery: 2 }), { stopAt: 9 });
    await Deno.truncate(checkpointPath(`${folder}/run/checkpoints`, 9), 5000);
    const run = await reopen(folder);
    strictEqual(run.checkpoint?.state.step, 8);
    match(
      run.warnings.join(),
      /step-000000009.safetensors: .*the file is damaged; this checkpoint is not used/,
    );
    deepStrictEqual((await drive(run)).weights, whole.weights);
    deepStrictEqual(await timelessMetrics(`${folder}/run`), metrics);
  });
});

Deno.test("a run with no valid checkpoint left is not begun anew under the same name", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder), { stopAt: 3 });
    await Deno.remove(`${folder}/run/checkpoints`, { recursive: true });
    await rejects(reopen(folder), {
      name: "FormatError",
      message: /expected a valid checkpoint, found none.*--init .*run\/best/,
    });
  });
});

Deno.test("resuming refuses other settings by name, another corpus by its hash, and a folder in use", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder), { stopAt: 3 });
    await rejects(reopen(folder, { lr: 0.1, batchSize: 8 }), {
      name: "ConfigError",
      message: /--lr = 0.1: .*\(--lr is 0.003 there, --batch-size is 4 there\)/,
    });
    const elsewhere = await reopenRun(`${folder}/run`, {}, { backend: "other" }, () => {});
    match(elsewhere.warnings.join(), /^backend was test, and is other now: the numbers may differ/);
    elsewhere.close();
    const run = await reopen(folder, { lr: 0.003, keep: 1, onNan: "skip" }); // unchanged, or changeable
    await rejects(reopen(folder), /process \d+ is at work there/);
    run.close();
    const config = JSON.parse(await Deno.readTextFile(`${folder}/run/config.json`));
    deepStrictEqual([config.settings.keep, config.settings.onNan], [1, "skip"]);
    await Deno.writeTextFile(`${folder}/corpus.csv`, "late,one more sentence\n", { append: true });
    await rejects(reopen(folder), {
      name: "FormatError",
      message: /24 documents.*found another \(25/,
    });
  });
});

Deno.test("a new run refuses a folder that holds a run, or anything else", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder), { stopAt: 3 });
    const before = await Deno.readTextFile(`${folder}/run/metrics.csv`);
    await rejects(begin(folder), {
      name: "ConfigError",
      message: /already holds a run: add --resume/,
    });
    strictEqual(await Deno.readTextFile(`${folder}/run/metrics.csv`), before);
    await Deno.remove(`${folder}/run`, { recursive: true });
    await Deno.mkdir(`${folder}/run`);
    await Deno.writeTextFile(`${folder}/run/metrics.csv`, "mine");
    await rejects(begin(folder), { message: /holds "metrics.csv": choose a new folder/ });
    strictEqual(await Deno.readTextFile(`${folder}/run/metrics.csv`), "mine");
  });
});

Deno.test("settings that cannot work leave no folder behind", async () => {
  await withCorpus(async (folder) => {
    const bad: [Given<keyof RunSettings>, RegExp][] = [
      [{ corpus: `${folder}/none.csv` }, /none.csv: expected a file or folder, found nothing/],
      [{ corpus: "moby-duck" }, /did you mean "moby-dick"/],
      [{ vocabSize: 8 }, /--vocab-size = 8: .*takes that many: raise it$/],
      [{ init: folder }, /cannot be set beside --init/],
      [{ textColumn: "body" }, /expected a column "body"/],
      [{ backend: undefined, dropout: 1 }, /--dropout = 1/],
    ];
    for (const [changes, message] of bad) await rejects(begin(folder, changes), message);
    ok(!await Deno.stat(`${folder}/run`).catch(() => false));
  });
});

/** Sets a weight of the model to NaN. Returns a function that restores it. */
function poison({ model }: OpenRun): () => void {
  const weight = model.weights.values().next().value!;
  const saved = weight.clone();
  const bad = tf.fill(weight.shape, NaN);
  weight.assign(bad);
  bad.dispose();
  return () => {
    weight.assign(saved);
    saved.dispose();
  };
}

Deno.test("a NaN stops a run and keeps its checkpoint, or is skipped, counted and recorded", async () => {
  await withCorpus(async (folder) => {
    const run = await begin(folder);
    const spoil = ({ step }: { step: number }) => void (step === 3 && poison(run));
    await rejects(drive(run, { onStep: spoil }), {
      name: "DivergedError",
      message: /before step 4/,
    });
    const again = await reopen(folder, { onNan: "skip" });
    strictEqual(again.checkpoint?.state.step, 0);
    let mend = () => {};
    const { end, events } = await drive(again, {
      onStep: ({ step }) => {
        if (step === 3) mend = poison(again);
      },
      onEvent: (text) => void (text.startsWith("skipped") && mend()),
      stopAt: 6,
    });
    strictEqual(end.skipped, 1);
    match(events[0], /skipped the batch of step 4: the MLM loss is NaN/);
    const rows = (await timelessMetrics(`${folder}/run`)).filter(([split]) => split === "skipped");
    deepStrictEqual(rows[0].slice(0, 4), ["skipped", "1", "4", ""]);
    strictEqual(rows.length, end.skipped);
  });
});

Deno.test("a held-out loss that is NaN stops a run even if it skips diverged steps, and is never the best", async () => {
  await withCorpus(async (folder) => {
    for (const onNan of ["stop", "skip"]) {
      const run = await begin(folder, { onNan });
      const spoil = ({ step }: { step: number }) => void (step === 10 && poison(run));
      await rejects(drive(run, { onStep: spoil }), {
        name: "SpoiltWeightsError",
        message: /^Stopped after step 10: the held-out loss is NaN.*lower --lr/,
      });
      strictEqual(await Deno.readTextFile(`${folder}/run/evaluations.jsonl`), "");
      ok(!await Deno.stat(`${folder}/run/best`).catch(() => false));
      deepStrictEqual(await checkpointSteps(`${folder}/run/checkpoints`), [0]);
      await Deno.remove(`${folder}/run`, { recursive: true });
    }
  });
});

Deno.test("a weight that is NaN is in no checkpoint and no final model, also without held-out text", async () => {
  await withCorpus(async (folder) => {
    for (const changes of [{ checkpointEvery: 3 }, { steps: 3 }]) {
      const run = await begin(folder, { heldOut: 0, ...changes });
      const spoil = ({ step }: { step: number }) => void (step === 3 && poison(run));
      await rejects(drive(run, { onStep: spoil }), {
        name: "SpoiltWeightsError",
        message: /^Stopped after step 3: bert\.\S+ is NaN at \d+ of \d+ places.*lower --lr/,
      });
      deepStrictEqual(await checkpointSteps(`${folder}/run/checkpoints`), [0]);
      ok(!await Deno.stat(`${folder}/run/final`).catch(() => false));
      await Deno.remove(`${folder}/run`, { recursive: true });
    }
  });
});

Deno.test("the best model is written in the background, with the weights of its evaluation, before its checkpoint", async () => {
  await withCorpus(async (folder) => {
    const run = await begin(folder);
    const saver = new RunSaver(run);
    const expected = snapshot(run.model);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const state = firstState(run.config.run);
    await saver.save({ state, generators: {}, best: true }, () => gate); // does not wait for it
    const mend = poison(run);
    open();
    await saver.settle();
    mend();
    const { model } = await loadModel(`${folder}/run/best`);
    deepStrictEqual(snapshot(model), expected);
    model.dispose();
    await Deno.remove(`${folder}/run/best`, { recursive: true });
    await Deno.writeTextFile(`${folder}/run/best`, "in the way");
    await saver.save({ state: { ...state, step: 7 }, generators: {}, best: true }, async () => {});
    await rejects(saver.settle(), /Cannot write .*run\/best/);
    deepStrictEqual(await checkpointSteps(`${folder}/run/checkpoints`), [0]);
    run.close();
  });
});

Deno.test("ten diverged batches in a row stop a run even if it skips diverged steps", async () => {
  await withCorpus(async (folder) => {
    const run = await begin(folder, { onNan: "skip" });
    const onStep = ({ step }: { step: number }) => void (step === 2 && poison(run));
    await rejects(drive(run, { onStep }), { message: /^10 batches in a row diverged/ });
  });
});

Deno.test("--init begins with the weights and the vocabulary of a saved model", async () => {
  await withCorpus(async (folder) => {
    const { weights } = await drive(await begin(folder), { stopAt: 12 });
    await Deno.rename(`${folder}/run`, `${folder}/first`);
    const { preset: _, vocabSize: __, ...rest } = QUICK;
    const given = {
      ...rest,
      corpus: `${folder}/corpus.csv`,
      init: `${folder}/first/best`,
      steps: 1,
    };
    const run = await beginRun(`${folder}/run`, given, SOFTWARE, () => {});
    notDeepStrictEqual(snapshot(run.model), weights); // the best weights are those of step 10
    const { model } = await loadModel(`${folder}/first/best`);
    deepStrictEqual(snapshot(run.model), snapshot(model));
    model.dispose();
    strictEqual((await drive(run)).end.step, 1);
  });
});

Deno.test("--counted-start and --head-start set the first weights, also of a run that is resumed without a checkpoint", async () => {
  await withCorpus(async (folder) => {
    const run = await begin(folder, {
      countedStart: true,
      headStart: true,
      heads: 4,
      initialRange: 0.06,
      beta2: 0.98,
    });
    const { numAttentionHeads, initializerRange } = run.model.config;
    deepStrictEqual([numAttentionHeads, initializerRange], [4, 0.06]);
    strictEqual(run.config.train.beta2, 0.98);
    const model = new BertPretrainHead(run.model.config, { seed: 1 });
    notDeepStrictEqual(snapshot(run.model), snapshot(model));
    await countedStart(model, run.corpus.sample(), run.tokenizer, { seed: 1 });
    headStart(model);
    deepStrictEqual(snapshot(run.model), snapshot(model));
    run.close();
    const again = await reopen(folder);
    deepStrictEqual(snapshot(again.model), snapshot(model));
    again.close();
    model.dispose();
  });
});

Deno.test("--init with an encoder alone starts the heads from the seed and says so; a run's folder is refused", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder), { stopAt: 1 });
    await Deno.rename(`${folder}/run`, `${folder}/first`);
    const { preset: _, vocabSize: __, ...rest } = QUICK;
    const given = { ...rest, corpus: `${folder}/corpus.csv`, steps: 1 };
    const start = (init: string) =>
      beginRun(`${folder}/run`, { ...given, init }, SOFTWARE, () => {});
    await rejects(start(`${folder}/first`), {
      name: "ConfigError",
      message: /--init = .*is the folder of a run: name a model in it, .*first\/final or/,
    });
    await rejects(start(`${folder}/first/checkpoints`), /config.json: there is no such file/);
    const model = toyModel();
    await saveModel(`${folder}/encoder`, model, TOY_TOKENIZER);
    const file = `${folder}/encoder/model.safetensors`;
    const { tensors } = readSafetensors(await Deno.readFile(file));
    const encoder = new Map([...tensors].filter(([name]) => !name.startsWith("cls.")));
    await Deno.writeFile(file, writeSafetensors(encoder));
    const run = await start(`${folder}/encoder`);
    match(run.warnings.join(), /started from random numbers \(seed 1\): the next-sentence head/);
    strictEqual((await drive(run)).end.step, 1);
    model.dispose();
  });
});

Deno.test("a run leaves no tensor behind", async () => {
  await withCorpus(async (folder) => {
    await drive(await begin(folder, { steps: 4 }));
    const before = tf.memory().numTensors;
    await Deno.remove(`${folder}/run`, { recursive: true });
    await drive(await begin(folder, { steps: 4 }));
    strictEqual(tf.memory().numTensors, before);
  });
});
