/** Which native libraries products go to, and which are refused. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { Machine } from "bert/backend/simd/machine.ts";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { createRng } from "bert/random.ts";

await useBackend("cpu"); // silences tfjs's advice

/** Starts a machine while `BERT_BLAS` has a value; gives what it warned about, too. */
async function withLibrary(value: string): Promise<{ machine: Machine; warnings: string[] }> {
  const [before, { warn }] = [Deno.env.get("BERT_BLAS"), console];
  const warnings: string[] = [];
  Object.assign(console, { warn: (message: string) => void warnings.push(message) });
  Deno.env.set("BERT_BLAS", value);
  try {
    return { machine: await Machine.create(), warnings };
  } finally {
    Object.assign(console, { warn });
    if (before === undefined) Deno.env.delete("BERT_BLAS");
    else Deno.env.set("BERT_BLAS", before);
  }
}

/** A row-major product in C, with room for a mistake. */
const SOURCE = (mistake: string) => `
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
  for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) {
    float sum = 0;
    for (int l = 0; l < k; l++)
      sum += (ta == 111 ? a[i * lda + l] : a[l * lda + i]) * (tb == 111 ? b[l * ldb + j] : b[j * ldb + l]);
    c[i * ldc + j] = alpha * sum + beta * c[i * ldc + j] ${mistake};
  }
}`;

/** Compiles a library, or says that there is no compiler. */
async function build(folder: string, name: string, source: string): Promise<string | undefined> {
  const [from, to] = [`${folder}/${name}.c`, `${folder}/${name}.so`];
  await Deno.writeTextFile(from, source);
  const args = ["-shared", "-fPIC", "-o", to, from];
  const built = await new Deno.Command("cc", { args }).output().catch(() => undefined);
  if (built?.success) return to;
  // deno-lint-ignore no-console
  console.log("skipped: there is no C compiler here to make a library with");
  return undefined;
}

Deno.test("BERT_BLAS=off: products are computed without a library, and nothing is said", async () => {
  const { machine, warnings } = await withLibrary("off");
  deepStrictEqual([machine.blas, warnings], [undefined, []]);
});

Deno.test("a named library that is not there, or has no product, is refused with a warning", async () => {
  const noBlas = { darwin: "/usr/lib/libSystem.B.dylib", windows: "kernel32.dll" };
  const other = noBlas[Deno.build.os as keyof typeof noBlas] ?? "libm.so.6";
  for (const path of ["/no/such/library.so", other]) {
    const { machine, warnings } = await withLibrary(path);
    strictEqual(machine.blas, undefined);
    deepStrictEqual(warnings, [
      `BLAS library ${path} cannot be used; products are computed without it`,
    ]);
  }
});

Deno.test("a library that computes wrong products is refused, one that is right is used", async () => {
  const folder = await Deno.makeTempDir();
  for (
    const [name, mistake] of [["wrong", "+ (i == 2 && j == 3)"], ["late", "+ (k > 4) * 1e-3f"]]
  ) {
    const path = await build(folder, name, SOURCE(mistake));
    if (!path) return;
    const { machine, warnings } = await withLibrary(path);
    strictEqual(machine.blas, undefined);
    match(warnings.join(), /(wrong|late)\.so computes wrong products; .* computed without it/);
  }
  const right = (await build(folder, "right", SOURCE("")))!;
  const { machine, warnings } = await withLibrary(right);
  deepStrictEqual([machine.blas?.path, warnings], [right, []]);
  machine.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("without permission for FFI there is no library, and products are right", {
  permissions: { read: true, env: true, ffi: false },
}, async () => {
  if (tf.findBackend("simd")) tf.removeBackend("simd");
  await startSimd({ threads: 1 });
  strictEqual(simdMachine().blas, undefined);
  const product = tf.matMul(tf.fill([70, 80], 2), tf.ones([80, 90])).dataSync();
  ok(product.every((value) => value === 160));
  tf.removeBackend("simd");
});

/** A number for each bit of a result. */
function bits(x: tf.Tensor): Uint8Array {
  return new Uint8Array(x.dataSync().buffer);
}

Deno.test("products through a library are the same bits from run to run", async () => {
  await startSimd({ threads: 2 });
  if (!simdMachine().blas) return;
  const rng = createRng(3);
  const values = (count: number) => Float32Array.from({ length: count }, () => rng.random() - 0.5);
  const [a, b] = [
    tf.tensor(values(500 * 300), [500, 300]),
    tf.tensor(values(300 * 400), [300, 400]),
  ];
  const first = bits(tf.matMul(a, b));
  for (let run = 0; run < 10; run++) {
    tf.tidy(() => deepStrictEqual(bits(tf.matMul(a, b)), first));
  }
});

/** Multiplies a matrix by itself in several tasks, and says whether all came out right. */
function multipliesRight(machine: Machine, value: number): boolean {
  const [n, bytes] = [200, 4 * 200 * 200];
  const [from, to] = [machine.allocate(bytes)!, machine.allocate(bytes)!];
  const [x, y] = [from, to].map((at) => new Float32Array(machine.memory.buffer, at, n * n));
  x.fill(value);
  y.fill(NaN);
  machine.run("product", 4, from, from, to, 0, n, n, n, n, n, n, 0, 0, n / 2, n / 2, 0, 0, 0);
  machine.free(from);
  machine.free(to);
  return y.every((found) => found === n * value * value);
}

Deno.test("two machines in one process multiply side by side, also when one is gone", async () => {
  for (const blas of [true, false]) {
    const first = await Machine.create({ threads: 2, blas });
    const second = await Machine.create({ threads: 3, blas });
    strictEqual(first.blas?.path, second.blas?.path);
    for (let i = 1; i < 20; i++) {
      ok(multipliesRight(first, i) && multipliesRight(second, -i), `round ${i}`);
    }
    first.dispose();
    const third = await Machine.create({ threads: 2, blas });
    for (let i = 1; i < 20; i++) {
      ok(multipliesRight(second, i) && multipliesRight(third, -i), `round ${i}`);
    }
    ok(multipliesRight(first, 5), "its helpers are gone, not its memory");
    for (const machine of [second, third]) machine.dispose();
  }
});

Deno.test("a backend that is removed and started again, beside others, has its library again", async () => {
  const product = () =>
    tf.tidy(() => tf.matMul(tf.fill([70, 80], 2), tf.ones([80, 90])).dataSync());
  const paths = new Set<string | undefined>();
  for (let round = 0; round < 3; round++) {
    if (tf.findBackend("simd")) tf.removeBackend("simd");
    await startSimd({ threads: 2 });
    paths.add(simdMachine().blas?.path);
    for (const name of ["simd", "wasm", "cpu", "simd"]) {
      await useBackend(name);
      ok(product().every((value) => value === 160), `${name} in round ${round}`);
    }
  }
  strictEqual(paths.size, 1);
});
