// deno-lint-ignore-file no-console -- a message says once that a slower backend is used
/**
 * Chooses the backend: the fastest tfjs backend that this machine can start.
 *
 * Nobody has to choose. Every file that computes imports this one, which makes `simd` the backend
 * that tfjs starts by itself at the first tensor. `useBackend()` chooses another one or returns the
 * name of the fastest; `ensureBackend()` starts one where tfjs could not, and warns if tfjs's slow
 * `cpu` is in use.
 *
 * A backend is added by one line in `LOADERS`: a function that registers and starts it, and throws
 * where it cannot run.
 */
import * as tf from "@tensorflow/tfjs";
import { checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { permittedVariable } from "../permissions.ts";
import { offerSimd, simdFailed, startSimd } from "./simd/start.ts";

/** The backends, fastest first. */
const LOADERS: Readonly<Record<BackendName, (options: BackendOptions) => Promise<void>>> = {
  simd: async ({ threads }) => await startSimd({ threads }),
  wasm: async () => await (await import("./wasm.ts")).startWasm(),
  cpu: async () => await start("cpu"),
  webgpu: async () => await (await import("./webgpu.ts")).startWebgpu(),
};

/** Options of `useBackend()`. */
export interface BackendOptions {
  /** The number of threads of `simd`. Default: one for each core, at most 8 or `BERT_THREADS`. */
  readonly threads?: number;
}

/** The name of a backend that this library knows. */
export type BackendName = "simd" | "wasm" | "cpu" | "webgpu";

/** The backends that are tried if none is named, fastest first. The first that starts is used. */
export const AUTOMATIC_BACKENDS: readonly BackendName[] = ["simd", "wasm", "cpu"];

/** Whether `useBackend()` has chosen. */
let chosen = false;

/** Whether the message that tfjs's `cpu` is in use was printed. */
let cpuReported = false;

if ((permittedVariable("BERT_BACKEND") ?? "simd") === "simd") offerSimd();

/**
 * Makes the fastest backend that runs here the current one. Tensors of another backend, such as the
 * weights of a model, move to it when they are next used.
 *
 * Without a `name` the environment variable `BERT_BACKEND` names the backend, if reading it is
 * already permitted: permission is never asked for. tfjs's advice to install its Node binding is
 * silenced, as that binding does not run on Deno.
 *
 * @param name The backend to use; no other one is tried.
 * @param options `threads`: for `simd`, if this call starts it.
 * @returns The name of the backend in use.
 * @throws {ConfigError} If there is no backend of that name, or `BERT_THREADS` is no number of threads.
 * @throws {Error} If the named backend cannot run here; its `cause` says why.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { strictEqual } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * strictEqual(await useBackend("wasm"), tf.getBackend());
 * ```
 */
export async function useBackend(
  name?: string,
  options: BackendOptions = {},
): Promise<BackendName> {
  checkOptions("useBackend()", options, ["threads"]);
  silence(tf.findBackend("cpu")); // it may hold tensors for other backends
  const wanted = name ?? permittedVariable("BERT_BACKEND");
  const names = wanted === undefined ? AUTOMATIC_BACKENDS : [checkName(wanted, name === undefined)];
  const reasons: unknown[] = [];
  for (const candidate of names) {
    try {
      await LOADERS[candidate](options);
      silence(tf.backend());
      chosen = true;
      if (reasons.length > 0) reportFallback(names, candidate, reasons[0]);
      return candidate;
    } catch (reason) {
      if (reason instanceof ConfigError) throw reason; // a setting that cannot work, such as BERT_NATIVE
      reasons.push(reason);
    }
  }
  const hint = names.length === 1 ? "; call useBackend() to take the fastest that does" : "";
  throw new Error(`Cannot start backend ${names.join(", ")} on this machine${hint}`, {
    cause: reasons.length === 1 ? reasons[0] : new AggregateError(reasons),
  });
}

/**
 * Makes sure that a suitable backend is in use. Every function that trains or predicts awaits this
 * first.
 *
 * It starts the fastest backend if none is in use, or if tfjs fell back to its own `cpu`
 * because `simd` does not start here or `BERT_BACKEND` names another. If tfjs's `cpu` is in use for
 * another reason (a tensor was made before this library was imported, or `tf.setBackend()` was
 * called), a message says so once.
 *
 * @throws {ConfigError} If `BERT_BACKEND` names no backend, or `BERT_THREADS` is no number of threads.
 *
 * @example
 * ```ts
 * import { ensureBackend } from "bert/backend/choose.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * await ensureBackend();
 * ok(tf.getBackend() !== "cpu");
 * ```
 */
export async function ensureBackend(): Promise<void> {
  const current: string | undefined = tf.getBackend();
  if (chosen || (current && current !== "cpu")) return;
  const wanted = permittedVariable("BERT_BACKEND") ?? "simd";
  if (!current || wanted !== "simd" || simdFailed()) await useBackend();
  else if (!cpuReported) {
    cpuReported = true;
    console.warn(CPU_IN_USE);
  }
}

const CPU_IN_USE =
  "tfjs's backend cpu is in use, which is many times slower than simd: a tensor was " +
  "made before this library was imported, or tf.setBackend() was called. Call " +
  'await useBackend() from bert/backend/choose.ts first, or await useBackend("cpu") if cpu is meant';

/**
 * The names that `useBackend()` accepts. Not every one of these backends runs on every machine.
 *
 * @example
 * ```ts
 * import { backendNames } from "bert/backend/choose.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(backendNames(), ["simd", "wasm", "cpu", "webgpu"]);
 * ```
 */
export function backendNames(): BackendName[] {
  return Object.keys(LOADERS) as BackendName[];
}

async function start(name: string): Promise<void> {
  if (!await tf.setBackend(name)) throw new Error(`tfjs could not start its ${name} backend`);
}

function checkName(name: string, fromEnvironment: boolean): BackendName {
  if (Object.hasOwn(LOADERS, name)) return name as BackendName;
  const field = fromEnvironment ? "BERT_BACKEND" : "backend";
  throw new ConfigError(field, name, `must be one of ${backendNames().join(", ")}`);
}

let fallbackReported = false;

/** Prints once in a process that a slower backend is used, and why. */
function reportFallback(names: readonly BackendName[], taken: BackendName, reason: unknown): void {
  if (fallbackReported) return;
  fallbackReported = true;
  const why = reason instanceof Error ? reason.message : String(reason);
  console.warn(`The backend ${names[0]} cannot start here, so the slower ${taken} is used: ${why}`);
}

/** Stops tfjs's `cpu`, and backends derived from it, from printing advice at their first tensor. */
function silence(backend: object | null): void {
  if (backend !== null && "firstUse" in backend) backend.firstUse = false;
}
