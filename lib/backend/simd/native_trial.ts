/**
 * Native code is tried before it is used, once in a process: a product larger than its blocks must have
 * the bits that the kernels without native code give.
 */
import { reportMissing } from "../native/native_code.ts";
import type { Arithmetic, Multiplier } from "./multipliers.ts";

/** What a trial needs of a machine. */
export interface TrialMachine {
  /** The memory in which the operands are put. */
  readonly memory: WebAssembly.Memory;
  /** How the machine multiplies. */
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

/** The sizes of the trial's product: past the blocks, and cut off in all three directions. */
const [M, N, K] = [125, 531, 259];

/** Whether the native code of this process passed, where it was tried. */
const passed = new Map<Arithmetic, boolean>();

/** Whether native code multiplies float32 as the kernels do. Says so once if it does not. */
export function tryNative(machine: TrialMachine): boolean {
  const alike = tried(machine, "float32", () => {
    const [own, native] = products(machine, fraction, [["wasm", "float32"], ["native", "float32"]]);
    return sameBits(own, native);
  });
  if (alike === false) reportMissing("native code gives other numbers than the kernels");
  return alike === true;
}

/** How far apart two roundings of the same sum may be, as a share of the sum of all terms. */
const ROUNDING = K * 2 ** -23;

/**
 * Whether native code multiplies pairs of bfloat16 as it should. Where every sum is exact, it has to give
 * the bits of the kernels on rounded operands; elsewhere a processor that adds a pair in its own way may
 * round otherwise, and no more than that.
 */
export function tryPairs(machine: TrialMachine): boolean {
  return tried(machine, "pairs", () => {
    const ways = [["wasm", "rounded"], ["native", "pairs"]] as const;
    const [exact, pairs] = products(machine, whole, ways);
    if (!sameBits(exact, pairs)) return false;
    const [own, native] = products(machine, fraction, ways);
    return own.every((value, i) => Math.abs(value - native[i]) <= ROUNDING * K / 4); // terms up to 1/4
  }) === true;
}

/** The result of a trial that took place, now or before; undefined where there was no room for one. */
function tried(machine: TrialMachine, what: Arithmetic, trial: () => boolean): boolean | undefined {
  const known = passed.get(what);
  if (known !== undefined) return known;
  const before = machine.products;
  try {
    const result = trial();
    passed.set(what, result);
    return result;
  } catch (error) {
    if (error instanceof NoRoom) return undefined;
    throw error;
  } finally {
    machine.setProducts(...before);
  }
}

class NoRoom extends Error {}

/** The same product, computed in several ways. */
function products(
  machine: TrialMachine,
  valueOf: (i: number) => number,
  ways: readonly (readonly [Multiplier, Arithmetic])[],
): Float32Array[] {
  const counts = [M * K, K * N, M * N];
  const places = counts.map((count) => machine.allocate(4 * count));
  try {
    if (places.includes(undefined)) throw new NoRoom();
    const [a, b, out] = places as number[];
    const view = (at: number, count: number) => new Float32Array(machine.memory.buffer, at, count);
    [a, b].forEach((at, i) => {
      const values = view(at, counts[i]);
      for (let j = 0; j < values.length; j++) values[j] = valueOf(j);
    });
    return ways.map((way) => {
      machine.setProducts(...way);
      machine.run("product", 1, a, b, out, 0, M, N, K, K, N, N, 0, 0, M, N, 0, 0, 0);
      return view(out, M * N).slice();
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

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [a, b].map(({ buffer }) => new Uint32Array(buffer));
  return x.every((bits, i) => bits === y[i]);
}
