/** The kernels on one thread, with native code for rows with a chosen number of lanes. */
import { assembleRows, ROW_KERNELS } from "bert/backend/native/row_kernels.ts";
import { processorFeatures } from "bert/backend/native/cpu.ts";
import { convention, makeAllExecutable } from "bert/backend/native/executable_memory.ts";
import type { Lanes } from "bert/backend/native/lane_assembler.ts";
import { nativeCode } from "bert/backend/native/native_code.ts";
import { nativeImports, type Rows } from "bert/backend/native/native_imports.ts";
import { Allocator } from "bert/backend/simd/allocator.ts";
import { compiledKernels } from "bert/backend/simd/wasm_binary.ts";
import { CONTROL_BYTES, WORD } from "bert/backend/simd/control_block.ts";
import { type KernelName, KERNELS } from "bert/backend/simd/kernel_names.ts";
import type { RowTrialMachine } from "bert/backend/simd/row_trial.ts";

const PAGES = 512;
const PAGE = 65536;
const SCRATCH = 3 * 2 ** 19;

/** The numbers of lanes that this computer can run. */
export function lanesHere(): Lanes[] {
  const code = nativeCode();
  if ("missing" in code) {
    // deno-lint-ignore no-console
    console.log(`skipped: ${code.missing}`);
    return [];
  }
  return processorFeatures(convention()!).avx512 ? [8, 16] : [8];
}

/** A function that is called instead of native code. It may call `rows`, which runs that code. */
export type Watch = (rows: Rows, kernel: number, parameters: readonly number[]) => void;

type Run = (kernel: number, tasks: number, helpers: number) => void;

/** A memory with the kernels, whose matrix products are computed by WebAssembly. */
export class RowMachine implements RowTrialMachine {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  readonly #words = new Int32Array(this.memory.buffer, 0, CONTROL_BYTES / 4);
  readonly #allocator = new Allocator(CONTROL_BYTES + 1024, (end) => end <= PAGES * PAGE);
  readonly #run: Run;

  constructor(lanes: Lanes, watch: Watch = (rows, kernel, all) => rows(kernel, ...all)) {
    const code = nativeCode();
    if ("missing" in code) throw new Error(code.missing);
    const rows = makeAllExecutable(
      ROW_KERNELS.map((name) => assembleRows(name, convention()!, lanes)),
    );
    const imports = nativeImports({ ...code, rows }, this.memory);
    const env = {
      ...imports,
      memory: this.memory,
      sgemm: () => {},
      rows: (kernel: number, ...all: number[]) => watch(imports.rows, kernel, all),
    };
    const { exports } = new WebAssembly.Instance(compiledKernels(true), { env });
    this.#run = exports.run as Run;
    this.#words[WORD.scratch] = this.allocate(SCRATCH)!;
    this.#words[WORD.scratchBytes] = SCRATCH;
  }

  get rowsAreNative(): boolean {
    return this.#words[WORD.rows] === 1;
  }

  set rowsAreNative(native: boolean) {
    this.#words[WORD.rows] = native ? 1 : 0;
  }

  allocate(bytes: number): number | undefined {
    return this.#allocator.allocate(bytes);
  }

  free(address: number): void {
    this.#allocator.free(address);
  }

  reserveScratch(): void {}

  runAlone(kernel: KernelName, tasks: number, ...parameters: readonly number[]): void {
    this.#words.set(parameters, WORD.parameters);
    this.#run(KERNELS.indexOf(kernel), tasks, 0);
  }
}
