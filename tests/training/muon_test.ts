import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { trainConfig } from "bert/config.ts";
import { createOptimizer } from "bert/training/create_optimizer.ts";
import { isLayerMatrix, Muon } from "bert/training/muon.ts";
import { orthogonal } from "bert/training/muon_update.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { trainStep } from "bert/training/train_step.ts";
import { assertClose } from "../support/assert_close.ts";
import { testOnBackends } from "../support/backends.ts";
import { randomTensor } from "../support/gradients.ts";
import { toyBatches, toyModel } from "../support/toy_model.ts";
import { tensorsOf, type Values, variablesOf } from "../support/named_tensors.ts";
import fixture from "../fixtures/muon.json" with { type: "json" };

await useBackend();

const SHAPES: Record<string, number[]> = fixture.shapes;
const OPTIONS = { ...fixture.settings, rateFactor: 1, isMatrix: () => true };

/** Variables with the fixture's initial values, or others. */
function variables(values: Values = fixture.initial): Map<string, tf.Variable> {
  return variablesOf(values, SHAPES);
}

testOnBackends(
  "Muon equals six steps of torch.optim.Muon in float32, and is near its steps in bfloat16",
  () => {
    const weights = variables();
    using optimizer = new Muon(weights, OPTIONS);
    for (const { gradients, learningRate, weights: expected, bfloat16 } of fixture.steps) {
      optimizer.step(tensorsOf(gradients, SHAPES), learningRate);
      for (const [name, values] of Object.entries(expected)) {
        const found = weights.get(name)!.dataSync();
        assertClose(found, values, { rtol: 1e-5, atol: 2e-5 }, name);
        const rough = (bfloat16 as Values)[name];
        assertClose(found, rough, { rtol: 0, atol: 0.02 }, `${name} in bfloat16`);
      }
    }
    strictEqual(optimizer.steps, 6);
  },
);

