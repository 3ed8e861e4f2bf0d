import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { baselines, tokenCounts } from "bert/training/baselines.ts";
import { batches } from "bert/data/epochs.ts";
import type { EpochLog, History, StepLog } from "bert/training/history.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { pretrain, type PretrainOptions } from "bert/training/pretrain.ts";
import { parse } from "bert/files/csv.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";
import { snapshot, TOY_DATA, toyModel } from "../support/toy_model.ts";

await useBackend();

const OPTIONS: PretrainOptions = {
  documents: toyDocuments(6),
  heldOut: toyDocuments(3, 8, 2),
  tokenizer: TOY_TOKENIZER,
  data: TOY_DATA,
  train: { batchSize: 8, epochs: 2, learningRate: 0.003 },
  seed: 1,
};

async function run(changes: Partial<PretrainOptions> = {}, dropout = 0.1) {
  const model = toyModel(dropout);
  const history = await pretrain(model, { ...OPTIONS, ...changes });
  const weights = snapshot(model);
  model.dispose();
  return { history, weights };
}

/** A history without its clock. */
function timeless({ steps, epochs, stopped }: History) {
  const strip = (log: StepLog | EpochLog) => ({ ...log, seconds: 0, tokensPerSecond: 0 });
  return { steps: steps.map(strip), epochs: epochs.map(strip), stopped };
}

Deno.test("pretrain() returns a history of all steps, with the averages of each epoch", async () => {
  const { history } = await run();
  strictEqual(history.stopped, "finished");
  deepStrictEqual(history.epochs.map(({ epoch }) => epoch), [1, 2]);
  strictEqual(history.steps.length, history.epochs[0].steps + history.epochs[1].steps);
  for (const { epoch, steps, totalLoss, mlmLoss, nspLoss } of history.epochs) {
    const own = history.steps.filter((step) => step.epoch === epoch);
    strictEqual(own.length, steps);
    const mean = own.reduce((sum, step) => sum + step.totalLoss, 0) / steps;
    ok(Math.abs(totalLoss - mean) < 1e-9);
    ok(Math.abs(totalLoss - mlmLoss - nspLoss) < 1e-9);
  }
  deepStrictEqual(history.steps.map(({ step }) => step), history.steps.map((_, i) => i + 1));
});

Deno.test("pretrain() gives the same curve and weights twice, bit for bit, and others with another seed", async () => {
  const [first, second] = [await run(), await run()];
  deepStrictEqual(timeless(second.history), timeless(first.history));
  deepStrictEqual(second.weights, first.weights);
  notDeepStrictEqual(timeless((await run({ seed: 2 })).history), timeless(first.history));
});

Deno.test("pretrain() learns: on held-out text the model beats the word counts", async () => {
  const [documents, heldOut] = [toyDocuments(60), toyDocuments(5, 8, 2)];
  const train = { batchSize: 16, epochs: 2, learningRate: 0.02 };
  const { history } = await run({ documents, heldOut, train }, 0);
  const scores = history.epochs[1].heldOut!;
  const options = { data: TOY_DATA, batchSize: 16, seed: 1, epoch: 0 };
  const counts = tokenCounts(documents, TOY_TOKENIZER);
  const naive = baselines(counts, batches(heldOut, TOY_TOKENIZER, options));
  ok(scores.mlmLoss < naive.unigramLoss - 1, `${scores.mlmLoss} against ${naive.unigramLoss}`);
  ok(scores.mlmAccuracy > naive.unigramAccuracy + 0.1);
});

Deno.test("pretrain() evaluates on the same masked tokens in each epoch", async () => {
  const { history } = await run({ train: { ...OPTIONS.train, learningRate: 1e-12 } }, 0);
  const [first, second] = history.epochs;
  ok(Math.abs(first.heldOut!.mlmLoss - second.heldOut!.mlmLoss) < 1e-6);
  deepStrictEqual(first.heldOut!.byKind.kept.count, second.heldOut!.byKind.kept.count);
  ok(Math.abs(first.mlmLoss - second.mlmLoss) > 1e-4); // fresh masks for training
});

