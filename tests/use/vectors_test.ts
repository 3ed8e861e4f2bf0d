import { deepStrictEqual } from "node:assert";
import { largest } from "bert/use/vectors.ts";
import fc from "fast-check";

Deno.test("largest() gives the result of a stable sort of all values", () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(-Infinity), fc.double());
  const values = fc.array(value.filter((x) => !Number.isNaN(x)), { maxLength: 60 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 70 }), (values, k) => {
      const sorted = [...values.keys()].sort((a, b) =>
        values[a] === values[b] ? a - b : values[b] - values[a]
      );
      deepStrictEqual(largest(values, k), sorted.slice(0, k));
    }),
    { numRuns: 500 },
  );
});
