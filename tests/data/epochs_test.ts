import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import type { Batch } from "bert/data/batch.ts";
import { dataConfig } from "bert/config.ts";
import type { Document } from "bert/data/document.ts";
import { EncodedDocuments } from "bert/data/encoded_documents.ts";
import {
  batches,
  batchesAsync,
  type BatchesOptions,
  countBatches,
  epochBatches,
  epochGenerators,
  epochMasking,
  epochPairs,
} from "bert/data/epochs.ts";
import { EpochStream } from "bert/data/resumable_epoch.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const DOCUMENTS = toyDocuments(40);
const DATA = dataConfig({ maxLength: 32, packing: false });
const OPTIONS: BatchesOptions = { data: DATA, batchSize: 6, seed: 3, epoch: 1 };

function epoch(changes: Partial<BatchesOptions> = {}, documents: Iterable<Document> = DOCUMENTS) {
  return [...batches(documents, TOY_TOKENIZER, { ...OPTIONS, ...changes })];
}

/** The ids and labels that a model would see of batches. */
function seen(list: readonly Batch[]): number[][][] {
  return list.map((
    { tokenIds, mlmLabels, nspLabels },
  ) => [[...tokenIds], [...mlmLabels], [...nspLabels]]);
}

/** The sources of all examples, sorted, so that their order does not matter. */
function sources(list: readonly Batch[]): string[] {
  return list.flatMap(({ examples }) =>
    examples.map(({ first }) => `${first.document}/${first.start}`)
  )
    .sort();
}

async function* stream(documents: readonly Document[] = DOCUMENTS) {
  for (const document of documents) yield await Promise.resolve(document);
}

Deno.test("batches() gives the same batches for the same seed and epoch", () => {
  deepStrictEqual(seen(epoch()), seen(epoch()));
});

Deno.test("batches() makes the same batches of documents that were encoded before", () => {
  const documents = DOCUMENTS.with(3, { name: "empty", sentences: ["", "the sea ."] })
    .with(4, { name: "nothing", sentences: [] });
  const encoded = EncodedDocuments.of(documents, TOY_TOKENIZER);
  for (const pairing of ["nsp", "none"] as const) {
    const options = { ...OPTIONS, data: { ...DATA, pairing } };
    const again = [...batches(encoded, TOY_TOKENIZER, options)];
    deepStrictEqual(seen(again), seen(epoch(options, documents)));
    deepStrictEqual(sources(again), sources(epoch(options, documents)));
  }
});

Deno.test("batches() draws fresh pairs, masks and order for another epoch or seed", () => {
  notDeepStrictEqual(sources(epoch()), sources(epoch({ epoch: 2 })));
  notDeepStrictEqual(seen(epoch()), seen(epoch({ epoch: 2 })));
  notDeepStrictEqual(seen(epoch()), seen(epoch({ seed: 4 })));
});

/** The contents of all examples, sorted, so that their order does not matter. */
function contents(list: readonly Batch[]): string[] {
  return list.flatMap(({ examples }) =>
    examples.map(({ tokenIds, labels, nspLabel }) => `${tokenIds}/${labels}/${nspLabel}`)
  ).sort();
}

Deno.test("batches() with static masking repeats pairs and masks in a new order", () => {
  const data: typeof DATA = { ...DATA, masking: "static" };
  const [first, second] = [epoch({ data, epoch: 1 }), epoch({ data, epoch: 2 })];
  deepStrictEqual(contents(second), contents(first));
  notDeepStrictEqual(seen(second), seen(first));
  deepStrictEqual(seen(first), seen(epoch())); // the first epoch is that of dynamic masking
  notDeepStrictEqual(contents(epoch({ data, seed: 4 })), contents(first));
});

Deno.test("batches() with static masking does not change the predictions of an evaluation", () => {
  const data: typeof DATA = { ...DATA, masking: "static" };
  deepStrictEqual(seen(epoch({ data, epoch: 0 })), seen(epoch({ epoch: 0 })));
  notDeepStrictEqual(contents(epoch({ data, epoch: 0 })), contents(epoch({ data, epoch: 1 })));
});

