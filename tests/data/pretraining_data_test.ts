import { deepStrictEqual, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspExamples } from "bert/data/nsp.ts";
import { createRng } from "bert/random.ts";
import { Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import fixture from "../fixtures/pretraining_data.json" with { type: "json" };

const tokenizer = new BertTokenizer(new Vocab(fixture.vocab));
const documents = await readAll(corpus("data/sample.csv"));

for (const { seed, examples, ...settings } of fixture.runs) {
  const name = `length ${settings.maxLength}, whole words ${settings.wholeWord}`;
  Deno.test(`nspExamples() and mlmData() equal BERT's own generator token for token, ${name}`, () => {
    const rng = createRng(seed);
    const shuffled = [...documents];
    rng.shuffle(shuffled);
    let count = 0;
    for (const pair of nspExamples(shuffled, tokenizer, { ...settings, balanced: false, rng })) {
      const options = { ...settings, selection: "exact", randomSpecials: true, rng } as const;
      const { tokenIds, labels } = mlmData(pair.tokenIds, tokenizer.vocab, options);
      const { segmentIds, nspLabel } = pair;
      deepStrictEqual({ tokenIds, segmentIds, labels, nspLabel }, examples[count++]);
    }
    strictEqual(count, examples.length);
  });
}
