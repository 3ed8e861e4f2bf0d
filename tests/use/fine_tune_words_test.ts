import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { classifyWords, evaluateTokenClassifier } from "bert/use/classify_words.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { fineTuneStep } from "bert/use/fine_tune.ts";
import { fineTuneWords } from "bert/use/fine_tune_words.ts";
import { labelledWordBatches, type LabelledWords } from "bert/use/labelled_words.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

await useBackend();

/**
 * Toy sentences. The things have two pieces, and their class depends on the place in the sentence:
 * 1 before the verb and 2 after it. Verbs are class 3, and words beside them class 0.
 */
const SENTENCES: LabelledWords[] = toyDocuments(24, 2).flatMap(({ sentences }) =>
  sentences.map((text) => {
    const words = text.split(" ").map((word, i) => i === 2 || i === 6 ? `${word}s` : word);
    return { words, labels: [0, 0, 1, 3, 0, 0, 2, 0] };
  })
);

const SETTINGS = { epochs: 20, batchSize: 8, learningRate: 5e-3, maxLength: 16, seed: 1 };

function toyClassifier(dropout = 0): BertTokenClassifier {
  const rates = { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout };
  const sizes = { vocabSize: TOY_TOKENIZER.vocab.size, initializerRange: 0.1 };
  const config = bertConfig("smoke", { ...sizes, ...rates });
  return new BertTokenClassifier(config, { classes: 4, seed: 1 });
}

Deno.test("fineTuneWords() learns classes that depend on a word's place, and labels unseen sentences", async () => {
  using model = toyClassifier();
  const [seen, unseen] = [SENTENCES.slice(0, 40), SENTENCES.slice(40)];
  const logs = await fineTuneWords(model, seen, TOY_TOKENIZER, { ...SETTINGS, epochs: 8 });
  strictEqual(logs.length, 40);
  ok(Math.abs(logs[0].loss - Math.log(4)) < 0.4, `${logs[0].loss} at the start`);
  ok(logs.at(-1)!.loss < 0.1, `${logs.at(-1)!.loss} at the end`);
  strictEqual(logs.at(-1)!.accuracy, 1);
  const { accuracy, count, classes } = await evaluateTokenClassifier(model, unseen, TOY_TOKENIZER);
  deepStrictEqual([accuracy, count], [1, 64]);
  deepStrictEqual(classes.map((one) => one.count), [40, 8, 8, 8]);
  const [words] = await classifyWords(model, TOY_TOKENIZER, [["the", "black", "whales", "likes"]]);
  deepStrictEqual(words.map(({ label }) => label), [0, 0, 1, 3]);
});

Deno.test("a step's loss and accuracy are those of the labelled words alone", async () => {
  const sentences = SENTENCES.slice(0, 3).map(({ words, labels }, i) => ({
    words,
    labels: labels.map((label, word) => word % 2 === i % 2 ? label : -1),
  }));
  using model = toyClassifier();
  const wanted = await evaluateTokenClassifier(model, sentences, TOY_TOKENIZER);
  const [batch] = labelledWordBatches(sentences, TOY_TOKENIZER, { batchSize: 3, maxLength: 16 });
  using optimizer = new AdamW(model.weights);
  const found = await fineTuneStep(model, optimizer, batch, { learningRate: 1e-3, seed: 1 });
  assertClose(found.loss, wanted.loss, { atol: 1e-5 });
  assertClose(found.accuracy, wanted.accuracy, { atol: 1e-6 });
  strictEqual(wanted.count, 12);
});

Deno.test("a batch without any label changes nothing but by weight decay, and its loss is 0", async () => {
  using model = toyClassifier();
  const unlabelled = SENTENCES.slice(0, 2).map(({ words }) => ({
    words,
    labels: words.map(() => -1),
  }));
  const [batch] = labelledWordBatches(unlabelled, TOY_TOKENIZER, { batchSize: 2, maxLength: 16 });
  using optimizer = new AdamW(model.weights, { weightDecay: 0 });
  const before = model.weights.get("classifier.weight")!.dataSync().slice();
  const log = await fineTuneStep(model, optimizer, batch, { learningRate: 1, seed: 1 });
  deepStrictEqual([log.loss, log.accuracy, log.gradientNorm], [0, 0, 0]);
  deepStrictEqual(model.weights.get("classifier.weight")!.dataSync(), before);
});

