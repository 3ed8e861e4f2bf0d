import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { DivergedError, trainStep } from "bert/training/train_step.ts";
import { snapshot, together, toyBatches, toyModel } from "../support/toy_model.ts";

await useBackend();

const STEP = { learningRate: 0.003, seed: 1 };

/** An optimizer that keeps the gradients and the scale it is given, and updates nothing. */
class Recorder extends AdamW {
  gradients: Record<string, Float32Array> = {};
  scale = NaN;

  override step(gradients: tf.NamedTensorMap, _learningRate: number, scale = 1): void {
    const entries = Object.entries(gradients);
    this.gradients = Object.fromEntries(
      entries.map(([n, g]) => [n, g.dataSync<"float32">().slice()]),
    );
    this.scale = scale;
  }
}

function nearAll(
  actual: Record<string, Float32Array>,
  expected: Record<string, Float32Array>,
  tolerance: number,
): void {
  deepStrictEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    for (const [i, value] of values.entries()) {
      const found = actual[name][i];
      ok(Math.abs(found - value) <= tolerance, `${name}[${i}]: ${found} is not ${value}`);
    }
  }
}

Deno.test("trainStep() learns one batch by heart", async () => {
  using model = toyModel();
  const optimizer = new AdamW(model.weights, { weightDecay: 0 });
  const [batch] = toyBatches(1);
  const first = await trainStep(model, optimizer, batch, { learningRate: 0.01, seed: 1 });
  const untrained = Math.log(model.config.vocabSize) + Math.LN2;
  ok(Math.abs(first.totalLoss - untrained) < 0.1, `${first.totalLoss} at the start`);
  let last = first;
  for (let i = 0; i < 80; i++) {
    last = await trainStep(model, optimizer, batch, { learningRate: 0.01, seed: i, clipNorm: 1 });
  }
  ok(last.totalLoss < 0.1, `${last.totalLoss} at the end`);
  deepStrictEqual([last.mlmAccuracy, last.nspAccuracy], [1, 1]);
});

Deno.test("trainStep() on several batches is a step on one large batch", async () => {
  using model = toyModel();
  const [many, few] = [new Recorder(model.weights), new Recorder(model.weights)];
  const examples = toyBatches(2, 9).flatMap((batch) => batch.examples);
  const [a, b] = [examples.slice(0, 5), examples.slice(5)]; // unequal on purpose
  const parts = await trainStep(model, many, [together(a), together(b)], STEP);
  const whole = await trainStep(model, few, together(examples), STEP);
  nearAll(many.gradients, few.gradients, 2e-6);
  strictEqual(Object.keys(many.gradients).length, model.weights.size);
  for (const [name, value] of Object.entries(whole)) {
    ok(Math.abs(value - parts[name as keyof typeof parts]) < 1e-5, name);
  }
});

Deno.test("trainStep() minimises the mean by default, and the sum if the options say so", async () => {
  using model = toyModel();
  const [mean, sum] = [new Recorder(model.weights), new Recorder(model.weights)];
  const batch = together(toyBatches(1)[0].examples.map((e) => ({ ...e, nspLabel: -1 as const })));
  const a = await trainStep(model, mean, batch, STEP);
  const b = await trainStep(model, sum, batch, { ...STEP, reduction: "sum" });
  const count = batch.predictedLabels.filter((label) => label >= 0).length;
  ok(Math.abs(b.gradientNorm / a.gradientNorm / count - 1) < 1e-4);
  deepStrictEqual([b.mlmLoss, b.nspLoss], [a.mlmLoss, 0]); // the logged losses are always means
});

Deno.test("trainStep() clips to clipNorm and logs the norm before clipping", async () => {
  using model = toyModel();
  const optimizer = new Recorder(model.weights);
  const [batch] = toyBatches(1);
  const { gradientNorm } = await trainStep(model, optimizer, batch, { ...STEP, clipNorm: 0.01 });
  ok(gradientNorm > 0.1);
  ok(Math.abs(optimizer.scale * gradientNorm - 0.01) < 1e-9);
  await trainStep(model, optimizer, batch, STEP);
  strictEqual(optimizer.scale, 1);
});

Deno.test("trainStep() logs the accuracy and the tokens without padding", async () => {
  using model = toyModel();
  const [batch] = toyBatches(1);
  const result = await trainStep(model, new Recorder(model.weights), batch, STEP);
  strictEqual(result.tokens, batch.attentionMask.reduce((sum, one) => sum + one, 0));
  const tensors = tf.tidy(() => {
    const ids = tf.tensor2d(batch.tokenIds, [batch.size, batch.length], "int32");
    const segmentIds = tf.tensor2d(batch.segmentIds, [batch.size, batch.length], "int32");
    const mask = tf.tensor2d(batch.attentionMask, [batch.size, batch.length], "int32");
    const { mlmLogits, nspLogits } = model.forward({
      tokenIds: ids,
      segmentIds,
      attentionMask: mask,
    });
    return { words: tf.argMax(mlmLogits, -1), pairs: tf.argMax(nspLogits, -1) };
  });
  const words = tensors.words.dataSync();
  const asked = [...batch.mlmLabels.keys()].filter((i) => batch.mlmLabels[i] >= 0);
  const right = asked.filter((i) => words[i] === batch.mlmLabels[i]).length;
  ok(Math.abs(result.mlmAccuracy - right / asked.length) < 1e-6);
  const pairs = tensors.pairs.dataSync().filter((label, i) => label === batch.nspLabels[i]).length;
  strictEqual(result.nspAccuracy, pairs / batch.size);
});