Deno.test("Muon continues from a saved state as if it had never stopped, and frees what it keeps", () => {
  const [through, stopped] = [variables(), variables()];
  const before = tf.memory().numTensors;
  {
    using whole = new Muon(through, OPTIONS);
    using first = new Muon(stopped, OPTIONS);
    using second = new Muon(stopped, OPTIONS);
    for (const [i, step] of fixture.steps.entries()) {
      const gradients = tensorsOf(step.gradients, SHAPES);
      whole.step(gradients, step.learningRate);
      if (i === 3) second.restore(first.state);
      (i < 3 ? first : second).step(gradients, step.learningRate);
      tf.dispose(gradients);
    }
    for (const [name, weight] of through) {
      deepStrictEqual(stopped.get(name)!.dataSync(), weight.dataSync());
    }
  }
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("Muon updates the matrices of the layers; all other weights are updated as by AdamW", () => {
  using mine = toyModel();
  using theirs = toyModel();
  const layers = [...mine.weights.keys()].filter(isLayerMatrix);
  strictEqual(layers.length, 4 * mine.config.numHiddenLayers);
  const gradients = Object.fromEntries(
    [...mine.weights].map(([name, { shape }], i) => [name, randomTensor(shape, i + 1)]),
  );
  const settings = trainConfig({ weightDecay: 0.1 });
  using muon = createOptimizer(mine.weights, { ...settings, optimizer: "muon" });
  using adamW = createOptimizer(theirs.weights, settings);
  ok(muon instanceof Muon && adamW instanceof AdamW);
  for (const optimizer of [muon, adamW]) optimizer.step(gradients, 0.01);
  for (const [name, weight] of mine.weights) {
    const same = `${weight.dataSync()}` === `${theirs.weights.get(name)!.dataSync()}`;
    strictEqual(same, !isLayerMatrix(name), name);
  }
  deepStrictEqual(new Set(muon.state.momenta!.keys()), new Set(layers));
});

Deno.test("Muon orthogonalises query, key and value separately", () => {
  const name = "bert.encoder.layer.0.attention.self.qkv.weight";
  const weight = tf.variable(tf.zeros([4, 12]));
  const gradient = randomTensor<tf.Rank.R2>([4, 12], 1);
  using optimizer = new Muon(new Map([[name, weight]]), { momentum: 0, rateFactor: 1 });
  optimizer.step({ [name]: gradient }, 1);
  const parts = tf.split<tf.Tensor2D>(gradient, 3, 1).map((part) => orthogonal(part));
  assertClose(weight, tf.mul(tf.concat(parts, 1), -0.2 * Math.sqrt(4)), { rtol: 1e-4, atol: 1e-5 });
});

testOnBackends(
  "orthogonal() brings all singular values near 1, of wide and tall matrices and of zeros",
  () => {
    for (const shape of [[8, 20], [20, 8], [16, 16]] as [number, number][]) {
      const x = orthogonal(randomTensor<tf.Rank.R2>(shape, 3));
      const gram = shape[0] <= shape[1] ? tf.matMul(x, x, false, true) : tf.matMul(x, x, true);
      const rows = gram.arraySync() as number[][]; // nearly the identity matrix
      for (const [i, row] of rows.entries()) {
        for (const [j, value] of row.entries()) {
          const off = i === j ? Math.abs(value - 1) : Math.abs(value);
          ok(off < 0.5, `${shape}, [${i}, ${j}]: ${value}`);
        }
      }
    }
    deepStrictEqual([...orthogonal(tf.zeros([2, 3])).dataSync()].map(Math.abs), Array(6).fill(0));
  },
);

Deno.test("Muon trains: the loss of a toy model falls as with AdamW, and nothing is left behind", async () => {
  using model = toyModel();
  using optimizer = createOptimizer(model.weights, trainConfig({ optimizer: "muon" }));
  const [batch] = toyBatches(1);
  const first = await trainStep(model, optimizer, batch, { learningRate: 0.01, seed: 1 });
  const before = tf.memory().numTensors;
  let last = first;
  for (let i = 0; i < 20; i++) {
    last = await trainStep(model, optimizer, batch, { learningRate: 0.01, seed: 2 + i });
  }
  ok(last.mlmLoss < 0.8 * first.mlmLoss, `${first.mlmLoss} to ${last.mlmLoss}`);
  strictEqual(tf.memory().numTensors, before);
});

Deno.test("Muon refuses impossible options, gradients that do not fit, and AdamW's state", () => {
  const weights = variables();
  throws(() => new Muon(weights, { momentum: 1 }), {
    name: "ConfigError",
    message: "Invalid momentum = 1: it must be at least 0 and below 1",
  });
  throws(() => new Muon(weights, { rateFactor: 0 }), { name: "ConfigError" });
  throws(() => new Muon(weights, { nesterov: true } as object), /Unknown option nesterov of Muon/);
  using muon = new Muon(weights, OPTIONS);
  const before = weights.get("wide")!.dataSync();
  const gradients = tensorsOf(fixture.steps[0].gradients, SHAPES);
  throws(() => muon.step({ ...gradients, tall: tf.zeros([6, 10]) }, 0.1), {
    name: "ShapeError",
    message:
      "Cannot compute Muon.step() from the gradient of tall: expected shape [10,6], got [6,10]",
  });
  throws(() => muon.step({ ...gradients, other: tf.zeros([2, 2]) }, 0.1), { name: "ConfigError" });
  deepStrictEqual([weights.get("wide")!.dataSync(), muon.steps], [before, 0]);
  using adamW = new AdamW(weights);
  adamW.step(gradients, 0.1);
  throws(() => muon.restore(adamW.state), /must be Muon's: resume with AdamW/);
  muon.step(gradients, 0.1);
  throws(() => adamW.restore(muon.state), /must be AdamW's: resume with Muon/);
  throws(() => new AdamW(weights, trainConfig({ optimizer: "muon" })), {
    name: "ConfigError",
    message:
      'Invalid optimizer = "muon": it must be "adamw" here: createOptimizer() makes the optimizer that settings name',
  });
});
