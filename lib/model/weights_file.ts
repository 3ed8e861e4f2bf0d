/**
 * Reads and writes the weights of a model in a folder of transformers, under its names and in its
 * layouts. The folder may hold a whole pre-training model or a part of it: heads that are missing get
 * initial weights from a seed, and notes name them.
 *
 * The files of transformers have no place for row 0 of the segment table, which is for padding. It is
 * kept in `config.json` as `padding_segment_embedding` (float32, base64); transformers keeps this field.
 */
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { classifierKind, OPENED_WITH } from "./classes_json.ts";
import { CONFIG_FILE, configToJson, misspelt } from "./config_json.ts";
import { checkChoice } from "../checks.ts";
import { FormatError, MissingHeadsError } from "../errors.ts";
import { readJson, writeJson } from "../files/json.ts";
import { type FileWriter, savedPath } from "../files/save_folder.ts";
import {
  architectureOf,
  theirShape,
  theirWeight,
  TIE_ADVICE,
  TIED,
  toOurs,
  toTheirs,
} from "./transformers_names.ts";
import type { HostTensor, SavedDtype } from "../files/safetensors.ts";
import { saveSafetensors, type TensorSource } from "../files/safetensors_file.ts";
import { StoredWeights, WEIGHTS_FILE } from "./sharded_weights.ts";
import {
  checkFinite,
  checkFits,
  MOST_IN_BFLOAT16,
  MOST_IN_HALF,
  notFinite,
} from "./finite_values.ts";
import { createWeights, pretrainShapes, type Weights, type WeightShapes } from "./weights.ts";

const PADDING_ROW = "padding_segment_embedding";
const SEGMENTS = "bert.embeddings.token_type_embeddings.weight";

/** The parts that a checkpoint may lack as a whole: how their weights' names begin, and their own name. */
const HEADS: Readonly<Record<string, string>> = {
  "bert.pooler.": "the pooler",
  "cls.predictions.": "the masked-language-model head",
  "cls.seq_relationship.": "the next-sentence head",
};

/** Weights, and notes about where they come from. */
export interface ReadWeights {
  /** tfjs variables; the caller disposes of them. */
  readonly weights: Weights;
  /** Sentences about missing and unused weights; empty if the folder had exactly the wanted ones. */
  readonly notes: readonly string[];
}

/**
 * Reads weights from a model's folder, one after the other, so that memory holds the model and at most
 * one more tensor.
 *
 * @param shapes The names and shapes of the wanted weights.
 * @param seed The seed for heads that the folder lacks. Without it a missing head is an error.
 * @throws {FormatError} If a file cannot be read, or a weight is missing or has another shape than
 * `config` says. Nothing is left behind then.
 *
 * Source: `from_pretrained()` in transformers, where missing heads are a warning.
 */
export async function readWeights(
  folder: string,
  config: BertConfig,
  shapes: WeightShapes,
  seed?: number,
): Promise<ReadWeights> {
  const { json, path } = await readConfigFile(folder);
  const paddingRow = paddingRowIn(json, path, config.hiddenSize);
  using stored = await StoredWeights.open(folder);
  const fresh = missingHeads(stored, shapes);
  checkEncoder(stored, shapes);
  if (fresh.size > 0 && seed === undefined) {
    const way = wayToClassifier(json, stored, fresh);
    throw new MissingHeadsError(`${folder}/${WEIGHTS_FILE}`, headsOf(fresh), way);
  }
  for (const name of shapes.keys()) if (!fresh.has(name)) checkStored(name, shapes, stored);
  checkTied(stored);
  const weights = new Map<string, tf.Variable>();
  try {
    for (const [name, shape] of shapes) {
      weights.set(
        name,
        fresh.has(name)
          ? createWeights(new Map([[name, shape]]), config.initializerRange, seed!).get(name)!
          : readWeight(name, shape, stored, paddingRow),
      );
    }
  } catch (error) {
    for (const weight of weights.values()) weight.dispose();
    throw error;
  }
  const notes = [
    ...misspelt(json),
    ...prefixNotes(stored),
    ...freshNotes(fresh, seed),
    ...unusedNotes(stored, shapes),
  ];
  return { weights, notes };
}

/**
 * The names and shapes of the weights of pre-training that a folder has: those of the backbone, and of
 * the heads that are not missing. The next-sentence head needs the pooler.
 *
 * @throws {FormatError} If the weights cannot be read.
 */