Deno.test("trainStep() is equal bit for bit with the same seed, and dropout follows the seed", async () => {
  const run = async (seed: number) => {
    const model = toyModel(0.1);
    const optimizer = new AdamW(model.weights);
    for (const [i, batch] of toyBatches(3).entries()) {
      await trainStep(model, optimizer, batch, { learningRate: 0.01, seed: seed + i });
    }
    const weights = snapshot(model);
    model.dispose();
    return weights;
  };
  const first = await run(1);
  deepStrictEqual(await run(1), first);
  notDeepStrictEqual(await run(50), first);
});

Deno.test("trainStep() leaves no tensor behind", async () => {
  using model = toyModel(0.1);
  const optimizer = new AdamW(model.weights);
  const list = toyBatches(4);
  await trainStep(model, optimizer, list[0], STEP);
  const before = tf.memory();
  for (const batch of list) await trainStep(model, optimizer, batch, STEP);
  await trainStep(model, optimizer, list, STEP);
  strictEqual(tf.memory().numTensors, before.numTensors);
  strictEqual(tf.memory().numBytes, before.numBytes);
});

Deno.test("trainStep() stops before the update when the loss is not a number", async () => {
  using model = toyModel();
  const optimizer = new AdamW(model.weights);
  const [batch] = toyBatches(1);
  await trainStep(model, optimizer, batch, STEP);
  const [name, weight] = [...model.weights].find(([n]) => n.endsWith("word_embeddings.weight"))!;
  const broken = tf.mul(weight, NaN);
  weight.assign(broken);
  broken.dispose();
  const before = snapshot(model);
  const tensors = tf.memory().numTensors;
  await rejects(trainStep(model, optimizer, batch, STEP), (error) => {
    ok(error instanceof DivergedError, `${error}`);
    strictEqual(error.step, 2);
    deepStrictEqual(error.batches, [batch]);
    const [{ first }] = batch.examples;
    const source = `${first.document} sentences ${first.start} to ${first.end - 1}`;
    ok(error.message.includes("Stopped before step 2: the MLM loss is NaN"), error.message);
    ok(error.message.includes("learning rate 0.003"), error.message);
    ok(error.message.includes(source), error.message);
    ok(error.message.includes("and 5 more"), error.message);
    ok(error.message.includes("Try a lower learningRate"), error.message);
    return true;
  });
  deepStrictEqual(snapshot(model), before, name);
  strictEqual(tf.memory().numTensors, tensors);
  strictEqual(optimizer.steps, 1);
});

Deno.test("a stopped step names the first documents of its batch, each in sixty characters at most", () => {
  const [batch] = toyBatches(1);
  const examples = batch.examples.map((example) => {
    return { ...example, first: { ...example.first, document: "whale ".repeat(1000) } };
  });
  const { message } = new DivergedError(1, [{ ...batch, examples }], "the loss is NaN", 0.001);
  ok(message.includes(`The batch: ${"whale ".repeat(10).slice(0, 57)}... sentences`), message);
  ok(message.length < 900, message);
});

Deno.test("a NaN in any of the weights stops the step, wherever in the model it is", async () => {
  const [batch] = toyBatches(1);
  using model = toyModel(0.1);
  const names = [...model.weights.keys()];
  for (const name of names) {
    const weight = model.weights.get(name)!;
    const values = weight.dataSync<"float32">();
    const used = name.includes("token_type") ? weight.shape[1]! : 0; // row 0 is that of padding
    weight.assign(tf.tensor(values.with(used, NaN), weight.shape));
    const step = trainStep(model, new AdamW(model.weights), batch, STEP);
    await rejects(step, { name: "DivergedError" }, name);
    weight.assign(tf.tensor(values, weight.shape));
  }
  ok(names.length > 20, `only ${names}`);
  ok(Number.isFinite((await trainStep(model, new AdamW(model.weights), batch, STEP)).totalLoss));
});

Deno.test("trainStep() refuses a learning rate and a clipNorm by which the loss would rise", async () => {
  using model = toyModel();
  const optimizer = new AdamW(model.weights);
  const before = snapshot(model);
  const options = { learningRate: 0.1, seed: 1 };
  const [batch] = toyBatches(1);
  for (const field of ["learningRate", "clipNorm"] as const) {
    for (const value of [-1, NaN, "0.1"]) {
      const wrong = { ...options, [field]: value } as typeof options;
      await rejects(trainStep(model, optimizer, batch, wrong), { name: "ConfigError", field });
    }
  }
  deepStrictEqual(snapshot(model), before);
  await trainStep(model, optimizer, batch, { ...options, clipNorm: Infinity });
});
