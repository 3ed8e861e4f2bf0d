import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import reference from "../../fixtures/vocabularies.json" with { type: "json" };

const novel = await readAll(corpus("moby-dick"));
const texts = novel.map(({ sentences }) => sentences.join(" "));

/** The numbers of words, of their pieces, and of pieces that are `[UNK]`, in all texts. */
function measure(vocab: Vocab) {
  const tokenizer = new BertTokenizer(vocab);
  const counts = { words: 0, pieces: 0, unknown: 0 };
  for (const id of texts.flatMap((text) => tokenizer.ids(text))) {
    counts.pieces++;
    if (!vocab.isContinuation(id)) counts.words++;
    if (id === vocab.unkId) counts.unknown++;
  }
  return counts;
}

for (const alphabet of [1000, 40]) {
  Deno.test(`vocabularies of an alphabet of ${alphabet} need as few pieces and [UNK] as the reference's`, async () => {
    const rows = reference["moby-dick"].filter((row) => row.alphabet === alphabet);
    const largest = Math.max(...rows.map(({ size }) => size));
    const { tokens } = await trainVocab(texts, { size: largest, alphabetLimit: alphabet });
    for (const { size, words, pieces, unknown } of rows) {
      const ours = measure(new Vocab(tokens.slice(0, size)));
      strictEqual(ours.words, words);
      ok(
        Math.abs(ours.pieces / pieces - 1) < 0.01,
        `${size}: ${ours.pieces} pieces, ${pieces} there`,
      );
      ok(Math.abs(ours.unknown / ours.words - unknown / words) <= 0.01 * unknown / words);
    }
  });
}

Deno.test("a smaller vocabulary is the beginning of a larger one", async () => {
  const some = texts.slice(0, 10);
  const [small, large] = [
    await trainVocab(some, { size: 500 }),
    await trainVocab(some, { size: 900 }),
  ];
  deepStrictEqual(small.tokens, large.tokens.slice(0, 500));
});
