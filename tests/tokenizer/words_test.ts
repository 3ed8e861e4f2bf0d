import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import {
  basicTokens,
  cleanText,
  isPunctuation,
  lowerCase,
  stripAccents,
} from "bert/tokenizer/words.ts";
import cases from "../fixtures/tokenizer_cases.json" with { type: "json" };

Deno.test("cleanText() drops controls and makes every white space a plain one", () => {
  strictEqual(cleanText("a\u0000b\u200bc\ufffdd\ue000e"), "abcde");
  strictEqual(cleanText("a\tb\u00a0c\u2028d\u3000e"), "a b c d e");
});

Deno.test("isPunctuation() counts every ASCII symbol, but no symbol beyond ASCII", () => {
  ok([..."!$+<=>^`|~_-"].every(isPunctuation));
  ok([..."€©±ab1 "].every((char) => !isPunctuation(char)));
  ok([..."¿—…“”"].every(isPunctuation));
});

Deno.test("lowerCase() works character by character, so a final sigma stays σ", () => {
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

for (const [mode, digest] of Object.entries(cases.everyCodePoint)) {
  Deno.test(`basicTokens() equals the reference on every code point of Unicode, ${mode}`, () => {
    const hash = createHash("sha256");
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const char = String.fromCodePoint(code);
      const words = basicTokens(`a${char}b ${char}`, { lowercase: mode === "uncased" });
      hash.update(words.join("\n") + "\n\n");
    }
    strictEqual(hash.digest("hex"), digest);
  });
}
