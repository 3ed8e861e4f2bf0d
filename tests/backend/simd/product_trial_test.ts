// deno-lint-ignore-file no-console -- the printed messages are checked
/**
 * The trial of native code, with native code that is right, and with code that is wrong in one bit.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { ROW_KERNELS } from "bert/backend/native/row_kernels.ts";
import { Machine } from "bert/backend/simd/machine.ts";
import type { Arithmetic, Multiplier } from "bert/backend/simd/multipliers.ts";
import { type TrialMachine, tryNative, tryPairs } from "bert/backend/simd/product_trial.ts";
import { tryRows } from "bert/backend/simd/row_trial.ts";
import { lanesHere, RowMachine } from "../../support/row_machine.ts";

/**
 * A machine whose kernels compute all products. With `isWrong`, one bit is wrong in those of native
 * code.
 */
class Stand implements TrialMachine {
  readonly #machine = Machine.create({ threads: 1, blas: false, native: false });
  readonly memory = this.#machine.memory;
  products: [Multiplier, Arithmetic] = ["wasm", "float32"];
  isWrong = false;
  isFull = false;

  setProducts(...products: [Multiplier, Arithmetic]): void {
    this.products = products;
    this.#machine.setProducts("wasm", products[1] === "float32" ? "float32" : "rounded");
  }

  allocate(bytes: number): number | undefined {
    return this.isFull ? undefined : this.#machine.allocate(bytes);
  }

  free(address: number): void {
    this.#machine.free(address);
  }

  run(kernel: "product", tasks: number, ...parameters: readonly number[]): void {
    this.#machine.run(kernel, tasks, ...parameters);
    const [, , out, , m, n] = parameters;
    const last = new Uint32Array(this.memory.buffer, out, m * n).subarray(-1);
    if (this.isWrong && this.products[0] !== "wasm") last[0] ^= 1;
  }
}

/** The result of `call`, and what is printed meanwhile. */
function printed(call: () => unknown): [unknown, string] {
  const { warn } = console;
  let text = "";
  console.warn = (line: string) => text += line;
  try {
    return [call(), text];
  } finally {
    console.warn = warn;
  }
}

Deno.test("native code for products is used if it is right to the last bit, and tried again if memory was full", () => {
  const machine = new Stand();
  machine.isFull = true;
  deepStrictEqual([tryNative(machine, "avx2"), tryPairs(machine)], [false, undefined]);
  machine.isFull = false;
  strictEqual(tryNative(machine, "avx2"), true);
  machine.isWrong = true;
  strictEqual(tryNative(machine, "avx2"), true); // once in a process
  deepStrictEqual(printed(() => tryNative(machine, "avx512")), [
    false,
    "Products are computed without native code for AVX-512: it gives other numbers than the kernels",
  ]);
  strictEqual(tryPairs(machine), false);
  deepStrictEqual(machine.products, ["wasm", "float32"]);
});

Deno.test("native code for rows that is wrong in one bit is not used", () => {
  for (const lanes of lanesHere().slice(0, 1)) {
    const machine: RowMachine = new RowMachine(lanes, (rows, kernel, parameters) => {
      rows(kernel, ...parameters);
      const [, , y] = parameters;
      if (ROW_KERNELS[kernel] === "biasGelu") new Uint32Array(machine.memory.buffer, y, 1)[0] ^= 1;
    });
    strictEqual(printed(() => tryRows(machine))[0], false);
  }
});
