import { ok, strictEqual } from "node:assert";
import { learningRateAt } from "bert/training/learning_rate.ts";

Deno.test("learningRateAt() rises, then falls to 0, without a jump", () => {
  const options = { peak: 0.001, warmupShare: 0.2 };
  strictEqual(learningRateAt(0, options), 0);
  near(learningRateAt(0.1, options), 0.0005, 1e-12);
  near(learningRateAt(0.6, options), 0.0005, 1e-12);
  near(learningRateAt(0.2, options), 0.001, 1e-10);
  near(learningRateAt(0.2 - 1e-9, options), 0.001, 1e-10);
  strictEqual(learningRateAt(1, options), 0);
  strictEqual(learningRateAt(1.5, options), 0);
  strictEqual(learningRateAt(0, { peak: 1, warmupShare: 0 }), 1);
  strictEqual(learningRateAt(1, { peak: 1, warmupShare: 1 }), 1);
});

function near(actual: number, expected: number, tolerance: number): void {
  ok(Math.abs(actual - expected) <= tolerance, `${actual} !~ ${expected}`);
}