Deno.test("pretrain() follows the linear schedule over all epochs", async () => {
  const { history: { steps } } = await run({ train: { ...OPTIONS.train, warmupShare: 0.25 } });
  const rates = steps.map(({ learningRate }) => learningRate);
  const peak = rates.indexOf(Math.max(...rates));
  ok(Math.abs(peak / rates.length - 0.25) < 0.1, `${peak} of ${rates.length}`);
  ok(rates.at(-1)! < 0.003 / 4, `${rates}`);
});

Deno.test("pretrain() writes config.json beside metrics.csv before it begins", async () => {
  const folder = await Deno.makeTempDir();
  const read: string[] = [];
  const onStep = async () => {
    read.push(await Deno.readTextFile(`${folder}/config.json`));
  };
  await run({ metricsFile: `${folder}/metrics.csv`, onStep });
  const { format, settings, model, data, train, plannedSteps, corpus, vocabulary } = JSON.parse(
    read[0],
  );
  deepStrictEqual({ format, settings }, { format: 1, settings: { seed: 1 } });
  strictEqual(model.vocabSize, TOY_TOKENIZER.vocab.size);
  strictEqual(data.pairing, "nsp");
  strictEqual(train.beta1, 0.9);
  ok(plannedSteps >= read.length);
  ok(corpus.training > 0 && vocabulary.size > 0 && vocabulary.sha256.length === 64);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("pretrain() writes metrics.csv while it runs", async () => {
  const folder = await Deno.makeTempDir();
  const metricsFile = `${folder}/runs/metrics.csv`;
  const rows: number[] = [];
  const onStep = async () => {
    rows.push(parse(await Deno.readTextFile(metricsFile)).length - 1);
  };
  const { history } = await run({ metricsFile, onStep });
  const steps = history.epochs[0].steps;
  deepStrictEqual(rows, history.steps.map(({ step }) => step > steps ? step + 1 : step));
  const written = parse(await Deno.readTextFile(metricsFile)).slice(1);
  const scored = written.filter(([split]) => split === "held-out");
  deepStrictEqual(
    scored.map((row) => Number(row[3])),
    history.epochs.map(({ heldOut }) => heldOut!.mlmLoss),
  );
  deepStrictEqual(
    written.filter(([split]) => split === "train").map((row) => Number(row[5])),
    history.steps.map(({ totalLoss }) => totalLoss),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("pretrain() stops at the signal, keeps the model and scores nothing more", async () => {
  const stop = new AbortController();
  const onStep = ({ step }: StepLog) => step === 2 && stop.abort();
  const { history, weights } = await run({
    signal: stop.signal,
    onStep: (log) => void onStep(log),
  });
  strictEqual(history.stopped, "aborted");
  strictEqual(history.steps.length, 2);
  strictEqual(history.epochs.length, 1);
  strictEqual(history.epochs[0].heldOut, undefined);
  notDeepStrictEqual(weights, snapshot(toyModel(0.1)));
});

Deno.test("pretrain() gives no scores of an evaluation that was cut short", async () => {
  const stop = new AbortController();
  const later = () => setTimeout(() => stop.abort(), 0); // in the macrotask after the next one
  const onStep = ({ step }: StepLog) => void (step === 2 && setTimeout(later, 0));
  const train = { batchSize: 2, maxSteps: 2, learningRate: 0.003 };
  const { history } = await run({ train, onStep, signal: stop.signal });
  strictEqual(history.steps.length, 2);
  strictEqual(history.epochs[0].heldOut, undefined);
});

Deno.test("pretrain() makes its optimizer with the settings of train, unless one is given", async () => {
  const train = { ...OPTIONS.train, maxSteps: 2 };
  const { weights } = await run({ train }, 0);
  notDeepStrictEqual((await run({ train: { ...train, weightDecay: 0.5 } }, 0)).weights, weights);
  using model = toyModel();
  const optimizer = new AdamW(model.weights, { weightDecay: 0.5 });
  await pretrain(model, { ...OPTIONS, train, optimizer });
  strictEqual(optimizer.steps, 2);
  notDeepStrictEqual(snapshot(model), weights);
});

Deno.test("pretrain() stops after maxSteps, with the schedule made for them", async () => {
  const { history } = await run({ train: { ...OPTIONS.train, maxSteps: 3 } });
  strictEqual(history.stopped, "finished");
  strictEqual(history.steps.length, 3);
  ok(history.epochs[0].heldOut);
  strictEqual(history.steps[2].learningRate, 0.003 * (1 - 2.5 / 3) / 0.9);
});

Deno.test("pretrain() stops after maxSeconds and still scores the held-out part", async () => {
  let milliseconds = 0;
  const now = () => milliseconds;
  const onStep = () => void (milliseconds += 50);
  const train = { batchSize: 8, epochs: 10_000, maxSeconds: 0.5, learningRate: 0.003 };
  const { history } = await run({ train, onStep, now });
  strictEqual(history.stopped, "time");
  strictEqual(history.steps.length, 10);
  ok(history.steps[9].learningRate < 0.003 / 3, `${history.steps[9].learningRate}`);
  ok(history.epochs.at(-1)!.heldOut);
});

Deno.test("pretrain() starts its clock after preparing, so that slow data does not shorten the warm-up", async () => {
  let milliseconds = 0;
  const now = () => milliseconds;
  const rateOfFirstStep = async (preparing: number) => {
    let opened = 0;
    const documents = async function* () {
      if (opened++ === 0) milliseconds += preparing; // while the steps are counted
      yield* toyDocuments(6);
    };
    const train = { batchSize: 8, epochs: 10_000, maxSeconds: 5, learningRate: 0.003 };
    const stop = new AbortController();
    const onStep = () => stop.abort();
    const { history } = await run({ documents, train, onStep, signal: stop.signal, now });
    return history.steps[0].learningRate;
  };
  strictEqual(await rateOfFirstStep(300), await rateOfFirstStep(0));
  strictEqual(milliseconds, 300);
});

Deno.test("pretrain() takes documents as a stream that can be opened again", async () => {
  const stream = async function* () {
    for (const document of toyDocuments(6)) yield await Promise.resolve(document);
  };
  const { history } = await run({ documents: stream, heldOut: undefined });
  deepStrictEqual(history.epochs.map(({ epoch }) => epoch), [1, 2]);
  strictEqual(history.epochs[0].heldOut, undefined);
});

Deno.test("pretrain() stops when training diverges, and the rows of earlier steps are on disk", async () => {
  const metricsFile = await Deno.makeTempFile({ suffix: ".csv" });
  using model = toyModel();
  const train = { batchSize: 8, warmupShare: 0, learningRate: 1e30 };
  await rejects(pretrain(model, { ...OPTIONS, train, metricsFile }), {
    name: "DivergedError",
    message: /Stopped before step \d+: the .* is (NaN|Infinity) .* at learning rate .*toy-\d+/,
  });
  const rows = parse(await Deno.readTextFile(metricsFile)).slice(1);
  ok(rows.length >= 1 && rows.every((row) => Number.isFinite(Number(row[5]))), `${rows}`);
  await Deno.remove(metricsFile); // the test runner checks that it was closed
});

Deno.test("pretrain() leaves no tensor behind", async () => {
  using model = toyModel(0.1);
  await pretrain(model, OPTIONS);
  const before = tf.memory().numTensors;
  await pretrain(model, OPTIONS);
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("pretrain() refuses what does not fit together, before it writes a file", async () => {
  using model = toyModel();
  const folder = await Deno.makeTempDir();
  const options = { ...OPTIONS, metricsFile: `${folder}/metrics.csv` };
  await rejects(pretrain(model, { ...options, data: { maxLength: 1024 } }), {
    name: "ConfigError",
    message: /maxLength = 1024: it must be at most the model's maxPositionEmbeddings, 512/,
  });
  await rejects(pretrain(model, { ...options, train: { batchSize: 0 } }), { name: "ConfigError" });
  await rejects(pretrain(model, { ...options, documents: [] }), {
    name: "NoExamplesError",
  });
  await rejects(pretrain(model, { ...options, data: { ...TOY_DATA, maskProbability: 1e-9 } }), {
    name: "NoExamplesError",
    message: /none of the held-out tokens is masked: hold out more text$/,
  });
  deepStrictEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});
