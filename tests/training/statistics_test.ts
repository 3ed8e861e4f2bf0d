import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { truncatedNormal } from "bert/model/weights.ts";
import { createRng, type Rng } from "bert/random.ts";
import {
  type Cluster,
  meanInterval,
  meanOfRuns,
  movingMean,
  pairedDifference,
  shareInterval,
  wilson,
} from "bert/training/statistics.ts";
import { assertClose } from "../support/assert_close.ts";

const rounded = (interval: readonly number[]) => interval.map((end) => end.toFixed(4));

Deno.test("wilson() gives the intervals of statsmodels' proportion_confint", () => {
  deepStrictEqual(rounded(wilson(0, 10)), ["0.0000", "0.2775"]);
  deepStrictEqual(rounded(wilson(8 / 10, 10)), ["0.4902", "0.9433"]);
  deepStrictEqual(rounded(wilson(1, 5)), ["0.5655", "1.0000"]);
  deepStrictEqual(rounded(wilson(0.03, 1000)), ["0.0211", "0.0425"]);
  deepStrictEqual(wilson(0, 0), [0, 1]);
});

Deno.test("shareInterval() of one answer a sequence is Wilson's, and wider for correlated answers", () => {
  const single = Array.from({ length: 40 }, (_, i) => ({ sum: i < 10 ? 1 : 0, count: 1 }));
  deepStrictEqual(rounded(shareInterval(single)), rounded(wilson(0.25, 40)));
  const together = Array.from({ length: 10 }, (_, i) => ({ sum: i < 5 ? 4 : 0, count: 4 }));
  const [low, high] = shareInterval(together);
  deepStrictEqual(rounded([low, high]), rounded(wilson(0.5, 10))); // forty dependent answers count as ten
  deepStrictEqual(shareInterval(together.map(({ count }) => ({ sum: 0, count })))[0], 0);
});

/** The share of repetitions whose interval contains the true value. */
function coverage(truth: number, draw: (rng: Rng) => Cluster[], of: typeof meanInterval): number {
  const rng = createRng(7);
  let covered = 0;
  for (let i = 0; i < 2000; i++) {
    const [low, high] = of(draw(rng));
    if (low <= truth && truth <= high) covered++;
  }
  return covered / 2000;
}

Deno.test("both intervals contain the true value 95 times of 100 for correlated answers", () => {
  const losses = (rng: Rng) =>
    Array.from({ length: 60 }, () => {
      const level = 2 + 2 * rng.random();
      const count = rng.between(5, 20);
      let sum = 0;
      for (let k = 0; k < count; k++) sum += level + rng.random() - 0.5;
      return { sum, count };
    });
  const mean = coverage(3, losses, meanInterval);
  ok(mean > 0.93 && mean < 0.965, `${mean}`);
  const answers = (rng: Rng) =>
    Array.from({ length: 60 }, () => {
      const share = 0.6 * rng.random();
      const count = rng.between(5, 20);
      let sum = 0;
      for (let k = 0; k < count; k++) sum += rng.random() < share ? 1 : 0;
      return { sum, count };
    });
  const share = coverage(0.3, answers, shareInterval);
  ok(share > 0.93 && share < 0.97, `${share}`);
});

Deno.test("meanInterval() of one sequence is infinite, and empty sequences do not count", () => {
  deepStrictEqual(meanInterval([{ sum: 3, count: 2 }]), [-Infinity, Infinity]);
  const two = [{ sum: 3, count: 2 }, { sum: 9, count: 3 }];
  deepStrictEqual(meanInterval([...two, { sum: 0, count: 0 }]), meanInterval(two));
  const [low, high] = meanInterval(two);
  strictEqual((low + high) / 2, 12 / 5);
});

Deno.test("movingMean() averages fewer values at the start, and all if the width is larger", () => {
  deepStrictEqual(movingMean([1, 2, 3, 4], 3), [1, 1.5, 2, 3]);
  deepStrictEqual(movingMean([2, 4], 99), [2, 3]);
});

Deno.test("meanOfRuns() agrees with a table of Student's t", () => {
  // the standard deviation is 0.2582, and √4 = 2; t for 3 degrees of freedom is 3.182
  const found = meanOfRuns([4.9, 5.1, 5.3, 5.5]);
  assertClose(found.mean, 5.2, { atol: 1e-12 });
  assertClose(found.standardError, 0.12910, { atol: 1e-5 });
  assertClose(found.margin, 3.182 * 0.12910, { atol: 1e-4 });
  strictEqual(found.count, 4);
});

Deno.test("the interval of meanOfRuns() contains the true mean 95 times in 100, for any number of runs", () => {
  for (const count of [2, 3, 5, 40]) {
    const values = truncatedNormal(count * 2000, 1, createRng(count));
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const { mean, margin } = meanOfRuns([...values.subarray(i * count, (i + 1) * count)]);
      if (Math.abs(mean) <= margin) held++;
    }
    ok(held > 1870 && held < 1930, `${held} of 2000 with ${count} runs`); // only nearly, as the normal distribution is truncated
  }
});

Deno.test("pairedDifference() removes the effect of a seed on both recipes", () => {
  const reference = [1, 5, 9];
  const found = pairedDifference([1.2, 5.1, 9.3], reference);
  assertClose(found.mean, 0.2, { atol: 1e-12 });
  ok(!found.clear); // 0.2 ± 0.25
  ok(pairedDifference([1.21, 5.2, 9.19], reference).clear);
  ok(pairedDifference([0.79, 4.8, 8.81], reference).clear); // a negative difference, too
  deepStrictEqual(pairedDifference(reference, reference).clear, false);
});

Deno.test("meanOfRuns() refuses one run, and pairedDifference() lists of unequal length", () => {
  throws(() => meanOfRuns([1]), { name: "ConfigError", message: /at least 2 runs/ });
  throws(() => pairedDifference([1, 2], [1, 2, 3]), {
    name: "ConfigError",
    message: /as many as the reference, 3/,
  });
});
