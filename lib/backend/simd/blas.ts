/**
 * A native library's matrix product, called through FFI on the backend's own memory: Accelerate on
 * macOS, elsewhere the one that `BERT_BLAS` names. Without a library, or where FFI is not permitted,
 * native code of our own multiplies (`lib/backend/native/`), or the kernels do. Permission is never
 * asked for.
 *
 * The library runs with one thread: each of the backend's threads calls it for its own part, so
 * that no second pool of threads competes for the cores.
 */
import { mayCallNative, permittedVariable } from "../../permissions.ts";
import { multipliesRight, type Sgemm } from "./blas_check.ts";

/** A library that has passed its test. */
export interface Blas {
  readonly path: string;
  readonly sgemm: Sgemm;
}

const SIGNATURE = {
  parameters: [
    ...["i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    ...["usize", "i32", "usize", "i32", "f32", "usize", "i32"],
  ],
  result: "void",
} as Deno.ForeignFunction;

/**
 * The names of the product and of the function that sets the number of threads, by library. In
 * OpenBLAS of Python's packages they have a prefix.
 */
const SYMBOLS = [
  ["scipy_cblas_sgemm", "scipy_openblas_set_num_threads"],
  ["cblas_sgemm", "openblas_set_num_threads"],
  ["cblas_sgemm", "MKL_Set_Num_Threads"],
  ["cblas_sgemm", "bli_thread_set_num_threads"],
  ["cblas_sgemm", undefined],
] as const;

/**
 * The library to use, if there is one and it computes correctly.
 *
 * `BERT_BLAS` names it, or is `off`. A warning is printed if the named library cannot be used, or
 * if a library computes wrong numbers.
 *
 * @param memory The memory of the backend; its first mebibyte is overwritten by the test.
 */
export function loadBlas(memory: WebAssembly.Memory): Blas | undefined {
  if (!mayCallNative()) return undefined;
  const { paths, named } = blasCandidates();
  for (const path of paths) {
    const blas = openBlas(path, memory);
    if (blas && multipliesRight(blas.sgemm, memory)) return blas;
    if (blas || named) warn(`${path} ${blas ? "computes wrong products" : "cannot be used"}`);
  }
  return undefined;
}

function warn(problem: string): void {
  // deno-lint-ignore no-console
  console.warn(`BLAS library ${problem}; products are computed without it`);
}

/** Opens a library without testing it; undefined if it is missing or has no product. */
export function openBlas(path: string, memory: WebAssembly.Memory): Blas | undefined {
  for (const [product, setThreads] of SYMBOLS) {
    try {
      return { path, sgemm: bind(path, product, setThreads, memory) };
    } catch {
      continue; // missing, or with other names
    }
  }
  return undefined;
}

function bind(
  path: string,
  product: string,
  setThreads: string | undefined,
  memory: WebAssembly.Memory,
): Sgemm {
  const threads = { parameters: ["i32"], result: "void" } as Deno.ForeignFunction;
  const { symbols } = Deno.dlopen(path, {
    [product]: SIGNATURE,
    ...(setThreads && { [setThreads]: threads }),
  });
  const call = symbols as Record<string, (...args: number[]) => void>;
  if (setThreads) call[setThreads](1);
  const view = new Uint8Array(memory.buffer); // shared memory never moves
  const base = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view)));
  const sgemm = call[product];
  return (ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc) => {
    const pa = base + (a >>> 0);
    const pb = base + (b >>> 0);
    const pc = base + (c >>> 0);
    sgemm(101, 111 + ta, 111 + tb, m, n, k, 1, pa, lda, pb, ldb, beta, pc, ldc);
  };
}

/** The import of the kernels. Without a library it throws the given reason. */
export function sgemmImport(blas: Blas | undefined, reason = "there is no library"): Sgemm {
  return blas?.sgemm ?? (() => {
    throw new Error(`Cannot multiply with BLAS: ${reason}`);
  });
}

/** The library of macOS, the only one that can use the matrix units of Apple's processors. */
const ACCELERATE = "/System/Library/Frameworks/Accelerate.framework/Accelerate";

/** The libraries to try; `named`: whether `BERT_BLAS` decides. */
function blasCandidates(): { paths: readonly string[]; named: boolean } {
  const named = permittedVariable("BERT_BLAS");
  if (named === "off") return { paths: [], named: true };
  if (named) return { paths: [named], named: true };
  return { paths: Deno.build.os === "darwin" ? [ACCELERATE] : [], named: false };
}
