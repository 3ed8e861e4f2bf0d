/**
 * Everything that a run needs to go on as if it had never stopped, as the bytes of one safetensors
 * file that carries its own checksum.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, type Kind, TEXT } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import type { Moments, Optimizer, OptimizerState } from "../training/optimizer.ts";
import { isRngState, type RngState } from "../random.ts";
import { readState, type RunState } from "./run_state.ts";
import { type HostTensor, readSafetensors, writeSafetensors } from "../files/safetensors.ts";

/** A run's state with all its numbers. */
export interface RunCheckpoint {
  /** Where the run stands. */
  readonly state: RunState;
  /** The model's weights, by name. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** The optimizer's state: its number of updates and its running means of the gradients. */
  readonly optimizer: OptimizerState;
  /** The state of each random generator of the epoch's data, by what it draws. */
  readonly generators: Readonly<Record<string, RngState>>;
}

const FORMAT = "bert-deno-run-1";
const NO_DIGEST = "0".repeat(64);

/** Copies the weights and states of a run, so that training can go on while the copy is written. */
export function captureRun(
  state: RunState,
  weights: ReadonlyMap<string, tf.Variable>,
  optimizer: Optimizer,
  generators: Readonly<Record<string, RngState>>,
): RunCheckpoint {
  const copies = [...weights].map(([name, weight]) =>
    [name, { shape: weight.shape, data: weight.dataSync<"float32">().slice() }] as const
  );
  return { state, weights: new Map(copies), optimizer: optimizer.state, generators };
}

/**
 * Sets the weights of a model and the state of an optimizer to those of a checkpoint.
 *
 * @throws {ConfigError} If a weight is missing in the checkpoint or has another shape there. No weight
 * is changed then.
 */
export function restoreRun(
  { weights: saved, optimizer: state }: RunCheckpoint,
  weights: ReadonlyMap<string, tf.Variable>,
  optimizer: Optimizer,
): void {
  for (const [name, { shape }] of weights) {
    const found = saved.get(name)?.shape;
    if (`${found}` === `${shape}`) continue;
    const advice = `must be [${shape}]: the checkpoint is of another model`;
    throw new ConfigError(`shape of ${name} in the checkpoint`, found, advice);
  }
  for (const [name, weight] of weights) {
    const values = tf.tensor(saved.get(name)!.data, weight.shape, "float32");
    weight.assign(values);
    values.dispose();
  }
  optimizer.restore(state);
}

/** Returns a checkpoint as bytes. `sealCheckpoint()` then writes the checksum into them. */
export function packCheckpoint(checkpoint: RunCheckpoint): Uint8Array<ArrayBuffer> {
  const { state, weights, optimizer: { step, moments, momenta }, generators } = checkpoint;
  const tensors = new Map<string, HostTensor>();
  for (const [name, weight] of weights) tensors.set(`weight/${name}`, weight);
  for (const [name, { first, second }] of moments) {
    tensors.set(`first/${name}`, { shape: [first.length], data: first });
    tensors.set(`second/${name}`, { shape: [second.length], data: second });
  }
  for (const [name, data] of momenta ?? []) {
    tensors.set(`momentum/${name}`, { shape: [data.length], data });
  }
  for (const [name, { words, index }] of Object.entries(generators)) {
    const data = Int32Array.of(...words, index); // the words are unsigned, their 32 bits stay the same
    tensors.set(`generator/${name}`, { shape: [data.length], data });
  }
  const metadata = {
    sha256: NO_DIGEST,
    format: FORMAT,
    state: JSON.stringify(state),
    updates: `${step}`,
  };
  return writeSafetensors(tensors, metadata);
}

/**
 * Writes the SHA-256 of a checkpoint into its header. The digest is computed while 64 zeros stand in
 * its place. The file stays a valid safetensors file.
 */
export async function sealCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const at = placeOfDigest(bytes, "checkpoint");
  bytes.set(new TextEncoder().encode(NO_DIGEST), at);
  bytes.set(new TextEncoder().encode(await sha256(bytes)), at);
}

const BYTES: Kind = {
  name: "the bytes of a checkpoint",
  fits: (value) => value instanceof Uint8Array,
};

/**
 * Reads a checkpoint from the bytes of its file.
 *
 * @param file Its name, for error messages.
 * @throws {FormatError} If a single bit differs from what was written, or the content is not that of
 * a checkpoint.
 *
 * @example
 * ```ts
 * import { captureRun, packCheckpoint, sealCheckpoint, unpackCheckpoint } from "bert/runs/checkpoint.ts";
 * import { AdamW } from "bert/training/optimizer.ts";
 * import { createRng } from "bert/random.ts";
 * import { firstState } from "bert/runs/run_state.ts";
 * import { rejects, strictEqual } from "node:assert";
 * const none = new Map();
 * const mlm = createRng(1).state;
 * const bytes = packCheckpoint(captureRun(firstState("a"), none, new AdamW(none), { mlm }));
 * await sealCheckpoint(bytes);
 * strictEqual((await unpackCheckpoint(bytes, "a file")).state.run, "a");
 * bytes[bytes.length - 1] ^= 1;
 * await rejects(unpackCheckpoint(bytes, "a file"), /the file is damaged/);
 * ```
 */
