import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert";
import type { Document } from "bert/data/document.ts";
import type { PairExample } from "bert/data/example.ts";
import { nspExamples } from "bert/data/nsp.ts";
import { createRng } from "bert/random.ts";
import type { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { library, pairsOf, tokenizerFor, word } from "../support/library.ts";

Deno.test("many documents of one sentence are refused before any text is encoded", () => {
  const documents = library(10, 1);
  let encoded = 0;
  const tokenizer = tokenizerFor(documents);
  const ids = tokenizer.ids.bind(tokenizer);
  tokenizer.ids = (text) => {
    encoded++;
    return ids(text);
  };
  const pairs = nspExamples(documents, tokenizer, { maxLength: 32, rng: createRng(1) });
  throws(() => pairs.next(), RangeError);
  strictEqual(encoded, 0);
});

/** The tokens of all examples without pairs, in order, without the special ones. */
function tokensOf(pairs: readonly PairExample[]): number[] {
  return pairs.flatMap(({ tokenIds }) => tokenIds.slice(1, -1));
}

Deno.test("without pairing every token occurs exactly once, in order, however long the sentences are", () => {
  const lengths = [[1000], [3, 250, 2], [30, 30, 30], [31, 29, 61, 1, 1, 400], [1], [60, 60]];
  const documents = lengths.map((sentences, d) => ({
    name: `document ${d}`,
    sentences: sentences.map((n, s) =>
      Array.from({ length: n }, (_, w) => word(d, s, w)).join(" ")
    ),
  }));
  const expected = documents.flatMap(({ sentences }) =>
    sentences.flatMap((sentence) => tokenizerFor(documents).ids(sentence))
  );
  for (const packing of [true, false]) {
    for (const shortSequenceProbability of [0, 1]) {
      for (const maxLength of [5, 32, 64]) {
        const options = { pairing: "none", packing, shortSequenceProbability, maxLength } as const;
        const pairs = pairsOf(documents, options);
        deepStrictEqual(tokensOf(pairs), expected);
        ok(pairs.every(({ tokenIds }) => tokenIds.length <= maxLength));
      }
    }
  }
});

Deno.test("without pairing a sentence is cut only if it is longer than an example", () => {
  const documents = library(20, 30, 7);
  for (const { truncated, first } of pairsOf(documents, { pairing: "none" })) {
    deepStrictEqual([truncated, first.cut], [false, undefined]);
  }
  const [whole, start, middle, end] = pairsOf(
    [{ name: "x", sentences: ["a b", Array(70).fill("a").join(" ")] }],
    { pairing: "none", shortSequenceProbability: 0 },
  ).map(({ first, truncated }) => ({ first, truncated }));
  const piece = { document: "x", start: 1, end: 2 };
  deepStrictEqual(whole, { first: { document: "x", start: 0, end: 1 }, truncated: false });
  deepStrictEqual(start, { first: { ...piece, cut: { front: 0, end: 40 } }, truncated: true });
  deepStrictEqual(middle, { first: { ...piece, cut: { front: 30, end: 10 } }, truncated: true });
  deepStrictEqual(end, { first: { ...piece, cut: { front: 60, end: 0 } }, truncated: true });
});

Deno.test("without pairing a very long text is cut in time proportional to its length", () => {
  const documents = [{ name: "long", sentences: [Array(400_000).fill("a").join(" ")] }];
  strictEqual(tokensOf(pairsOf(documents, { pairing: "none" })).length, 400_000);
});

/** The ids of the text of a span. */
function idsAt(
  documents: readonly Document[],
  tokenizer: BertTokenizer,
  span: { document: string; start: number; end: number },
) {
  const { sentences } = documents.find(({ name }) => name === span.document)!;
  return sentences.slice(span.start, span.end).flatMap((sentence) => tokenizer.ids(sentence));
}

Deno.test("a second segment with label 1 never equals the true next one, even among copies", () => {
  const originals = library(3, 6, 3);
  const copies = originals.map((document) => ({ ...document, name: `copy of ${document.name}` }));
  const joined = originals.map(({ name, sentences }) => ({
    name: `other sentences of ${name}`,
    sentences: [sentences.slice(0, 2).join(" "), ...sentences.slice(2)],
  }));
  for (
    const documents of [[originals[0], copies[0]], [...originals, ...copies], [
      ...originals,
      ...joined,
    ]]
  ) {
    const tokenizer = tokenizerFor(documents);
    for (const packing of [true, false]) {
      let others = 0;
      for (let seed = 0; seed < 30; seed++) {
        for (
          const { first, second, nspLabel } of pairsOf(documents, { packing, rng: createRng(seed) })
        ) {
          if (nspLabel === 0) continue;
          others++;
          const next = idsAt(documents, tokenizer, {
            ...first,
            start: first.end,
            end: first.end + 1,
          });
          const found = idsAt(documents, tokenizer, second!);
          const length = Math.min(next.length, found.length);
          if (length > 0) notDeepStrictEqual(found.slice(0, length), next.slice(0, length));
        }
      }
      ok(others > 20, `${others}`);
    }
  }
});

Deno.test("with two documents a segment with label 1 always comes from the other document", () => {
  const documents = library(2, 60, 2);
  const tokenizer = tokenizerFor(documents);
  let others = 0;
  for (let seed = 0; seed < 200; seed++) {
    const options = { maxLength: 16, packing: false, rng: createRng(seed) };
    for (const { first, second, nspLabel } of nspExamples(documents, tokenizer, options)) {
      if (nspLabel === 0) continue;
      others++;
      ok(first.document !== second!.document);
    }
  }
  ok(others > 5000, `${others}`); // with ten draws alone, five of them would be of the same document
});
