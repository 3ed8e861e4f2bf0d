import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { clipByGlobalNorm } from "bert/training/clipping.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { decaysByDefault } from "bert/training/weight_decay.ts";
import { tensorsOf, type Values, variablesOf } from "../support/named_tensors.ts";
import fixture from "../fixtures/optimizer.json" with { type: "json" };

await useBackend("cpu");

const SHAPES: Record<string, number[]> = fixture.shapes;

/** Variables with the fixture's initial values, or others. */
function variables(values: Values = fixture.initial): Map<string, tf.Variable> {
  return variablesOf(values, SHAPES);
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  for (let i = 0; i < expected.length; i++) {
    ok(Math.abs(actual[i] - expected[i]) <= tolerance, `[${i}]: ${actual[i]} !~ ${expected[i]}`);
  }
  strictEqual(actual.length, expected.length);
}

Deno.test("AdamW corrects the bias, so that the first step has the length of the learning rate", () => {
  const weight = tf.variable(tf.tensor1d([1, 1, 1]));
  new AdamW(new Map([["w", weight]]), { weightDecay: 0 })
    .step({ w: tf.tensor1d([1, -20, 0]) }, 0.25);
  close(weight.dataSync(), [0.75, 1.25, 1], 1e-5);
});

Deno.test("AdamW without bias correction makes the step of BERT's original optimizer", () => {
  const weight = tf.variable(tf.tensor1d([1]));
  const optimizer = new AdamW(new Map([["w", weight]]), { biasCorrection: false });
  optimizer.step({ w: tf.tensor1d([2]) }, 0.1);
  const m = 0.1 * 2, v = 0.001 * 4;
  close(weight.dataSync(), [1 - 0.1 * (m / (Math.sqrt(v) + 1e-6) + 0.01 * 1)], 1e-6);
});

Deno.test("AdamW decays matrices and embeddings only, by the rate times the decay", () => {
  strictEqual(decaysByDefault("bert.embeddings.word_embeddings.weight"), true);
  strictEqual(decaysByDefault("bert.encoder.layer.0.attention.output.dense.weight"), true);
  strictEqual(decaysByDefault("bert.encoder.layer.0.attention.output.dense.bias"), false);
  strictEqual(decaysByDefault("bert.encoder.layer.0.attention.output.LayerNorm.weight"), false);
  const weights = variables({ "dense.bias": [1, 1, 1, 1], "dense.weight": Array(12).fill(1) });
  const zeros = tensorsOf(
    { "dense.bias": [0, 0, 0, 0], "dense.weight": Array(12).fill(0) },
    SHAPES,
  );
  new AdamW(weights, { weightDecay: 0.5 }).step(zeros, 0.1);
  close(weights.get("dense.bias")!.dataSync(), [1, 1, 1, 1], 0);
  close(weights.get("dense.weight")!.dataSync(), Array(12).fill(0.95), 1e-7);
});

Deno.test("AdamW equals ten steps of torch.optim.AdamW", () => {
  const weights = variables();
  const optimizer = new AdamW(weights, fixture.settings);
  for (const step of fixture.steps) {
    optimizer.step(tensorsOf(step.gradients, SHAPES), step.learningRate);
    for (const [name, expected] of Object.entries(step.weights)) {
      close(weights.get(name)!.dataSync(), expected, 2e-6);
    }
  }
  strictEqual(optimizer.steps, 10);
});

Deno.test("AdamW continues from a saved state as if it had never stopped", () => {
  const [through, stopped] = [variables(), variables()];
  const whole = new AdamW(through, fixture.settings);
  const first = new AdamW(stopped, fixture.settings);
  const second = new AdamW(stopped, fixture.settings);
  for (const [i, { gradients, learningRate }] of fixture.steps.entries()) {
    whole.step(tensorsOf(gradients, SHAPES), learningRate);
    if (i === 4) second.restore(first.state);
    (i < 4 ? first : second).step(tensorsOf(gradients, SHAPES), learningRate);
    if (i === 4) first.step(tensorsOf(gradients, SHAPES), 0); // must not change the state that `second` copied
  }
  for (const [name, weight] of through) {
    deepStrictEqual(stopped.get(name)!.dataSync(), weight.dataSync());
  }
});

