import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import { WordTable } from "bert/tokenizer/word_cache.ts";
import { WHITESPACE } from "bert/tokenizer/words.ts";
import { anyText, SETTINGS } from "../support/arbitrary.ts";

/** The UTF-16 units of a word, which serve as its ids, so that different words have different ids. */
const unitsOf = (word: string): number[] =>
  Array.from(word.split(""), (unit) => unit.charCodeAt(0));

const wordsOf = (text: string): string[] => text.split(WHITESPACE).filter((word) => word !== "");

Deno.test("WordTable gives the ids of the words of any text, whatever its capacity", () => {
  const texts = fc.array(anyText, { maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.constantFrom(0, 1, 2, 3, 8, 100), (texts, capacity) => {
      const table = new WordTable(capacity, unitsOf);
      for (const text of [...texts, ...texts]) {
        const ids = [-1];
        table.append(ids, text);
        deepStrictEqual(ids, [-1, ...wordsOf(text).flatMap(unitsOf)]);
      }
    }),
    SETTINGS,
  );
});

Deno.test("WordTable splits at the same UTF-16 units as the rest of the tokenizer", () => {
  const table = new WordTable(10, () => [1]);
  for (let unit = 0; unit < 2 ** 16; unit++) {
    const text = `a${String.fromCharCode(unit)}b`;
    const ids: number[] = [];
    table.append(ids, text);
    deepStrictEqual(ids.length, wordsOf(text).length, `unit ${unit.toString(16)}`);
  }
});

Deno.test("WordTable cuts a word once, and keeps words that were looked up again when it is full", () => {
  const cut: string[] = [];
  const table = new WordTable(100, (word) => [cut.push(word)]);
  table.append([], "often often");
  for (let i = 0; i < 1000; i++) table.append([], `once${i} often`);
  deepStrictEqual(cut.filter((word) => word === "often"), ["often"]);
  ok(cut.length === 1001);
  table.append([], "once1");
  deepStrictEqual(cut.at(-1), "once1");
});

Deno.test("WordTable distinguishes words with the same hash", () => {
  // a search among random words finds some with the same hash
  const hashOf = (word: string) => {
    let hash = 0;
    for (const unit of unitsOf(word)) hash = Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
    return hash;
  };
  const seen = new Map<number, string>();
  const equal: [string, string][] = [];
  for (let i = 0; equal.length < 3 && i < 2 ** 19; i++) {
    const word = `w${(i * 2654435761 % 2 ** 32).toString(36)}`;
    const other = seen.get(hashOf(word));
    if (other !== undefined && other.length === word.length) equal.push([other, word]);
    seen.set(hashOf(word), word);
  }
  ok(equal.length > 0, "none found");
  const table = new WordTable(100, unitsOf);
  for (const [one, other] of equal) {
    const ids: number[] = [];
    table.append(ids, `${one} ${other} ${one}`);
    deepStrictEqual(ids, [one, other, one].flatMap(unitsOf));
  }
});