export async function shapesIn(folder: string, config: BertConfig): Promise<WeightShapes> {
  using stored = await StoredWeights.open(folder);
  const shapes = pretrainShapes(config);
  const missing = missingHeads(stored, shapes);
  const pairs = !missing.has("cls.seq_relationship.bias");
  const isWanted = (name: string) => !missing.has(name) || pairs && name.startsWith("bert.pooler.");
  return new Map([...shapes].filter(([name]) => isWanted(name)));
}

/** How to open a classifier whose heads of pre-training are missing; undefined in other cases. */
function wayToClassifier(
  json: Readonly<Record<string, unknown>>,
  stored: StoredWeights,
  missing: ReadonlySet<string>,
): string | undefined {
  const kind = classifierKind(json, stored);
  if (kind === undefined || ![...missing].some((name) => name.startsWith("cls."))) return undefined;
  const way = `it is a classifier of ${kind}: open it with ${OPENED_WITH[kind]}`;
  return `${way}, or pass { seed } to start these heads from random numbers`;
}

function readWeight(
  name: string,
  shape: readonly number[],
  stored: StoredWeights,
  paddingRow: Float32Array | undefined,
): tf.Variable {
  const { names, layout } = theirWeight(name);
  const parts = names.map((part) => finite(stored, part));
  const values = toOurs(parts, shape, layout, paddingRow);
  const weight = tf.tidy(() => tf.variable(tf.tensor(values, [...shape], "float32")));
  const copied = COPYING_BACKENDS.has(tf.getBackend());
  for (const array of new Set([...parts, values])) if (copied || array !== values) release(array);
  return weight;
}

/** Backends that copy a new tensor's values into memory of their own; others may keep the array. */
const COPYING_BACKENDS = new Set(["simd", "wasm"]);

/** Frees an array's memory at once: the garbage collector would let several arrays of 100 MB pile up. */
function release(array: Float32Array): void {
  (array.buffer as ArrayBuffer).transfer(0);
}

const DTYPES: Readonly<Record<SavedDtype, TensorSource["dtype"]>> = {
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
};

/** The names of the types that weights are saved in. */
export const SAVED_DTYPES: readonly string[] = Object.keys(DTYPES);

/**
 * Writers of `model.safetensors` and `config.json`, for `saveFolder()`. The first one throws
 * `ConfigError` if a weight is NaN, infinite, or too large for `dtype`.
 *
 * @throws {ConfigError} If weights cannot be saved in `dtype`.
 */
export function modelFiles(
  config: BertConfig,
  weights: ReadonlyMap<string, tf.Variable | HostTensor>,
  dtype: SavedDtype = "float32",
): Readonly<Record<string, FileWriter>> {
  checkChoice("dtype", dtype, SAVED_DTYPES);
  return {
    [WEIGHTS_FILE]: async (path) => {
      const sources = [...weights].flatMap(([name, weight]) => sourcesOf(name, weight, dtype));
      await saveSafetensors(path, sources, { format: "pt" });
    },
    [CONFIG_FILE]: async (path) => writeJson(path, await configFields(config, weights, dtype)),
  };
}

/** The fields of `config.json` for a model with the pre-training heads that are among its weights. */
export async function configFields(
  config: BertConfig,
  weights: ReadonlyMap<string, tf.Variable | HostTensor>,
  dtype: SavedDtype = "float32",
): Promise<Record<string, unknown>> {
  const segments = await valuesOf(weights.get(SEGMENTS)!);
  const row = new Uint8Array(segments.buffer, segments.byteOffset, 4 * config.hiddenSize);
  const more = dtype === "float32" ? {} : { dtype };
  const architectures = [architectureOf(weights)];
  return { ...configToJson(config), architectures, ...more, [PADDING_ROW]: row.toBase64() };
}

/** The tensors that a weight becomes in the file; their values are computed when they are written. */
function sourcesOf(
  name: string,
  weight: tf.Variable | HostTensor,
  dtype: SavedDtype,
): TensorSource[] {
  const theirs = theirWeight(name);
  const shape = theirShape(weight.shape, theirs);
  return theirs.names.map((part, which) => ({
    name: part,
    shape,
    dtype: DTYPES[dtype],
    read: async () => {
      const values = toTheirs(await valuesOf(weight), weight.shape, theirs, which);
      checkFinite(part, values);
      if (dtype === "float16") {
        checkFits(part, values, MOST_IN_HALF, ["dtype", dtype], "take bfloat16");
      }
      if (dtype === "bfloat16") {
        checkFits(part, values, MOST_IN_BFLOAT16, ["dtype", dtype], "take float32");
      }
      return values;
    },
  }));
}

