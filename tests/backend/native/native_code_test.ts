import { deepStrictEqual, match, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import type { Precision } from "bert/config.ts";
import { processorFeatures } from "bert/backend/native/cpu.ts";
import { convention } from "bert/backend/native/executable_memory.ts";
import { nativeCode } from "bert/backend/native/native_code.ts";
import { Machine } from "bert/backend/simd/machine.ts";
import type { Arithmetic, Multiplier } from "bert/backend/simd/multipliers.ts";
import type { NativeKind } from "bert/backend/simd/product_trial.ts";

/** A machine with native code; undefined, with a message, if this computer cannot run it. */
function nativeMachine(threads = 1): Machine | undefined {
  const machine = Machine.create({ threads, blas: false });
  if (nativeKinds(machine).length > 0) return machine;
  const code = nativeCode();
  // deno-lint-ignore no-console
  console.log(`skipped: ${"missing" in code ? code.missing : "native code failed its test"}`);
  machine.close();
  return undefined;
}

/** The kinds of native code that multiply here. */
function nativeKinds({ multipliers }: Machine): NativeKind[] {
  return multipliers.filter((name) => name === "avx2" || name === "avx512");
}

/** A product, and the layout of its operands in memory. */
interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The distances of the operands and the result from the start of their blocks, in numbers. */
  readonly shift: readonly [a: number, b: number, c: number];
  readonly bias: boolean;
  readonly precision: Precision;
  readonly odd: readonly number[];
  readonly seed: number;
}

const SIZE = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(119, 120, 121, 257, 520));

const CASE: fc.Arbitrary<Case> = fc.record({
  m: SIZE,
  n: fc.oneof({ arbitrary: SIZE, weight: 5 }, fc.constant(1030)),
  k: fc.oneof(SIZE, fc.constantFrom(255, 256, 512, 513)),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  shift: fc.tuple(fc.nat(15), fc.nat(15), fc.nat(15)),
  bias: fc.boolean(),
  precision: fc.constantFrom("float32", "bf16-emulated"),
  odd: fc.array(fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e-42, 3e38), { maxLength: 4 }),
  seed: fc.nat(1e6),
});

/** Numbers from -0.5 to 0.5 without a visible pattern. */
function fill(values: Float32Array, seed: number): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = (Math.imul(i + seed, 2654435761) >>> 8) / 2 ** 24 - 0.5;
  }
}

/** The bits of a product and of the numbers around it, where all NaN are the same one. */
function multiply(machine: Machine, multiplier: Multiplier, one: Case): Uint32Array {
  const { m, n, k, transposeA, transposeB, shift, bias, odd, seed } = one;
  const room = 16;
  const counts = [m * k, k * n, m * n, n];
  const blocks = counts.map((count) => machine.allocate(4 * (count + 2 * room)) ?? 0);
  const views = blocks.map((at, i) =>
    new Float32Array(machine.memory.buffer, at, counts[i] + 2 * room)
  );
  views.forEach((view, which) => fill(view, seed + which));
  odd.forEach((value, i) => views[i % 2][shift[i % 2] + (seed * (i + 1)) % counts[i % 2]] = value);
  const [a, b, c] = blocks.map((at, i) => at + 4 * (shift[i] ?? 0));
  const flags = [transposeA, transposeB].map(Number);
  const strides = [transposeA ? m : k, transposeB ? k : n, n];
  machine.multiplyWith(multiplier);
  machine.computeIn(one.precision);
  const start = bias ? blocks[3] : 0;
  machine.run("product", 1, a, b, c, start, m, n, k, ...strides, ...flags, m, n, 0, 0, 0);
  const result = views[2].map((value) => Number.isNaN(value) ? NaN : value);
  for (const block of blocks) machine.free(block);
  return new Uint32Array(result.buffer);
}

Deno.test("native products are those of the WebAssembly kernels, bit for bit, at all sizes", () => {
  const machine = nativeMachine();
  if (!machine) return;
  fc.assert(
    fc.property(CASE, (one) => {
      const expected = multiply(machine, "wasm", one);
      for (const kind of nativeKinds(machine)) {
        deepStrictEqual(multiply(machine, kind, one), expected, kind);
      }
    }),
    { numRuns: 200, seed: 7 },
  );
  machine.close();
});

