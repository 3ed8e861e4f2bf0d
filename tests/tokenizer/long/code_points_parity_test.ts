import { strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { basicTokens } from "bert/tokenizer/words.ts";
import cases from "../../fixtures/tokenizer_cases.json" with { type: "json" };

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
