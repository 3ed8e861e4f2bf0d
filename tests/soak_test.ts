/**
 * Training for a long time in constant memory. `SOAK_STEPS=5000 deno task test tests/soak_test.ts`
 * runs the long way and prints what it sees; without it the run is short.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok } from "node:assert";
import { simdMachine, startSimd } from "bert/backend/simd.ts";
import { useBackend } from "bert/backend/choose.ts";
import { AdamW } from "bert/optimizer.ts";
import { trainStep } from "bert/train_step.ts";
import { toyBatches, toyModel } from "./support/toy_model.ts";

const GIVEN = Number(Deno.env.get("SOAK_STEPS") ?? 0);
const STEPS = GIVEN || 60;
const MEASUREMENTS = 10;

/** What must not grow. */
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

function residentMiB(): number {
  return Math.round(Deno.memoryUsage().rss / 2 ** 20);
}

function report(step: number, loss: number): void {
  if (!GIVEN) return;
  // deno-lint-ignore no-console
  console.log(
    JSON.stringify({ step, loss: loss.toFixed(3), ...held(), residentMiB: residentMiB() }),
  );
}

Deno.test("simd trains on and on in the same memory", async () => {
  await useBackend("cpu"); // silences tfjs's advice
  await startSimd();
  const model = toyModel(0.1);
  const optimizer = new AdamW(model.weights);
  const batches = toyBatches(4);
  const step = async (i: number) => {
    const options = { learningRate: 1e-4, seed: i, clipNorm: 1 };
    return (await trainStep(model, optimizer, batches[i % batches.length], options)).totalLoss;
  };
  for (let i = 0; i < 2 * batches.length; i++) await step(i); // every shape has been there
  const [before, resident] = [held(), residentMiB()];
  for (let i = 1; i <= STEPS; i++) {
    const loss = await step(i);
    if (i % Math.ceil(STEPS / MEASUREMENTS) !== 0) continue;
    report(i, loss);
    deepStrictEqual(held(), before);
    ok(Number.isFinite(loss));
  }
  const grown = residentMiB() - resident;
  ok(grown < 200, `the process grew by ${grown} MiB`);
  model.dispose();
});
