/** A hundred steps in bf16 against PyTorch's autocast; fixtures/make_bf16_fixtures.py is the oracle. */
import { ok } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { simdMachine } from "bert/backend/simd/start.ts";
import type { Precision } from "bert/config.ts";
import { curveOf, FIGURES, type Figures, readCurve } from "../support/curve.ts";

interface Fixture {
  /** PyTorch's steps under `torch.autocast("cpu", torch.bfloat16)`. */
  readonly curve: Figures;
  /** The same from the weights of another seed. */
  readonly otherSeed: Figures;
}

const { curve, otherSeed }: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/bf16.json", import.meta.url)),
);

/** The mean distance between two curves, over their steps. */
function distanceOf(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

/** The precisions with rounded operands that this processor supports. A message names a missing one. */
function roundedPrecisions(): Precision[] {
  const missing = simdMachine().missing("bf16");
  // deno-lint-ignore no-console
  if (missing !== undefined) console.log(`skipped for AVX512_BF16: ${missing}`);
  return missing === undefined ? ["bf16-emulated", "bf16"] : ["bf16-emulated"];
}

Deno.test("a hundred steps in bf16 are nearer to PyTorch's autocast than another seed is", async () => {
  await useBackend("simd");
  const { batches, settings } = await readCurve();
  const steps = curve.mlmLoss.length;
  const run = (precision: Precision) => curveOf(batches, settings, { steps, precision });
  const plain = await run("float32");
  for (const precision of roundedPrecisions()) {
    const ours = await run(precision);
    for (const figure of FIGURES) {
      const distance = distanceOf(ours[figure], curve[figure]);
      const chance = distanceOf(otherSeed[figure], curve[figure]);
      ok(distance < chance / 2, `${precision}, ${figure}: ${distance}, another seed ${chance}`);
      ok(distanceOf(ours[figure], plain[figure]) > 0, `${precision}: ${figure} is that of float32`);
    }
  }
});
