// The functions that the module exports.
import { GEMM_SCRATCH } from "./gemm";
import { runJob, serveJobs } from "./parallel";

/** Runs `count` tasks of a kernel, whose parameters are in the control block. */
export function run(kernel: i32, count: i32, helpers: i32): void {
  runJob(kernel, count, helpers);
}

/** Takes part in jobs as helper thread number `index`; returns when QUIT is set. */
export function serve(index: i32): void {
  serveJobs(index);
}

/** The scratch memory of products, in bytes; attention needs more for its weights. */
export function productScratch(): i32 {
  return <i32> GEMM_SCRATCH;
}
