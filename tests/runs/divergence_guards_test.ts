import { match, ok, strictEqual, throws } from "node:assert";
import { SkipCounter, SpikeDetector } from "bert/runs/divergence_guards.ts";
import { createRng } from "bert/random.ts";
import { DivergedError } from "bert/training/train_step.ts";

Deno.test("SpikeDetector reports a jump once, and nothing for a noisy, falling loss", () => {
  const rng = createRng(3);
  const detector = new SpikeDetector();
  const loss = (step: number) => 4 + 5 * Math.exp(-step / 100) + 0.3 * (rng.random() - 0.5);
  for (let step = 1; step <= 300; step++) strictEqual(detector.watch(step, loss(step)), undefined);
  match(
    detector.watch(301, 6.5)!,
    /jumped to 6.50 at step 301; the median of the last 50 steps is 4\./,
  );
  for (let step = 302; step <= 320; step++) strictEqual(detector.watch(step, 6.5), undefined);
});

Deno.test("SpikeDetector reports no jump before it has seen 20 losses", () => {
  const detector = new SpikeDetector();
  for (let step = 1; step < 20; step++) detector.watch(step, 5);
  strictEqual(detector.watch(20, 50), undefined);
  ok(detector.watch(21, 50));
});

Deno.test("SkipCounter throws at the tenth batch in a row, and not at the tenth of the run", () => {
  const counter = new SkipCounter();
  const diverged = (step: number) => new DivergedError(step, [], "the MLM loss is NaN", 0.1);
  for (let step = 1; step <= 30; step++) counter.count(diverged(step));
  for (let i = 0; i < 9; i++) counter.count(diverged(40));
  throws(() => counter.count(diverged(40)), {
    name: "Error",
    message: /^10 batches in a row/,
  });
});
