/**
 * The native code for AVX-512 and AVX512_BF16, run on an emulated processor and compared bit for bit
 * with a model in JavaScript. Skipped with a message if there is no emulator.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { assembleQuestion, featuresOf } from "bert/backend/native/cpu.ts";
import { COLUMNS, PARAMETER } from "bert/backend/native/panel_parameters.ts";
import { panelParameters, setLastColumns } from "bert/backend/native/native_imports.ts";
import {
  type Operand,
  PACK_OVERSHOOT,
  PACK_PARAMETER,
  packParameters,
  setPackEnds,
  WIDE_ROWS,
} from "bert/backend/native/pack_parameters.ts";
import { assembleWidePack } from "bert/backend/native/avx512_pack.ts";
import { assembleWidePanels } from "bert/backend/native/avx512_panels.ts";
import { createRng } from "bert/random.ts";
import { emulate, emulator, type Job, MEMORY_AT } from "../../support/emulator.ts";
import { fusedMultiplyAdd, roundToHalf } from "../../support/float_model.ts";

const CONVENTIONS = ["systemV", "windows"] as const;

const OPERANDS = ["float32", "pairs"] as const;

const WAYS = CONVENTIONS.flatMap((convention) =>
  OPERANDS.map((operand) => [convention, operand] as const)
);

/**
 * Digests of the code that these tests have run. After a change of the code, they have to be run
 * again.
 */
const EXECUTED: Readonly<Record<string, string>> = {
  "pack float32 systemV": "02c15c4e7ef1cd1e",
  "panels float32 systemV": "f64643e21b13a76b",
  "pack pairs systemV": "98a7f4a409f9e4d7",
  "panels pairs systemV": "51bd2f4ae253f5a1",
  "pack float32 windows": "81f3d52a9de25067",
  "panels float32 windows": "c1265ce26d77c978",
  "pack pairs windows": "7de6620fdd9ae02e",
  "panels pairs windows": "bd48d9f3ea3501ef",
};

Deno.test("the native code for AVX-512 is the code that was run on the emulated processor", async () => {
  for (const convention of CONVENTIONS) {
    for (const operand of OPERANDS) {
      const codes = {
        pack: assembleWidePack(convention, operand),
        panels: assembleWidePanels(convention, operand),
      };
      for (const [kind, code] of Object.entries(codes)) {
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", code)).toHex();
        const name = `${kind} ${operand} ${convention}`;
        const advice = "run this file with BERT_EMULATOR, then write this digest into EXECUTED";
        strictEqual(digest.slice(0, 16), EXECUTED[name], `${name}: ${advice}`);
      }
    }
  }
});

/**
 * A product of panels: C's rows and columns, the depth, and what is added (0 nothing, 1 C, 2 a
 * bias).
 */
type Case = readonly [rows: number, columns: number, depth: number, keep: 0 | 1 | 2];

/** All four tiles, whole and cut off; depths around the four unrolled steps, and odd ones. */
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
  [13, 33, 4, 2],
  [24, 64, 6, 2],
  [5, 16, 3, 2],
];

const ODD = [NaN, Infinity, -Infinity, -0, 1e-42, 3e38, 2 ** -126, 65535];

/** Numbers of many sizes; with `odd` some special ones among them, such as NaN and a denormal. */
function numbers(count: number, seed: number, odd: boolean): Float32Array<ArrayBuffer> {
  const rng = createRng(seed);
  const values = Float32Array.from({ length: count }, () => {
    return (2 * rng.random() - 1) * 2 ** (rng.below(17) - 8);
  });
  if (odd) { for (const value of ODD) values[rng.below(count)] = value; }
  return values;
}

