import { deepStrictEqual } from "node:assert";
import { count, duration, percent } from "bert/format.ts";

Deno.test("duration() rounds to seconds, minutes, or hours and minutes", () => {
  const found = [0, 0.4, 59, 59.7, 61, 3599, 7260, 90_000].map(duration);
  const expected = ["0 s", "0 s", "59 s", "1 min", "1 min", "1 h 0 min", "2 h 1 min", "25 h 0 min"];
  deepStrictEqual(found, expected);
});

Deno.test("count() puts commas between thousands, and percent() has as many digits as it was asked for", () => {
  deepStrictEqual([count(999), count(1000), count(12_345_678)], ["999", "1,000", "12,345,678"]);
  deepStrictEqual([percent(0), percent(1 / 3), percent(1, 0)], ["0.0 %", "33.3 %", "100 %"]);
});
