/** A hundred steps of training against PyTorch's; fixtures/make_curve_fixtures.py is the oracle. */
import { learningRateAt } from "bert/training/learning_rate.ts";
import { assertClose } from "../support/assert_close.ts";
import { BACKENDS } from "../support/backends.ts";
import { curveOf, readCurve } from "../support/curve.ts";
import { useBackend } from "bert/backend/choose.ts";

const { settings, batches, curve } = await readCurve();

Deno.test("the learning rate of each step is the oracle's", () => {
  const { peak, warmupShare } = settings;
  for (const [i, { learningRate }] of curve.entries()) {
    const ours = learningRateAt((i + 0.5) / curve.length, { peak, warmupShare });
    assertClose(ours, learningRate, { rtol: 1e-12 }, "learning rate");
  }
});

/**
 * Over the hundred steps, PyTorch's float32 and float64 differ by 3e-7. The products of our kernels and
 * of other libraries are rounded differently: they differed by up to 1.4e-5 late in the run.
 */
const CLOSE = { rtol: 5e-5, atol: 1e-7 };

const TOLERANCES = {
  mlmLoss: CLOSE,
  nspLoss: { ...CLOSE, atol: 1e-6 },
  gradientNorm: { rtol: 1e-4 },
};

/** The number of steps on each backend: fewer where they take longer. */
const STEPS: Readonly<Record<string, number>> = { simd: 100, wasm: 30, cpu: 2 };

for (const backend of BACKENDS) {
  const steps = STEPS[backend];
  Deno.test(`${steps} training steps have PyTorch's losses and gradients (${backend})`, async () => {
    await useBackend(backend);
    const found = await curveOf(batches, settings, { steps, precision: "float32" });
    for (const figure of ["mlmLoss", "nspLoss", "gradientNorm"] as const) {
      const expected = curve.slice(0, steps).map((step) => step[figure]);
      assertClose(found[figure], expected, TOLERANCES[figure], figure);
    }
  });
}