/** A machine with AVX512_BF16; undefined, with a message, if this computer has none. */
function pairsMachine(): Machine | undefined {
  const machine = Machine.create({ threads: 1, blas: false });
  const missing = machine.missing("bf16");
  if (missing === undefined) return machine;
  // deno-lint-ignore no-console
  console.log(`skipped: ${missing}`);
  machine.close();
  return undefined;
}

Deno.test("products of AVX512_BF16 are the emulated ones, bit for bit, at all sizes", () => {
  const machine = pairsMachine();
  if (!machine) return;
  fc.assert(
    fc.property(CASE, (one) => {
      const emulated = multiply(machine, "wasm", { ...one, precision: "bf16-emulated" });
      deepStrictEqual(multiply(machine, "avx512", { ...one, precision: "bf16" }), emulated);
    }),
    { numRuns: 200, seed: 8 },
  );
  machine.close();
});

/** Sizes with ends of panels in all directions, in all layouts. */
const ENDS = [[1, 1, 1], [7, 17, 5], [13, 33, 35], [11, 65, 30]].flatMap(([m, n, k]) =>
  [[0, 0], [0, 1], [1, 0], [1, 1]].map(([ta, tb]) => ({ m, n, k, ta, tb }))
);

/** The ways to compute here, each with the way whose bits it has to give. */
function waysHere(machine: Machine): (readonly [Way, Way])[] {
  const kinds = nativeKinds(machine).map((kind): [Way, Way] => [
    [kind, "float32"],
    ["wasm", "float32"],
  ]);
  if (machine.missing("bf16") !== undefined) return kinds;
  return [...kinds, [["avx512", "pairs"], ["wasm", "rounded"]]];
}

type Way = readonly [Multiplier, Arithmetic];

Deno.test("a product that reaches beyond the memory fails, and the process goes on", () => {
  const machine = Machine.create({ threads: 1, blas: false, maxBytes: 16 * 2 ** 20 });
  const end = machine.memory.buffer.byteLength;
  const near = machine.allocate(2 ** 16)!;
  const [m, n, k] = [13, 33, 35];
  for (const last of [0, 1, 2]) {
    const [a, b, c] = [m * k, k * n, m * n].map((count, i) =>
      i === last ? end - 4 * count + 4 : near + 2 ** 14 * i
    );
    for (const [way] of waysHere(machine)) {
      machine.setProducts(...way);
      throws(
        () => machine.run("product", 1, a, b, c, 0, m, n, k, k, n, n, 0, 0, m, n, 0, 0, 0),
        /Kernel product failed: RuntimeError: memory access out of bounds/,
      );
    }
  }
  machine.close();
});

Deno.test("native code reads nothing beyond its operands, which are at the end of the memory", () => {
  const machine = Machine.create({ threads: 1, blas: false, maxBytes: 16 * 2 ** 20 });
  const ways = waysHere(machine);
  const end = machine.memory.buffer.byteLength;
  const near = machine.allocate(2 ** 16)!;
  for (const { m, n, k, ta, tb } of ENDS) {
    const counts = [m * k, k * n, m * n];
    for (const last of [0, 1, 2]) {
      const [a, b, c] = counts.map((count, i) => i === last ? end - 4 * count : near + 2 ** 14 * i);
      const view = (at: number, count: number) =>
        new Float32Array(machine.memory.buffer, at, count);
      fill(view(a, counts[0]), 1);
      fill(view(b, counts[1]), 2);
      const compute = ([multiplier, arithmetic]: Way) => {
        machine.setProducts(multiplier, arithmetic); // reading further would end the process
        const strides = [ta ? m : k, tb ? k : n, n];
        machine.run("product", 1, a, b, c, 0, m, n, k, ...strides, ta, tb, m, n, 0, 0, 0);
        return view(c, counts[2]).slice();
      };
      for (const [way, same] of ways) deepStrictEqual(compute(way), compute(same));
    }
  }
  machine.close();
});

