import { deepStrictEqual, strictEqual } from "node:assert";
import { count, duration, percent, printable } from "bert/format.ts";

Deno.test("duration() rounds to seconds, minutes, or hours and minutes", () => {
  const found = [0, 0.4, 59, 59.7, 61, 3599, 7260, 90_000].map(duration);
  const expected = ["0 s", "0 s", "59 s", "1 min", "1 min", "1 h 0 min", "2 h 1 min", "25 h 0 min"];
  deepStrictEqual(found, expected);
});

Deno.test("count() sets thousands apart, percent() has the digits that were asked for", () => {
  deepStrictEqual([count(999), count(1000), count(12_345_678)], ["999", "1,000", "12,345,678"]);
  deepStrictEqual([percent(0), percent(1 / 3), percent(1, 0)], ["0.0 %", "33.3 %", "100 %"]);
});

Deno.test("printable() turns every control character into its escape, but tab and line feed", () => {
  const kept = "tab\t line\n é 中 😀 \u200d";
  strictEqual(printable(kept), kept);
  const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, i) => 0x7f + i)];
  for (const code of controls.filter((code) => code !== 9 && code !== 10)) {
    const escape = `a\\x${code.toString(16).padStart(2, "0")}b`;
    strictEqual(printable(`a${String.fromCharCode(code)}b`), escape);
  }
  strictEqual(printable("\u202eabc\u2066"), "\\u202eabc\\u2066"); // turn the direction of the line
});
