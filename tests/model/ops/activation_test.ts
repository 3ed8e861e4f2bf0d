/** Activations against transformers; fixtures/make_activation_fixtures.py is the oracle. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual } from "node:assert";
import { HIDDEN_ACTS } from "bert/config.ts";
import { activate } from "bert/model/ops/activation.ts";
import oracle from "../../fixtures/activations.json" with { type: "json" };
import { assertClose } from "../../support/assert_close.ts";
import { assertNoLeak } from "../../support/assert_no_leak.ts";
import { testOnBackends } from "../../support/backends.ts";

Deno.test("every activation that a configuration may name has been compared", () => {
  deepStrictEqual(Object.keys(oracle.cases), [...HIDDEN_ACTS]);
});

testOnBackends("activate() and its gradient are those of transformers, by name", () => {
  const x = tf.tensor1d(oracle.points);
  for (const name of HIDDEN_ACTS) {
    const { values, slopes } = oracle.cases[name];
    assertClose(activate(x, name), values, { atol: 2e-6 }, name);
    const slope = tf.grad((x) => activate(x, name))(x);
    assertClose(slope, slopes, { atol: 2e-6 }, `slope of ${name}`);
  }
});

Deno.test("activate() leaves no tensor behind", async () => {
  const x = tf.tensor2d([[-1, 2]]);
  for (const name of HIDDEN_ACTS) {
    await assertNoLeak(() => tf.grad((x) => activate(x, name))(x).dispose());
  }
});