/** The words of panels of rows of A or columns of B; 0 beyond the operand. */
function panelsOf(
  values: Float32Array,
  { count, depth, width, operand }: Pick<Piece, "count" | "depth" | "width" | "operand">,
): Uint32Array<ArrayBuffer> {
  const at = (i: number, k: number) => i < count && k < depth ? values[i * depth + k] : 0;
  const bitsOf = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0];
  const half = (value: number) => bitsOf(roundToHalf(value)) >>> 16;
  const steps = operand === "pairs" ? Math.ceil(depth / 2) : depth;
  return Uint32Array.from({ length: Math.ceil(count / width) * steps * width }, (_, word) => {
    const i = Math.floor(word / (steps * width)) * width + word % width;
    const k = Math.floor(word / width) % steps;
    if (operand === "float32") return bitsOf(at(i, k));
    return (half(at(i, 2 * k)) << 16 | half(at(i, 2 * k + 1))) >>> 0;
  });
}

/** The product by the model: sums in order, with fused multiply-add. */
function product(
  [rows, columns, depth, keep]: Case,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  bias: Float32Array,
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
      out[at] = keep ? Math.fround((keep === 1 ? c[at] : bias[j]) + sum) : sum;
    }
  }
  return out;
}

/** The unused numbers between C's rows, which must not change. */
const GAP = 3;

/** The bits of numbers, where all NaN are the same one. */
function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.map((value) => Number.isNaN(value) ? NaN : value).buffer);
}

function bytes(...parts: ArrayBufferView[]): Uint8Array<ArrayBuffer> {
  const all = parts.map(({ buffer, byteOffset, byteLength }) =>
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  );
  return new Uint8Array(all.flatMap((part) => [...part]));
}

/** The operands and C of a case, as they are in memory. */
function operands(one: Case, operand: Operand, seed: number, odd: boolean) {
  const [rows, columns, depth] = one;
  const a = numbers(rows * depth, seed, odd);
  const b = numbers(columns * depth, seed + 1, odd);
  const c = numbers(rows * (columns + GAP), seed + 2, false);
  const bias = numbers(columns, seed + 3, odd);
  const panelsA = panelsOf(a, { count: rows, depth, width: WIDE_ROWS, operand });
  const panelsB = panelsOf(b, { count: columns, depth, width: COLUMNS, operand });
  return { a, b, c, bias, panelsA, panelsB };
}

function panelJob(
  { code, convention }: Pick<Job, "code" | "convention">,
  [rows, columns, , keep]: Case,
  depth: number,
  [a, b, bias, c]: readonly ArrayBufferView[],
): Job {
  const words = panelParameters();
  const set = (name: keyof typeof PARAMETER, value: number) => words[PARAMETER[name] / 4] = value;
  set("base", MEMORY_AT);
  set("a", 0);
  set("b", a.byteLength);
  set("bias", a.byteLength + b.byteLength);
  set("c", a.byteLength + b.byteLength + bias.byteLength);
  set("rowBytes", 4 * (columns + GAP));
  set("rows", rows);
  set("columns", columns);
  set("depth", depth);
  set("keep", keep);
  setLastColumns(words, columns);
  return { code, convention, block: bytes(words), memory: bytes(a, b, bias, c) };
}

/** C after the call, at the end of the memory. */
function resultOf(memory: Uint8Array<ArrayBuffer>, count: number): Float32Array {
  return new Float32Array(memory.slice(memory.length - 4 * count).buffer);
}

Deno.test("products for AVX-512 are those of the model, bit for bit, on an emulated processor", async () => {
  const python = emulator();
  if (!python) return;
  for (const [convention, operand] of WAYS) {
    const code = assembleWidePanels(convention, operand);
    const seed = operand === "pairs" ? 5 : 0;
    const inputs = CASES.map((one, i) => operands(one, operand, 10 * i + seed, i % 2 === 1));
    const jobs = CASES.map((one, i) => {
      const { panelsA, panelsB, bias, c } = inputs[i];
      const depth = operand === "pairs" ? Math.ceil(one[2] / 2) : one[2];
      return panelJob({ code, convention }, one, depth, [panelsA, panelsB, bias, c]);
    });
    const round = operand === "pairs" ? roundToHalf : (value: number) => value;
    const results = await emulate(python, jobs);
    for (const [i, { memory }] of results.entries()) {
      const { a, b, c, bias } = inputs[i];
      const expected = product(CASES[i], a, b, c, bias, round);
      deepStrictEqual(bits(resultOf(memory, c.length)), bits(expected), `${operand} ${CASES[i]}`);
    }
  }
});

