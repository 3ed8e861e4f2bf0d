/**
 * A model in a folder: `model.safetensors` (weights by name), `config.json` (the keys of Hugging
 * Face), `vocab.txt` and `tokenizer_config.json`. What is loaded equals what was saved bit for bit.
 */
import * as tf from "@tensorflow/tfjs";
import { BERT_DEFAULTS, type BertConfig, checkBertConfig } from "./config.ts";
import { ConfigError, FormatError } from "./errors.ts";
import { BertPretrainHead } from "./model.ts";
import { type HostTensor, readSafetensors, writeSafetensors } from "./safetensors.ts";
import { loadVocab, saveVocab } from "./vocab.ts";
import { BertTokenizer } from "./wordpiece.ts";

const WEIGHTS = "model.safetensors";
const CONFIG = "config.json";
const VOCAB = "vocab.txt";
const TOKENIZER = "tokenizer_config.json";
/** Not "pt": the layout of the matrices differs, so that other loaders have to refuse the file. */
const METADATA = { format: "bert-deno", layout: "in,out" };

/**
 * Saves a model and its tokenizer into a folder, which is made if need be.
 *
 * All files are written to the side first and then renamed: a run that is killed while saving
 * leaves the older model, or none, but no half one. Other files in the folder stay.
 *
 * @example
 * ```ts
 * import { loadModel, saveModel } from "bert/checkpoint.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/vocab.ts";
 * import { BertTokenizer } from "bert/wordpiece.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveModel(folder, model, tokenizer);
 * deepStrictEqual((await loadModel(folder)).model.config, model.config);
 * ```
 */
