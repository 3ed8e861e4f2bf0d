/**
 * A model and its tokenizer in one folder, in the format of transformers:
 * `BertForPreTraining.from_pretrained()` opens what is saved here, and a published BERT opens here.
 * Loaded weights equal the saved ones bit for bit, unless they were saved in a shorter type.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkArguments, checkOptions, checkPath, having, TEXT } from "../checks.ts";
import type { BertConfig } from "../config.ts";
import type { ClassifierPooling } from "./classes_json.ts";
import { CONFIG_FILE, readConfig } from "./config_json.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { saveFolder } from "../files/save_folder.ts";
import { modelFiles, readWeights, shapesIn } from "./weights_file.ts";
import { disposeWeights, type Weights, type WeightShapes } from "./weights.ts";
import { BertPretrainHead } from "./bert.ts";
import type { HostTensor, SavedDtype } from "../files/safetensors.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { OBSOLETE_FILES, tokenizerFiles } from "../tokenizer/tokenizer_folder.ts";
import { Vocab } from "../tokenizer/vocab.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** What can be saved: a model, or a copy of its weights, so that the model can change meanwhile. */
export interface SavableModel {
  /** Sizes and rates. */
  readonly config: BertConfig;
  /** The weights by name, on the backend or as values. */
  readonly weights: ReadonlyMap<string, tf.Variable | HostTensor>;
}

const MODEL = having("a model such as a BertPretrainHead", "config", "weights");

/** Options of `saveModel()`. */
export interface SaveOptions {
  /**
   * The type of the weights in the file: `"float32"`, the default, `"float16"` or `"bfloat16"`, which take
   * half the space and are rounded to nearest.
   */
  readonly dtype?: SavedDtype;
}

/**
 * Saves a model and its tokenizer into a folder, which is made if it does not exist.
 *
 * All files are replaced or none, even if the process is killed while saving: `loadModel()` finds the
 * older model or the new one. Other files in the folder are kept.
 *
 * @throws {ConfigError} If model and tokenizer do not belong together, before anything is written; an
 * option is unknown; or a weight is NaN, infinite, or too large for `dtype`. The older files are kept.
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {Error} If a file cannot be written; the message names it. The older files are kept.
 *
 * @example
 * ```ts
 * import { loadModel, saveModel } from "bert/model/folder.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
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
  model: SavableModel,
  tokenizer: BertTokenizer,
  options: SaveOptions = {},
): Promise<void> {
  checkArguments("saveModel(folder, model, tokenizer)", [
    ["folder", folder, TEXT],
    ["model", model, MODEL],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  checkOptions("saveModel()", options, ["dtype"]);
  const { dtype } = options;
  refuseClassifier(model);
  checkVocabulary(model.config, tokenizer);
  await saveFolder(folder, {
    ...tokenizerFiles(tokenizer, model.config.maxPositionEmbeddings),
    ...modelFiles(model.config, model.weights, dtype),
  }, OBSOLETE_FILES);
}

/** Throws `TypeError` if a model is a classifier, whose classes need a place, too. */
function refuseClassifier(
  { weights, pooling }: SavableModel & { readonly pooling?: ClassifierPooling },
): void {
  if (!weights.has("classifier.bias")) return;
  const right = pooling === "none" ? "saveTokenClassifier()" : "saveClassifier()";
  throw new TypeError(`Cannot save a classifier by saveModel(): save it by ${right}`);
}

/**
 * Throws `ConfigError` unless a model has exactly one row for each piece of a tokenizer's vocabulary.
 */
export function checkVocabulary({ vocabSize }: BertConfig, { vocab }: BertTokenizer): void {
  if (vocab.size === vocabSize) return;
  const advice = `must be the model's vocabSize, ${vocabSize}: save it with its own tokenizer`;
  throw new ConfigError("size of the tokenizer's vocabulary", vocab.size, advice);
}

/** The contents of a folder. */
export interface LoadedModel {
  /** The model, which the caller disposes of. */
  readonly model: BertPretrainHead;
  /** The tokenizer that goes with it. */
  readonly tokenizer: BertTokenizer;
  /**
   * Sentences about parts that were missing and replaced, or not used; empty for what `saveModel()`
   * saved.
   */
  readonly notes: readonly string[];
}

/**
 * Loads what `saveModel()` saved, or a published BERT.
 *
 * @param options `seed`: for the initial weights of heads that a published encoder lacks.
 * @throws {FormatError} If a file is missing or cannot be read, the files do not belong together, or
 * the folder holds another kind of model or tokenizer.
 * @throws {ConfigError} If an option is unknown.
 * @throws {TypeError} If `folder` is no text.
 *
 * @example
 * ```ts
 * import { loadModel, saveModel } from "bert/model/folder.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveModel(folder, model, tokenizer);
 * const loaded = await loadModel(folder);
 * deepStrictEqual(loaded.tokenizer.ids("Call me"), [5, 6]);
 * deepStrictEqual(loaded.notes, []); // nothing was missing
 * ```
 */
