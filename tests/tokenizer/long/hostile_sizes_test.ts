/** Texts of extreme sizes. An algorithm in quadratic time would take minutes. */
import { deepStrictEqual, strictEqual } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const vocab = new Vocab([...SPECIAL_TOKENS, "a", "##a", "##e", "b", "ab"]);
const tokenizer = new BertTokenizer(vocab);
const unlimited = new BertTokenizer(vocab, { maxWordLength: 10_000_000 });

const LONG_WORDS: readonly (readonly [name: string, word: string])[] = [
  ["200,000 é", "é".repeat(200_000)],
  ["200,000 syllables of Hangul", "한".repeat(200_000)],
  ["200,000 é in two characters", "e\u0301".repeat(200_000)],
  ["2 MB of letters", "ab".repeat(1_000_000)],
];

for (const [name, word] of LONG_WORDS) {
  Deno.test(`encode() of one word of ${name} is one [UNK] over all of it`, () => {
    const { tokens, offsets } = tokenizer.encode(word);
    deepStrictEqual(tokens, ["[CLS]", "[UNK]", "[SEP]"]);
    const end = word.endsWith("\u0301") ? word.length - 1 : word.length; // as in the reference
    deepStrictEqual(offsets[1], [0, end]);
  });
}

Deno.test("encode() of a letter with 200,000 marks that NFD has to sort is that letter", () => {
  const { tokens } = tokenizer.encode(`a${"\u0301\u0323".repeat(100_000)}`);
  deepStrictEqual(tokens, ["[CLS]", "a", "[SEP]"]);
});

Deno.test("encode() of a word of 200,000 pieces returns all of them", () => {
  const { tokenIds, offsets } = unlimited.encode("a".repeat(200_000));
  strictEqual(tokenIds.length, 200_002);
  deepStrictEqual(offsets.at(-2), [199_999, 200_000]);
});

Deno.test("encodeBatch() of 130,000 texts pads them all", () => {
  const encodings = tokenizer.encodeBatch(
    Array.from({ length: 130_000 }, (_, i) => i ? "a" : "a b"),
  );
  strictEqual(encodings.length, 130_000);
  strictEqual(encodings[1].tokenIds.length, 4);
});

Deno.test("trainVocab() learns from the other words of a text with a word of 400,000 letters or marks", async () => {
  const long = ["abcdefgh".repeat(50_000), `a${"\u0301\u0323".repeat(200_000)}`];
  for (const word of long) {
    const { tokens } = await trainVocab([`${word} ab ab`], { size: 200, stripAccents: false });
    deepStrictEqual(tokens.slice(5), ["a", "b", "##b", "ab"]);
  }
});
