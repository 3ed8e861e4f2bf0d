import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { unknownNote, unknownShare } from "bert/tokenizer/unknown_share.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "##s", ","]));

Deno.test("unknownShare() counts tokens, not words: a word of two pieces counts twice", () => {
  const found = unknownShare(tokenizer, ["seas ship", "sea, ship"]);
  deepStrictEqual(found, { tokens: 6, unknown: 2, tooLong: 0, share: 1 / 3, examples: ["ship"] });
});

Deno.test("unknownShare() of no text is 0", () => {
  strictEqual(unknownShare(tokenizer, []).share, 0);
  strictEqual(unknownShare(tokenizer, ["", "  "]).share, 0);
});

Deno.test("unknownNote() is silent up to 5 %, and tells words without pieces from words that are too long", async () => {
  const known = "sea ".repeat(95);
  strictEqual(unknownNote(unknownShare(tokenizer, [known + "ship ".repeat(5)])), undefined);
  const note = unknownNote(unknownShare(tokenizer, [known + "ship ".repeat(6)]));
  strictEqual(note?.about, "unknown");
  match(
    note.finding,
    /^5\.9 % of the tokens are \[UNK\], as in "ship": the vocabulary has no pieces/,
  );
  const thai = Array(8).fill("ในวันที่อากาศดีมากเราจะออกไปเดินเล่น").join("");
  const learnt = new BertTokenizer(await trainVocab(["ใน วัน", "ใน วัน"], { size: 60 }));
  const unspaced = unknownNote(unknownShare(learnt, [thai]));
  strictEqual(unspaced?.about, "unspaced");
  match(unspaced.advice, /put spaces between the words first/);
  ok(unspaced.finding.length < 200, unspaced.finding);
});