export async function saveModel(
  folder: string,
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, weight] of model.weights) {
    tensors.set(name, { shape: weight.shape, data: await weight.data<"float32">() });
  }
  const { lowercase, stripAccents } = tokenizer.options;
  const settings = { "tokenizer_class": "BertTokenizer", "do_lower_case": lowercase };
  await Deno.mkdir(folder, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: folder, prefix: ".saving-" });
  try {
    await Deno.writeFile(`${aside}/${WEIGHTS}`, writeSafetensors(tensors, METADATA));
    await saveVocab(`${aside}/${VOCAB}`, tokenizer.vocab);
    await writeJson(`${aside}/${CONFIG}`, configToJson(model.config));
    await writeJson(`${aside}/${TOKENIZER}`, { ...settings, "strip_accents": stripAccents });
    for (const file of [VOCAB, TOKENIZER, CONFIG, WEIGHTS]) {
      await Deno.rename(`${aside}/${file}`, `${folder}/${file}`);
    }
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

/**
 * Loads what `saveModel()` saved.
 *
 * @returns A model, which the caller disposes, and its tokenizer.
 * @throws {FormatError} If a file is missing or cannot be read, or the files do not belong together.
 */
export async function loadModel(
  folder: string,
): Promise<{ model: BertPretrainHead; tokenizer: BertTokenizer }> {
  const config = await loadConfig(`${folder}/${CONFIG}`);
  const tokenizer = await loadTokenizer(folder, config);
  const path = `${folder}/${WEIGHTS}`;
  const { tensors, metadata } = readSafetensors(await readFile(path), path);
  if (metadata.format !== METADATA.format) {
    const found = metadata.format ?? "no format";
    const advice = "import models of other libraries with their own loader";
    throw new FormatError(path, `expected format "${METADATA.format}", found ${found}: ${advice}`);
  }
  const model = new BertPretrainHead(config, { seed: 0 });
  try {
    setWeights(model, tensors, path);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model, tokenizer };
}

/** Gives the model's weights the values of a file, after checking that they are the same set. */
function setWeights(
  model: BertPretrainHead,
  tensors: ReadonlyMap<string, HostTensor>,
  path: string,
): void {
  const unknown = [...tensors.keys()].filter((name) => !model.weights.has(name));
  if (unknown.length > 0) {
    throw new FormatError(path, `the model of ${CONFIG} has no weight "${unknown[0]}"`);
  }
  for (const [name, weight] of model.weights) checkWeight(name, weight.shape, tensors, path);
  for (const [name, weight] of model.weights) {
    const values = tf.tensor(tensors.get(name)!.data, weight.shape, "float32");
    weight.assign(values);
    values.dispose();
  }
}

function checkWeight(
  name: string,
  shape: readonly number[],
  tensors: ReadonlyMap<string, HostTensor>,
  path: string,
): void {
  const found = tensors.get(name);
  if (!found) throw new FormatError(path, `expected a weight "${name}", found none`);
  if (!(found.data instanceof Float32Array)) {
    throw new FormatError(path, `expected weight "${name}" as F32, found I32`);
  }
  if (`${found.shape}` === `${shape}`) return;
  throw new FormatError(
    path,
    `expected weight "${name}" of shape [${shape}] as ${CONFIG} says, found [${found.shape}]`,
  );
}

async function loadTokenizer(folder: string, config: BertConfig): Promise<BertTokenizer> {
  const vocab = await loadVocab(`${folder}/${VOCAB}`);
  if (vocab.size !== config.vocabSize) {
    const problem = `expected ${config.vocabSize} tokens as ${CONFIG} says, found ${vocab.size}`;
    throw new FormatError(`${folder}/${VOCAB}`, problem);
  }
  const path = `${folder}/${TOKENIZER}`;
  const settings = await readJson(path);
  const { do_lower_case: lowercase = true, strip_accents: stripAccents = null } = settings;
  if (typeof lowercase !== "boolean" || ![true, false, null].includes(stripAccents as boolean)) {
    throw new FormatError(path, "expected do_lower_case and strip_accents to be true or false");
  }
  return new BertTokenizer(vocab, { lowercase, stripAccents: stripAccents as boolean | null });
}

/** Reads `config.json`; keys that are not a setting of `BertConfig` are passed over. */
async function loadConfig(path: string): Promise<BertConfig> {
  try {
    return configFromJson(await readJson(path));
  } catch (error) {
    if (error instanceof ConfigError) throw new FormatError(path, error.message);
    throw error;
  }
}

/** The fields of `BertConfig` and what `config.json` calls them. */
const KEYS: Readonly<Record<keyof BertConfig, string>> = {
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  intermediateSize: "intermediate_size",
  hiddenAct: "hidden_act",
  hiddenDropoutProb: "hidden_dropout_prob",
  attentionProbsDropoutProb: "attention_probs_dropout_prob",
  maxPositionEmbeddings: "max_position_embeddings",
  typeVocabSize: "type_vocab_size",
  initializerRange: "initializer_range",
  layerNormEps: "layer_norm_eps",
  padTokenId: "pad_token_id",
};

/** A configuration under the names that Hugging Face gives its fields. */
export function configToJson(config: BertConfig): Record<string, unknown> {
  const fields = Object.entries(config).map(([field, value]) => [
    KEYS[field as keyof BertConfig],
    value,
  ]);
  return {
    architectures: ["BertForPreTraining"],
    "model_type": "bert",
    ...Object.fromEntries(fields),
  };
}

/**
 * The inverse of `configToJson()`; other keys are passed over.
 *
 * @throws {ConfigError} If a field is missing or has a type or value that cannot work.
 */
export function configFromJson(json: Readonly<Record<string, unknown>>): BertConfig {
  const fields = Object.entries(KEYS).map(([field, key]) => {
    const expected: string = typeof BERT_DEFAULTS[field as keyof BertConfig];
    const found: string = typeof json[key];
    if (found !== expected) throw new ConfigError(key, json[key], `must be a ${expected}`);
    return [field, json[key]];
  });
  return checkBertConfig(Object.fromEntries(fields));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readFile(path));
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new FormatError(path, `expected JSON, found: ${(error as Error).message}`);
  }
  throw new FormatError(path, "expected a JSON object");
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new FormatError(path, "there is no such file: is this a folder made by saveModel()?");
  }
}
