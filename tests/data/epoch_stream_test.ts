import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert";
import { EpochStream } from "bert/data/epochs.ts";
import { batches } from "bert/data/epochs.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";
import { TOY_DATA } from "../support/toy_model.ts";

const DOCUMENTS = toyDocuments(20);
const OPTIONS = { data: TOY_DATA, batchSize: 4, seed: 1, epoch: 2, window: 3 };
const ALL = [...batches(DOCUMENTS, TOY_TOKENIZER, OPTIONS)];

const stream = () => new EpochStream(DOCUMENTS, TOY_TOKENIZER, OPTIONS);

Deno.test("an epoch left at any place and gone back to gives the batches that were left", async () => {
  for (const place of [0, 1, 2, 3, 4, ALL.length]) {
    const again = stream();
    strictEqual(await again.skip(place), place);
    deepStrictEqual(await Array.fromAsync(again), ALL.slice(place));
  }
});

Deno.test("the generators of a place are the same however it is reached, and move on from window to window", async () => {
  const [walked, skipped] = [stream(), stream()];
  let taken = 0;
  for await (const _ of walked) if (++taken === 4) break;
  await skipped.skip(4);
  deepStrictEqual(skipped.place, walked.place);
  deepStrictEqual([walked.place.epoch, walked.place.batches], [2, 4]);
  const early = stream();
  await early.skip(3);
  notDeepStrictEqual(early.place.generators.mlm, walked.place.generators.mlm);
  strictEqual(await early.skip(1000), ALL.length - 3);
});
