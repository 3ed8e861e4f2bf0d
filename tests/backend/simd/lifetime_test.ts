/**
 * The simd backend's memory and threads: errors, restarts, other backends, the end of the process.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { ConfigError } from "bert/errors.ts";
import { assertClose } from "../../support/assert_close.ts";
import { randomTensor } from "../../support/gradients.ts";

await useBackend("cpu"); // silences tfjs's advice

/** Starts the backend again, with other options. */
async function restart(options: Parameters<typeof startSimd>[0] = {}): Promise<void> {
  if (tf.findBackend("simd")) tf.removeBackend("simd");
  await startSimd(options);
}

/** The memory and the tensors that are in use. */
function held(): Record<string, number> {
  const { used, blocks } = simdMachine().usage;
  return { used, blocks, tensors: tf.memory().numTensors, data: tf.backend().numDataIds() };
}

/** A product that several threads compute, and the value of all its numbers. */
function sharedProduct(): [tf.Tensor, number] {
  return [tf.matMul(tf.ones([200, 300]), tf.fill([300, 150], 2)), 600];
}

function checkProduct(): void {
  tf.tidy(() => {
    const [product, value] = sharedProduct();
    ok(product.dataSync().every((found) => found === value));
  });
}

Deno.test("if memory is full, the error names operation, tensor and sizes, and other tensors are not affected", async () => {
  await restart({ maxBytes: 2 ** 25, threads: 1 });
  const x = tf.ones([1000, 1000]);
  const before = held();
  throws(() => tf.tidy(() => tf.concat(new Array(8).fill(x))), {
    name: "OutOfMemoryError",
    message: new RegExp(
      "^Out of memory in Concat: a float32 tensor \\[8000,1000\\] needs 30\\.5 MiB; " +
        "\\d blocks hold \\d\\.\\d of 32\\.0 MiB, and the longest free piece has 2\\d\\.\\d MiB",
    ),
  });
  throws(() => tf.zeros([4000, 4000]), /Out of memory.*\[4000,4000\] needs 61.0 MiB/);
  throws(() => tf.tensor(new Float32Array(1e7)), /Out of memory: a float32 tensor \[10000000\]/);
  deepStrictEqual(held(), before);
  checkProduct();
  strictEqual(x.dataSync()[999], 1);
});

Deno.test("if memory is full in the middle of an operation, the operation frees what it has made", async () => {
  await restart({ maxBytes: 2 ** 25, threads: 1 });
  const x = tf.ones([2, 1, 1500000]); // 12 MB: its copy fits beside it, but nothing after that
  const before = held();
  const work = () =>
    tf.fused.matMul({ a: tf.ones([1, 1]), b: tf.reshape(x, [1, 3e6]), bias: tf.ones([1, 1]) });
  throws(() => tf.tidy(work), /Out of memory in _FusedMatMul/);
  deepStrictEqual(held(), before);
  x.dispose();
  ok(simdMachine().usage.used < before.used);
});

Deno.test("an operation that throws leaves no tensor, no memory and a usable backend", async () => {
  await restart();
  const x = tf.ones<tf.Rank.R2>([5, 4]);
  const far = tf.tensor1d([0, 7], "int32");
  const before = held();
  const wrong: [() => tf.Tensor, RegExp][] = [
    [() => tf.gather(x, far), /GatherV2: the index value 7 is not in \[0, 4\], at position 1/],
    [() => tf.unsortedSegmentSum(tf.ones([2, 2]), far, 3), /UnsortedSegmentSum: the index value 7/],
    [() => tf.matMul(x, x), /inner/i],
    [() => tf.add(x, tf.ones([3])), /broadcast/],
    [() => tf.concat([x, tf.ones<tf.Rank.R2>([3, 3])], 0), /rank|shape/i],
    [() => tf.reshape(x, [3, 7]), /must match the product of shape 3,7/],
    [() => tf.slice(x, [0, 0], [9, 9]), /slice/i],
    [() => tf.zeros([2, NaN]), /./],
  ];
  for (const [work, message] of wrong) throws(() => tf.tidy(work), message);
  deepStrictEqual(held(), before);
  checkProduct();
});

Deno.test("a backend that was removed and started again has new options, and old tensors keep their numbers", async () => {
  await restart({ threads: 2 });
  const old = tf.tensor2d([[1, 2], [3, 4]]);
  const machine = simdMachine();
  const variable = tf.variable(tf.tensor1d([5, 6]));
  await restart({ threads: 1 });
  ok(simdMachine() !== machine);
  strictEqual(simdMachine().threads, 1);
  deepStrictEqual(tf.matMul(old, old).arraySync(), [[7, 10], [15, 22]]); // it moves to the new backend
  variable.assign(tf.tensor1d([7, 8]));
  deepStrictEqual([...variable.dataSync()], [7, 8]);
  const { used } = machine.usage;
  old.dispose();
  strictEqual(machine.usage.used, used); // it had already moved
  variable.dispose();
});

Deno.test("after tf.engine().reset() the backend starts anew, and a tensor from before is refused", async () => {
  await restart({ threads: 2 });
  const old = tf.ones([2]);
  const machine = simdMachine();
  tf.engine().reset();
  await tf.setBackend("simd");
  ok(simdMachine() !== machine);
  checkProduct();
  throws(() => tf.square(old), /A tensor is gone: .* made before tf.engine\(\).reset\(\)/);
});

