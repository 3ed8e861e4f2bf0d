// What the module exports: one entry to run a job, one for a helper thread's life.
import { GEMM_SCRATCH } from "./gemm";
import { runJob, serveJobs } from "./parallel";

/** Runs `count` tasks of a kernel whose parameters are in place. */
export function run(kernel: i32, count: i32, helpers: i32): void {
  runJob(kernel, count, helpers);
}

/** The life of helper thread number `index`; ends when QUIT is set. */
export function serve(index: i32): void {
  serveJobs(index);
}

/** Bytes of scratch that products need; attention needs its weights beyond. */
export function productScratch(): i32 {
  return <i32> GEMM_SCRATCH;
}
