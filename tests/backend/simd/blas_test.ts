/** Which native libraries compute products, and which are refused. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { Machine } from "bert/backend/simd/machine.ts";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { createRng } from "bert/random.ts";
import { setVariable } from "../../support/environment.ts";

await useBackend("cpu"); // silences tfjs's advice

/** Makes a machine while `BERT_BLAS` has a value; the machine and its warnings. */
async function withLibrary(value: string): Promise<{ machine: Machine; warnings: string[] }> {
  const { warn } = console;
  const warnings: string[] = [];
  Object.assign(console, { warn: (message: string) => void warnings.push(message) });
  using _ = setVariable("BERT_BLAS", value);
  try {
    return { machine: await Machine.create(), warnings };
  } finally {
    Object.assign(console, { warn });
  }
}

/**
 * A row-major product in C, with places for a mistake: at its beginning, in each sum, in the part
 * of the old entry that is added, and after an entry is stored.
 */
const SOURCE = ({ begin = "", sum = "", kept = "beta == 0 ? 0 : beta * *entry", store = "" }) => `
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
  ${begin}
  for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) {
    float sum = 0;
    for (int l = 0; l < k; l++)
      sum += (ta == 111 ? a[i * lda + l] : a[l * lda + i]) * (tb == 111 ? b[l * ldb + j] : b[j * ldb + l]);
    ${sum}
    float *entry = c + i * ldc + j;
    *entry = alpha * sum + (${kept});
    ${store}
  }
}`;

/** Mistakes of a library, by what is wrong. */
const MISTAKES: Readonly<Record<string, Parameters<typeof SOURCE>[0]>> = {
  "one entry": { sum: "if (i == 2 && j == 3) sum += 1;" },
  "sums of more than four": { sum: "if (k > 4) sum += 1e-3f;" },
  "half of the sum in blocks of 16": { sum: "if (m >= 16 && n >= 16) sum /= 2;" },
  "the last of many rows": { sum: "if (i >= 512) sum += 1;" },
  "the last of many columns": { sum: "if (j >= 512) sum += 1;" },
  "what is past a block of the sum": { begin: "if (k > 512) k = 512;" },
  "NaN where it should overwrite it": { kept: "beta * *entry" },
  "beta": { begin: "beta = 0;" },
  "beta 0": { begin: "beta = 1;" },
  "rows of the left matrix that lie apart": { begin: "lda = ta == 111 ? k : m;" },
  "rows of the right matrix that lie apart": { begin: "ldb = tb == 111 ? n : k;" },
  "rows of the product that lie apart": { begin: "ldc = n;" },
  "what lies behind the rows of the product": {
    store: "if (j == n - 1 && ldc > n && i < m - 1) entry[1] = 0;",
  },
  ...Object.fromEntries([[111, 111], [112, 111], [111, 112], [112, 112]].map(([ta, tb]) => [
    `the layout ${ta} ${tb}`,
    { sum: `if (ta == ${ta} && tb == ${tb}) sum += 1;` },
  ])),
};

/** Compiles a library; undefined, with a message, if there is no compiler. */
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

Deno.test("with BERT_BLAS=off products are computed without a library and without a message", async () => {
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

Deno.test("a library that gets any product of the kernels wrong is refused", async (t) => {
  const folder = await Deno.makeTempDir();
  for (const [i, [what, mistake]] of Object.entries(MISTAKES).entries()) {
    const path = await build(folder, `wrong${i}`, SOURCE(mistake));
    if (!path) break;
    await t.step(what, async () => {
      const { machine, warnings } = await withLibrary(path);
      strictEqual(machine.blas, undefined);
      deepStrictEqual(warnings, [
        `BLAS library ${path} computes wrong products; products are computed without it`,
      ]);
    });
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a library that computes correctly is used without a message", async () => {
  const folder = await Deno.makeTempDir();
  const right = await build(folder, "right", SOURCE({}));
  if (right) {
    const { machine, warnings } = await withLibrary(right);
    deepStrictEqual([machine.blas?.path, warnings], [right, []]);
    machine.close();
  }
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

/** The bytes of a result. */
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

/** Multiplies a matrix by itself in several tasks; whether the result is right. */
function multipliesRight(machine: Machine, value: number): boolean {
  const n = 200;
  const bytes = 4 * n * n;
  const [from, to] = [machine.allocate(bytes)!, machine.allocate(bytes)!];
  const [x, y] = [from, to].map((at) => new Float32Array(machine.memory.buffer, at, n * n));
  x.fill(value);
  y.fill(NaN);
  machine.run("product", 4, from, from, to, 0, n, n, n, n, n, n, 0, 0, n / 2, n / 2, 0, 0, 0);
  machine.free(from);
  machine.free(to);
  return y.every((found) => found === n * value * value);
}

Deno.test("two machines in one process multiply at the same time, also after one is closed", async () => {
  for (const blas of [true, false]) {
    const first = await Machine.create({ threads: 2, blas });
    const second = await Machine.create({ threads: 3, blas });
    strictEqual(first.blas?.path, second.blas?.path);
    for (let i = 1; i < 20; i++) {
      ok(multipliesRight(first, i) && multipliesRight(second, -i), `round ${i}`);
    }
    first.close();
    const third = await Machine.create({ threads: 2, blas });
    for (let i = 1; i < 20; i++) {
      ok(multipliesRight(second, i) && multipliesRight(third, -i), `round ${i}`);
    }
    ok(multipliesRight(first, 5), "its helpers have ended, but it still has its memory");
    for (const machine of [second, third]) machine.close();
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
