import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { trainConfig } from "bert/config.ts";
import type { StepLog } from "bert/training/history.ts";
import { learningRateAt } from "bert/training/learning_rate.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { startRun, train, type TrainOptions } from "bert/training/train.ts";
import type { DivergedError } from "bert/training/train_step.ts";
import { snapshot, toyBatches, toyModel } from "../support/toy_model.ts";

await useBackend();

const SETTINGS = trainConfig({ learningRate: 0.003 });
const SCHEDULE = { peak: 0.003, warmupShare: 0.1 };
const BATCHES = toyBatches(8, 4);

/** Trains a fresh model and returns the logs and the model's weights. */
async function run(
  changes: Partial<TrainOptions> = {},
  onStep: (log: StepLog) => void | Promise<void> = () => {},
) {
  const model = toyModel();
  const optimizer = new AdamW(model.weights, SETTINGS);
  const logs: StepLog[] = [];
  const options = { train: SETTINGS, seed: 1, plannedSteps: BATCHES.length, ...changes };
  for await (const log of train(model, optimizer, BATCHES, options)) {
    logs.push(log);
    await onStep(log);
  }
  const weights = snapshot(model);
  model.dispose();
  return { logs, weights };
}

Deno.test("train() yields one entry a step, counting steps, tokens and seconds", async () => {
  const { logs } = await run({ epoch: 3 });
  deepStrictEqual(logs.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8]);
  ok(logs.every(({ epoch }) => epoch === 3));
  let tokens = 0;
  for (const [i, log] of logs.entries()) {
    tokens += BATCHES[i].attentionMask.reduce((sum, one) => sum + one, 0);
    strictEqual(log.tokens, tokens);
    ok(log.tokensPerSecond > 0 && log.seconds > (logs[i - 1]?.seconds ?? 0));
    ok(Math.abs(log.totalLoss - log.mlmLoss - log.nspLoss) < 1e-12);
  }
});

Deno.test("train() gives each step the learning rate of its middle", async () => {
  const { logs } = await run();
  const expected = logs.map((_, i) => learningRateAt((i + 0.5) / 8, SCHEDULE));
  deepStrictEqual(logs.map(({ learningRate }) => learningRate), expected);
});

Deno.test("train() has another dropout mask in each step, which depends on the seed", async () => {
  const losses = async (seed: number) => {
    const model = toyModel(0.5);
    const optimizer = new AdamW(model.weights, SETTINGS);
    const settings = { ...SETTINGS, learningRate: 1e-12 }; // only dropout changes the loss
    const options = { train: settings, seed, plannedSteps: 2 };
    const found: number[] = [];
    const same = [BATCHES[0], BATCHES[0]];
    for await (const log of train(model, optimizer, same, options)) found.push(log.mlmLoss);
    model.dispose();
    return found;
  };
  const [first, second] = await losses(1);
  ok(Math.abs(first - second) > 1e-4, `${first} and ${second}`);
  deepStrictEqual(await losses(1), [first, second]);
  notDeepStrictEqual(await losses(2), [first, second]);
});

Deno.test("train() clips to the clipNorm of its settings", async () => {
  using model = toyModel();
  const scales: number[] = [];
  class Recorder extends AdamW {
    override step(gradients: tf.NamedTensorMap, learningRate: number, scale = 1): void {
      scales.push(scale);
      super.step(gradients, learningRate, scale);
    }
  }
  const settings = { ...SETTINGS, clipNorm: 0.01 };
  const options = { train: settings, seed: 1, plannedSteps: 1 };
  for await (
    const log of train(model, new Recorder(model.weights), BATCHES.slice(0, 1), options)
  ) ok(Math.abs(scales[0] * log.gradientNorm - 0.01) < 1e-9);
  strictEqual(scales.length, 1);
});

Deno.test("train() takes `accumulation` batches for each step, and the rest for the last step", async () => {
  const { logs } = await run({ train: { ...SETTINGS, accumulation: 3 } });
  strictEqual(logs.length, 3);
  const tokens = BATCHES.map((b) => b.attentionMask.reduce((sum, one) => sum + one, 0));
  strictEqual(logs[0].tokens, tokens[0] + tokens[1] + tokens[2]);
  strictEqual(logs[2].tokens, tokens.reduce((a, b) => a + b));
});

Deno.test("train() stops when the signal is aborted, and the model keeps what it learned", async () => {
  const stop = new AbortController();
  const { logs, weights } = await run({ signal: stop.signal }, ({ step }) => {
    if (step === 3) stop.abort();
  });
  strictEqual(logs.length, 3);
  const { weights: limited } = await run({ train: { ...SETTINGS, maxSteps: 3 } });
  deepStrictEqual(weights, limited);
  strictEqual((await run({ signal: stop.signal })).logs.length, 0);
});

Deno.test("train() lets timers run between steps, so that a stop button works", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const ticksAt: number[] = [];
  await run({}, () => void ticksAt.push(ticks));
  clearInterval(timer);
  for (let i = 1; i < ticksAt.length; i++) ok(ticksAt[i] > ticksAt[i - 1], `${ticksAt}`);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1);
  ok((await run({ signal: stop.signal })).logs.length < 8);
});

