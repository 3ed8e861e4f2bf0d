import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { inspectExample } from "bert/data/inspect.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspExamples } from "bert/data/nsp.ts";
import { createRng } from "bert/random.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "ship", "whale"]));
const EXAMPLE = {
  tokenIds: [2, 4, 6, 5, 1, 3, 7, 3, 0],
  segmentIds: [1, 1, 1, 1, 1, 1, 2, 2, 0],
  labels: [-1, 5, 5, 5, -1, -1, -1, -1, -1],
  nspLabel: 1,
  first: { document: "log", start: 2, end: 5 },
  second: { document: "diary", start: 0, end: 1 },
  truncated: true,
} as const;

Deno.test("inspectExample() distinguishes masked, random, kept, plain and special tokens", () => {
  const { tokens } = inspectExample(EXAMPLE, tokenizer);
  const states = "special masked random kept plain special plain special special";
  strictEqual(tokens.map(({ state }) => state).join(" "), states);
  deepStrictEqual(tokens[2], {
    position: 2,
    token: "ship",
    state: "random",
    segment: 1,
    target: "sea",
  });
  deepStrictEqual(tokens[6], { position: 6, token: "whale", state: "plain", segment: 2 });
});

Deno.test("inspectExample() gives the label and the sources in words", () => {
  const { relation, sources, nspLabel, truncated } = inspectExample(EXAMPLE, tokenizer);
  strictEqual(relation, "1: the second segment does not follow the first");
  deepStrictEqual(sources, ['"log", sentences 3 to 5', '"diary", sentence 1']);
  deepStrictEqual([nspLabel, truncated], [1, true]);
  const ordered = inspectExample({ ...EXAMPLE, nspLabel: 0 }, tokenizer, { pairing: "sop" });
  strictEqual(ordered.relation, "0: the segments are in order");
});

Deno.test("inspectExample() of a single, unmasked segment has nothing to predict", () => {
  const { labels: _, second: __, ...rest } = EXAMPLE;
  const seen = inspectExample({ ...rest, nspLabel: -1 }, tokenizer);
  strictEqual(seen.relation, "no second segment");
  deepStrictEqual(seen.sources, ['"log", sentences 3 to 5']);
  ok(seen.tokens.every(({ state, target }) => target === undefined && state !== "kept"));
});

Deno.test("inspectExample() shows what mlmData() did", () => {
  const rng = createRng(1);
  for (const pair of nspExamples(toyDocuments(20), TOY_TOKENIZER, { maxLength: 32, rng })) {
    const masked = mlmData(pair.tokenIds, TOY_TOKENIZER.vocab, { rng });
    const { tokens } = inspectExample({ ...pair, ...masked }, TOY_TOKENIZER);
    const restored = tokens.map(({ token, target }) => TOY_TOKENIZER.vocab.idOf(target ?? token));
    deepStrictEqual(restored, pair.tokenIds);
    const asked = tokens.filter(({ state }) => state !== "plain" && state !== "special");
    strictEqual(asked.length, masked.labels.filter((label) => label !== -1).length);
  }
});

Deno.test("inspectExample() refuses arrays of unequal length", () => {
  throws(() => inspectExample({ ...EXAMPLE, labels: [-1] }, tokenizer), {
    name: "ShapeError",
    message: /token, segment and label counts: expected shape \[9,9,9\], got \[9,9,1\]$/,
  });
  throws(() => inspectExample({ ...EXAMPLE, segmentIds: [1, 1] }, tokenizer), {
    message: /expected shape \[9,9,9\], got \[9,2,9\]$/,
  });
});
