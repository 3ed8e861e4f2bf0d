import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { neighbourCounts, passageCounts, positivePmi } from "bert/data/contexts.ts";
import { ConfigError } from "bert/errors.ts";
import { countedText, expected } from "../support/counted_text.ts";

const { window, contexts } = expected;

function near(values: Float32Array, rows: readonly number[][]): void {
  const right = rows.flat();
  strictEqual(values.length, right.length);
  for (const [i, value] of values.entries()) {
    ok(
      Math.abs(value - right[i]) < 1e-5 * (1 + right[i]),
      `number ${i}: ${value}, not ${right[i]}`,
    );
  }
}

Deno.test("neighbourCounts() equals numpy, and counts no neighbours across documents", () => {
  const { values, rows, columns } = neighbourCounts(countedText(), { window, contexts });
  deepStrictEqual([rows, columns], [expected.vocabSize, contexts]);
  near(values, expected.counts);
});

Deno.test("neighbourCounts() has no more contexts than there are pieces", () => {
  const text = { ids: Int32Array.of(0, 1), starts: Int32Array.of(0, 1, 2), vocabSize: 2 };
  const { columns, values } = neighbourCounts(text);
  deepStrictEqual([columns, ...values], [2, 0, 0, 0, 0]); // two documents of one piece
});

Deno.test("neighbourCounts() refuses a window of 0", () => {
  throws(() => neighbourCounts(countedText(), { window: 0 }), ConfigError);
});

Deno.test("positivePmi() equals numpy", () => {
  near(positivePmi(neighbourCounts(countedText(), { window, contexts })).values, expected.pmi);
});

Deno.test("passageCounts() equals numpy, and makes no more passages than there are pieces", () => {
  near(passageCounts(countedText(), expected.passages).values, expected.passageCounts);
  const text = { ids: Int32Array.of(0, 1), starts: Int32Array.of(0, 2), vocabSize: 2 };
  deepStrictEqual([...passageCounts(text, 9).values], [1, 0, 0, 1]);
});
