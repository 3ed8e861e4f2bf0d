import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import type { Document } from "bert/data/document.ts";
import { nspData, nspExamples, nspExamplesAsync } from "bert/data/nsp.ts";
import { type PairExample } from "bert/data/example.ts";
import { createRng } from "bert/random.ts";
import { library, pairsOf as make, tokenizerFor } from "../support/library.ts";

const share = (pairs: readonly PairExample[]) =>
  pairs.filter(({ nspLabel }) => nspLabel === 1).length / pairs.length;

/** Whether the second segment begins where the first one ends. */
const follows = ({ first, second }: PairExample) =>
  first.document === second?.document && first.end === second.start;

Deno.test("nspExamples() frames the segments and numbers them 1 and 2", () => {
  const documents = library(2, 2, 1);
  const tokenizer = tokenizerFor(documents);
  const [pair] = nspExamples(documents, tokenizer, { maxLength: 5, rng: createRng(1) });
  const { clsId, sepId } = tokenizer.vocab;
  deepStrictEqual([pair.tokenIds[0], pair.tokenIds[2], pair.tokenIds[4]], [clsId, sepId, sepId]);
  deepStrictEqual(pair.segmentIds, [1, 1, 1, 2, 2]);
});

for (const packing of [true, false]) {
  Deno.test(`label 0 follows, label 1 never does, packing ${packing}`, () => {
    for (let seed = 0; seed < 20; seed++) {
      const pairs = make(library(5, 30), { packing, rng: createRng(seed) });
      for (const pair of pairs) strictEqual(follows(pair), pair.nspLabel === 0);
      ok(
        pairs.every(({ first, second, nspLabel }) =>
          nspLabel === 0 || first.document !== second?.document
        ),
      );
    }
  });

  Deno.test(`a corpus of one document has true negatives, packing ${packing}`, () => {
    for (let seed = 0; seed < 20; seed++) {
      const pairs = make(library(1, 300), { packing, rng: createRng(seed) });
      for (const pair of pairs) strictEqual(follows(pair), pair.nspLabel === 0);
      for (const { first, second, nspLabel } of pairs) {
        if (nspLabel === 0 || !second) continue;
        ok(second.end <= first.start || second.start > first.end, "overlaps or continues");
      }
      ok(share(pairs) > 0.2 && share(pairs) < 0.8);
    }
  });
}

Deno.test("half of the labels are 1 even if long sentences leave the reference no choice", () => {
  const documents = library(20, 60, 30); // one sentence fills an example
  const seeds = [1, 2, 3, 4, 5];
  const balanced = seeds.map((seed) => share(make(documents, { rng: createRng(seed) })));
  const reference = seeds.map((seed) =>
    share(make(documents, { balanced: false, rng: createRng(seed) }))
  );
  ok(balanced.every((x) => Math.abs(x - 0.5) < 0.05), `${balanced}`);
  ok(reference.every((x) => x > 0.9), `${reference}`);
});

Deno.test("half of the labels are 1 in documents of three or seven sentences", () => {
  const documents = [
    ...library(40, 3, 7),
    ...library(40, 7, 3).map((d) => ({ ...d, name: `x${d.name}` })),
  ];
  const shares = [1, 2, 3].map((seed) => share(make(documents, { rng: createRng(seed) })));
  ok(shares.every((x) => Math.abs(x - 0.5) < 0.1), `${shares}`);
});

Deno.test("no example is longer than maxLength, and both segments keep a token", () => {
  for (const maxLength of [5, 6, 9, 17, 64]) {
    for (const { tokenIds, segmentIds } of make(library(4, 20, 9), { maxLength })) {
      ok(tokenIds.length <= maxLength);
      ok(segmentIds.filter((id) => id === 1).length >= 3);
      ok(segmentIds.filter((id) => id === 2).length >= 2);
    }
  }
});

Deno.test("packing fills examples up to the length, and marks those that were cut", () => {
  const pairs = make(library(3, 1000, 3), { maxLength: 64, shortSequenceProbability: 0 });
  const lengths = pairs.map(({ tokenIds }) => tokenIds.length);
  ok(lengths.reduce((a, b) => a + b) / lengths.length > 55);
  for (const { truncated, tokenIds } of pairs) if (truncated) strictEqual(tokenIds.length, 64);
  ok(pairs.some(({ truncated }) => truncated) && pairs.some(({ truncated }) => !truncated));
});

Deno.test("sentence order: label 0 is in order and 1 swapped, each in half of the pairs", () => {
  const pairs = make(library(10, 50), { pairing: "sop" });
  for (const { first, second, nspLabel } of pairs) {
    strictEqual(first.document, second?.document);
    if (nspLabel === 0) strictEqual(first.end, second?.start);
    else strictEqual(second?.end, first.start);
  }
  ok(Math.abs(share(pairs) - 0.5) < 0.15);
});

Deno.test("without pairing there is one segment, and its label is -1", () => {
  for (const { second, nspLabel, segmentIds } of make(library(3, 10), { pairing: "none" })) {
    deepStrictEqual([second, nspLabel], [undefined, -1]);
    ok(segmentIds.every((id) => id === 1));
  }
});

