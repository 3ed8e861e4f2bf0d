import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  basicTokens,
  cleanText,
  isPunctuation,
  lowerCase,
  stripAccents,
} from "bert/tokenizer/words.ts";

Deno.test("cleanText() removes control characters and turns all white space into plain spaces", () => {
  strictEqual(cleanText("a\u0000b\u200bc\ufffdd\ue000e"), "abcde");
  strictEqual(cleanText("a\tb\u00a0c\u2028d\u3000e"), "a b c d e");
});

Deno.test("isPunctuation() accepts every ASCII symbol, but no other symbol", () => {
  ok([..."!$+<=>^`|~_-"].every(isPunctuation));
  ok([..."€©±ab1 "].every((char) => !isPunctuation(char)));
  ok([..."¿—…“”"].every(isPunctuation));
});

Deno.test("lowerCase() works character by character, so that a final Σ becomes σ", () => {
  strictEqual(lowerCase("ΣΑΣ"), "σασ");
});

Deno.test("stripAccents() drops accents and keeps letters that only look accented", () => {
  strictEqual(stripAccents("é ñ ü İ ø"), "e n u I ø");
});

Deno.test("basicTokens() gives the tokens of the reference's published examples", () => {
  deepStrictEqual(basicTokens(" \tHeLLo!how  \n Are yoU?  "), [
    "hello",
    "!",
    "how",
    "are",
    "you",
    "?",
  ]);
  deepStrictEqual(basicTokens("H\u00e9llo"), ["hello"]);
  deepStrictEqual(basicTokens("ah\u535A\u63A8zz"), ["ah", "博", "推", "zz"]);
  const cased = basicTokens(" \tHeLLo!how  \n Are yoU?  ", { lowercase: false });
  deepStrictEqual(cased, ["HeLLo", "!", "how", "Are", "yoU", "?"]);
});