Deno.test("train() stops after maxSeconds, and the learning rate falls with time to nearly 0", async () => {
  let milliseconds = 0;
  let steps = 0;
  const now = () => milliseconds;
  const settings = { ...SETTINGS, maxSeconds: 6 };
  const options = { train: settings, plannedSteps: 1000, now };
  const { logs } = await run(options, () => {
    milliseconds += 1000;
    steps++;
  });
  strictEqual(steps, 6);
  const rates = logs.map(({ learningRate }) => learningRate);
  deepStrictEqual(
    rates,
    [0, 1, 2, 3, 4, 5].map((s) => learningRateAt(Math.max(s / 6, 0.5e-3), SCHEDULE)),
  );
  ok(rates[5] < rates[1] / 4);
});

Deno.test("train() makes no step whose middle is after maxSeconds, as its learning rate would be 0", async () => {
  let milliseconds = 0;
  const slow = function* () {
    for (const batch of BATCHES) {
      milliseconds += 1000;
      yield batch;
    }
  };
  using model = toyModel();
  const optimizer = new AdamW(model.weights, SETTINGS);
  const settings = { ...SETTINGS, maxSeconds: 5.3 };
  const options = { train: settings, seed: 1, plannedSteps: 1000, now: () => milliseconds };
  const logs: StepLog[] = [];
  for await (const log of train(model, optimizer, slow(), options)) logs.push(log);
  deepStrictEqual(logs.map(({ seconds }) => seconds), [1, 2, 3, 4]); // the fifth would be at 5.5
  ok(logs.every(({ learningRate }) => learningRate > 0));
  deepStrictEqual(logs.map((log) => log.tokensPerSecond), logs.map(tokensOf));
});

/** Tokens of one step, from the sum over the steps. */
function tokensOf({ tokens }: StepLog, i: number, logs: readonly StepLog[]): number {
  return tokens - (logs[i - 1]?.tokens ?? 0);
}

Deno.test("train() says in the run why it stopped", async () => {
  using model = toyModel();
  const optimizer = new AdamW(model.weights, SETTINGS);
  const reason = async (changes: Partial<TrainOptions>) => {
    const begun = startRun(optimizer, changes.now);
    const options = { train: SETTINGS, seed: 1, plannedSteps: 8, run: begun, ...changes };
    for await (const _ of train(model, optimizer, BATCHES.slice(0, 3), options));
    return begun.stopped;
  };
  strictEqual(await reason({}), undefined);
  strictEqual(await reason({ train: { ...SETTINGS, maxSteps: 2 } }), "steps");
  strictEqual(await reason({ train: { ...SETTINGS, maxSteps: 3 } }), undefined);
  strictEqual(await reason({ signal: AbortSignal.abort() }), "aborted");
  let time = 0;
  const now = () => time += 1000;
  strictEqual(await reason({ train: { ...SETTINGS, maxSeconds: 5 }, now }), "time");
});

Deno.test("train() refuses 0 planned steps", async () => {
  await rejects(run({ plannedSteps: 0 }), { name: "ConfigError", message: /plannedSteps = 0/ });
});

Deno.test("train() continues a run: two calls equal one", async () => {
  using model = toyModel(0.1);
  const optimizer = new AdamW(model.weights, SETTINGS);
  const options = { train: SETTINGS, seed: 1, plannedSteps: 8, run: startRun(optimizer) };
  const logs: StepLog[] = [];
  for (const part of [BATCHES.slice(0, 5), BATCHES.slice(5)]) {
    for await (const log of train(model, optimizer, part, options)) logs.push(log);
  }
  using whole = toyModel(0.1);
  const other = new AdamW(whole.weights, SETTINGS);
  const expected: StepLog[] = [];
  const atOnce = { train: SETTINGS, seed: 1, plannedSteps: 8 };
  for await (const log of train(whole, other, BATCHES, atOnce)) expected.push(log);
  deepStrictEqual(snapshot(model), snapshot(whole));
  const timeless = ({ step, tokens, learningRate }: StepLog) => ({ step, tokens, learningRate });
  deepStrictEqual(logs.map(timeless), expected.map(timeless));
});

Deno.test("train() takes no batch from its source after the signal", async () => {
  const stop = new AbortController();
  let taken = 0;
  const source = function* () {
    for (const batch of BATCHES) {
      taken++;
      yield batch;
    }
  };
  using model = toyModel();
  using optimizer = new AdamW(model.weights, SETTINGS);
  const options = { train: SETTINGS, seed: 1, plannedSteps: 8, signal: stop.signal };
  for await (const { step } of train(model, optimizer, source(), options)) {
    if (step === 3) stop.abort();
  }
  strictEqual(taken, 3); // so a checkpoint has the right position in the data
});

Deno.test("train() skips a diverged step if onDiverged is given", async () => {
  using model = toyModel();
  using optimizer = new AdamW(model.weights, SETTINGS);
  const weight = model.weights.values().next().value!;
  const [good, bad] = [weight.clone(), tf.fill(weight.shape, NaN)];
  const diverged: number[] = [];
  const onDiverged = (error: DivergedError) => {
    diverged.push(error.step);
    if (diverged.length === 2) weight.assign(good);
  };
  const options = { train: SETTINGS, seed: 1, plannedSteps: 8, onDiverged };
  const logs: StepLog[] = [];
  for await (const log of train(model, optimizer, BATCHES, options)) {
    logs.push(log);
    if (log.step === 2) weight.assign(bad);
  }
  deepStrictEqual(diverged, [3, 3]);
  deepStrictEqual(logs.map(({ step }) => step), [1, 2, 3, 4, 5, 6]); // of eight batches
  tf.dispose([good, bad]);
});
