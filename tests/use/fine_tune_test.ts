import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { bertConfig } from "bert/config.ts";
import { classify, evaluateClassifier } from "bert/use/classify.ts";
import { fineTune, fineTuneStep } from "bert/use/fine_tune.ts";
import { labelledBatches, type LabelledText } from "bert/use/labelled_texts.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

await useBackend();

const COLOURS = ["red", "green", "blue", "black"];

/** Toy sentences. The class is the index of the colour that occurs in the sentence. */
const TEXTS: LabelledText[] = toyDocuments(24, 2).flatMap(({ sentences }) =>
  sentences.map((text) => ({ text, label: COLOURS.indexOf(text.split(" ")[1]) }))
);

function toyClassifier(dropout = 0): BertClassifier {
  const rates = { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout };
  const config = bertConfig("smoke", {
    vocabSize: TOY_TOKENIZER.vocab.size,
    initializerRange: 0.1,
    ...rates,
  });
  return new BertClassifier(config, { classes: 4, seed: 1 });
}

const SETTINGS = { epochs: 20, batchSize: 8, learningRate: 5e-3, maxLength: 16, seed: 1 };

Deno.test("labelledBatches() keeps texts, labels and order, and cuts to the length", () => {
  const texts = [
    { text: "the red ship", label: 2 },
    { text: "the sea", pair: "the bird .", label: 0 },
    { text: "the red ship sees the red sea .", label: 1 },
  ];
  const list = labelledBatches(texts, TOY_TOKENIZER, { batchSize: 2, maxLength: 7 });
  deepStrictEqual(list.map(({ labels }) => [...labels]), [[2, 0], [1]]);
  const [{ batch }, rest] = list;
  const { tokenIds, segmentIds } = TOY_TOKENIZER.encode("the sea", "the bird .", { maxLength: 7 });
  deepStrictEqual([...batch.tokenIds.subarray(batch.length)], tokenIds);
  deepStrictEqual([...batch.segmentIds.subarray(batch.length)], segmentIds);
  deepStrictEqual(rest.batch.length, 7);
  throws(() => labelledBatches(texts, TOY_TOKENIZER, { batchSize: 0, maxLength: 8 }), {
    name: "ConfigError",
  });
});

Deno.test("fineTune() learns a toy task, so that unseen texts are classified right", async () => {
  using model = toyClassifier();
  const [seen, unseen] = [TEXTS.slice(0, 40), TEXTS.slice(40)];
  const logs = await fineTune(model, seen, TOY_TOKENIZER, SETTINGS);
  strictEqual(logs.length, 100);
  ok(Math.abs(logs[0].loss - Math.log(4)) < 0.4, `${logs[0].loss} at the start`);
  ok(logs.at(-1)!.loss < 0.1, `${logs.at(-1)!.loss} at the end`);
  const { accuracy, count, confusion } = await evaluateClassifier(model, unseen, TOY_TOKENIZER);
  deepStrictEqual([accuracy, count], [1, 8]);
  strictEqual(confusion.flat().reduce((a, b) => a + b), 8);
});

Deno.test("fineTune() gives the same numbers for the same seed, also with dropout", async () => {
  const run = async (seed: number, dropout = 0.1) => {
    const model = toyClassifier(dropout);
    const logs = await fineTune(model, TEXTS, TOY_TOKENIZER, { ...SETTINGS, epochs: 2, seed });
    model.dispose();
    return logs;
  };
  deepStrictEqual(await run(1), await run(1));
  notDeepStrictEqual(await run(1), await run(2));
  notDeepStrictEqual(await run(1, 0), await run(2, 0)); // the order depends on the seed, too
});

Deno.test("fineTune() warms up and decays, goes over every text once an epoch, and stops when asked", async () => {
  using model = toyClassifier();
  const settings = { ...SETTINGS, epochs: 2, warmupShare: 0.5, learningRate: 1e-4 };
  const logs = await fineTune(model, TEXTS, TOY_TOKENIZER, settings);
  const rates = logs.map(({ learningRate }) => learningRate);
  const peak = rates.indexOf(Math.max(...rates));
  strictEqual(logs.length, 12);
  ok(peak === 5 || peak === 6, `${rates}`);
  deepStrictEqual(rates.slice(0, 6), rates.slice(0, 6).toSorted((a, b) => a - b));
  const signal = AbortSignal.abort();
  deepStrictEqual(await fineTune(model, TEXTS, TOY_TOKENIZER, { ...settings, signal }), []);
});

