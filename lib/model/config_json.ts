/**
 * `config.json`: a model's configuration with the field names of transformers. Fields that would
 * change a result are read or refused by name; others are ignored.
 */
import { BERT_DEFAULTS, type BertConfig, checkBertConfig } from "../config.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { nearest } from "../nearest_name.ts";
import { missingFile } from "../files/foreign_formats.ts";
import { isRecord, readJsonIfThere } from "../files/json.ts";
import { savedPath } from "../files/save_folder.ts";
import { TIE_ADVICE } from "./transformers_names.ts";

/** The name of the file. */
export const CONFIG_FILE = "config.json";

/** The names in `config.json` of the fields of `BertConfig`. */
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

/**
 * Options that would make another model: the only value that is supported, and what to do about
 * others.
 */
const ONLY: Readonly<Record<string, readonly [value: string | boolean, advice: string]>> = {
  "model_type": ["bert", "other architectures are not supported"],
  "position_embedding_type": [
    "absolute",
    "relative positions, with which the model was trained, are not supported",
  ],
  "is_decoder": [
    false,
    "every token attends to all others here; if the weights are an encoder's, set it to false",
  ],
  "add_cross_attention": [false, "there is no second sequence to attend to here"],
  "is_encoder_decoder": [false, "there is no decoder here"],
  "tie_word_embeddings": [true, TIE_ADVICE],
};

/** A limit that refuses damaged files, as the names of all layers are made before weights are read. */
const MOST_LAYERS = 1000;

/**
 * A configuration as the fields of `config.json`. `type_vocab_size` is one less than `typeVocabSize`, as
 * the segment table of transformers has no row for padding.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { configToJson } from "bert/model/config_json.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(configToJson(bertConfig("tiny"))["num_hidden_layers"], 2);
 * ```
 */
export function configToJson(config: BertConfig): Record<string, unknown> {
  const fields = Object.entries({ ...config, typeVocabSize: config.typeVocabSize - 1 });
  return {
    architectures: ["BertForPreTraining"],
    "model_type": "bert",
    ...Object.fromEntries(fields.map(([field, value]) => [KEYS[field as keyof BertConfig], value])),
  };
}

/**
 * The inverse of `configToJson()`.
 *
 * A missing field has the same default as in transformers, that of BERT-Base.
 *
 * @throws {ConfigError} If a field has a type or value that cannot work, or an option makes another
 * model than the one here: a decoder, relative positions, untied embeddings, pruned heads, quantised weights.
 *
 * Source: `BertConfig` in transformers 5.
 *
 * @example
 * ```ts
 * import { configFromJson } from "bert/model/config_json.ts";
 * import { strictEqual, throws } from "node:assert";
 * strictEqual(configFromJson({ "hidden_size": 128, "num_attention_heads": 2 }).hiddenSize, 128);
 * throws(() => configFromJson({ "is_decoder": true }), /is_decoder = true: it must be false/);
 * ```
 */
export function configFromJson(json: Readonly<Record<string, unknown>>): BertConfig {
  for (const [key, [only, advice]] of Object.entries(ONLY)) {
    const found = json[key] ?? only;
    if (found !== only) throw new ConfigError(key, found, `must be ${only}: ${advice}`);
  }
  refusePruned(json["pruned_heads"]);
  if (isRecord(json["quantization_config"])) {
    const advice = "must not be there: save the model in full precision first";
    throw new ConfigError("quantization_config", json["quantization_config"], advice);
  }
  const layers = json["num_hidden_layers"];
  if (Number(layers) > MOST_LAYERS) {
    throw new ConfigError("num_hidden_layers", layers, `must be at most ${MOST_LAYERS}`);
  }
  const fields = Object.entries(KEYS).map(([field, key]) => [field, fieldFrom(json, key, field)]);
  return checkBertConfig(Object.fromEntries(fields));
}

/** The value of a field, or its default. `field` is its name here, `key` that in `config.json`. */
function fieldFrom(json: Readonly<Record<string, unknown>>, key: string, field: string): unknown {
  const standard = BERT_DEFAULTS[field as keyof BertConfig];
  const value = json[key];
  if (value === undefined || (value === null && field === "padTokenId")) return standard;
  if (typeof value !== typeof standard) {
    throw new ConfigError(key, value, `must be a ${typeof standard}`);
  }
  return field === "typeVocabSize" ? Number(value) + 1 : value;
}

function refusePruned(heads: unknown): void {
  if (!isRecord(heads) || Object.keys(heads).length === 0) return;
  throw new ConfigError("pruned_heads", heads, "must be empty: every layer here has all its heads");
}

/** Other fields that transformers writes; they are no misspelt names. */
const OTHERS = [
  "architectures",
  "attn_implementation",
  "bos_token_id",
  "chunk_size_feed_forward",
  "classifier_dropout",
  "cross_attention_hidden_size",
  "decoder_start_token_id",
  "directionality",
  "dtype",
  "eos_token_id",
  "finetuning_task",
  "gradient_checkpointing",
  "id2label",
  "label2id",
  "num_labels",
  "output_attentions",
  "output_hidden_states",
  "output_past",
  "pooler_fc_size",
  "pooler_num_attention_heads",
  "pooler_num_fc_layers",
  "pooler_size_per_head",
  "pooler_type",
  "problem_type",
  "quantization_config",
  "return_dict",
  "sep_token_id",
  "tokenizer_class",
  "torch_dtype",
  "torchscript",
  "transformers_version",
  "use_cache",
];

/**
 * Warnings about unknown fields of a `config.json` that look like a misspelt one.
 *
 * @example
 * ```ts
 * import { misspelt } from "bert/model/config_json.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(misspelt({ "hidden_sise": 64, "my_note": "x" }), [
 *   'config.json has "hidden_sise", which nothing reads: is it meant to be "hidden_size"?',
 * ]);
 * ```
 */
export function misspelt(json: Readonly<Record<string, unknown>>): string[] {
  const read = [...Object.values(KEYS), ...Object.keys(ONLY), "pruned_heads"];
  const known = [...read, ...OTHERS];
  return Object.keys(json).filter((key) => !known.includes(key)).flatMap((key) => {
    const near = nearest(key, known);
    if (near === undefined || !read.includes(near) || Object.hasOwn(json, near)) return [];
    return `${CONFIG_FILE} has "${key}", which nothing reads: is it meant to be "${near}"?`;
  });
}

/**
 * Reads the configuration of a folder.
 *
 * @throws {FormatError} If the file is missing or cannot be read; the message names it.
 */
export async function readConfig(folder: string): Promise<BertConfig> {
  const path = await savedPath(folder, CONFIG_FILE);
  const json = await readConfigJson(folder);
  try {
    return configFromJson(json);
  } catch (error) {
    if (error instanceof ConfigError) throw new FormatError(path, error.message);
    throw error;
  }
}

/**
 * Reads a folder's `config.json`.
 *
 * @throws {FormatError} If there is none; the message says what the folder holds instead.
 */
export async function readConfigJson(folder: string): Promise<Record<string, unknown>> {
  const json = await readJsonIfThere(await savedPath(folder, CONFIG_FILE));
  if (!json) throw await missingFile(folder, CONFIG_FILE);
  return json;
}
