/** Kernels of the simd backend that fail, in the main thread and in helpers, throw and never hang. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { Machine } from "bert/backend/simd/machine.ts";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";

await useBackend("cpu"); // silences tfjs's advice
/** A machine that is made while FFI is permitted; its helper starts later. */
const withLibrary = await Machine.create({ threads: 2 });

/** The milliseconds to wait until a helper has taken part in a job; a hundredth is usually enough. */
const PATIENCE = 30_000;

const SIZE = 256;
const BYTES = 4 * SIZE * SIZE;

/** Multiplies each of `count` square matrices, which begin at `a`, by itself. */
function squares(machine: Machine, a: number, out: number, count: number): void {
  const step = SIZE * SIZE;
  const sizes = [SIZE, SIZE, SIZE, SIZE, SIZE, SIZE, 0, 0, SIZE, SIZE, step, step, step];
  machine.run("product", count, a, a, out, 0, ...sizes);
}

/** The error of a job whose last task reaches beyond the memory. */
function failingJob(machine: Machine, out: number): string {
  try {
    squares(machine, machine.memory.buffer.byteLength - 2 * BYTES, out, 3);
    return "no error";
  } catch (error) {
    return (error as Error).message;
  }
}

function checkProduct(): void {
  tf.tidy(() => {
    const product = tf.matMul(tf.ones([200, 300]), tf.fill([300, 150], 2)).dataSync();
    ok(product.every((found) => found === 600));
  });
}

async function startAnew(): Promise<Machine> {
  if (tf.findBackend("simd")) tf.removeBackend("simd");
  await startSimd({ threads: 2, blas: false });
  return simdMachine();
}

Deno.test("a trap in any thread becomes an error, after which no thread writes and the backend works", async () => {
  const machine = await startAnew();
  checkProduct();
  const out = machine.allocate(3 * BYTES)!;
  const results = new Float32Array(machine.memory.buffer, out, 3 * SIZE * SIZE);
  const seen = new Set<string>();
  for (const end = performance.now() + PATIENCE; seen.size < 2 && performance.now() < end;) {
    const message = failingJob(machine, out);
    match(message, /^Kernel product failed( in a helper thread)?: RuntimeError: memory access out/);
    seen.add(message);
    results.fill(7);
    checkProduct();
    ok(results.every((value) => value === 7), "a helper went on after the error");
  }
  strictEqual(seen.size, 2, "only one of the threads has failed");
});

Deno.test("a trap in a job of one task becomes an error, after which the backend works", async () => {
  const machine = await startAnew();
  const beyond = machine.memory.buffer.byteLength;
  throws(() => machine.run("unary", 1, beyond, 2048, 64, 0), {
    message: "Kernel unary failed: RuntimeError: memory access out of bounds",
  });
  checkProduct();
});

Deno.test("an operation whose kernel fails leaves no tensor and no memory behind", async () => {
  const machine = await startAnew();
  const x = tf.ones([5000, 8]);
  const before = [machine.usage.used, tf.memory().numTensors, tf.backend().numDataIds()];
  const run = machine.run;
  machine.run = (kernel, tasks, ...rest) => run.call(machine, kernel, tasks, -64, ...rest.slice(1));
  throws(() => tf.tidy(() => tf.exp(x)), /^Error: Kernel unary failed/);
  throws(() => tf.tidy(() => tf.softmax(x)), /^Error: Kernel softmax failed/);
  machine.run = run;
  const after = [machine.usage.used, tf.memory().numTensors, tf.backend().numDataIds()];
  deepStrictEqual(after, before);
  checkProduct();
});

Deno.test("a helper that may not open the native library reports that, and does its other work", {
  permissions: { read: true, env: true, ffi: false },
}, () => {
  if (!withLibrary.blas) return;
  const at = withLibrary.allocate(9 * BYTES)!;
  const values = new Float32Array(withLibrary.memory.buffer, at, 9 * SIZE * SIZE).fill(1);
  const product = () => squares(withLibrary, at, at + 4 * BYTES, 4);
  let message = "";
  for (const end = performance.now() + PATIENCE; !message && performance.now() < end;) {
    try {
      product();
    } catch (error) {
      message = (error as Error).message;
    }
  }
  match(message, /^Kernel product failed in a helper thread: Error: Cannot multiply with BLAS: a /);
  withLibrary.multiplyWith("wasm");
  product();
  ok(values.subarray(4 * SIZE * SIZE, 8 * SIZE * SIZE).every((value) => value === SIZE));
  withLibrary.close();
});
