import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { createRng } from "bert/random.ts";
import {
  backboneShapes,
  createWeights,
  denseWeights,
  mlmHeadShapes,
  nspHeadShapes,
  startWeights,
  truncatedNormal,
} from "bert/model/weights.ts";

await useBackend();

const config = bertConfig("smoke", { vocabSize: 50 });

/** The number of parameters of weights with these shapes. */
function counted(shapes: ReadonlyMap<string, readonly number[]>): number {
  return [...shapes.values()].reduce((sum, shape) => sum + tf.util.sizeFromShape([...shape]), 0);
}

Deno.test("the shapes add up to BERT-Base's 110 million parameters", () => {
  const base = bertConfig("base", { typeVocabSize: 2 });
  const pooler = 768 * 768 + 768; // transformers counts it as a part of the backbone
  strictEqual(counted(backboneShapes(base)) + pooler, 109_482_240);
  strictEqual(counted(nspHeadShapes(base)) - pooler, 768 * 2 + 2);
  strictEqual(counted(mlmHeadShapes(base)), 768 * 768 + 768 + 2 * 768 + 30_522);
});

Deno.test("createWeights() sets biases to 0, norms to 1, and all others to small numbers", () => {
  const weights = createWeights(backboneShapes(config), 0.02, 1);
  for (const [name, weight] of weights) {
    const values = [...weight.dataSync()];
    if (name.endsWith(".bias")) ok(values.every((x) => x === 0), name);
    else if (name.includes("LayerNorm")) ok(values.every((x) => x === 1), name);
    else ok(values.every((x) => Math.abs(x) <= 0.04) && new Set(values).size > 90, name);
  }
  tf.dispose([...weights.values()]);
});

Deno.test("createWeights() gives each weight a stream of its own, by seed and name", () => {
  const values = (shapes: Map<string, number[]>, seed: number) => {
    const weights = createWeights(shapes, 1, seed);
    const all = Object.fromEntries([...weights].map(([name, x]) => [name, [...x.dataSync()]]));
    tf.dispose([...weights.values()]);
    return all;
  };
  const both = values(new Map([["a.weight", [5]], ["b.weight", [5]]]), 3);
  notDeepStrictEqual(both["a.weight"], both["b.weight"]);
  deepStrictEqual(values(new Map([["b.weight", [5]]]), 3)["b.weight"], both["b.weight"]);
  notDeepStrictEqual(values(new Map([["b.weight", [5]]]), 4)["b.weight"], both["b.weight"]);
});

Deno.test("createWeights() makes variables that coexist with others, and nothing else", () => {
  const shapes = new Map([["x.weight", [2, 2]]]);
  const before = tf.memory().numTensors;
  const weights = [createWeights(shapes, 0.02, 1), createWeights(shapes, 0.02, 1)];
  strictEqual(tf.memory().numTensors - before, 2);
  const [a, b] = weights.map((map) => map.get("x.weight")!);
  ok(a.trainable && a.name !== b.name);
  tf.dispose([a, b]);
});

Deno.test("truncatedNormal() has the moments of a normal distribution truncated at two deviations", () => {
  const count = 200_000;
  const values = truncatedNormal(count, 0.5, createRng(7));
  ok(values.every((x) => Math.abs(x) <= 1), "beyond two deviations");
  const moment = (power: number) => values.reduce((sum, x) => sum + (2 * x) ** power, 0) / count;
  // E[x^2] = 1 - 4 phi(2) / erf(sqrt 2), E[x^4] = 3 E[x^2] - 2^3 * 2 phi(2) / erf(sqrt 2)
  const cut = 2 * 0.05399096651 / 0.9544997361;
  ok(Math.abs(moment(1)) < 0.01);
  ok(Math.abs(moment(2) - (1 - 2 * cut)) < 0.01, `${moment(2)}`);
  ok(Math.abs(moment(4) - (3 * (1 - 2 * cut) - 8 * cut)) < 0.03, `${moment(4)}`);
});

Deno.test("a weight that does not exist is named", () => {
  throws(() => denseWeights(new Map(), "nowhere"), /Cannot find the weight "nowhere.weight"/);
});

Deno.test("a model needs a seed or weights to start from", () => {
  for (const start of [undefined, {}, { sed: 3 }]) {
    throws(() => startWeights(new Map(), bertConfig("smoke"), start as { seed: number }), {
      name: "ConfigError",
      message: /Invalid start = .*\{ seed: 1 \}/,
    });
  }
});
