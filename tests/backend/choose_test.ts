import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { backendNames, useBackend } from "bert/backend/choose.ts";
import { ConfigError } from "bert/errors.ts";
import { BACKENDS } from "../support/backends.ts";

/** Runs a program in a process of its own, with its own environment and permissions. */
async function run(code: string, permissions: string[], backend: string, env = {}) {
  const program = `data:text/typescript,${encodeURIComponent(code)}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", `--config=${CONFIG}`, ...permissions, program],
    env: { NO_COLOR: "1", BERT_BACKEND: backend, ...env },
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { out: text(stdout), err: text(stderr) };
}

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const PRINT = `
  const { useBackend } = await import("${import.meta.resolve("bert/backend/choose.ts")}");
  console.log(await useBackend());
  const tf = await import("npm:@tensorflow/tfjs@4.22.0");
  tf.ones([2]).dispose();
  await tf.setBackend("cpu"); // as for comparing with it
  tf.ones([2]).dispose();
`;

Deno.test("useBackend() starts the backend that is named, and tfjs uses it", async () => {
  for (const name of ["cpu", "wasm"]) {
    strictEqual(await useBackend(name), name);
    strictEqual(tf.getBackend(), name);
  }
});

Deno.test("useBackend() starts the fastest backend that can run", async () => {
  const taken = await useBackend();
  ok(taken !== "cpu", "wasm starts everywhere");
  strictEqual(taken, tf.getBackend());
});

Deno.test("useBackend() starts the backend of BERT_BACKEND unless it is given a name, and prints nothing", async () => {
  const all = ["--allow-all"];
  for (const name of BACKENDS) {
    deepStrictEqual(await run(PRINT, all, name), { out: name, err: "" });
  }
  const named = PRINT.replace("useBackend()", 'useBackend("wasm")');
  deepStrictEqual(await run(named, all, "cpu"), { out: "wasm", err: "" });
  const { err } = await run(PRINT, all, "gpu");
  match(err, /Invalid BERT_BACKEND = "gpu": it must be one of .*wasm, cpu, webgpu/);
});

Deno.test("useBackend() does not ask for permission to read the environment", async () => {
  const { out } = await run(
    PRINT,
    ["--allow-read", "--allow-ffi", "--deny-env=BERT_BACKEND"],
    "cpu",
  );
  ok(out !== "cpu", out);
});

Deno.test("useBackend() says once which backend cannot start and why, and takes the next", async () => {
  const kernels = new URL("../../lib/backend/simd/", import.meta.url).pathname;
  const denied = `--deny-read=${kernels}relaxed.wasm,${kernels}plain.wasm`;
  const twice = PRINT.replace("useBackend()", "useBackend(), await useBackend()");
  const { out, err } = await run(twice, ["--allow-all", denied], "");
  strictEqual(out, "wasm wasm");
  match(err, /^The backend simd cannot start here, so the slower wasm is used: .*relaxed\.wasm.*$/);
});

Deno.test("a BERT_NATIVE that is none is refused, and not taken for a backend that cannot start", async () => {
  const { out, err } = await run(PRINT, ["--allow-all"], "", { BERT_NATIVE: "0" });
  strictEqual(out, "");
  match(
    err,
    /ConfigError: Invalid BERT_NATIVE = "0": it must be off, avx2 or avx512, or not be set/,
  );
});

Deno.test("BERT_THREADS limits the threads of simd, and is refused if it is no number of threads", async () => {
  const print = `
    const { useBackend } = await import("${import.meta.resolve("bert/backend/choose.ts")}");
    await useBackend("simd");
    const { simdMachine } = await import("${import.meta.resolve("bert/backend/simd/start.ts")}");
    console.log(simdMachine().threads);
  `;
  const threads = (given: string) => run(print, ["--allow-all"], "", { BERT_THREADS: given });
  deepStrictEqual(await threads("1"), { out: "1", err: "" });
  deepStrictEqual(await threads("1000"), { out: `${navigator.hardwareConcurrency}`, err: "" });
  for (const given of ["0", "two", "1.5", "-1"]) {
    match(
      (await threads(given)).err,
      /ConfigError: Invalid BERT_THREADS = ".*": it must be a whole number from 1, or not be set/,
    );
  }
});

Deno.test("useBackend() refuses an unknown name and lists the known backends", async () => {
  const advice = `must be one of ${backendNames().join(", ")}`;
  await rejects(useBackend("webgl"), new ConfigError("backend", "webgl", advice));
});

/**
 * A program that makes a model, evaluates and trains it, and prints the backend in use after each.
 */
const FORGETFUL = (first: string) => `
  const tf = await import("npm:@tensorflow/tfjs@4.22.0");
  ${first}
  const { bertConfig } = await import("${import.meta.resolve("bert/config.ts")}");
  const { BertPretrainHead } = await import("${import.meta.resolve("bert/model/bert.ts")}");
  const { collate } = await import("${import.meta.resolve("bert/data/batch.ts")}");
  const { evaluate } = await import("${import.meta.resolve("bert/training/evaluate.ts")}");
  const { AdamW } = await import("${import.meta.resolve("bert/training/optimizer.ts")}");
  const { trainStep } = await import("${import.meta.resolve("bert/training/train_step.ts")}");
  const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
  const used = [tf.getBackend()];
  const span = { document: "x", start: 0, end: 1 };
  const masked = { tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
  const batch = collate([{ ...masked, nspLabel: -1, first: span, truncated: false }]);
  const { mlmLoss } = await evaluate(model, [batch]);
  used.push(tf.getBackend());
  await trainStep(model, new AdamW(model.weights), batch, { learningRate: 0.1, seed: 1 });
  const { mlmLoss: after } = await evaluate(model, [batch]);
  used.push(tf.getBackend());
  console.log(JSON.stringify({ used, losses: [mlmLoss, after].map((loss) => loss.toFixed(3)) }));
`;

async function forgetful(first: string, permissions: string[], backend: string) {
  const { out, err } = await run(FORGETFUL(first), permissions, backend);
  ok(out, err);
  return { ...JSON.parse(out), err } as { used: string[]; losses: string[]; err: string };
}

Deno.test("a program that never names a backend computes on the fastest from its first tensor on", async () => {
  const [fastest] = BACKENDS;
  const { used, err } = await forgetful("", ["--allow-all"], "");
  deepStrictEqual([used, err], [[fastest, fastest, fastest], ""]);
});

Deno.test("a model that was made before its backend started moves there, with the same results", async () => {
  const expected = await forgetful("", ["--allow-all"], "");
  const moved = await forgetful("", ["--allow-all"], "wasm");
  deepStrictEqual(moved.used.slice(1), ["wasm", "wasm"]);
  deepStrictEqual(moved.losses, expected.losses);
  const kernels = new URL("../../lib/backend/simd/", import.meta.url).pathname;
  const denied = `--deny-read=${kernels}relaxed.wasm,${kernels}plain.wasm`;
  const fallen = await forgetful("", ["--allow-all", denied], "");
  deepStrictEqual(fallen.used.slice(1), ["wasm", "wasm"]);
  deepStrictEqual(fallen.losses, expected.losses);
  match(fallen.err, /The backend simd cannot start here, so the slower wasm is used/);
});

Deno.test("one warning says that tfjs's cpu backend is in use although it was not named, and what to do", async () => {
  for (const first of ["tf.ones([2]);", 'await tf.setBackend("cpu");']) {
    const { used, err } = await forgetful(first, ["--allow-all"], "");
    deepStrictEqual(used, ["cpu", "cpu", "cpu"]);
    const said = err.match(/Call await useBackend\(\) from bert\/backend\/choose\.ts first/g);
    strictEqual(said?.length, 1, err);
  }
  const choose = import.meta.resolve("bert/backend/choose.ts");
  const named = `await (await import("${choose}")).useBackend("cpu");`;
  const { used, err } = await forgetful(named, ["--allow-all"], "");
  deepStrictEqual([used, err], [["cpu", "cpu", "cpu"], ""]);
});
