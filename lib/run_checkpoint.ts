/**
 * Everything that a run needs to go on as if it had never stopped, as the bytes of one safetensors
 * file that carries its own checksum.
 */
import * as tf from "@tensorflow/tfjs";
import { FormatError } from "./errors.ts";
import type { AdamW, AdamWState, Moments } from "./optimizer.ts";
import type { RngState } from "./random.ts";
import { type HostTensor, readSafetensors, writeSafetensors } from "./safetensors.ts";

/** Where a run stands, but for the numbers of its model and optimizer. */
export interface RunState {
  /** Which run this belongs to: the `run` of its `config.json`. */
  readonly run: string;
  /** Updates done. */
  readonly step: number;
  /** The epoch at hand, and how many of its batches were taken. */
  readonly epoch: number;
  readonly batches: number;
  readonly tokens: number;
  /** Seconds of training, pauses between processes left out. */
  readonly seconds: number;
  /** Steps that diverged and were passed over. */
  readonly skipped: number;
  /** Rows of `metrics.csv`, without its header, and lines of `evaluations.jsonl`. */
  readonly rows: number;
  readonly evaluations: number;
  /** The step of the last evaluation; -1 before the first. */
  readonly evaluatedAt: number;
  /** The step with the lowest held-out loss. */
  readonly best?: { readonly step: number; readonly loss: number };
  readonly finished: boolean;
  /** What computed: the same bits can be expected of the same backend only. */
  readonly backend: string;
}

/** A run's state with all its numbers. */
export interface RunCheckpoint {
  readonly state: RunState;
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly optimizer: AdamWState;
  /** The generators of the epoch's data, by their jobs. */
  readonly generators: Readonly<Record<string, RngState>>;
}

const FORMAT = "bert-deno-run-1";
const NO_DIGEST = "0".repeat(64);

/** Copies a run's numbers, so that training can go on while they are written. */
export function captureRun(
  state: RunState,
  weights: ReadonlyMap<string, tf.Variable>,
  optimizer: AdamW,
  generators: Readonly<Record<string, RngState>>,
): RunCheckpoint {
  const copies = [...weights].map(([name, weight]) =>
    [name, { shape: weight.shape, data: weight.dataSync<"float32">().slice() }] as const
  );
  return { state, weights: new Map(copies), optimizer: optimizer.state, generators };
}

/** Gives a model's weights and an optimizer the numbers of a checkpoint. */
export function restoreRun(
  { weights: saved, optimizer: state }: RunCheckpoint,
  weights: ReadonlyMap<string, tf.Variable>,
  optimizer: AdamW,
): void {
  for (const [name, weight] of weights) {
    const values = tf.tensor(saved.get(name)!.data, weight.shape, "float32");
    weight.assign(values);
    values.dispose();
  }
  optimizer.restore(state);
}

/** A checkpoint as bytes; `sealCheckpoint()` adds the checksum. */
export function packCheckpoint(checkpoint: RunCheckpoint): Uint8Array<ArrayBuffer> {
  const { state, weights, optimizer: { step, moments }, generators } = checkpoint;
  const tensors = new Map<string, HostTensor>();
  for (const [name, weight] of weights) tensors.set(`weight/${name}`, weight);
  for (const [name, { first, second }] of moments) {
    tensors.set(`first/${name}`, { shape: [first.length], data: first });
    tensors.set(`second/${name}`, { shape: [second.length], data: second });
  }
  for (const [name, { words, index }] of Object.entries(generators)) {
    const data = Int32Array.of(...words, index); // the same 32 bits
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
 * Writes the SHA-256 of the bytes into them; it is that of the same bytes with zeros in its place,
 * so that the file stays one that any reader of safetensors opens.
 */
export async function sealCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const at = placeOfDigest(bytes, "checkpoint");
  bytes.set(new TextEncoder().encode(await sha256(bytes)), at);
}

/**
 * The checkpoint in the bytes of a file.
 *
 * @param file Its name, for error messages.
 * @throws {FormatError} If a single bit is not as it was written.
 *
 * @example
 * ```ts
 * import { captureRun, packCheckpoint, sealCheckpoint, unpackCheckpoint } from "bert/run_checkpoint.ts";
 * import { AdamW } from "bert/optimizer.ts";
 * import { rejects, strictEqual } from "node:assert";
 * const start = { run: "a", step: 0, epoch: 1, batches: 0, tokens: 0, seconds: 0, skipped: 0 };
 * const rest = { rows: 0, evaluations: 0, evaluatedAt: -1, finished: false, backend: "cpu" };
 * const none = new Map();
 * const mlm = { words: Array(624).fill(1), index: 0 };
 * const bytes = packCheckpoint(captureRun({ ...start, ...rest }, none, new AdamW(none), { mlm }));
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
  const optimizer = { step: Number(metadata.updates), moments: momentsIn(tensors) };
  const weights = new Map(withPrefix(tensors, "weight/"));
  const generators = generatorsIn(tensors);
  return { state: JSON.parse(metadata.state), weights, optimizer, generators };
}

function momentsIn(tensors: ReadonlyMap<string, HostTensor>): Map<string, Moments> {
  const seconds = new Map(withPrefix(tensors, "second/"));
  const entries = withPrefix(tensors, "first/").map(([name, { data }]) => {
    const moments = { first: data, second: seconds.get(name)!.data } as Moments;
    return [name, moments] as const;
  });
  return new Map(entries);
}

function generatorsIn(tensors: ReadonlyMap<string, HostTensor>): Record<string, RngState> {
  const entries = withPrefix(tensors, "generator/").map(([name, { data }]) => {
    const words = Array.from(data.subarray(0, -1), (word) => word >>> 0);
    return [name, { words, index: data[data.length - 1] }] as const;
  });
  return Object.fromEntries(entries);
}

function withPrefix(tensors: ReadonlyMap<string, HostTensor>, prefix: string) {
  return [...tensors].filter(([name]) => name.startsWith(prefix))
    .map(([name, tensor]) => [name.slice(prefix.length), tensor] as const);
}

/** Where in the header the checksum stands. */
function placeOfDigest(bytes: Uint8Array, file: string): number {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  const found = /"sha256":"(?=[0-9a-f]{64}")/.exec(start);
  if (found) return found.index + found[0].length;
  const problem = bytes.length === 0 ? "it is empty" : `it has no checksum: it is damaged`;
  throw new FormatError(file, problem);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
