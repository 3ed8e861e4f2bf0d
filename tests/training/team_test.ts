/** Training on several ranks in one process; `tests/team/` tests it over MPI. */
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { trainConfig } from "bert/config.ts";
import type { Batch } from "bert/data/batch.ts";
import { digestOf } from "bert/runs/same_weights.ts";
import { SOLO, type Team } from "bert/team/team.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { type BatchSource, startRun, train } from "bert/training/train.ts";
import { type StepParts, trainStep } from "bert/training/train_step.ts";
import { onTeam } from "../support/local_team.ts";
import { together, toyBatches, toyModel } from "../support/toy_model.ts";

await useBackend();

const LANES = 4;
const SETTINGS = trainConfig({ batchSize: 8, accumulation: LANES, learningRate: 0.01 });
const BATCHES = toyBatches(11); // two steps, and one of three batches

/** Runs `train()` on one rank; the logs, a digest of the weights, and why it stopped. */
async function runOn(team: Team, source: BatchSource, signal?: AbortSignal) {
  using model = toyModel(0.1);
  using optimizer = new AdamW(model.weights, SETTINGS);
  const run = startRun(optimizer);
  const options = { train: SETTINGS, seed: 1, plannedSteps: 3, run, team, signal };
  const logs: unknown[] = [];
  for await (const log of train(model, optimizer, source, options)) {
    logs.push({ ...log, seconds: 0, tokensPerSecond: 0 });
  }
  return { logs, weights: digestOf(model.weights), stopped: run.stopped };
}

Deno.test("train() learns the same on 1, 2 and 4 ranks, bit for bit, a short last step included", async () => {
  const alone = await runOn(SOLO, BATCHES);
  strictEqual(alone.logs.length, 3);
  for (const size of [2, 4]) {
    for (const rank of await onTeam(size, (team) => runOn(team, BATCHES))) {
      deepStrictEqual(rank, alone, `${size} ranks`);
    }
  }
});

/** The same batches as lanes: lane l has batches l, l + 4 …, and some lanes end before the others. */
async function* lanes({ rank, size }: Team, ends: readonly number[]): AsyncGenerator<StepParts> {
  const own = Array.from({ length: LANES / size }, (_, i) => rank * LANES / size + i);
  for (let step = 0; own.some((lane) => step < ends[lane]); step++) {
    yield own.map((lane) => step < ends[lane] ? BATCHES[step * LANES + lane] : undefined);
    await Promise.resolve();
  }
}

Deno.test("train() takes each rank's own parts, and goes on until the last lane has ended", async () => {
  const ends = [1, 1, 2, 1]; // on two ranks, the first has nothing in the second step
  const alone = await runOn(SOLO, lanes(SOLO, ends));
  strictEqual(alone.logs.length, 2);
  for (const size of [2, 4]) {
    for (const rank of await onTeam(size, (team) => runOn(team, lanes(team, ends)))) {
      deepStrictEqual(rank, alone, `${size} ranks`);
    }
  }
});

Deno.test("train() stops on all ranks after the same step when one of them is told to", async () => {
  const told = await onTeam(2, async (team) => {
    const stop = new AbortController();
    const signal = team.agree(stop.signal);
    async function* source() {
      for (const [i, batch] of BATCHES.entries()) {
        if (i === 5 && team.rank === 1) stop.abort();
        yield await Promise.resolve(batch);
      }
    }
    return await runOn(team, source(), signal);
  });
  for (const { stopped, logs } of told) deepStrictEqual([stopped, logs.length], ["aborted", 2]);
  deepStrictEqual(told[0], told[1]);
});

Deno.test("train() refuses batches that cannot be divided among the ranks", async () => {
  const on = (size: number, accumulation: number) =>
    onTeam(size, async (team) => {
      using model = toyModel();
      using optimizer = new AdamW(model.weights);
      const settings = trainConfig({ accumulation });
      const options = { train: settings, seed: 1, plannedSteps: 3, team };
      await train(model, optimizer, BATCHES, options).next();
    });
  const why = "must be a power of two that 4 processes can share, as 4, 8, 16";
  await rejects(on(4, 2), {
    name: "ConfigError",
    message: new RegExp(`accumulation = 2: it ${why}`),
  });
  await rejects(on(4, 2), { message: /4, 8, 16; or start no more than 2$/ });
  await rejects(on(3, 4), { message: /accumulation = 4: it cannot be shared .* start 2 or 4$/ });
  await rejects(on(3, 1), { message: /start no more than 1$/ });
  await rejects(on(3, 3), { message: /the number of processes, 3: start 2 .* set it to 2, 4, 8$/ });
});

/** A copy of a batch in which only `words` words are to be predicted. */
function asking(words: number, from: Batch): Batch {
  let left = words;
  const examples = from.examples.map((example) => ({
    ...example,
    labels: example.labels.map((label) => label >= 0 && left-- > 0 ? label : -1),
  }));
  const batch = together(examples);
  strictEqual(batch.predictedLabels.filter((label) => label >= 0).length, words);
  return batch;
}

/** An optimizer that keeps the gradients it is given, and updates nothing. */
class Recorder extends AdamW {
  gradients: Record<string, Float32Array> = {};

  override step(gradients: tf.NamedTensorMap): void {
    const copies = Object.entries(gradients).map(([n, g]) =>
      [n, g.dataSync<"float32">().slice()] as const
    );
    this.gradients = Object.fromEntries(copies);
  }
}

Deno.test("each masked word has the same weight, however unequal the ranks' parts are", async () => {
  const parts = [asking(10, toyBatches(1, 32)[0]), asking(30, toyBatches(2, 32)[1])];
  const gradientOf = async (batch: StepParts, team?: Team) => {
    using model = toyModel();
    const optimizer = new Recorder(model.weights);
    await trainStep(model, optimizer, batch, { learningRate: 1, seed: 1, team });
    return optimizer.gradients;
  };
  const alone = await gradientOf(parts);
  const onTwo = await onTeam(2, (team) => gradientOf([parts[team.rank]], team));
  for (const rank of onTwo) deepStrictEqual(rank, alone);

  const [few, many] = [await gradientOf([parts[0]]), await gradientOf([parts[1]])];
  const name = "cls.predictions.bias";
  ok(name in alone);
  const meanOfMeans = few[name].map((x, i) => (x + many[name][i]) / 2);
  notDeepStrictEqual(meanOfMeans, alone[name]);
  for (const [i, x] of alone[name].entries()) { // the right weights are 10/40 and 30/40
    const right = (10 * few[name][i] + 30 * many[name][i]) / 40;
    ok(Math.abs(x - right) < 1e-6, `${name}[${i}]: ${x} is not ${right}`);
  }
});
