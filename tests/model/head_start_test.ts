import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { type BertConfig, bertConfig } from "bert/config.ts";
import { headStart, type HeadStartOptions, type Look } from "bert/model/head_start.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { selfAttention } from "bert/model/layers.ts";
import { encoderLayerWeights } from "bert/model/weights.ts";
import { createRng } from "bert/random.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { snapshot } from "../support/toy_model.ts";

await useBackend();

const LENGTH = 32;

/** The attention of each layer and head, [A, T, T] a layer, and the likeliest word everywhere, [T]. */
function forward(model: BertPretrainHead, tokenIds: number[]) {
  return tf.tidy(() => {
    const predictedPositions = tf.tensor1d([...tokenIds.keys()], "int32"); // [T]
    const options = { predictedPositions, outputAttentions: true };
    const { attentions, mlmLogits } = model.forward({ tokenIds: [tokenIds] }, options);
    const layers = attentions!.map((layer) => (layer.arraySync() as number[][][][])[0]);
    return { layers, likeliest: [...tf.argMax(mlmLogits, 1).dataSync()] };
  });
}

function randomIds({ vocabSize }: BertConfig): number[] {
  const rng = createRng(3);
  return Array.from({ length: LENGTH }, () => rng.between(5, vocabSize - 1));
}

/** The share of the tokens with a neighbour at an offset that attend to it more than to any other. */
function looking(map: readonly number[][], offset: number): number {
  const tokens = [...map.keys()].filter((i) => map[i + offset] !== undefined);
  return tokens.filter((i) => map[i].indexOf(Math.max(...map[i])) === i + offset).length /
    tokens.length;
}

const NARROW = bertConfig("smoke", { vocabSize: 300, maxPositionEmbeddings: 64 });
const FOUR_HEADS = bertConfig("tiny", {
  vocabSize: 300,
  numAttentionHeads: 4,
  initializerRange: 0.06,
});
const MINI = bertConfig("mini", { vocabSize: 300, numHiddenLayers: 1 });
const EIGHT_HEADS = bertConfig("mini", {
  vocabSize: 300,
  numHiddenLayers: 1,
  numAttentionHeads: 8,
});

for (
  const [name, config, expected] of [
    ["two narrow heads", NARROW, [-1, 1]],
    ["four heads", FOUR_HEADS, [-1, 1]],
    ["mini", MINI, [-1, 1]],
    ["eight heads", EIGHT_HEADS, [-1, 1, -1, 1, -2, 2]],
  ] as const
) {
  Deno.test(`headStart(): heads of the first layer attend to their neighbours: ${name}`, () => {
    const model = new BertPretrainHead(config, { seed: 1 });
    headStart(model);
    const { layers: [first] } = forward(model, randomIds(config));
    expected.forEach((offset, head) => {
      const share = looking(first[head], offset);
      ok(share > 0.8, `head ${head} looks at ${offset} in ${share} of the places`);
    });
    model.dispose();
  });
}

Deno.test("headStart() takes any offsets, and the heads of other layers stay random", () => {
  const model = new BertPretrainHead(FOUR_HEADS, { seed: 2 });
  headStart(model, { looks: [3, 0, -4, 1] });
  const { layers: [first, second] } = forward(model, randomIds(FOUR_HEADS));
  [3, 0, -4, 1].forEach((offset, head) => ok(looking(first[head], offset) > 0.8));
  ok(second.every((map) => [-1, 0, 1].every((offset) => looking(map, offset) < 0.3)));
  model.dispose();
});

Deno.test("headStart(): positions are waves that repeat after 4 to 32 positions", () => {
  const model = new BertPretrainHead(NARROW, { seed: 1 });
  headStart(model);
  const table = snapshot(model)["bert.embeddings.position_embeddings.weight"];
  const { hiddenSize: H, initializerRange } = NARROW;
  const row = (t: number) => [...table.slice(t * H, (t + 1) * H)];
  const near = (a: number[], b: number[]) => a.every((x, i) => Math.abs(x - b[i]) < 1e-6);
  const [shortest, longest] = [H / 2, H - 2]; // the columns of their sines
  ok(near(row(4).slice(shortest, shortest + 2), row(0).slice(shortest, shortest + 2)));
  ok(near(row(32).slice(longest), row(0).slice(longest)));
  ok(near(row(8).slice(longest), [3 * initializerRange, 0])); // a quarter of the period: the sine is largest
  ok(row(7).slice(0, shortest).every((x) => x === 0)); // for words and marks
  const marks = [shortest - 2, shortest - 1]; // the dimensions of the marks: of the first position, and of the text
  deepStrictEqual(row(0).slice(0, shortest).flatMap((x, at) => x === 0 ? [] : [at]), [marks[0]]);
  model.dispose();
});