Deno.test("batchesAsync() and countBatches() follow static masking, too", async () => {
  const options: BatchesOptions = { ...OPTIONS, data: { ...DATA, masking: "static" } };
  const again = { ...options, epoch: 7 };
  const list = await Array.fromAsync(batchesAsync(stream(), TOY_TOKENIZER, again));
  const first = await Array.fromAsync(batchesAsync(stream(), TOY_TOKENIZER, options));
  deepStrictEqual(contents(list), contents(first));
  strictEqual(await countBatches(DOCUMENTS, TOY_TOKENIZER, again), epoch(options).length);
});

Deno.test("batches() fills every batch except the last", () => {
  const list = epoch();
  const sizes = list.map(({ size }) => size);
  ok(sizes.length > 10);
  ok(sizes.slice(0, -1).every((size) => size === 6), `${sizes}`);
  const total = sizes.reduce((a, b) => a + b);
  ok(sizes.at(-1)! <= 6 && total > 100);
});

Deno.test("batches() neither loses nor repeats an example, whatever the window", () => {
  const whole = epoch({ window: 1000 });
  deepStrictEqual(sources(epoch({ window: 1 })), sources(whole));
  deepStrictEqual(sources(epoch({ window: 3 })), sources(whole));
});

/** The numbers of the documents that a batch was made from. */
function documentsOf({ examples }: Batch): number[] {
  return examples.map(({ first }) => Number(first.document.split("-")[1]));
}

Deno.test("batches() shuffles an array of documents", () => {
  const [first] = epoch({ window: 1 });
  ok(Math.min(...documentsOf(first)) > 1, `${documentsOf(first)}`);
});

Deno.test("batches() mixes the examples of a window of a stream, too", () => {
  const list = epoch({}, new Set(DOCUMENTS).values()).slice(0, -1); // the last may hold one example
  for (const numbers of list.map(documentsOf)) {
    ok(Math.max(...numbers) - Math.min(...numbers) > 6, `${numbers}`);
  }
});

Deno.test("batches() groups examples by length, and puts the batches in random order", () => {
  const mixed = toyDocuments(20).map((document, i) => ({
    ...document,
    sentences: document.sentences.map((s, j) => (i + j) % 2 ? s : "the sea ."),
  }));
  const lengths = epoch({}, mixed).slice(0, -1).map(({ length }) => length);
  notDeepStrictEqual(lengths, lengths.toSorted((a, b) => a - b));
  const waste = (list: readonly Batch[]) => {
    const padding = list.reduce((n, b) => n + b.attentionMask.filter((m) => m === 0).length, 0);
    return padding / list.reduce((n, b) => n + b.tokenIds.length, 0);
  };
  const [grouped, random] = [epoch({}, mixed), epoch({ window: 1 }, mixed)];
  ok(waste(grouped) < 0.7 * waste(random), `${waste(grouped)} against ${waste(random)}`);
});

Deno.test("batches() hides the wanted share of tokens at every length, and keeps to maxPredictions", () => {
  const many = toyDocuments(2000);
  for (const [maxLength, maskProbability] of [[16, 0.15], [32, 0.15], [64, 0.15], [32, 0.4]]) {
    const list = epoch({ data: dataConfig({ maxLength, maskProbability }), batchSize: 64 }, many);
    const predictions = list.flatMap(({ predictedLabels }) => [...predictedLabels])
      .filter((label) => label >= 0).length;
    const words = list.flatMap(({ examples }) => examples)
      .reduce((n, { tokenIds }) => n + tokenIds.length - 3, 0);
    const share = predictions / words;
    ok(Math.abs(share - maskProbability) < 0.004, `${share} at ${maxLength}`); // four standard deviations
  }
  for (const { examples } of epoch({ data: { ...DATA, maxPredictions: 1 } })) {
    ok(examples.every(({ labels }) => labels.filter((label) => label >= 0).length <= 1));
  }
});

