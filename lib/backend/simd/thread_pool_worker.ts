/**
 * A helper thread of the `simd` backend. It runs `serve()` of the kernels until it has to end. If a
 * task fails, `serve()` throws; the helper then reports the error and calls it again.
 */
import { workerData } from "node:worker_threads";
import { nativeImports } from "../native/native_imports.ts";
import { openBlas, sgemmImport } from "./blas.ts";
import { reportFailure } from "./control_block.ts";
import type { HelperData } from "./thread_pool.ts";

const { module, memory, index, blasPath, code } = workerData as HelperData;
const blas = blasPath === undefined ? undefined : openBlas(blasPath, memory);
const sgemm = sgemmImport(blas, `a helper thread cannot open ${blasPath}`);
const env = { memory, sgemm, ...nativeImports(code, memory) };
const instance = await WebAssembly.instantiate(module, { env });
const serve = instance.exports.serve as (index: number) => void;
for (let ended = false; !ended;) {
  try {
    serve(index);
    ended = true;
  } catch (error) {
    reportFailure(memory, error);
  }
}