Deno.test("headStart(): the texts have marks of opposite sign, padding and words have none", () => {
  const model = new BertPretrainHead(NARROW, { seed: 1 });
  headStart(model);
  const after = snapshot(model);
  const { hiddenSize: H, initializerRange, vocabSize } = NARROW;
  const mark = H / 2 - 1;
  const segments = after["bert.embeddings.token_type_embeddings.weight"];
  const marks = [0, 1, 2].map((segment) => segments[segment * H + mark]);
  const expected = [0, -3 * initializerRange, 3 * initializerRange];
  ok(marks.every((value, segment) => Math.abs(value - expected[segment]) < 1e-6), `${marks}`);
  ok([0, 1, 2].every((segment) => segments[segment * H + mark - 1] === 0));
  const words = after["bert.embeddings.word_embeddings.weight"];
  for (let id = 0; id < vocabSize; id++) {
    ok(words.slice(id * H, (id + 1) * H).every((x, at) => (x === 0) === (at >= mark - 1)));
  }
  model.dispose();
});

Deno.test("headStart(): the other heads attend to the same word at any distance", () => {
  for (const [config, others] of [[FOUR_HEADS, 2], [MINI, 2], [EIGHT_HEADS, 6]] as const) {
    const model = new BertPretrainHead(config, { seed: 1 });
    headStart(model);
    const ids = randomIds(config).slice(0, LENGTH / 2);
    const { layers: [first] } = forward(model, [...ids, ...ids.toReversed()]);
    for (const map of first.slice(others)) {
      const mean = (share: (row: number[], i: number) => number) =>
        map.reduce((sum, row, i) => sum + share(row, i), 0) / LENGTH;
      const itself = mean((row, i) => row[i]);
      const double = mean((row, i) => row[LENGTH - 1 - i]);
      ok(itself + double > 0.7 && double > 0.25, `${itself} at itself, ${double} at its double`);
    }
    model.dispose();
  }
});

Deno.test("headStart(): the word head predicts the input word, which a random one does not", () => {
  const model = new BertPretrainHead(MINI, { seed: 1 });
  const ids = randomIds(MINI);
  const repeated = () =>
    forward(model, ids).likeliest.filter((id, i) => id === ids[i]).length / LENGTH;
  const before = repeated();
  headStart(model);
  ok(before < 0.2 && repeated() > 0.9, `${before} became ${repeated()}`);
  model.dispose();
});

/** Two random texts of 12 and 19 tokens, `[CLS]` and `[SEP]` included. */
function twoTexts(config: BertConfig) {
  const [first, second] = [12, 19];
  const tokenIds = randomIds(config).slice(0, first + second);
  const segmentIds = tokenIds.map((_, t) => t < first ? 1 : 2);
  return { first, inputs: { tokenIds: [tokenIds], segmentIds: [segmentIds] } };
}

const TWO_LAYERS = [
  bertConfig("tiny", { vocabSize: 300, numAttentionHeads: 8, initializerRange: 0.06 }),
  bertConfig("tiny", { vocabSize: 300 }),
  bertConfig("mini", { vocabSize: 300, numAttentionHeads: 8 }),
  bertConfig("tiny", { vocabSize: 300, hiddenSize: 96, numAttentionHeads: 3 }),
];

for (const config of TWO_LAYERS) {
  const { hiddenSize, numAttentionHeads: heads } = config;
  const name = `width ${hiddenSize}, ${heads} heads`;

  Deno.test(`headStart(): [CLS] attends to one text with one head, to the other with the next: ${name}`, () => {
    for (const seed of [1, 2, 3]) {
      const model = new BertPretrainHead(config, { seed });
      headStart(model);
      const { first, inputs } = twoTexts(config);
      const maps = tf.tidy(() => {
        const { attentions } = model.bert.forward(inputs, { outputAttentions: true });
        return (attentions![1].arraySync() as number[][][][])[0]; // [A, T, T]
      });
      const sum = (row: number[]) => row.reduce((total, share) => total + share, 0);
      for (let head = 0; head < 2 * Math.floor(heads / 2); head++) {
        const shares = maps[head].map((row) => sum(row.slice(0, first))); // of the first text
        const [start, ...others] = shares;
        ok(head % 2 === 0 ? start > 0.9 : start < 0.1, `head ${head}: ${start} of the first text`);
        const mean = sum(others) / others.length; // other tokens attend to both
        ok(mean > 0.15 && mean < 0.75, `head ${head}: other tokens give the first text ${mean}`);
      }
      model.dispose();
    }
  });

  Deno.test(`headStart(): [CLS] gets six times the texts' difference: ${name}`, () => {
    const model = new BertPretrainHead(config, { seed: 1 });
    headStart(model);
    const { inputs } = twoTexts(config);
    const [given, found, shares] = tf.tidy(() => {
      const options = { outputHiddenStates: true, outputAttentions: true };
      const { hiddenStates, attentions } = model.bert.forward(inputs, options);
      const x = tf.squeeze<tf.Tensor2D>(hiddenStates![1], [0]); // [T, H], into the second layer
      const { attention } = encoderLayerWeights(model.weights, 1);
      const mask = tf.ones<tf.Rank.R2>([1, x.shape[0]]);
      const y = selfAttention(x, mask, attention, { heads, epsilon: 1e-12 });
      const maps = (attentions![1].arraySync() as number[][][][])[0];
      return [x.arraySync(), y.arraySync()[0], maps.map(([start]) => start)];
    });
    const mean = (head: number, at: number) =>
      // the mean of one text, weighted by the head's attention
      given.reduce((total, row, t) => total + shares[head][t] * row[at], 0);
    const width = hiddenSize / heads;
    const compared = Math.min(Math.floor(heads / 2) * width, hiddenSize - width - 2);
    const expected = Array.from({ length: compared }, (_, at) => {
      const head = 2 * Math.floor(at / width);
      return given[0][at] + 6 * (mean(head, at) - mean(head + 1, at));
    });
    const cosine = cosineOf(expected, found.slice(0, compared));
    ok(cosine > (heads % 2 === 0 ? 0.999 : 0.98), `cosine ${cosine}`); // an unpaired head adds noise
    model.dispose();
  });
}

