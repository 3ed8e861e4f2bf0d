import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { agreedOptions, type TokenizerOptions, tokenizerOptions } from "bert/tokenizer/options.ts";
import { hasDotlessI } from "bert/tokenizer/locale.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const TEXTS = ["Schön schon schön IŞIK ışık İyi iyi", "Schön schon schön IŞIK ışık İyi iyi"];

const CHOICES: readonly TokenizerOptions[] = [
  {},
  { lowercase: false },
  { stripAccents: false },
  { lowercase: false, stripAccents: true },
  { locale: "tr", stripAccents: false },
  { locale: "de" },
  { maxWordLength: 4 },
];

for (const options of CHOICES) {
  const name = JSON.stringify(options);

  Deno.test(`options are given once: vocabulary, tokenizer and saved model share ${name}`, async () => {
    const vocab = await trainVocab(TEXTS, { size: 60, ...options });
    const tokenizer = new BertTokenizer(vocab);
    deepStrictEqual(tokenizer.options, tokenizerOptions(options));
    const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: vocab.size }), { seed: 1 });
    const folder = await Deno.makeTempDir();
    try {
      await saveModel(folder, model, tokenizer);
      const loaded = await loadModel(folder);
      deepStrictEqual(loaded.tokenizer.options, tokenizer.options);
      deepStrictEqual(loaded.tokenizer.encode(TEXTS[0]), tokenizer.encode(TEXTS[0]));
      loaded.model.dispose();
    } finally {
      model.dispose();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a tokenizer refuses options that its vocabulary was not learnt with", async () => {
  const uncased = await trainVocab(TEXTS, { size: 60 });
  throws(() => new BertTokenizer(uncased, { lowercase: false }), {
    name: "ConfigError",
    message: "Invalid lowercase = false: it must be true, with which the vocabulary was learnt: " +
      "leave it out here, or learn the vocabulary with lowercase: false",
  });
  const cased = await trainVocab(TEXTS, { size: 60, lowercase: false });
  throws(() => new BertTokenizer(cased, { stripAccents: true }), { name: "ConfigError" });
  throws(() => new BertTokenizer(uncased, { locale: "tr" }), { name: "ConfigError" });
  throws(() => new BertTokenizer(uncased, { maxWordLength: 9 }), { name: "ConfigError" });
});

Deno.test("a tokenizer accepts options with the same effect as its vocabulary's", async () => {
  const vocab = await trainVocab(TEXTS, { size: 60 });
  const said = { lowercase: true, stripAccents: true, locale: "de", maxWordLength: 100 };
  const tokenizer = new BertTokenizer(vocab, said);
  deepStrictEqual(tokenizer.ids(TEXTS[0]), new BertTokenizer(vocab).ids(TEXTS[0]));
  strictEqual(new BertTokenizer(vocab, { lowercase: undefined }).options.lowercase, true);
});

Deno.test("locale tr lower-cases I to ı and İ to i, in one character and in two, with offsets", () => {
  const vocab = new Vocab([...SPECIAL_TOKENS, "ışık", "iyi", "isik"]);
  const turkish = new BertTokenizer(vocab, { locale: "tr", stripAccents: false });
  const { tokens, offsets } = turkish.encode("IŞIK İyi I\u0307YI\u0307");
  deepStrictEqual(tokens.slice(1, -1), ["ışık", "iyi", "iyi"]);
  deepStrictEqual(offsets.slice(1, -1), [[0, 4], [5, 8], [10, 14]]);
  const other = new BertTokenizer(vocab, { locale: "de" });
  deepStrictEqual(other.tokenize("ISIK"), ["isik"]);
});

Deno.test("a locale must be a language tag; az and kk-Latn have the letters of Turkish, en does not", () => {
  for (const locale of ["german", "tr_TR", "", "e"]) {
    throws(() => tokenizerOptions({ locale }), { name: "ConfigError", message: /language tag/ });
  }
  strictEqual(tokenizerOptions({ locale: "PT-br" }).locale, "pt-BR");
  const learnt = tokenizerOptions({ locale: "tr" });
  strictEqual(agreedOptions(learnt, { locale: "az" }).locale, "az");
  strictEqual(agreedOptions(learnt, { locale: "kk-Latn" }).locale, "kk-Latn");
  throws(() => agreedOptions(learnt, { locale: "en" }), /must be "tr"/);
});

Deno.test("hasDotlessI() refuses a text that is not a language tag", () => {
  for (const locale of ["", "[CLS]", "a"]) {
    throws(() => hasDotlessI(locale), { name: "ConfigError", message: /must be a language tag/ });
  }
});
