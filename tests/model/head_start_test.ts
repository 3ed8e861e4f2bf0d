import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { type BertConfig, bertConfig } from "bert/config.ts";
import { headStart, type HeadStartOptions, type Look } from "bert/model/head_start.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
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

/** The share of the tokens with such a neighbour that look at it more than at any other. */
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
  Deno.test(`headStart(): heads of the first layer look at their neighbours: ${name}`, () => {
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

Deno.test("headStart() takes any offsets, and leaves other layers to chance", () => {
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
  ok(near(row(8).slice(longest), [3 * initializerRange, 0])); // a quarter of the way, at the top
  ok(row(7).slice(0, shortest).every((x) => x === 0)); // for words
  model.dispose();
});

Deno.test("headStart(): the other heads find the same word, however far away", () => {
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

Deno.test("headStart(): the word head repeats what it reads, and did not before", () => {
  const model = new BertPretrainHead(MINI, { seed: 1 });
  const ids = randomIds(MINI);
  const repeated = () =>
    forward(model, ids).likeliest.filter((id, i) => id === ids[i]).length / LENGTH;
  const before = repeated();
  headStart(model);
  ok(before < 0.2 && repeated() > 0.9, `${before} became ${repeated()}`);
  model.dispose();
});

Deno.test("headStart() changes five weights and no other, always in the same way", async () => {
  const fresh = new BertPretrainHead(NARROW, { seed: 1 });
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
    "cls.predictions.transform.dense.weight",
  ]);
  const again = new BertPretrainHead(NARROW, { seed: 1 });
  headStart(again);
  deepStrictEqual(snapshot(again), after);
  await assertNoLeak(() => headStart(again));
  fresh.dispose();
  again.dispose();
});

Deno.test("headStart(): values and their dense layer are left alone", () => {
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
