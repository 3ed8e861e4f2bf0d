import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import cases from "../fixtures/tokenizer_cases.json" with { type: "json" };

const PIECES = [...SPECIAL_TOKENS, "un", "##want", "##ed", "runn", "##ing", ",", "low", "##er"];
const tokenizer = new BertTokenizer(new Vocab(PIECES));
const reference = new Vocab(cases.vocab);

Deno.test("tokenize() takes the longest piece first, as in the reference's own example", () => {
  const pieces = ["un", "##want", "##ed", ",", "runn", "##ing"];
  deepStrictEqual(tokenizer.tokenize("UNwantéd,running"), pieces);
});

Deno.test("tokenize() gives one [UNK] for a word with an unknown remainder", () => {
  deepStrictEqual(tokenizer.tokenize("unwantedX running"), ["[UNK]", "runn", "##ing"]);
});

Deno.test("encode() marks the first text 1 and the second 2", () => {
  const { tokens, segmentIds, attentionMask } = tokenizer.encode("low", "lower", { padTo: 8 });
  deepStrictEqual(tokens, ["[CLS]", "low", "[SEP]", "low", "##er", "[SEP]", "[PAD]", "[PAD]"]);
  deepStrictEqual(segmentIds, [1, 1, 1, 2, 2, 2, 0, 0]);
  deepStrictEqual(attentionMask, [1, 1, 1, 1, 1, 1, 0, 0]);
});

Deno.test("encodeBatch() pads to the longest text", () => {
  const [short, long] = tokenizer.encodeBatch(["low", ["low", "lower"]]);
  strictEqual(short.tokenIds.length, long.tokenIds.length);
  deepStrictEqual(short.attentionMask, [1, 1, 1, 0, 0, 0]);
});

Deno.test("decode() joins pieces and leaves special tokens out", () => {
  const { tokenIds } = tokenizer.encode("unwanted, lower");
  strictEqual(tokenizer.decode(tokenIds), "unwanted, lower");
  const raw = tokenizer.decode(tokenIds, { skipSpecialTokens: false, cleanUp: "none" });
  strictEqual(raw, "[CLS] unwanted , lower [SEP]");
});

for (const { lowercase, stripAccents, cases: texts, pairs } of cases.modes) {
  const name = `lowercase ${lowercase}, stripAccents ${stripAccents}`;
  const ours = new BertTokenizer(reference, { lowercase, stripAccents });

  Deno.test(`ids() equals the reference, ${name}`, () => {
    for (const { text, ids } of texts) deepStrictEqual(ours.ids(text), ids, JSON.stringify(text));
  });

  Deno.test(`encode() gives the reference's offsets, ${name}`, () => {
    for (const { text, ids, offsets } of texts) {
      const encoding = ours.encode(text);
      deepStrictEqual(encoding.tokenIds.slice(1, -1), ids, JSON.stringify(text));
      deepStrictEqual(encoding.offsets.slice(1, -1), offsets, JSON.stringify(text));
    }
  });

  Deno.test(`encode() truncates pairs as the reference, ${name}`, () => {
    for (const { first, second, maxLength, ids } of pairs) {
      deepStrictEqual(ours.encode(first, second, { maxLength }).tokenIds, ids);
    }
  });
}

Deno.test("encode() gives the odd token to the second text if both texts were equally long", () => {
  const { tokens } = tokenizer.encode("low low low", "er , low , low", { maxLength: 6 });
  deepStrictEqual(tokens, ["[CLS]", "low", "[SEP]", "[UNK]", ",", "[SEP]"]);
});

Deno.test("a tokenizer accepts a vocabulary of 200,000 pieces", () => {
  const many = Array.from({ length: 200_000 }, (_, i) => `w${i}`);
  const big = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...many]));
  deepStrictEqual(big.ids("w199999"), [200_004]);
});

Deno.test("a tokenizer refuses limits that are NaN, negative or fractional", () => {
  const { vocab } = tokenizer;
  throws(() => new BertTokenizer(vocab, { maxWordLength: NaN }), { name: "ConfigError" });
  throws(() => new BertTokenizer(vocab, { cacheSize: -1 }), { name: "ConfigError" });
  throws(() => tokenizer.encode("low", undefined, { padTo: 3.5 }), { name: "ConfigError" });
});

Deno.test("ids() drops lone surrogates as it drops U+FFFD", () => {
  deepStrictEqual(tokenizer.tokenize("lo\ud800w"), ["low"]);
});

Deno.test("ids() gives the same ids with a large cache, a tiny one and none", () => {
  const texts = cases.modes[0].cases.map(({ text }) => text);
  const [tiny, none] = [1, 0].map((cacheSize) => new BertTokenizer(reference, { cacheSize }));
  const usual = new BertTokenizer(reference);
  for (const text of [...texts, ...texts]) {
    deepStrictEqual(tiny.ids(text), usual.ids(text));
    deepStrictEqual(none.ids(text), usual.ids(text));
  }
});

Deno.test("encode() names the least maxLength that has room for text", () => {
  throws(() => tokenizer.encode("low", "low", { maxLength: 4 }), {
    name: "ConfigError",
    message: "Invalid maxLength = 4: it must be a whole number of at least 5",
  });
  ok(tokenizer.encode("low lower", "low lower", { maxLength: 5 }).tokenIds.length === 5);
});

Deno.test("encode() refuses to pad to less than the text", () => {
  throws(() => tokenizer.encode("low", undefined, { padTo: 2 }), {
    name: "ConfigError",
    message: "Invalid padTo = 2: it must be at least 3, the tokens of the longest text",
  });
});