export async function unpackCheckpoint(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
): Promise<RunCheckpoint> {
  checkArguments("unpackCheckpoint(bytes, file)", [["bytes", bytes, BYTES], ["file", file, TEXT]]);
  const blank = bytes.slice();
  const at = placeOfDigest(blank, file);
  const written = new TextDecoder().decode(blank.subarray(at, at + NO_DIGEST.length));
  blank.set(new TextEncoder().encode(NO_DIGEST), at);
  const found = await sha256(blank);
  if (written !== found) {
    const short = (digest: string) => JSON.stringify(digest.slice(0, 12));
    throw new FormatError(
      file,
      `expected the checksum ${short(written)}, found ${short(found)}: the file is damaged`,
    );
  }
  const { tensors, metadata } = readSafetensors(bytes, file);
  if (metadata.format !== FORMAT) {
    throw new FormatError(file, `expected format "${FORMAT}", found "${metadata.format}"`);
  }
  const weights = new Map(withPrefix(tensors, "weight/"));
  const step = updatesIn(metadata, file);
  const momenta = momentaIn(tensors, weights, file);
  const moments = momentsIn(tensors, weights, file);
  const optimizer = momenta.size > 0 ? { step, moments, momenta } : { step, moments };
  const state = readState(metadata.state ?? "", file);
  return { state, weights, optimizer, generators: generatorsIn(tensors, file) };
}

function updatesIn({ updates = "" }: Readonly<Record<string, string>>, file: string): number {
  const found = Number(updates);
  if (/^\d+$/.test(updates) && Number.isSafeInteger(found)) return found;
  throw new FormatError(file, `expected the number of updates, found "${updates.slice(0, 40)}"`);
}

function momentsIn(
  tensors: ReadonlyMap<string, HostTensor>,
  weights: ReadonlyMap<string, HostTensor>,
  file: string,
): Map<string, Moments> {
  const firsts = new Map(withPrefix(tensors, "first/"));
  const seconds = new Map(withPrefix(tensors, "second/"));
  const moments = new Map<string, Moments>();
  for (const name of new Set([...firsts.keys(), ...seconds.keys()])) {
    const size = weights.get(name)?.data.length;
    const first = firsts.get(name)?.data;
    const second = seconds.get(name)?.data;
    if (!(first instanceof Float32Array && second instanceof Float32Array)) {
      const problem = `expected both running means of "${name}" as floats, found other values`;
      throw new FormatError(file, problem);
    }
    if (first.length !== size || second.length !== size) {
      const found = `${size ?? "no"}, ${first.length} and ${second.length} values`;
      throw new FormatError(file, `expected "${name}" and its means of one size, found ${found}`);
    }
    moments.set(name, { first, second });
  }
  return moments;
}

/** The running means of the gradients that Muon keeps, by the name of the weight. */
function momentaIn(
  tensors: ReadonlyMap<string, HostTensor>,
  weights: ReadonlyMap<string, HostTensor>,
  file: string,
): Map<string, Float32Array> {
  const momenta = new Map<string, Float32Array>();
  for (const [name, { data }] of withPrefix(tensors, "momentum/")) {
    const size = weights.get(name)?.data.length;
    if (!(data instanceof Float32Array) || data.length !== size) {
      const found = `${data.length} values for ${size ?? "no"}`;
      throw new FormatError(file, `expected the mean of "${name}" as floats, found ${found}`);
    }
    momenta.set(name, data);
  }
  return momenta;
}

function generatorsIn(
  tensors: ReadonlyMap<string, HostTensor>,
  file: string,
): Record<string, RngState> {
  const entries = withPrefix(tensors, "generator/").map(([name, { data }]) => {
    const words = Array.from(data.subarray(0, -1), (word) => word >>> 0);
    const state = { words, index: data[data.length - 1] };
    if (!(data instanceof Int32Array) || !isRngState(state)) {
      throw new FormatError(file, `expected the state of generator "${name}", found other values`);
    }
    return [name, state] as const;
  });
  return Object.fromEntries(entries);
}

function withPrefix(tensors: ReadonlyMap<string, HostTensor>, prefix: string) {
  return [...tensors].filter(([name]) => name.startsWith(prefix))
    .map(([name, tensor]) => [name.slice(prefix.length), tensor] as const);
}

/** The offset of the checksum in the bytes. */
function placeOfDigest(bytes: Uint8Array, file: string): number {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  const found = /"sha256":"(?=[0-9a-f]{64}")/.exec(start);
  if (found) return found.index + found[0].length;
  const problem = bytes.length === 0 ? "it is empty" : "it has no checksum: it is damaged";
  throw new FormatError(file, problem);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