Deno.test("without pairing every sentence is used exactly once", () => {
  const spans = make(library(2, 10), { pairing: "none" }).map(({ first }) => first);
  const used = spans.flatMap(({ document, start, end }) =>
    Array.from({ length: end - start }, (_, i) => `${document} ${start + i}`)
  );
  strictEqual(new Set(used).size, used.length);
  strictEqual(used.length, 20);
});

Deno.test("the same seed gives the same pairs, and another seed gives others", () => {
  const documents = library(5, 20);
  deepStrictEqual(make(documents, { rng: createRng(9) }), make(documents, { rng: createRng(9) }));
  ok(JSON.stringify(make(documents, { rng: createRng(9) })) !== JSON.stringify(make(documents)));
});

Deno.test("nspExamplesAsync() gives the pairs of nspExamples()", async () => {
  const documents = library(4, 10);
  async function* stream() {
    yield* documents;
  }
  const options = { maxLength: 32, rng: createRng(1) };
  deepStrictEqual(
    await Array.fromAsync(nspExamplesAsync(stream(), tokenizerFor(documents), options)),
    make(documents),
  );
});

Deno.test("nspExamples() reads one window of documents before it yields the first pair", () => {
  const documents = library(50, 20);
  let read = 0;
  const counted = (function* () {
    for (const document of documents) {
      read++;
      yield document;
    }
  })();
  const options = { maxLength: 32, windowTokens: 200, rng: createRng(1) };
  const pairs = nspExamples(counted, tokenizerFor(documents), options);
  pairs.next();
  strictEqual(read, 3); // a document has 80 tokens: the third one fills the window
  const rest = [...pairs];
  strictEqual(read, 50);
  for (const pair of rest) strictEqual(follows(pair), pair.nspLabel === 0);
});

Deno.test("nspData() gives full batches, and a last one", () => {
  const documents = library(5, 21);
  const options = { maxLength: 32, batchSize: 4, rng: createRng(1) };
  const sizes = [...nspData(documents, tokenizerFor(documents), options)].map(({ length }) =>
    length
  );
  ok(sizes.slice(0, -1).every((size) => size === 4));
  strictEqual(sizes.reduce((a, b) => a + b), make(documents).length);
});

Deno.test("sentences without tokens are skipped, but spans still count them", () => {
  const documents = [
    { name: "x", sentences: ["\u200b", "d0s0w0", "", "d0s1w0"] },
    ...library(1, 2, 1),
  ];
  const pairs = make(documents, { packing: false });
  ok(pairs.some(({ first }) => first.document === "x" && first.start === 1));
});

Deno.test("a single document of one sentence, or no document, is refused with advice", () => {
  throws(() => make([]), {
    name: "NoExamplesError",
    message: /hold no text: check the corpus and the tokenizer$/,
  });
  throws(() => make(library(1, 1)), {
    name: "NoExamplesError",
    message: /no document has two sentences/,
  });
  for (const pairing of ["nsp", "sop"] as const) {
    const message = /document column, .*--pairing none, set pairing to "none"$/;
    throws(() => make(library(100, 1), { pairing }), { name: "NoExamplesError", message });
    throws(() => make(library(3, 1), { pairing: "sop" }), { name: "NoExamplesError", message });
  }
});

Deno.test("maxLength without room for two tokens is refused", async () => {
  const message = "Invalid maxLength = 4: it must be at least 5, for [CLS] x [SEP] y [SEP]";
  throws(() => make(library(2, 2), { maxLength: 4 }), { name: "ConfigError", message });
  async function* none(): AsyncGenerator<Document> {}
  const options = { maxLength: 4, rng: createRng(1) };
  const pairs = nspExamplesAsync(none(), tokenizerFor(library(1, 1)), options);
  await rejects(async () => await pairs.next(), { name: "ConfigError" });
});

Deno.test("a document of many sentences gives pairs for any seed", () => {
  for (let seed = 0; seed < 2000; seed++) {
    make(library(1, 10, 5), { maxLength: 9, rng: createRng(seed) });
  }
});

Deno.test("half of the labels are 1 in many small corpora, within four standard deviations", () => {
  for (const [documents, sentences, words] of [[10, 8, 12], [30, 3, 7]]) {
    let pairs = 0;
    let notNext = 0;
    for (let seed = 0; seed < 200; seed++) {
      const rng = createRng(seed);
      for (const { nspLabel } of make(library(documents, sentences, words), { rng })) {
        pairs++;
        notNext += nspLabel;
      }
    }
    ok(Math.abs(notNext / pairs - 0.5) < 2 / Math.sqrt(pairs), `${notNext} of ${pairs}`);
  }
});

Deno.test("a very long sentence is cut in time proportional to its length", () => {
  const documents = library(2, 2, 1);
  documents[0] = { name: "long", sentences: ["d0s0w0 ".repeat(1_000_000), "d0s1w0"] };
  const pairs = make(documents, { maxLength: 64 }); // it takes a minute if tokens are removed one by one from the front
  ok(pairs.some(({ truncated }) => truncated));
});

Deno.test("two sentences always give a pair in order or swapped, however long the first", () => {
  const pairs = make(library(1, 2, 9), { maxLength: 8, pairing: "sop", balanced: false });
  strictEqual(pairs.length, 1);
});
