// deno-lint-ignore-file no-console -- a slower backend than expected is said once
/**
 * Chooses what computes: the fastest tfjs backend that this machine can start.
 *
 * A backend plugs in with one line in `LOADERS`: a function that registers and readies it, and
 * throws where it cannot run.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../errors.ts";

/** The backends, fastest first; the first that starts is taken. */
const LOADERS: Readonly<Record<BackendName, () => Promise<void>>> = {
  simd: async () => await (await import("./simd/start.ts")).startSimd(),
  wasm: async () => await (await import("./wasm.ts")).startWasm(),
  cpu: async () => await start("cpu"),
};

/** The name of a backend that this library knows. */
export type BackendName = "simd" | "wasm" | "cpu";

/**
 * Makes the fastest backend that runs here the current one.
 *
 * The environment variable `BERT_BACKEND` stands in for a missing `name`, if reading it is already
 * permitted: nothing ever asks. tfjs's advice to install its Node binding is silenced, as that
 * binding does not run on Deno.
 *
 * @param name The backend to use; nothing else is tried then.
 * @returns The name of the backend in use.
 * @throws {ConfigError} If there is no backend of that name.
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
export async function useBackend(name?: string): Promise<BackendName> {
  silence(tf.findBackend("cpu")); // it may hold tensors for other backends
  const wanted = name ?? backendOfEnvironment();
  const names = wanted === undefined ? backendNames() : [checkName(wanted, name === undefined)];
  const reasons: unknown[] = [];
  for (const candidate of names) {
    try {
      await LOADERS[candidate]();
      silence(tf.backend());
      if (reasons.length > 0) reportFallback(names, candidate, reasons[0]);
      return candidate;
    } catch (reason) {
      reasons.push(reason);
    }
  }
  const hint = names.length === 1 ? "; call useBackend() to take the fastest that does" : "";
  throw new Error(`Cannot start backend ${names.join(", ")} on this machine${hint}`, {
    cause: reasons.length === 1 ? reasons[0] : new AggregateError(reasons),
  });
}

/** The names that `useBackend()` accepts, fastest first. */
export function backendNames(): BackendName[] {
  return Object.keys(LOADERS) as BackendName[];
}

async function start(name: string): Promise<void> {
  if (!await tf.setBackend(name)) throw new Error(`tfjs could not start its ${name} backend`);
}

function backendOfEnvironment(): string | undefined {
  const query = { name: "env", variable: "BERT_BACKEND" } as const;
  if (Deno.permissions.querySync(query).state !== "granted") return undefined;
  return Deno.env.get("BERT_BACKEND") || undefined;
}

function checkName(name: string, fromEnvironment: boolean): BackendName {
  if (Object.hasOwn(LOADERS, name)) return name as BackendName;
  const field = fromEnvironment ? "BERT_BACKEND" : "backend";
  throw new ConfigError(field, name, `must be one of ${backendNames().join(", ")}`);
}

let fallbackReported = false;

/** Says once in a process that a slower backend had to be taken, and why. */
function reportFallback(names: readonly BackendName[], taken: BackendName, reason: unknown): void {
  if (fallbackReported) return;
  fallbackReported = true;
  const why = reason instanceof Error ? reason.message : String(reason);
  console.warn(`The backend ${names[0]} cannot start here, so the slower ${taken} is used: ${why}`);
}

/** tfjs's cpu backend, and whatever is derived from it, prints advice at the first tensor it holds. */
function silence(backend: object | null): void {
  if (backend !== null && "firstUse" in backend) backend.firstUse = false;
}
