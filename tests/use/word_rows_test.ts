import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createRng } from "bert/random.ts";
import { windowsOf, wordPieces, wordRow } from "bert/use/word_rows.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

const { vocab } = TOY_TOKENIZER;
const [CLS, SEP, UNK] = [vocab.clsId, vocab.sepId, vocab.unkId];

Deno.test("wordPieces() gives a word without any piece [UNK], so that every word has one", () => {
  const words = ["ships", "", "\u0000\u200b", "sea", "\ud800", " \t"];
  const [ship, s, sea] = ["ship", "##s", "sea"].map((token) => vocab.idOf(token));
  deepStrictEqual(wordPieces(words, TOY_TOKENIZER), [[ship, s], [UNK], [UNK], [sea], [UNK], [UNK]]);
});

Deno.test("wordRow() leaves out the words that do not fit, and keeps one whose first piece does", () => {
  const pieces = [[7], [8, 9], [10, 11]];
  const row = (maxLength: number) => wordRow(pieces, vocab, maxLength);
  deepStrictEqual(row(8), { tokenIds: [CLS, 7, 8, 9, 10, 11, SEP], columns: [1, 2, 4] });
  deepStrictEqual(row(6), { tokenIds: [CLS, 7, 8, 9, 10, SEP], columns: [1, 2, 4] });
  deepStrictEqual(row(5), { tokenIds: [CLS, 7, 8, 9, SEP], columns: [1, 2] });
  deepStrictEqual(row(4), { tokenIds: [CLS, 7, 8, SEP], columns: [1, 2] });
  deepStrictEqual(wordRow([], vocab, 3), { tokenIds: [CLS, SEP], columns: [] });
});

Deno.test("windowsOf() answers each word in exactly one window, in which it fits, for any lengths", () => {
  const rng = createRng(1);
  for (let trial = 0; trial < 300; trial++) {
    const room = 1 + rng.below(9);
    const words = Array.from(
      { length: rng.below(30) },
      () => new Array<number>(1 + rng.below(12)).fill(7),
    );
    const windows = windowsOf(words, room);
    const answered = windows.flatMap(({ from, to }) =>
      words.slice(from, to).map((_, i) => from + i)
    );
    deepStrictEqual(answered, [...words.keys()]);
    for (const [i, { start, end, from, to }] of windows.entries()) {
      ok(start <= from && from < to && to <= end, `${trial}: ${start} ${from} ${to} ${end}`);
      const { columns } = wordRow(words.slice(start, end), vocab, room + 2);
      strictEqual(columns.length, end - start, `${trial}: window ${i} is cut`);
    }
  }
});

Deno.test("windowsOf() reads a short sentence at once, and shares half of a window of a long one", () => {
  const words = (count: number) => Array.from({ length: count }, () => [7]);
  deepStrictEqual(windowsOf(words(8), 8), [{ start: 0, end: 8, from: 0, to: 8 }]);
  deepStrictEqual(windowsOf(words(18), 8), [
    { start: 0, end: 8, from: 0, to: 6 },
    { start: 4, end: 12, from: 6, to: 10 },
    { start: 8, end: 16, from: 10, to: 14 },
    { start: 12, end: 18, from: 14, to: 18 },
  ]);
  deepStrictEqual(windowsOf([], 8), []);
});