Deno.test("batches() reads documents only as they are needed", () => {
  let asked = 0;
  function* endless() {
    for (;;) yield { ...DOCUMENTS[asked % 40], name: `endless-${asked++}` };
  }
  const data = dataConfig({ maxLength: 16, packing: false });
  const source = batches(endless(), TOY_TOKENIZER, { ...OPTIONS, data, window: 2 });
  strictEqual(source.next().value?.size, 6); // it returned, although the documents never end
  ok(asked > 0);
  source.return(undefined);
});

Deno.test("batchesAsync() gives the batches of batches() for the same documents in the same order", async () => {
  const list: Batch[] = [];
  for await (const batch of batchesAsync(stream(), TOY_TOKENIZER, OPTIONS)) list.push(batch);
  deepStrictEqual(seen(list), seen(epoch({}, new Set(DOCUMENTS).values())));
  let first: Batch | undefined;
  for await (const batch of epochBatches(() => stream(), TOY_TOKENIZER, OPTIONS)) first ??= batch;
  deepStrictEqual(seen([first!]), seen(list.slice(0, 1)));
});

Deno.test("countBatches() counts the batches of batches(), up to a limit", async () => {
  strictEqual(await countBatches(DOCUMENTS, TOY_TOKENIZER, OPTIONS), epoch().length);
  const big = { ...OPTIONS, batchSize: 7, epoch: 5 };
  strictEqual(await countBatches(DOCUMENTS, TOY_TOKENIZER, big), epoch(big).length);
  strictEqual(await countBatches(DOCUMENTS, TOY_TOKENIZER, OPTIONS, 3), 3);
  const inOrder = epoch({}, new Set(DOCUMENTS).values()).length;
  strictEqual(await countBatches(() => stream(), TOY_TOKENIZER, OPTIONS), inOrder);
});

Deno.test("batches() refuses a batch size or a window that is not a whole number of at least 1", () => {
  for (const wrong of [{ batchSize: 0 }, { batchSize: 1.5 }, { window: 0 }]) {
    throws(() => epoch(wrong), { name: "ConfigError", message: /at least 1/ });
  }
});

Deno.test("batches() refuses documents without text", async () => {
  throws(() => epoch({}, []), { name: "NoExamplesError" });
  await rejects(countBatches([], TOY_TOKENIZER, OPTIONS), { name: "NoExamplesError" });
});

const STREAMED = { data: DATA, batchSize: 4, seed: 1, epoch: 2, window: 3 };
const ALL = [...batches(DOCUMENTS, TOY_TOKENIZER, STREAMED)];

const epochStream = () => new EpochStream(DOCUMENTS, TOY_TOKENIZER, STREAMED);

Deno.test("an epoch that is resumed at any place gives the remaining batches", async () => {
  for (const place of [0, 1, 2, 3, 4, ALL.length]) {
    const again = epochStream();
    strictEqual(await again.skip(place), place);
    deepStrictEqual(await Array.fromAsync(again), ALL.slice(place));
  }
});

Deno.test("the generators of a place do not depend on how it was reached, and advance with each window", async () => {
  const [walked, skipped] = [epochStream(), epochStream()];
  let taken = 0;
  for await (const _ of walked) if (++taken === 4) break;
  await skipped.skip(4);
  deepStrictEqual(skipped.place, walked.place);
  deepStrictEqual([walked.place.epoch, walked.place.batches], [2, 4]);
  const early = epochStream();
  await early.skip(3);
  notDeepStrictEqual(early.place.generators.mlm, walked.place.generators.mlm);
  strictEqual(await early.skip(1000), ALL.length - 3);
});

Deno.test("epochPairs() and epochMasking() give the examples of batches() before they are shuffled", async () => {
  const options = { data: DATA, seed: 3, epoch: 1 };
  const generators = epochGenerators(options);
  const mask = epochMasking(TOY_TOKENIZER, options, generators);
  const pairs = await Array.fromAsync(epochPairs(DOCUMENTS, TOY_TOKENIZER, options, generators));
  const examples = epoch().flatMap((batch) => batch.examples);
  const sorted = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort();
  deepStrictEqual(sorted(pairs.map(mask)), sorted(examples));
});