Deno.test("AdamW gives a weight a new tensor at each update", () => {
  const weights = variables();
  const { dataId } = weights.get("dense.weight")!;
  new AdamW(weights).step(tensorsOf(fixture.steps[0].gradients, SHAPES), 0.1);
  notStrictEqual(weights.get("dense.weight")!.dataId, dataId); // packed copies are kept by tensor
});

Deno.test("AdamW does not change a weight without a gradient", () => {
  const weights = variables();
  new AdamW(weights).step(tensorsOf({ "dense.bias": [1, 1, 1, 1] }, SHAPES), 0.1);
  close(weights.get("dense.weight")!.dataSync(), fixture.initial["dense.weight"], 0);
});

Deno.test("AdamW.step() keeps two means of each weight until `using` ends, and does not change the gradients", () => {
  const weights = variables();
  const gradients = tensorsOf(fixture.steps[0].gradients, SHAPES);
  const before = tf.memory().numTensors;
  {
    using optimizer = new AdamW(weights);
    for (let i = 0; i < 3; i++) {
      optimizer.step(gradients, 0.1, 0.5);
      strictEqual(tf.memory().numTensors, before + 2 * weights.size);
    }
    optimizer.restore(optimizer.state);
    strictEqual(tf.memory().numTensors, before + 2 * weights.size);
  }
  strictEqual(tf.memory().numTensors, before);
  close(gradients["dense.bias"].dataSync(), fixture.steps[0].gradients["dense.bias"], 0);
});

Deno.test("AdamW refuses a gradient of the wrong shape or name before it updates anything", () => {
  const weights = variables();
  const optimizer = new AdamW(weights);
  const bias = tf.ones([4]);
  throws(() => optimizer.step({ "dense.bias": bias, "dense.weight": bias }, 0.1), {
    name: "ShapeError",
    message: "Cannot compute AdamW.step() from the gradient of dense.weight: " +
      "expected shape [3,4], got [4]",
  });
  throws(() => optimizer.step({ "dense.bias": bias, dense: bias }, 0.1), { name: "ConfigError" });
  close(weights.get("dense.bias")!.dataSync(), fixture.initial["dense.bias"], 0);
  strictEqual(optimizer.steps, 0);
  const state = { step: 1, moments: new Map([["dense.bias", halves(3)]]) };
  throws(() => optimizer.restore(state), { name: "ConfigError", message: /4 values/ });
  throws(() => optimizer.step({}, NaN), { name: "ConfigError", message: /learningRate/ });
  throws(() => optimizer.step({}, 0.1, Infinity), { name: "ConfigError", message: /scale/ });
  throws(() => new AdamW(weights, { epsilon: 0 }), { name: "ConfigError", message: /epsilon = 0/ });
  throws(() => new AdamW(weights, { beta1: 1 }), { name: "ConfigError", message: /beta1 = 1/ });
});

function halves(size: number): { first: Float32Array; second: Float32Array } {
  return { first: new Float32Array(size), second: new Float32Array(size) };
}

Deno.test("AdamW.step() with the scale of clipByGlobalNorm() is a step with the clipped gradient", () => {
  const [clipped, byHand] = [variables(), variables()];
  const [a, b] = [new AdamW(clipped), new AdamW(byHand)];
  for (const { gradients } of fixture.steps) {
    const given = tensorsOf(gradients, SHAPES);
    const { norm, scale } = clipByGlobalNorm(given, 1);
    a.step(given, 0.1, scale);
    const names = Object.keys(given);
    b.step(Object.fromEntries(names.map((n) => [n, tf.div(given[n], Math.max(norm, 1))])), 0.1);
  }
  for (const [name, weight] of clipped) {
    close(weight.dataSync(), byHand.get(name)!.dataSync(), 1e-5);
  }
});