/**
 * Starts the backend nine times, and prints the number of threads after the first start and at the
 * end.
 */
const RESTARTS = `
import * as tf from "@tensorflow/tfjs";
import { startSimd } from "bert/backend/simd/start.ts";
const listing = new Deno.Command("ls", { args: ["/proc/" + Deno.pid + "/task"] }); // Deno may not read that folder
const threads = () => new TextDecoder().decode(listing.outputSync().stdout).split("\\n").length;
async function restart() {
  if (tf.findBackend("simd")) tf.removeBackend("simd");
  await startSimd({ threads: 3 });
  tf.matMul(tf.ones([200, 300]), tf.ones([300, 150])).dataSync();
}
await restart();
const before = threads();
for (let i = 0; i < 8; i++) await restart();
for (let i = 0; i < 3000 && threads() > before + 8; i++) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(JSON.stringify({ before, now: threads() }));
`;

Deno.test("helper threads end with their backend", {
  ignore: Deno.build.os !== "linux", // counts threads in /proc
}, async () => {
  // A process of its own: while coverage is collected, ended threads stay until the end.
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `--config=${config}`, RESTARTS],
    env: { DENO_COVERAGE_DIR: "" },
  }).output();
  const { before, now } = JSON.parse(new TextDecoder().decode(stdout).trim());
  ok(now <= before + 8, `${now} threads, ${before} before`); // 16 more if they stayed
});

Deno.test("tensors move between simd, wasm and cpu, and their memory is freed", async () => {
  await restart();
  const { used } = simdMachine().usage;
  const x = randomTensor([40, 30], 1);
  const values = x.dataSync();
  const ids = tf.tensor1d([3, 1], "int32");
  const expected = values.map((value) => value * 2 + 1);
  await useBackend("wasm");
  const doubled = tf.mul(x, 2);
  strictEqual(simdMachine().usage.used - used, 64, "x has moved, ids have not");
  await tf.setBackend("cpu");
  const more = tf.add(doubled, 1);
  await tf.setBackend("simd");
  assertClose(tf.square(tf.sqrt(tf.square(more))), expected.map((value) => value ** 2), {
    rtol: 1e-5,
  });
  const rows = tf.gather(more, ids);
  await useBackend("wasm");
  assertClose(tf.neg(rows).dataSync().slice(0, 30), expected.slice(90, 120).map((v) => -v), {
    rtol: 1e-6,
  });
  tf.dispose([x, ids, doubled, more, rows]);
});

Deno.test("simd computes beyond the second gigabyte", async () => {
  await restart();
  const backend = tf.backend() as unknown as { output(shape: number[]): tf.TensorInfo };
  const room = backend.output([2 ** 29 + 2 ** 20]); // never written
  const [a, b] = [randomTensor<tf.Rank.R2>([70, 40], 1), randomTensor<tf.Rank.R2>([40, 90], 2)];
  const far = tf.softmax(tf.add(
    tf.matMul(a, b),
    tf.transpose(tf.matMul(b, a, true, true))
      .slice([0, 0], [70, 90]),
  ));
  const found = far.dataSync();
  (tf.backend() as tf.MathBackendCPU).disposeData(room.dataId);
  await restart();
  const near = tf.softmax(tf.add(
    tf.matMul(a, b),
    tf.transpose(tf.matMul(b, a, true, true))
      .slice([0, 0], [70, 90]),
  ));
  deepStrictEqual(found, near.dataSync());
});

Deno.test("simd refuses impossible options", async () => {
  tf.removeBackend("simd");
  const advice = "must be a whole number of at least 1";
  await rejects(startSimd({ threads: 0 }), new ConfigError("threads", 0, advice));
  await rejects(startSimd({ threads: 1.5 }), new ConfigError("threads", 1.5, advice));
  await rejects(startSimd({ maxBytes: 1000 }), /maxBytes = 1000: it must be at least 4194304/);
  await rejects(startSimd({ maxBytes: NaN }), ConfigError);
  await startSimd();
});

const MODULE = import.meta.resolve("bert/backend/simd/start.ts");
const PROGRAM = `
  import { simdMachine, startSimd } from "${MODULE}";
  import * as tf from "npm:@tensorflow/tfjs@4.22.0";
  await startSimd({ threads: 2 });
  const work = () => tf.tidy(() => void tf.matMul(tf.ones([400, 300]), tf.ones([300, 400])).dataSync());
  work();
  console.log("working");
`;

/** Starts a program that computes with helper threads, then runs `ending`. */
function spawn(ending: string): Deno.ChildProcess {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const program = `data:text/typescript,${encodeURIComponent(PROGRAM + ending)}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", `--config=${config}`, program],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("no helper thread keeps a process alive, however it ends", async () => {
  const [normal, exit, thrown] = await Promise.all(
    ["", "Deno.exit(3);", "throw new Error('wrong');"].map((ending) => spawn(ending).output()),
  );
  deepStrictEqual([normal, exit, thrown].map(({ code }) => code), [0, 3, 1]);
  match(new TextDecoder().decode(thrown.stderr), /Error: wrong/);
});

Deno.test("Ctrl-C ends a process in the middle of its work", async () => {
  const child = spawn("while (true) work();");
  const output = child.stdout.getReader();
  await output.read();
  child.kill("SIGINT");
  const { signal, success } = await child.status;
  ok(signal === "SIGINT" && !success);
  await Promise.all([output.cancel(), child.stderr.cancel()]);
});
