/**
 * The trial of native code, once in a process before it is used: products in all layouts, one of them
 * larger than its blocks, must have the same bits as the products of the kernels.
 */
import { reportMissing } from "../native/native_code.ts";
import type { Arithmetic, Multiplier } from "./multipliers.ts";

/** The parts of a `Machine` that a trial uses. */
export interface TrialMachine {
  /** The memory for the operands. */
  readonly memory: WebAssembly.Memory;
  /** What computes products, and how. */
  readonly products: readonly [Multiplier, Arithmetic];
  /** Sets that. */
  setProducts(multiplier: Multiplier, arithmetic: Arithmetic): void;
  /** The address of a free block, or undefined. */
  allocate(bytes: number): number | undefined;
  /** Takes a block back. */
  free(address: number): void;
  /** Runs a kernel. */
  run(kernel: "product", tasks: number, ...parameters: readonly number[]): void;
}

/** A product to try. */
interface Trial {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** 1 if an operand is stored transposed. */
  readonly ta: 0 | 1;
  readonly tb: 0 | 1;
  /** Whether a row of numbers is added. */
  readonly bias: boolean;
}

/**
 * One product is larger than a block, those in other layouts are larger than a panel, and no size
 * is a multiple of a panel's.
 */
const TRIALS: readonly Trial[] = [
  { m: 125, n: 531, k: 259, ta: 0, tb: 0, bias: true },
  { m: 13, n: 37, k: 35, ta: 0, tb: 1, bias: true },
  { m: 13, n: 37, k: 35, ta: 1, tb: 0, bias: false },
  { m: 13, n: 37, k: 35, ta: 1, tb: 1, bias: false },
];

/** The results of the trials in this process. */
const passed = new Map<NativeKind | "pairs", boolean>();

/** The kinds of native code for float32. */
export type NativeKind = "avx2" | "avx512";

const NAMES = { avx2: "AVX2", avx512: "AVX-512" } as const;

/** Whether native code gives the kernels' float32 products. If not, a message says so once. */
export function tryNative(machine: TrialMachine, kind: NativeKind): boolean {
  const alike = tried(machine, kind, (trial) => {
    const [own, native] = products(machine, trial, fraction, [["wasm", "float32"], [
      kind,
      "float32",
    ]]);
    return sameBits(own, native);
  });
  if (alike === false) {
    const what = `Products are computed without native code for ${NAMES[kind]}`;
    reportMissing("it gives other numbers than the kernels", what);
  }
  return alike === true;
}

/** The most that two computations of a sum of `k` terms of at most 1 / 4 may differ by rounding. */
function rounding(k: number): number {
  return k * 2 ** -23 * k / 4;
}

/**
 * Whether native code multiplies pairs of bfloat16 correctly. If every sum is exact, it must give
 * the bits of the kernels with rounded operands; otherwise it may differ by rounding, as a
 * processor may add the two products of a pair in another way. Undefined if there is no free memory
 * for the trial.
 */
export function tryPairs(machine: TrialMachine): boolean | undefined {
  return tried(machine, "pairs", (trial) => {
    const ways = [["wasm", "rounded"], ["avx512", "pairs"]] as const;
    const [exact, pairs] = products(machine, trial, whole, ways);
    if (!sameBits(exact, pairs)) return false;
    const [own, native] = products(machine, trial, fraction, ways);
    return own.every((value, i) => Math.abs(value - native[i]) <= rounding(trial.k));
  });
}

/** The result of a trial, from now or earlier; undefined if there was no free memory for it. */
function tried(
  machine: TrialMachine,
  what: NativeKind | "pairs",
  passes: (trial: Trial) => boolean,
): boolean | undefined {
  const known = passed.get(what);
  if (known !== undefined) return known;
  const before = machine.products;
  try {
    const result = TRIALS.every(passes);
    passed.set(what, result);
    return result;
  } catch (error) {
    if (error instanceof NoRoom) return undefined;
    throw error;
  } finally {
    machine.setProducts(...before);
  }
}

/** There is no free memory for a trial. */
class NoRoom extends Error {}

/** The results of one product, computed in several ways. */
function products(
  machine: TrialMachine,
  { m, n, k, ta, tb, bias }: Trial,
  valueOf: (i: number) => number,
  ways: readonly (readonly [Multiplier, Arithmetic])[],
): Float32Array[] {
  const counts = [m * k, k * n, n, m * n];
  const strides = [ta ? m : k, tb ? k : n, n];
  const places = counts.map((count) => machine.allocate(4 * count));
  try {
    if (places.includes(undefined)) throw new NoRoom();
    const [a, b, row, out] = places as number[];
    const view = (at: number, count: number) => new Float32Array(machine.memory.buffer, at, count);
    [a, b, row].forEach((at, i) => {
      const values = view(at, counts[i]);
      for (let j = 0; j < values.length; j++) values[j] = valueOf(j);
    });
    return ways.map((way) => {
      machine.setProducts(...way);
      const operands = [a, b, out, bias ? row : 0];
      machine.run("product", 1, ...operands, m, n, k, ...strides, ta, tb, m, n, 0, 0, 0);
      return view(out, m * n).slice();
    });
  } finally {
    for (const place of places) if (place !== undefined) machine.free(place);
  }
}

/** Numbers from -0.5 to 0.5. */
function fraction(i: number): number {
  return (i * 7919 % 1009) / 1009 - 0.5;
}

/** Whole numbers from -16 to 16: sums of their products are exact in any order. */
function whole(i: number): number {
  return i * 7919 % 33 - 16;
}

/** Whether two arrays have the same bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [a, b].map(({ buffer }) => new Uint32Array(buffer));
  return x.every((bits, i) => bits === y[i]);
}
