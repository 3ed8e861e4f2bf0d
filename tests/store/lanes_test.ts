import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { createHash } from "node:crypto";
import { dataConfig } from "bert/config.ts";
import type { Batch } from "bert/data/batch.ts";
import { batches, windowGenerators } from "bert/data/epochs.ts";
import { cutStore, type StoreCut } from "bert/store/lane_order.ts";
import { type LaneOptions, type LaneParts, type LanePlaces, LaneStream } from "bert/store/lanes.ts";
import { surveyStore } from "bert/store/store_survey.ts";
import { memoryStore } from "../support/stores.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const DOCUMENTS = toyDocuments(203, 5).map((document, i) =>
  i % 50 === 7 ? { ...document, sentences: [] } : i === 9 ? toyDocuments(1, 90, 5)[0] : document
);
const STORE = memoryStore(DOCUMENTS);
const DATA = dataConfig({ maxLength: 32 });

/** Three windows for each lane, of four blocks each. */
function options(lanes: number, changes: Partial<LaneOptions> = {}): LaneOptions {
  const cut: StoreCut = { windows: 3 * lanes, blocks: 4 };
  return { data: DATA, batchSize: 8, seed: 3, epoch: 1, lanes, cut, ...changes };
}

function open(lanes: number, changes: Partial<LaneOptions> = {}): LaneStream {
  return new LaneStream(STORE, TOY_TOKENIZER, options(lanes, changes));
}

/** A short digest of the ids and labels of a batch. */
function digest(batch: Batch | undefined): string {
  if (!batch) return "none";
  const hash = createHash("sha256");
  for (const part of [batch.tokenIds, batch.mlmLabels, batch.nspLabels]) hash.update(part);
  return hash.digest("hex").slice(0, 12);
}

interface Step {
  readonly parts: LaneParts;
  readonly places: LanePlaces;
}

async function stepsOf(stream: LaneStream): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const parts of stream) steps.push({ parts, places: stream.places });
  return steps;
}

const digests = (steps: readonly Step[]) => steps.map(({ parts }) => parts.map(digest));

/** The steps of `count` lanes from `first` on, as one of several processes makes them; `all` gives the sums. */
async function rank(all: readonly Step[], lanes: number, first: number, count: number) {
  let step = 0;
  const sum = (values: readonly number[]) => {
    const { places, parts } = all[step++] ?? { places: all.at(-1)!.places, parts: [] };
    if (parts.length > 0) { // at the end the place of a lane moves after its last window
      const own = values.slice(2 * first, 2 * (first + count));
      deepStrictEqual(own, places.slice(2 * first, 2 * (first + count)));
    }
    return Promise.resolve([...places, parts.filter((part) => part).length]);
  };
  return await stepsOf(open(lanes, { first, count, sum }));
}

Deno.test("LaneStream shows every token of every document once in an epoch, for any number of lanes", async () => {
  const data = dataConfig({ maxLength: 32, pairing: "none" });
  const expected = DOCUMENTS.map(({ sentences }) =>
    sentences.flatMap((text) => TOY_TOKENIZER.ids(text)).length
  );
  for (const lanes of [1, 2, 4, 8]) {
    const all = await stepsOf(open(lanes, { data }));
    const shown = new Map<string, number>();
    for (const batch of all.flatMap(({ parts }) => parts)) {
      for (const { first, tokenIds } of batch?.examples ?? []) {
        shown.set(first.document, (shown.get(first.document) ?? 0) + tokenIds.length - 2);
      }
    }
    const merged = expected.map((count, i) => [DOCUMENTS[i].name, count] as const);
    const wanted = new Map<string, number>();
    for (const [name, count] of merged) {
      if (count > 0) wanted.set(name, (wanted.get(name) ?? 0) + count);
    }
    deepStrictEqual([...shown].sort(), [...wanted].sort(), `${lanes} lanes`);
  }
});

Deno.test("LaneStream gives each lane the same batches, however many processes share them", async () => {
  for (const lanes of [2, 4, 8]) {
    const all = await stepsOf(open(lanes));
    ok(all.length > 3);
    for (const ranks of [2, 4].filter((ranks) => ranks <= lanes)) {
      const count = lanes / ranks;
      const shares = await Promise.all(
        Array.from({ length: ranks }, (_, r) => rank(all, lanes, r * count, count)),
      );
      const joined = all.map((_, step) => shares.flatMap((share) => digests(share)[step]));
      deepStrictEqual(joined, digests(all), `${lanes} lanes, ${ranks} ranks`);
      deepStrictEqual(
        shares.map((share) => share.at(-1)!.places),
        shares.map(() => all.at(-1)!.places),
      );
    }
  }
});

Deno.test("LaneStream continues at any step of an epoch with the batches that follow it", async () => {
  for (const lanes of [1, 2]) {
    const all = await stepsOf(open(lanes));
    for (const [i, { places }] of all.entries()) {
      const again = open(lanes);
      ok(again.goTo(places, i + 1));
      deepStrictEqual([again.places, again.steps], [places, i + 1]);
      deepStrictEqual(
        digests(await stepsOf(again)),
        digests(all.slice(i + 1)),
        `after step ${i + 1}`,
      );
    }
  }
});

