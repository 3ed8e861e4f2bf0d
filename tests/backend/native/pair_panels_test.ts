/**
 * The calls of the native code for pairs of bfloat16 by the WebAssembly kernels, tested on any
 * processor with an implementation in JavaScript. `emulated_test.ts` compares the machine code with
 * such a model.
 */
import { deepStrictEqual } from "node:assert";
import { COLUMNS } from "bert/backend/native/panel_parameters.ts";
import type { NativeImports } from "bert/backend/native/native_imports.ts";
import { WIDE_ROWS } from "bert/backend/native/pack_parameters.ts";
import { compiledKernels } from "bert/backend/simd/wasm_binary.ts";
import { CONTROL_BYTES, WORD } from "bert/backend/simd/control_block.ts";
import { createRng } from "bert/random.ts";
import { fusedMultiplyAdd, roundToHalf } from "../../support/float_model.ts";

// The indices of MULTIPLIERS and ARITHMETICS, and an address for scratch memory.
const [WASM, AVX512] = [0, 3];
const [ROUNDED, PAIRS] = [1, 2];
const SCRATCH = 2048;

/** The functions of the native code, implemented in JavaScript. */
function standIn(memory: WebAssembly.Memory): NativeImports {
  const floats = new Float32Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  const halfOf = (pair: number, upper: boolean) => {
    return new Float32Array(new Uint32Array([upper ? pair & 0xffff0000 : pair << 16]).buffer)[0];
  };
  const upperBits = (value: number) => {
    return new Uint32Array(new Float32Array([roundToHalf(value)]).buffer)[0] >>> 16;
  };
  const packPairs: NativeImports["packPairs"] = (to, from, stride, count, depth, width, along) => {
    const value = (i: number, k: number) => {
      if (i >= count || k >= depth) return 0;
      return floats[(along ? from + i * stride + 4 * k : from + k * stride + 4 * i) / 4];
    };
    let at = to / 4;
    for (let first = 0; first < count; first += width) {
      for (let k = 0; k < depth; k += 2) {
        for (let i = first; i < first + width; i++) {
          words[at++] = upperBits(value(i, k)) << 16 | upperBits(value(i, k + 1));
        }
      }
    }
  };
  const pairs: NativeImports["pairs"] = (
    ...[rows, columns, depth, a, b, c, stride, keep, bias = 0]
  ) => {
    const at = (panels: number, width: number, i: number, k: number) =>
      words[panels / 4 + (Math.floor(i / width) * depth + k) * width + i % width];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          const [x, y] = [at(a, WIDE_ROWS, i, k), at(b, COLUMNS, j, k)];
          for (const upper of [true, false]) {
            sum = fusedMultiplyAdd(halfOf(x, upper), halfOf(y, upper), sum);
          }
        }
        const place = (c + i * stride) / 4 + j;
        const added = keep === 1 ? place : bias / 4 + j;
        floats[place] = keep ? floats[added] + sum : sum;
      }
    }
  };
  const never = () => {
    throw new Error("Native code for float32 was called");
  };
  return { packPairs, pairs, panels: never, wide: never, packWide: never, rows: never };
}

Deno.test("products of pairs of bf16 are those of rounded operands in all layouts, also beyond a block", () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const env = { memory, sgemm: () => {}, ...standIn(memory) };
  const { run, productScratch } = new WebAssembly.Instance(compiledKernels(true), { env })
    .exports as Record<string, (...parameters: number[]) => number>;
  const control = new Int32Array(memory.buffer, 0, CONTROL_BYTES / 4);
  control[WORD.scratch] = SCRATCH;
  control[WORD.scratchBytes] = productScratch();
  const rng = createRng(3);
  for (const [m, n, k] of [[1, 1, 1], [7, 17, 5], [125, 18, 3], [3, 530, 2], [6, 7, 515]]) {
    for (const [ta, tb] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const a = Math.ceil((SCRATCH + productScratch()) / 64) * 64;
      const b = a + 4 * m * k;
      const bias = b + 4 * k * n;
      const c = bias + 4 * n;
      const values = new Float32Array(memory.buffer, a, m * k + k * n + n);
      for (let i = 0; i < values.length; i++) values[i] = 2 * rng.random() - 1;
      const [lda, ldb] = [ta ? m : k, tb ? k : n];
      const added = ta === tb ? bias : 0;
      control.set([a, b, c, added, m, n, k, lda, ldb, n, ta, tb, m, n, 0, 0, 0], WORD.parameters);
      const multiply = (multiplier: number, arithmetic: number) => {
        control[WORD.multiplier] = multiplier;
        control[WORD.precision] = arithmetic;
        run(0, 1, 0);
        return new Uint32Array(memory.buffer, c, m * n).slice();
      };
      const [found, expected] = [multiply(AVX512, PAIRS), multiply(WASM, ROUNDED)];
      deepStrictEqual(found, expected, `${[m, n, k, ta, tb]}`);
    }
  }
});