export async function loadModel(
  folder: string,
  options: { readonly seed?: number } = {},
): Promise<LoadedModel> {
  checkPath("loadModel(folder, options)", "folder", folder);
  checkOptions("loadModel()", options, ["seed"]);
  const tokenizer = await BertTokenizer.fromPretrained(folder);
  const model = await BertPretrainHead.fromPretrained(folder, options);
  try {
    const { config, ...agreed } = matched(model.config, tokenizer, folder);
    const { weights } = model;
    return {
      model: config === model.config
        ? model
        : new BertPretrainHead(config, { weights }, model.notes),
      tokenizer: agreed.tokenizer,
      notes: [...model.notes, ...agreed.notes],
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The contents of a folder, with no other weights than it has. */
export interface StoredModel {
  /** Sizes and rates. */
  readonly config: BertConfig;
  /** The weights by name, which the caller disposes of. */
  readonly weights: Weights;
  /** The tokenizer that goes with them. */
  readonly tokenizer: BertTokenizer;
  /** Sentences about parts that were replaced, or not used. */
  readonly notes: readonly string[];
}

/**
 * Loads the encoder of a folder with whatever heads are there, so that it can be saved as what it is:
 * `loadModel()` needs both heads of pre-training.
 *
 * @param shapesOf The names and shapes of the weights to read. Default: those of the encoder, and of
 * the heads of pre-training that the folder has.
 * @throws {FormatError} If a file is missing or cannot be read, or the files do not belong together.
 *
 * @example
 * ```ts
 * import { loadStored, saveModel } from "bert/model/folder.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertModel } from "bert/model/bert.ts";
 * import { disposeWeights } from "bert/model/weights.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea"]));
 * const encoder = new BertModel(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveModel(folder, encoder, tokenizer); // without heads
 * const { weights } = await loadStored(folder);
 * deepStrictEqual([...weights.keys()], [...encoder.weights.keys()]);
 * disposeWeights(weights);
 * encoder.dispose();
 * ```
 */
export async function loadStored(
  folder: string,
  shapesOf?: (config: BertConfig) => WeightShapes,
): Promise<StoredModel> {
  const tokenizer = await BertTokenizer.fromPretrained(folder);
  const config = await readConfig(folder);
  const shapes = shapesOf ? shapesOf(config) : await shapesIn(folder, config);
  const { weights, notes } = await readWeights(folder, config, shapes);
  try {
    const agreed = matched(config, tokenizer, folder);
    return { ...agreed, weights, notes: [...notes, ...agreed.notes] };
  } catch (error) {
    disposeWeights(weights);
    throw error;
  }
}

/**
 * Makes configuration and tokenizer agree about the number of rows of the word table and about the id
 * of padding.
 */
function matched(config: BertConfig, tokenizer: BertTokenizer, folder: string) {
  const spare = config.vocabSize - tokenizer.vocab.size;
  if (spare < 0) {
    const problem = `expected ${config.vocabSize} tokens as ${CONFIG_FILE} says`;
    const found = `found ${tokenizer.vocab.size}: are both files from the same model?`;
    throw new FormatError(`${folder}/vocab.txt`, `${problem}, ${found}`);
  }
  const named = withSpareNames(tokenizer, spare, `${folder}/vocab.txt`);
  const padded = withPadding(config, tokenizer.vocab);
  const notes = [...named.notes, ...padded.notes];
  return { config: padded.config, tokenizer: named.tokenizer, notes };
}

/**
 * Gives names to rows beyond the vocabulary, which some models have to reach a round number. They
 * never occur in a text.
 */
function withSpareNames(tokenizer: BertTokenizer, spare: number, path: string) {
  if (spare === 0) return { tokenizer, notes: [] };
  const { vocab } = tokenizer;
  const names = Array.from({ length: spare }, (_, i) => `[spare${vocab.size + i}]`);
  const grown = vocab.withSpares(names, path);
  const notes = [
    `The model has ${spare} rows beyond its vocabulary: they are named ${names[0]} and so on`,
  ];
  return { tokenizer: tokenizer.withVocab(grown), notes };
}

/** Sets the id of padding to that of the vocabulary. It only affects the attention mask. */
function withPadding(config: BertConfig, { padId: padTokenId }: Vocab) {
  if (config.padTokenId === padTokenId) return { config, notes: [] };
  const notes = [
    `${CONFIG_FILE} says that padding is token ${config.padTokenId}: [PAD] of the vocabulary, ` +
    `token ${padTokenId}, is used instead`,
  ];
  return { config: { ...config, padTokenId }, notes };
}