Deno.test("native products are the same bits on 1, 2, 3 and 8 threads", () => {
  const results = [1, 2, 3, 8].map((threads) => {
    const machine = nativeMachine(threads);
    if (!machine) return undefined;
    const [m, n, k] = [333, 250, 700];
    const [a, b, c] = [m * k, k * n, m * n].map((count) => machine.allocate(4 * count)!);
    const values = (at: number, count: number) =>
      new Float32Array(machine.memory.buffer, at, count);
    fill(values(a, m * k), 5);
    fill(values(b, k * n), 6);
    const [down, across] = [80, 64];
    const tasks = Math.ceil(m / down) * Math.ceil(n / across);
    machine.run("product", tasks, a, b, c, 0, m, n, k, k, n, n, 0, 0, down, across, 0, 0, 0);
    const result = values(c, m * n).slice();
    machine.close();
    return result;
  });
  for (const result of results) deepStrictEqual(result, results[0]);
});

Deno.test("multiplyWith() chooses among the multipliers of this machine", () => {
  const machine = Machine.create({ threads: 1, blas: false, native: false });
  deepStrictEqual(machine.multipliers, ["wasm"]);
  throws(() => machine.multiplyWith("avx2"), /Cannot multiply with avx2: here are wasm/);
  machine.close();
});

/** Runs a program that makes two machines; its exit code and what it prints. */
async function program(env: Record<string, string>, ...flags: string[]) {
  const source = `
    import { Machine } from ${JSON.stringify(import.meta.resolve("bert/backend/simd/machine.ts"))};
    const machine = Machine.create({ threads: 1 });
    console.log(machine.multipliers.join());
    Machine.create({ threads: 1 });`;
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, source);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env=BERT_NATIVE,BERT_BLAS",
      ...flags,
      path,
    ],
    env: { NO_COLOR: "1", BERT_BLAS: "off", ...env },
  }).output();
  await Deno.remove(path);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, printed: text(stdout).trim(), warnings: text(stderr).trim() };
}

Deno.test("without permission for FFI the kernels multiply, and one message says why", async () => {
  const { code, printed, warnings } = await program({});
  deepStrictEqual([code, printed], [0, "wasm"]);
  match(warnings, /^Products are computed by WebAssembly, at about half the speed: .*$/);
  match(warnings, /--allow-ffi|written for x86-64/);
});

Deno.test("with BERT_NATIVE=off the kernels multiply, without a message", async () => {
  const { printed, warnings } = await program({ BERT_NATIVE: "off" }, "--allow-ffi");
  deepStrictEqual([printed, warnings], ["wasm", ""]);
});

/** What programs print without BERT_NATIVE: all kinds for this processor, the widest first. */
function allKinds(): string {
  const called = convention();
  const has = called && processorFeatures(called);
  return [...(has?.avx512 ? ["avx512"] : []), ...(has?.avx2 ? ["avx2"] : []), "wasm"].join();
}

Deno.test("native code for all instruction sets of the processor is used by default, AVX-512 first", async () => {
  strictEqual((await program({}, "--allow-ffi")).printed, allKinds());
});

Deno.test("BERT_NATIVE=avx2 turns off AVX-512, and an unknown value is refused", async () => {
  const { printed } = await program({ BERT_NATIVE: "avx2" }, "--allow-ffi");
  strictEqual(printed, allKinds().replace("avx512,", ""));
  const { code, warnings } = await program({ BERT_NATIVE: "sse" }, "--allow-ffi");
  strictEqual(code, 1);
  match(warnings, /Invalid BERT_NATIVE = "sse": it must be off, avx2 or avx512/);
});

Deno.test("BERT_NATIVE=avx512 multiplies with 512 bits where the processor has them, else it is refused", async () => {
  const called = convention();
  if (called === undefined) return;
  const { code, printed, warnings } = await program({ BERT_NATIVE: "avx512" }, "--allow-ffi");
  if (processorFeatures(called).avx512) return deepStrictEqual([code, printed], [0, "avx512,wasm"]);
  strictEqual(code, 1);
  match(warnings, /Invalid BERT_NATIVE = "avx512": it needs a processor with AVX512F/);
});