/** The cosine of the angle between two vectors, each less its mean, as LayerNorm leaves an offset. */
function cosineOf(a: readonly number[], b: readonly number[]): number {
  const centred = (vector: readonly number[]) => {
    const mean = vector.reduce((total, value) => total + value, 0) / vector.length;
    return vector.map((value) => value - mean);
  };
  const [x, y] = [centred(a), centred(b)];
  return x.reduce((total, value, i) => total + value * y[i], 0) / Math.hypot(...x) /
    Math.hypot(...y);
}

Deno.test("headStart({ compare: false }) does not change the second layer", () => {
  const [config] = TWO_LAYERS;
  const model = new BertPretrainHead(config, { seed: 1 });
  const before = snapshot(model);
  headStart(model, { compare: false });
  const after = snapshot(model);
  for (const name of Object.keys(after).filter((name) => name.includes("layer.1."))) {
    deepStrictEqual(after[name], before[name]);
  }
  model.dispose();
});

Deno.test("headStart() changes seven weights and no other, always in the same way", async () => {
  const [config] = TWO_LAYERS;
  const fresh = new BertPretrainHead(config, { seed: 1 });
  const before = snapshot(fresh);
  headStart(fresh);
  const after = snapshot(fresh);
  const changed = Object.keys(after).filter((name) =>
    after[name].some((value, i) => value !== before[name][i])
  );
  deepStrictEqual(changed, [
    "bert.embeddings.word_embeddings.weight",
    "bert.embeddings.position_embeddings.weight",
    "bert.embeddings.token_type_embeddings.weight",
    "bert.encoder.layer.0.attention.self.qkv.weight",
    "bert.encoder.layer.1.attention.self.qkv.weight",
    "bert.encoder.layer.1.attention.output.dense.weight",
    "cls.predictions.transform.dense.weight",
  ]);
  const again = new BertPretrainHead(config, { seed: 1 });
  headStart(again);
  deepStrictEqual(snapshot(again), after);
  await assertNoLeak(() => headStart(again));
  fresh.dispose();
  again.dispose();
});

Deno.test("headStart() does not change the weights of the values", () => {
  const model = new BertPretrainHead(NARROW, { seed: 1 });
  const name = "bert.encoder.layer.0.attention.self.qkv.weight";
  const before = snapshot(model)[name];
  headStart(model);
  const after = snapshot(model)[name];
  const H = NARROW.hiddenSize;
  for (let i = 0; i < after.length; i++) {
    if (i % (3 * H) >= 2 * H) strictEqual(after[i], before[i]);
  }
  model.dispose();
});

Deno.test("headStart() refuses looks that do not fit the heads, and changes nothing", () => {
  const model = new BertPretrainHead(NARROW, { seed: 1 });
  const before = snapshot(model);
  const refuses = (looks: Look[], message: RegExp) =>
    throws(() => headStart(model, { looks }), message);
  refuses([1], /Invalid looks = \[1\]: it must be 2 whole numbers or "same", one a head/);
  refuses(["same", 0.5], /Invalid looks = .*: it must be 2 whole numbers or "same"/);
  const compares = { compare: true };
  throws(
    () => headStart(model, compares),
    /Invalid compare = true: it must be false for a model of one/,
  );
  const mistyped = { look: [1, 1] } as HeadStartOptions;
  throws(() => headStart(model, mistyped), /did you mean looks\?/);
  deepStrictEqual(snapshot(model), before);
  model.dispose();
  const odd = new BertPretrainHead(
    bertConfig("smoke", { vocabSize: 50, hiddenSize: 6, numAttentionHeads: 2 }),
    { seed: 1 },
  );
  throws(
    () => headStart(odd),
    /Invalid numAttentionHeads = 2: it must be at least 2 and leave each an even width, and leaves 3/,
  );
  odd.dispose();
});
