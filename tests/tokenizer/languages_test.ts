import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { splitSentences } from "bert/data/sentences.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { unknownShare } from "bert/tokenizer/unknown_share.ts";
import { basicTokens } from "bert/tokenizer/words.ts";
import { LANGUAGES } from "../support/languages.ts";

for (const { name, options, sentences, space, size, different, same } of LANGUAGES) {
  const learnt = sentences.slice(0, 300);
  const vocab = await trainVocab(learnt, { size, ...options });
  const tokenizer = new BertTokenizer(vocab);

  Deno.test(`${name}: the vocabulary has the size that was asked for, and no notes`, () => {
    strictEqual(vocab.size, size);
    deepStrictEqual(vocab.notes, []);
  });

  Deno.test(`${name}: less than 1 % of the tokens are [UNK], also in sentences not learnt from`, () => {
    ok(unknownShare(tokenizer, learnt).share === 0);
    ok(unknownShare(tokenizer, sentences.slice(300)).share < 0.01);
  });

  Deno.test(`${name}: a text is cut into the sentences that a reader sees`, () => {
    deepStrictEqual(splitSentences(sentences.join(space), { locale: options.locale }), sentences);
  });

  Deno.test(`${name}: different words stay different, and all spellings of one word become equal`, () => {
    const tokens = different.map((word) => basicTokens(word, tokenizer.options).join(" "));
    deepStrictEqual(tokens, [...new Set(tokens)]);
    strictEqual(
      new Set(same.map((word) => basicTokens(word, tokenizer.options).join(" "))).size,
      1,
    );
  });

  if (name !== "Chinese") {
    Deno.test(`${name}: a vocabulary that strips accents has a note about words that become equal`, async () => {
      const { notes } = await trainVocab(learnt, { size: 1000 });
      ok(notes.some(({ about }) => about === "accents"));
    });
  }
}
