import { deepStrictEqual, strictEqual } from "node:assert";
import { createRng } from "bert/random.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { WordPieces } from "bert/tokenizer/wordpiece.ts";

/** WordPiece as the paper describes it: at each place the longest piece, tried from the longest on. */
function longestFirst(word: string, ids: ReadonlyMap<string, number>, continues: boolean) {
  const found: number[] = [];
  for (let start = 0; start < word.length;) {
    const mark = start > 0 || continues ? "##" : "";
    let end = word.length;
    while (end > start && !ids.has(mark + word.slice(start, end))) end--;
    if (end === start) return undefined;
    found.push(ids.get(mark + word.slice(start, end))!);
    start = end;
  }
  return found;
}

Deno.test("WordPieces finds the pieces that trying all lengths finds", () => {
  const rng = createRng(1);
  const letters = ["a", "b", "c", "é", "中", "😀", "😁", "\uffff"];
  const anyWord = (most: number) =>
    Array.from({ length: 1 + rng.below(most) }, () => letters[rng.below(letters.length)]).join("");
  // 20,000 pieces, so that the tree grows several times.
  const pieces = Array.from(
    { length: 20_000 },
    () => (rng.random() < 0.5 ? "##" : "") + anyWord(7),
  );
  const tokens = [...new Set([...SPECIAL_TOKENS, ...pieces])];
  const matcher = new WordPieces(new Vocab(tokens));
  const ids = new Map(tokens.map((token, id) => [token, id]));
  for (let i = 0; i < 20_000; i++) {
    const word = anyWord(20) + (i % 10 === 0 ? "?" : "");
    const continues = rng.random() < 0.5;
    const expected = longestFirst(word, ids, continues);
    deepStrictEqual(matcher.idsOf(word, continues), expected, JSON.stringify(word));
    strictEqual(expected === undefined, word.endsWith("?"));
  }
});

Deno.test("WordPieces takes no token behind the pieces, and not ## itself", () => {
  const vocab = new Vocab([...SPECIAL_TOKENS, "##", "s", "##e", "##ea", "sea"], "a vocabulary", {
    pieces: 9,
    added: [{ content: "sea" }],
  });
  const matcher = new WordPieces(vocab);
  deepStrictEqual(matcher.idsOf("sea"), [6, 8]);
  deepStrictEqual(matcher.idsOf("see"), [6, 7, 7]);
  strictEqual(matcher.idsOf("sa"), undefined);
  deepStrictEqual(matcher.idsOf(""), []);
});
