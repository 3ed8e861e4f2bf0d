/**
 * Training for a long time in constant memory. `SOAK_STEPS=5000 deno task test tests/soak/soak_test.ts`
 * trains longer and prints its measurements; without the variable the run is short.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok } from "node:assert";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { useBackend } from "bert/backend/choose.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { trainStep } from "bert/training/train_step.ts";
import { collectGarbage } from "../support/garbage.ts";
import { toyBatches, toyModel } from "../support/toy_model.ts";

const GIVEN = Number(Deno.env.get("SOAK_STEPS") ?? 0);
const STEPS = GIVEN || 60;
const MEASUREMENTS = 10;

/** The quantities that must not grow. */
function held() {
  const { used, blocks, reached } = simdMachine().usage;
  return {
    tensors: tf.memory().numTensors,
    data: tf.backend().numDataIds(),
    used,
    blocks,
    reached,
  };
}

/** The heap without garbage, and the memory of the whole process, in MiB. */
function process() {
  collectGarbage();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const mega = (bytes: number) => Math.round(bytes / 2 ** 20);
  return { heap: mega(heapUsed + external), resident: mega(rss) };
}

function report(step: number, loss: number): void {
  if (!GIVEN) return;
  // deno-lint-ignore no-console
  console.log(
    JSON.stringify({ step, loss: loss.toFixed(3), ...held(), ...process() }),
  );
}

Deno.test("simd trains for thousands of steps in the same memory", async () => {
  await useBackend("cpu"); // silences tfjs's advice
  await startSimd();
  const model = toyModel(0.1);
  const optimizer = new AdamW(model.weights);
  const batches = toyBatches(4);
  const step = async (i: number) => {
    const options = { learningRate: 1e-4, seed: i, clipNorm: 1 };
    return (await trainStep(model, optimizer, batches[i % batches.length], options)).totalLoss;
  };
  for (let i = 0; i < 2 * batches.length; i++) await step(i); // so that every shape has occurred
  const before = held();
  const start = process();
  for (let i = 1; i <= STEPS; i++) {
    const loss = await step(i);
    if (i % Math.ceil(STEPS / MEASUREMENTS) !== 0) continue;
    report(i, loss);
    deepStrictEqual(held(), before);
    ok(Number.isFinite(loss));
  }
  const end = process();
  ok(end.heap - start.heap < 8, `JavaScript holds ${end.heap} MiB, after warming up ${start.heap}`);
  ok(
    end.resident - start.resident < 256,
    `the process grew from ${start.resident} MiB to ${end.resident}`,
  );
  model.dispose();
});
