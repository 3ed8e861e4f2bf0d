/**
 * A helper thread of the `simd` backend: it compiles nothing, holds nothing, and spends its life in
 * `serve()` of the kernels.
 */
import { workerData } from "node:worker_threads";
import { openBlas, sgemmImport } from "./blas.ts";
import type { HelperData } from "./pool.ts";

const { module, memory, index, blasPath } = workerData as HelperData;
const blas = blasPath === undefined ? undefined : openBlas(blasPath, memory);
const instance = await WebAssembly.instantiate(module, {
  env: { memory, sgemm: sgemmImport(blas) },
});
(instance.exports.serve as (index: number) => void)(index);
