/**
 * tfjs's own tests of its operations, gradients, optimizers and engine, from its npm package, on
 * the simd backend. Tests that need a browser or a node process, and those that do not concern a
 * backend, are left out.
 */
import { deepStrictEqual, ok } from "node:assert";
import { startSimd } from "bert/backend/simd/start.ts";
import { useBackend } from "bert/backend/choose.ts";
import { TfjsSources } from "../support/tfjs_sources.ts";
import { runTfjsTests } from "../support/tfjs_suite.ts";

/** Tests that fail, each with the reason; none of what this project uses may ever be here. */
const KNOWN_FAILURES: Readonly<Record<string, string>> = {};

/** Files about tfjs's own input and output, its platforms, and hashing. */
const NOT_ABOUT_BACKENDS = /^io\/|^platforms\/|^(browser|device|hash)_util/;

/** Suppresses what the tests print, and the tables of tfjs's debug mode. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log, warn } = console;
  Object.assign(console, { log: () => {}, warn: () => {} });
  return await work().finally(() => Object.assign(console, { log, warn }));
}

Deno.test("simd passes tfjs's own tests", async () => {
  await useBackend("cpu"); // silences tfjs's advice
  await startSimd({ threads: 1, blas: false }); // these options start fastest, and it starts 340 times
  const files = TfjsSources.testFiles().filter((file) => !NOT_ABOUT_BACKENDS.test(file));
  const failures: Record<string, string> = {};
  let passed = 0;
  await quietly(async () => {
    for await (const { name, error } of runTfjsTests("simd", files)) {
      if (error === undefined) passed++;
      else failures[name] = error instanceof Error ? error.message : String(error);
    }
  });
  const unexpected = Object.entries(failures).filter(([name]) => !(name in KNOWN_FAILURES));
  deepStrictEqual(unexpected, []);
  const mended = Object.keys(KNOWN_FAILURES).filter((name) => !(name in failures));
  deepStrictEqual(mended, [], "these pass now: remove them from the list");
  ok(passed > 3750, `only ${passed} tests ran`);
});
