import { ok, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { type Document } from "bert/data/document.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspExamples } from "bert/data/nsp.ts";
import { type NspOptions } from "bert/data/pair_maker.ts";
import { type PairExample } from "bert/data/example.ts";
import { createRng } from "bert/random.ts";
import { Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import fixture from "../fixtures/pretraining_data.json" with { type: "json" };

const tokenizer = new BertTokenizer(new Vocab(fixture.vocab));
const sample = await readAll(corpus("data/sample.csv"));
const ids = new Map(
  sample.map(({ name, sentences }) => [name, sentences.map((sentence) => tokenizer.ids(sentence))]),
);
const SETTINGS: Omit<NspOptions, "rng">[] = [
  { maxLength: 64 },
  { maxLength: 20, shortSequenceProbability: 0.5 },
  { maxLength: 32, packing: false },
  { maxLength: 32, balanced: false },
  { maxLength: 64, windowTokens: 150 },
];

/** All pairs of the sample under seeds 0 to 59, with the settings that made them. */
function* manyPairs(documents: readonly Document[] = sample) {
  for (const settings of SETTINGS) {
    for (let seed = 0; seed < 60; seed++) {
      for (const pair of nspExamples(documents, tokenizer, { ...settings, rng: createRng(seed) })) {
        yield { pair, settings, seed };
      }
    }
  }
}

/** The tokens of a span, taken from the corpus. */
const tokensAt = ({ document, start, end }: PairExample["first"]) =>
  ids.get(document)!.slice(start, end).flat();

/** The two segments without special tokens. */
function segmentsOf({ tokenIds, segmentIds }: PairExample): [number[], number[]] {
  const first = segmentIds.lastIndexOf(1);
  return [tokenIds.slice(1, first), tokenIds.slice(first + 1, -1)];
}

/** Whether `part` occurs in `whole` without gaps. */
function isRunOf(part: readonly number[], whole: readonly number[]): boolean {
  return `,${whole},`.includes(`,${part},`);
}

Deno.test("segments contain the text of their spans, or a part of it if they were cut", () => {
  for (const { pair } of manyPairs()) {
    const [first, second] = segmentsOf(pair);
    const wholes = [tokensAt(pair.first), tokensAt(pair.second!)];
    ok(isRunOf(first, wholes[0]) && isRunOf(second, wholes[1]));
    const cut = first.length + second.length < wholes[0].length + wholes[1].length;
    strictEqual(pair.truncated, cut);
  }
});

Deno.test("over many seeds the second segment of label 1 is never the true next one, nor from the same place", () => {
  const lone = sample.reduce((a, b) => a.sentences.length > b.sentences.length ? a : b);
  for (const documents of [sample, [lone]]) {
    for (const { pair: { first, second, nspLabel } } of manyPairs(documents)) {
      const inOne = first.document === second!.document;
      if (nspLabel === 0) ok(inOne && second!.start === first.end);
      else ok(!inOne || second!.end <= first.start || second!.start > first.end);
    }
  }
});

Deno.test("every pair is [CLS] 1… [SEP] 1, 2… [SEP] 2, and no longer than maxLength", () => {
  const { clsId, sepId } = tokenizer.vocab;
  for (const { pair, settings } of manyPairs()) {
    const { tokenIds, segmentIds } = pair;
    const middle = segmentIds.lastIndexOf(1);
    strictEqual(tokenIds[0], clsId);
    strictEqual(tokenIds[middle], sepId);
    strictEqual(tokenIds.at(-1), sepId);
    ok(tokenIds.length <= settings.maxLength && tokenIds.length === segmentIds.length);
    ok(segmentIds.every((id, i) => id === (i <= middle ? 1 : 2)));
    ok(segmentsOf(pair).every((segment) => segment.length > 0));
  }
});

Deno.test("half of the labels are 1 over many seeds, within four standard deviations", () => {
  for (const settings of SETTINGS.filter(({ balanced }) => balanced !== false)) {
    let pairs = 0;
    let notNext = 0;
    for (let seed = 0; seed < 200; seed++) {
      for (const pair of nspExamples(sample, tokenizer, { ...settings, rng: createRng(seed) })) {
        pairs++;
        notNext += pair.nspLabel;
      }
    }
    const share = notNext / pairs;
    ok(Math.abs(share - 0.5) < 2 / Math.sqrt(pairs), `${share} of ${pairs}, ${settings.maxLength}`);
  }
});

Deno.test("labels restore masked pairs, and special tokens are never predicted", () => {
  for (const { pair, seed } of manyPairs()) {
    for (const selection of ["independent", "exact"] as const) {
      const settings = { selection, wholeWord: seed % 2 === 0, maxPredictions: 6 };
      const options = { ...settings, rng: createRng(seed) };
      const { tokenIds, labels } = mlmData(pair.tokenIds, tokenizer.vocab, options);
      ok(labels.every((label) => label === -1 || !tokenizer.vocab.isSpecial(label)));
      strictEqual(
        tokenIds.map((id, i) => labels[i] < 0 ? id : labels[i]).join(),
        pair.tokenIds.join(),
      );
      ok(labels.filter((label) => label !== -1).length <= 6);
    }
  }
});