Deno.test("fineTune() encodes each text once, however many epochs there are", async () => {
  let encoded = 0;
  class CountingTokenizer extends BertTokenizer {
    override encode(...args: Parameters<BertTokenizer["encode"]>) {
      encoded++;
      return super.encode(...args);
    }
  }
  using model = toyClassifier();
  const tokenizer = new CountingTokenizer(TOY_TOKENIZER.vocab);
  await fineTune(model, TEXTS.slice(0, 6), tokenizer, { ...SETTINGS, epochs: 3 });
  strictEqual(encoded, 6);
});

Deno.test("evaluateClassifier() gives the loss and confusion matrix that follow from classify()", async () => {
  using model = toyClassifier();
  const texts = TEXTS.slice(0, 5);
  const found = await evaluateClassifier(model, texts, TOY_TOKENIZER, {
    batchSize: 2,
    maxLength: 16,
  });
  const confusion = COLOURS.map(() => COLOURS.map(() => 0));
  let loss = 0;
  for (const { text, label } of texts) {
    const probabilities = await classify(model, TOY_TOKENIZER, text);
    assertClose(probabilities.reduce((a, b) => a + b), 1, { atol: 1e-5 });
    loss -= Math.log(probabilities[label]) / texts.length;
    confusion[label][probabilities.indexOf(Math.max(...probabilities))]++;
  }
  assertClose(found.loss, loss, { atol: 1e-5 });
  deepStrictEqual(found.confusion, confusion);
  strictEqual(found.accuracy, confusion.reduce((sum, row, i) => sum + row[i], 0) / 5);
});

Deno.test("no step, no evaluation and no failure leaves a tensor behind", async () => {
  using model = toyClassifier(0.1);
  const [batch] = labelledBatches(TEXTS, TOY_TOKENIZER, { batchSize: 8, maxLength: 16 });
  using optimizer = new AdamW(model.weights);
  await assertNoLeak(() => fineTuneStep(model, optimizer, batch, { learningRate: 1e-3, seed: 1 }));
  await assertNoLeak(() => evaluateClassifier(model, TEXTS.slice(0, 9), TOY_TOKENIZER));
  await assertNoLeak(() => classify(model, TOY_TOKENIZER, "the red ship"));
  await assertNoLeak(() => fineTune(model, TEXTS, TOY_TOKENIZER, { ...SETTINGS, epochs: 1 }));
  for (const label of [4, -1]) {
    const wrong = { ...batch, labels: Int32Array.from(batch.labels, () => label) };
    await assertNoLeak(async () => {
      const step = fineTuneStep(model, optimizer, wrong, { learningRate: 1e-3, seed: 1 });
      await rejects(step, { name: "RangeError", message: new RegExp(`label ${label} of text 0`) });
    });
  }
});

Deno.test("fineTuneStep() throws if the loss is NaN, and changes no weight", async () => {
  using model = toyClassifier();
  const [batch] = labelledBatches(TEXTS, TOY_TOKENIZER, { batchSize: 8, maxLength: 16 });
  const bias = model.weights.get("classifier.bias")!;
  const broken = bias.add(NaN);
  bias.assign(broken as typeof bias);
  const weight = model.weights.get("classifier.weight")!;
  const before = weight.dataSync().slice();
  await rejects(
    fineTuneStep(model, new AdamW(model.weights), batch, { learningRate: 0.1, seed: 1 }),
    { name: "DivergedError", message: /the loss is NaN/ },
  );
  deepStrictEqual(weight.dataSync(), before);
  broken.dispose();
});

Deno.test("fineTune() refuses an empty list of texts, 0 epochs and rows longer than the positions", async () => {
  using model = toyClassifier();
  await rejects(fineTune(model, [], TOY_TOKENIZER, SETTINGS), /texts = \[\]: .*at least one/);
  const none = { ...SETTINGS, epochs: 0 };
  await rejects(fineTune(model, TEXTS, TOY_TOKENIZER, none), { name: "ConfigError" });
  const { maxPositionEmbeddings: most } = model.config;
  const tooLong = { ...SETTINGS, maxLength: most + 1 };
  await rejects(fineTune(model, TEXTS, TOY_TOKENIZER, tooLong), {
    name: "ConfigError",
    message: `Invalid maxLength = ${most + 1}: it must be at most ${most}, the model's positions`,
  });
});
