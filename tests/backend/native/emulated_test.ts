/**
 * The native code for AVX-512 and AVX512_BF16, run on an emulated processor and compared bit for bit
 * with a model in JavaScript. Skipped by name where there is no emulator.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { assembleQuestion, featuresOf } from "bert/backend/native/cpu.ts";
import { assemblePairs, PAIR_PARAMETER, pairParameters } from "bert/backend/native/pairs.ts";
import { COLUMNS, PARAMETER, ROWS } from "bert/backend/native/panels.ts";
import { panelParameters, setLastColumns } from "bert/backend/native/native_imports.ts";
import { assembleWidePanels } from "bert/backend/native/wide_panels.ts";
import { createRng } from "bert/random.ts";
import { emulate, emulator, type Job, MEMORY_AT } from "../../support/emulator.ts";
import { fusedMultiplyAdd, roundToHalf } from "../../support/float_model.ts";

const CONVENTIONS = ["systemV", "windows"] as const;

/** Digests of the code that these tests have run: other code has to be run, too. */
const EXECUTED: Readonly<Record<string, string>> = {
  "pair systemV": "c3ffac1f3c157bfd",
  "float32 systemV": "ac339e143223e887",
  "pairs systemV": "1cf7102a8a0dc8c1",
  "pair windows": "ac006c1423f7ec2c",
  "float32 windows": "f07bdf4d813a45c6",
  "pairs windows": "9c6d554b4bc0e30f",
};

Deno.test("the native code for AVX-512 is that which was run on the emulated processor", async () => {
  for (const convention of CONVENTIONS) {
    const codes = {
      pair: assemblePairs(convention),
      float32: assembleWidePanels(convention, "float32"),
      pairs: assembleWidePanels(convention, "pairs"),
    };
    for (const [name, code] of Object.entries(codes)) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", code)).toHex();
      const advice = "run this file with BERT_EMULATOR, then put this digest down";
      strictEqual(digest.slice(0, 16), EXECUTED[`${name} ${convention}`], `${name}: ${advice}`);
    }
  }
});

/** A product of panels: C's rows and columns, the depth, and whether C's old values stay. */
type Case = readonly [rows: number, columns: number, depth: number, keep: 0 | 1];

/** All four tiles, whole and cut; depths around the unrolled four, and odd ones. */
const CASES: readonly Case[] = [
  [1, 1, 1, 0],
  [6, 16, 4, 1],
  [7, 17, 5, 0],
  [12, 32, 8, 1],
  [13, 33, 3, 1],
  [25, 64, 7, 0],
  [24, 48, 256, 1],
  [5, 31, 255, 0],
  [120, 70, 19, 1],
];

const ODD = [NaN, Infinity, -Infinity, -0, 1e-42, 3e38, 2 ** -126, 65535];

/** Numbers of many sizes, some of them odd; none of them a denormal unless it is said. */
function numbers(count: number, seed: number, odd: boolean): Float32Array<ArrayBuffer> {
  const rng = createRng(seed);
  const values = Float32Array.from({ length: count }, () => {
    return (2 * rng.random() - 1) * 2 ** (rng.below(17) - 8);
  });
  if (odd) { for (const value of ODD) values[rng.below(count)] = value; }
  return values;
}

/** Rows of A or columns of B as panels: for each step along the depth `width` of them, or 0. */
function panelsOf(values: Float32Array, used: number, depth: number, width: number): Float32Array {
  const panels = Math.ceil(used / width);
  return Float32Array.from({ length: panels * depth * width }, (_, i) => {
    const row = Math.floor(i / (depth * width)) * width + i % width;
    const k = Math.floor(i / width) % depth;
    return row < used ? values[row * depth + k] : 0;
  });
}

function product(
  [rows, columns, depth, keep]: Case,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  round: (value: number) => number,
): Float32Array {
  const out = c.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        sum = fusedMultiplyAdd(round(a[i * depth + k]), round(b[j * depth + k]), sum);
      }
      const at = i * (columns + GAP) + j;
      out[at] = keep ? Math.fround(c[at] + sum) : sum;
    }
  }
  return out;
}

/** Numbers between C's rows, which nobody may touch. */
const GAP = 3;

/** Bits, with one NaN for all. */
function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.map((value) => Number.isNaN(value) ? NaN : value).buffer);
}

function bytes(...parts: ArrayBufferView[]): Uint8Array<ArrayBuffer> {
  const all = parts.map(({ buffer, byteOffset, byteLength }) =>
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  );
  return new Uint8Array(all.flatMap((part) => [...part]));
}

/** Operands and C of a case, as they lie in memory. */
function operands(one: Case, seed: number, odd: boolean) {
  const [rows, columns, depth] = one;
  const a = numbers(rows * depth, seed, odd);
  const b = numbers(columns * depth, seed + 1, odd);
  const c = numbers(rows * (columns + GAP), seed + 2, false);
  const [panelsA, panelsB] = [panelsOf(a, rows, depth, ROWS), panelsOf(b, columns, depth, COLUMNS)];
  return { a, b, c, panelsA, panelsB };
}