Deno.test("LaneStream reads one window of each lane to go back to a place", async () => {
  const all = await stepsOf(open(2));
  const { places } = all[Math.floor(all.length / 2)];
  let documents = 0;
  const counting = {
    ...STORE,
    documentRange(first: number, end: number) {
      documents += end - first;
      return STORE.documentRange(first, end);
    },
  };
  new LaneStream(counting, TOY_TOKENIZER, options(2)).goTo(places, 1);
  ok(documents > 0 && documents < STORE.documents / 2, `${documents} documents`);
});

Deno.test("LaneStream refuses a place that does not exist, and passes on errors of reading", () => {
  for (const [places, lanes] of [[[0, 1], 2], [[0, 99], 1], [[3, 1], 1], [[4, 0], 1]] as const) {
    strictEqual(open(lanes).goTo(places, 1), false, `${places}`);
  }
  for (const places of [[0, 1], [2, 0], [3, 0]]) strictEqual(open(1).goTo(places, 1), true);
  const full = {
    ...STORE,
    documentRange() {
      throw new RangeError("Array buffer allocation failed");
    },
  };
  throws(
    () => new LaneStream(full, TOY_TOKENIZER, options(1)).goTo([0, 1], 1),
    /Array buffer allocation failed/,
  );
});

Deno.test("LaneStream makes the batches of batches() of a store of one window", async () => {
  const one = options(1, { cut: { windows: 1, blocks: 16 } });
  const { data, batchSize, seed, epoch } = one;
  const text = batches(
    DOCUMENTS,
    TOY_TOKENIZER,
    { data, batchSize, seed, epoch },
    windowGenerators(one, 0),
  );
  const steps = await stepsOf(new LaneStream(STORE, TOY_TOKENIZER, one));
  deepStrictEqual(digests(steps).flat(), [...text].map(digest));
});

Deno.test("LaneStream draws new pairs and masks for each epoch, but not with static masking", async () => {
  const contents = async (epoch: number, masking: "dynamic" | "static") => {
    const steps = await stepsOf(open(2, { epoch, data: { ...DATA, masking } }));
    const examples = steps.flatMap(({ parts }) => parts.flatMap((part) => part?.examples ?? []));
    return examples.map(({ tokenIds, labels }) => `${tokenIds}/${labels}`).sort();
  };
  notDeepStrictEqual(await contents(1, "dynamic"), await contents(2, "dynamic"));
  deepStrictEqual(await contents(1, "static"), await contents(2, "static"));
});

Deno.test("cutStore() gives each lane the same number of windows, of at most four million tokens", () => {
  for (const lanes of [1, 2, 3, 8, 64]) {
    for (const tokens of [10, 1e5, 3e6, 5e7, 4e9]) {
      const { windows, blocks } = cutStore({ tokens }, lanes);
      strictEqual(windows % lanes, 0);
      ok(tokens / windows <= 4e6 && tokens / windows / blocks <= 2e5);
    }
  }
});

Deno.test("surveyStore() counts the steps of a small store exactly, and estimates those of a larger one", async () => {
  for (const lanes of [1, 4]) {
    const { cut: _, ...plain } = options(lanes);
    const steps = await stepsOf(new LaneStream(STORE, TOY_TOKENIZER, plain));
    const found = surveyStore(STORE, TOY_TOKENIZER, plain);
    deepStrictEqual([found.steps, found.countedShare], [steps.length, 1]);
    const examples = steps.flatMap(({ parts }) => parts.flatMap((part) => part?.examples ?? []));
    strictEqual(found.examples, examples.length);
    strictEqual(found.notNext, examples.filter(({ nspLabel }) => nspLabel === 1).length);
  }
  const documents = STORE.documents;
  const large = {
    documents: 150 * documents,
    tokens: 150 * STORE.tokens,
    tokensBefore: (i: number) =>
      Math.floor(i / documents) * STORE.tokens + STORE.tokensBefore(i % documents),
    documentRange: (first: number, end: number) =>
      Array.from(
        { length: end - first },
        (_, i) => STORE.documentRange((first + i) % documents, (first + i) % documents + 1)[0],
      ),
  };
  const { cut: _, ...plain } = options(4);
  const found = surveyStore(large, TOY_TOKENIZER, { ...plain, counted: 100_000 });
  ok(found.countedShare < 0.5, `${found.countedShare}`);
  const whole = surveyStore(large, TOY_TOKENIZER, { ...plain, counted: Infinity });
  ok(Math.abs(found.steps / whole.steps - 1) < 0.02, `${found.steps} of ${whole.steps}`);
});

Deno.test("surveyStore() refuses a store in which no document has two sentences", () => {
  const store = memoryStore(toyDocuments(40, 1));
  const { cut: _, ...plain } = options(1);
  throws(() => surveyStore(store, TOY_TOKENIZER, plain), /no document has two sentences/);
});
