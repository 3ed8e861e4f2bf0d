import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { createRng } from "bert/random.ts";
import { meanOfRuns, pairedDifference } from "bert/training/statistics.ts";
import { truncatedNormal } from "bert/model/weights.ts";
import { assertClose } from "../support/assert_close.ts";

Deno.test("meanOfRuns() gives what a table of Student's t gives", () => {
  // 4.9, 5.1, 5.3, 5.5: deviation 0.2582, over 2; t of 3 degrees of freedom is 3.182
  const found = meanOfRuns([4.9, 5.1, 5.3, 5.5]);
  assertClose(found.mean, 5.2, { atol: 1e-12 });
  assertClose(found.standardError, 0.12910, { atol: 1e-5 });
  assertClose(found.margin, 3.182 * 0.12910, { atol: 1e-4 });
  strictEqual(found.count, 4);
});

Deno.test("the interval of meanOfRuns() holds the truth 95 times in 100, whatever the number of runs", () => {
  for (const count of [2, 3, 5, 40]) {
    const values = truncatedNormal(count * 2000, 1, createRng(count));
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const { mean, margin } = meanOfRuns([...values.subarray(i * count, (i + 1) * count)]);
      if (Math.abs(mean) <= margin) held++;
    }
    ok(held > 1870 && held < 1930, `${held} of 2000 with ${count} runs`); // a cut-off normal: near
  }
});

Deno.test("pairedDifference() takes out what a seed does to both", () => {
  const reference = [1, 5, 9];
  const found = pairedDifference([1.2, 5.1, 9.3], reference);
  assertClose(found.mean, 0.2, { atol: 1e-12 });
  ok(!found.clear); // 0.2 ± 0.25
  ok(pairedDifference([1.21, 5.2, 9.19], reference).clear);
  ok(pairedDifference([0.79, 4.8, 8.81], reference).clear); // to the other side, too
  deepStrictEqual(pairedDifference(reference, reference).clear, false);
});

Deno.test("one run says nothing about luck, and pairs must be pairs", () => {
  throws(() => meanOfRuns([1]), { name: "ConfigError", message: /at least 2 runs/ });
  throws(() => pairedDifference([1, 2], [1, 2, 3]), {
    name: "ConfigError",
    message: /as many as the reference, 3/,
  });
});
