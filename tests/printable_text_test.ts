import { strictEqual } from "node:assert";
import { printable } from "bert/printable_text.ts";

Deno.test("printable() escapes every control character except tab and line feed", () => {
  const kept = "tab\t line\n é 中 😀 \u200d";
  strictEqual(printable(kept), kept);
  const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, i) => 0x7f + i)];
  for (const code of controls.filter((code) => code !== 9 && code !== 10)) {
    const escape = `a\\x${code.toString(16).padStart(2, "0")}b`;
    strictEqual(printable(`a${String.fromCharCode(code)}b`), escape);
  }
  strictEqual(printable("\u202eabc\u2066"), "\\u202eabc\\u2066"); // they change the direction of text
});