function panelJob(
  { code, convention }: Pick<Job, "code" | "convention">,
  [rows, columns, , keep]: Case,
  depth: number,
  [a, b, c]: readonly ArrayBufferView[],
): Job {
  const words = panelParameters();
  const set = (name: keyof typeof PARAMETER, value: number) => words[PARAMETER[name] / 4] = value;
  set("base", MEMORY_AT);
  set("a", 0);
  set("b", a.byteLength);
  set("c", a.byteLength + b.byteLength);
  set("rowBytes", 4 * (columns + GAP));
  set("rows", rows);
  set("columns", columns);
  set("depth", depth);
  set("keep", keep);
  setLastColumns(words, columns);
  return { code, convention, block: bytes(words), memory: bytes(a, b, c) };
}

function pairJob(
  { code, convention }: Pick<Job, "code" | "convention">,
  panels: Float32Array,
  width: number,
  depth: number,
): Job {
  const words = pairParameters();
  words[PAIR_PARAMETER.base / 4] = MEMORY_AT;
  words[PAIR_PARAMETER.panels / 4] = panels.length / (width * depth);
  words[PAIR_PARAMETER.width / 4] = width;
  words[PAIR_PARAMETER.depth / 4] = depth;
  return { code, convention, block: bytes(words), memory: bytes(panels) };
}

/** C as the code leaves it. */
function resultOf(memory: Uint8Array<ArrayBuffer>, count: number): Float32Array {
  return new Float32Array(memory.slice(memory.length - 4 * count).buffer);
}

Deno.test("products for AVX-512 are those of the model, bit for bit, on an emulated processor", async () => {
  const python = emulator();
  if (!python) return;
  for (const convention of CONVENTIONS) {
    const code = assembleWidePanels(convention, "float32");
    const inputs = CASES.map((one, i) => operands(one, 10 * i, i % 2 === 1));
    const results = await emulate(
      python,
      CASES.map((one, i) => {
        const { panelsA, panelsB, c } = inputs[i];
        return panelJob({ code, convention }, one, one[2], [panelsA, panelsB, c]);
      }),
    );
    for (const [i, { memory }] of results.entries()) {
      const { a, b, c } = inputs[i];
      const expected = product(CASES[i], a, b, c, (value) => value);
      deepStrictEqual(bits(resultOf(memory, c.length)), bits(expected), `${CASES[i]}`);
    }
  }
});

Deno.test("products for AVX512_BF16 are those of float32 on rounded operands, bit for bit, emulated", async () => {
  const python = emulator();
  if (!python) return;
  for (const convention of CONVENTIONS) {
    const pair = assemblePairs(convention);
    const code = assembleWidePanels(convention, "pairs");
    const inputs = CASES.map((one, i) => operands(one, 10 * i + 5, i % 2 === 1));
    const paired = await emulate(
      python,
      CASES.flatMap(([, , depth], i) => [
        pairJob({ code: pair, convention }, inputs[i].panelsA, ROWS, depth),
        pairJob({ code: pair, convention }, inputs[i].panelsB, COLUMNS, depth),
      ]),
    );
    const halves = (i: number) => {
      const { memory } = paired[i];
      const depth = CASES[i >> 1][2];
      return memory.slice(0, memory.length / depth * Math.ceil(depth / 2));
    };
    const jobs = CASES.map((one, i) =>
      panelJob({ code, convention }, one, Math.ceil(one[2] / 2), [
        halves(2 * i),
        halves(2 * i + 1),
        inputs[i].c,
      ])
    );
    const results = await emulate(python, jobs);
    for (const [i, { memory }] of results.entries()) {
      const { a, b, c } = inputs[i];
      const expected = product(CASES[i], a, b, c, roundToHalf);
      deepStrictEqual(bits(resultOf(memory, c.length)), bits(expected), `${CASES[i]}`);
    }
  }
});

Deno.test("the emulated processor is found to have AVX-512 and AVX512_BF16", async () => {
  const python = emulator();
  if (!python) return;
  const cpuid = assembleQuestion("systemV", (assembler) => assembler.cpuid());
  const xgetbv = assembleQuestion("systemV", (assembler) => assembler.xgetbv());
  const ask = (code: Uint8Array, eax: number, ecx: number): Job => ({
    code,
    convention: "systemV",
    block: bytes(new Uint32Array([eax, 0, ecx, 0, 0, 0, 0, 0])),
    memory: new Uint8Array(4),
  });
  const questions = [[0, 0], [1, 0], [7, 0], [7, 1]];
  const jobs = questions.map(([eax, ecx]) => ask(cpuid, eax, ecx));
  const results = await emulate(python, [...jobs, ask(xgetbv, 0, 0)]);
  const answers = results.map(({ block }) => {
    const [eax, ebx, ecx, edx] = new Uint32Array(block.buffer, 16);
    return { eax, ebx, ecx, edx };
  });
  const features = featuresOf(
    (eax, ecx) => answers[questions.findIndex(([a, c]) => a === eax && c === ecx)],
    () => answers[4],
  );
  deepStrictEqual(features, { avx2: true, avx512: true, bf16: true });
  strictEqual(answers[4].eax & 0b11100110, 0b11100110);
});