/** The present values of a tfjs variable, or those of a copy. */
export async function valuesOf(weight: tf.Variable | HostTensor): Promise<Float32Array> {
  return await (typeof weight.data === "function"
    ? weight.data<"float32">()
    : weight.data) as Float32Array;
}

async function readConfigFile(folder: string) {
  const path = await savedPath(folder, CONFIG_FILE);
  return { json: await readJson(path), path };
}

function paddingRowIn(
  json: Readonly<Record<string, unknown>>,
  path: string,
  width: number,
): Float32Array | undefined {
  const text = json[PADDING_ROW];
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(text as string);
    if (bytes.length === 4 * width) return new Float32Array(bytes.buffer);
  } catch {
    // the error is thrown below
  }
  throw new FormatError(path, `expected ${PADDING_ROW} to be ${width} float32 numbers in base64`);
}

/** The wanted weights of the heads of which the folder has no weight at all. */
function missingHeads(stored: StoredWeights, shapes: WeightShapes): ReadonlySet<string> {
  const absent = Object.keys(HEADS).filter((head) =>
    !stored.names.some((name) => name.startsWith(head) && !Object.hasOwn(TIED, name))
  );
  return new Set([...shapes.keys()].filter((name) => absent.some((head) => name.startsWith(head))));
}

/**
 * Throws `FormatError` if a weight of the encoder is missing: the folder then holds other weights, or has
 * them under other names, some of which the message shows.
 */
function checkEncoder(stored: StoredWeights, shapes: WeightShapes): void {
  const needed = [...shapes.keys()].filter((name) =>
    !Object.keys(HEADS).some((head) => name.startsWith(head))
  );
  for (const name of needed) for (const part of theirWeight(name).names) stored.shapeOf(part);
}

/**
 * The values of a stored tensor.
 *
 * @throws {FormatError} If some are NaN or infinite, as every result would be NaN.
 */
function finite(stored: StoredWeights, name: string): Float32Array {
  const values = stored.read(name);
  const wrong = notFinite(values);
  if (!wrong) return values;
  const { count, first } = wrong;
  const found = `found NaN or infinity at ${count} of ${values.length} places, first ${first}`;
  const advice =
    "its training diverged, or its format has too small a range. Use an older checkpoint";
  throw new FormatError(stored.fileOf(name), `expected numbers in "${name}", ${found}: ${advice}`);
}

/** Throws `FormatError` unless a weight has the right shape. No values are read. */
function checkStored(name: string, shapes: WeightShapes, stored: StoredWeights): void {
  const theirs = theirWeight(name);
  const shape = theirShape(shapes.get(name)!, theirs);
  for (const part of theirs.names) {
    const found = stored.shapeOf(part);
    if (`${found}` === `${shape}`) continue;
    const problem = `expected weight "${part}" of shape [${shape}] as ${CONFIG_FILE} says`;
    const advice = "are both files from the same model?";
    throw new FormatError(stored.fileOf(part), `${problem}, found [${found}]: ${advice}`);
  }
}

/** Throws `FormatError` if a copy of a tied weight is not equal to it: the model would be another one. */
function checkTied(stored: StoredWeights): void {
  for (const [copy, original] of Object.entries(TIED)) {
    if (!stored.has(copy) || !stored.has(original)) continue;
    const [a, b] = [copy, original].map((name) => new Int32Array(stored.read(name).buffer));
    if (a.length === b.length && a.every((bits, i) => bits === b[i])) continue;
    const problem = `expected "${copy}" to be equal to "${original}", found another`;
    throw new FormatError(stored.fileOf(copy), `${problem}: ${TIE_ADVICE}`);
  }
}

function headsOf(names: Iterable<string>): string[] {
  const all = [...names];
  return Object.keys(HEADS).filter((head) => all.some((name) => name.startsWith(head)))
    .map((head) => HEADS[head]);
}

function prefixNotes({ prefix }: StoredWeights): string[] {
  return prefix === ""
    ? []
    : [`The names of the weights begin with "${prefix}", which is left out`];
}

function freshNotes(fresh: ReadonlySet<string>, seed: number | undefined): string[] {
  return headsOf(fresh).map((head) =>
    `Not in the folder, and started from random numbers (seed ${seed}): ${head}`
  );
}

function unusedNotes(stored: StoredWeights, shapes: WeightShapes): string[] {
  const used = new Set([...shapes.keys()].flatMap((name) => theirWeight(name).names));
  const unused = stored.names.filter((name) => !used.has(name) && !Object.hasOwn(TIED, name));
  return unused.length === 0 ? [] : [`In the folder, and not used: ${unused.join(", ")}`];
}