/** A piece of an operand that is copied into panels. */
interface Piece {
  readonly count: number;
  readonly depth: number;
  readonly width: number;
  readonly along: 0 | 1;
  readonly operand: Operand;
}

/** Pieces of both operands in both layouts, for all loops over panels and over the depth. */
function pieces(operand: Operand): Piece[] {
  return [WIDE_ROWS, COLUMNS].flatMap((width) =>
    ([0, 1] as const).flatMap((along) =>
      [[1, 1], [width, 32], [width + 1, 33], [4 * width, 5], [5 * width + 3, 2], [7, 31], [9, 49]]
        .concat([[width, 16], [4 * width, 17], [9 * width + 5, 35]])
        .map(([count, depth]) => ({ count, depth, width, along, operand }))
    )
  );
}

/** The unused numbers between the rows of an operand in memory. */
const STRIDE_GAP = 5;

/** A job that copies a piece, which is in memory after its panels. */
function packJob(code: Uint8Array, convention: Job["convention"], piece: Piece, seed: number) {
  const { count, depth, width, along, operand } = piece;
  const values = numbers(count * depth, seed, true);
  const [rows, columns] = along ? [count, depth] : [depth, count];
  const source = new Float32Array(rows * (columns + STRIDE_GAP)).fill(7);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      source[i * (columns + STRIDE_GAP) + j] = values[along ? i * depth + j : j * depth + i];
    }
  }
  const panels = panelsOf(values, piece);
  const room = new Uint8Array(panels.byteLength + 2 * PACK_OVERSHOOT).fill(0xa5);
  const words = packParameters();
  words[PACK_PARAMETER.base / 4] = MEMORY_AT;
  words[PACK_PARAMETER.from / 4] = room.length;
  words[PACK_PARAMETER.stride / 4] = 4 * (columns + STRIDE_GAP);
  words[PACK_PARAMETER.along / 4] = along;
  setPackEnds(words, { count, depth, width, operand });
  const job: Job = { code, convention, block: bytes(words), memory: bytes(room, source) };
  return { job, panels, source };
}

Deno.test("panels for AVX-512 are those of the model, bit for bit, on an emulated processor", async () => {
  const python = emulator();
  if (!python) return;
  for (const [convention, operand] of WAYS) {
    const code = assembleWidePack(convention, operand);
    const packed = pieces(operand).map((piece, i) => ({
      piece,
      ...packJob(code, convention, piece, i),
    }));
    const results = await emulate(python, packed.map(({ job }) => job));
    for (const [i, { memory }] of results.entries()) {
      const { piece, panels, source } = packed[i];
      const { count, depth, width } = piece;
      const steps = operand === "pairs" ? Math.ceil(depth / 2) : depth;
      const found = new Uint32Array(memory.buffer, 0, panels.length).map((word, at) => {
        const row = Math.floor(at / (steps * width)) * width + at % width;
        return row < count ? word : 0; // the other numbers of the last panel do not matter
      });
      deepStrictEqual(oneNaN(found, operand), oneNaN(panels, operand), JSON.stringify(piece));
      const end = panels.byteLength + PACK_OVERSHOOT;
      deepStrictEqual(memory.slice(end, end + PACK_OVERSHOOT), UNTOUCHED, JSON.stringify(piece));
      deepStrictEqual(memory.slice(end + PACK_OVERSHOOT), bytes(source));
    }
  }
});

/** Bytes that the code must not overwrite. */
const UNTOUCHED = new Uint8Array(PACK_OVERSHOOT).fill(0xa5);

/** The bits of numbers or of pairs, where all NaN are the same one. */
function oneNaN(words: Uint32Array<ArrayBuffer>, operand: Operand): Uint32Array | Uint16Array {
  if (operand === "float32") return bits(new Float32Array(words.buffer));
  return new Uint16Array(words.buffer, 0, 2 * words.length)
    .map((half) => (half & 0x7fff) > 0x7f80 ? 0x7fc0 : half);
}

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