Deno.test("fineTuneWords() gives the same numbers for the same seed, also with dropout", async () => {
  const run = async (seed: number, dropout = 0.1) => {
    using model = toyClassifier(dropout);
    return await fineTuneWords(model, SENTENCES, TOY_TOKENIZER, { ...SETTINGS, epochs: 1, seed });
  };
  deepStrictEqual(await run(1), await run(1));
  notDeepStrictEqual(await run(1), await run(2));
  notDeepStrictEqual(await run(1, 0), await run(2, 0)); // the order depends on the seed, too
});

Deno.test("fineTuneWords() goes over every sentence once an epoch, and stops when asked", async () => {
  using model = toyClassifier();
  const settings = { ...SETTINGS, epochs: 2, batchSize: 16 };
  const logs = await fineTuneWords(model, SENTENCES, TOY_TOKENIZER, settings);
  deepStrictEqual(logs.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
  const signal = AbortSignal.abort();
  deepStrictEqual(
    await fineTuneWords(model, SENTENCES, TOY_TOKENIZER, { ...settings, signal }),
    [],
  );
});

Deno.test("no step, no evaluation and no failure leaves a tensor behind", async () => {
  using model = toyClassifier(0.1);
  const [batch] = labelledWordBatches(SENTENCES, TOY_TOKENIZER, { batchSize: 8, maxLength: 16 });
  using optimizer = new AdamW(model.weights);
  const step = { learningRate: 1e-3, seed: 1 };
  await assertNoLeak(() => fineTuneStep(model, optimizer, batch, step));
  await assertNoLeak(() => evaluateTokenClassifier(model, SENTENCES.slice(0, 9), TOY_TOKENIZER));
  await assertNoLeak(() => classifyWords(model, TOY_TOKENIZER, [["the", "ship"], []]));
  await assertNoLeak(() =>
    fineTuneWords(model, SENTENCES, TOY_TOKENIZER, { ...SETTINGS, epochs: 1 })
  );
  const wrong = { ...batch, labels: batch.labels.map((label) => label === 3 ? 4 : label) };
  await assertNoLeak(() =>
    rejects(fineTuneStep(model, optimizer, wrong, step), {
      name: "RangeError",
      message:
        /Cannot train on label 4 of token 5 of the batch: the classifier has the classes 0 to 3/,
    })
  );
});

Deno.test("fineTuneStep() refuses a batch that is made for the other kind of classifier", async () => {
  using model = toyClassifier();
  const [batch] = labelledWordBatches(SENTENCES, TOY_TOKENIZER, { batchSize: 2, maxLength: 16 });
  const step = { learningRate: 1e-3, seed: 1 };
  using optimizer = new AdamW(model.weights);
  const short = { ...batch, labels: Int32Array.of(1, 2) };
  await rejects(fineTuneStep(model, optimizer, short, step), {
    name: "ShapeError",
    message: "Cannot compute fineTuneStep() from labels of batch: expected shape [32], got [2]",
  });
  using texts = new BertClassifier(model.config, { classes: 4, seed: 1 });
  await rejects(fineTuneStep(texts, optimizer, batch, step), {
    name: "ShapeError",
    message: "Cannot compute fineTuneStep() from labels of batch: expected shape [2], got [32]",
  });
});

Deno.test("sentences without a labelled word make no steps, and are not asked", async () => {
  const some = SENTENCES.slice(0, 8);
  const none = some.map(({ words }) => ({ words, labels: words.map(() => -1) }));
  const found = [];
  for (const sentences of [some, [...none, ...some]]) {
    using model = toyClassifier();
    const logs = await fineTuneWords(model, sentences, TOY_TOKENIZER, { ...SETTINGS, epochs: 2 });
    found.push([logs, await evaluateTokenClassifier(model, sentences, TOY_TOKENIZER)]);
  }
  deepStrictEqual(found[1], found[0]);
});

Deno.test("fineTuneWords() throws if the loss is NaN, and changes no weight", async () => {
  using model = toyClassifier();
  const bias = model.weights.get("classifier.bias")!;
  const broken = bias.add(NaN);
  bias.assign(broken as typeof bias);
  broken.dispose();
  const weight = model.weights.get("classifier.weight")!;
  const before = weight.dataSync().slice();
  await rejects(fineTuneWords(model, SENTENCES, TOY_TOKENIZER, SETTINGS), {
    name: "DivergedError",
    message: /Stopped before step 1: the loss is NaN .* The batch: the \w+ \w+s \w+ the/,
  });
  deepStrictEqual(weight.dataSync(), before);
});
