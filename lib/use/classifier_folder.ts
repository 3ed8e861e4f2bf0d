/**
 * A classifier and its tokenizer in one folder, in the format of `BertForSequenceClassification` of
 * transformers, which can read what is saved here and the other way round.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, checkOptions, TEXT } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { savedPath, saveFolder } from "../files/save_folder.ts";
import { writeJson } from "../files/json.ts";
import type { SavedDtype } from "../files/safetensors.ts";
import { BertModel } from "../model/bert.ts";
import {
  type Classes,
  classesFromJson,
  classesToJson,
  classLabels,
} from "../model/classes_json.ts";
import { CONFIG_FILE, readConfigJson } from "../model/config_json.ts";
import { checkVocabulary } from "../model/folder.ts";
import { StoredWeights } from "../model/sharded_weights.ts";
import { configFields, modelFiles, readWeights } from "../model/weights_file.ts";
import { OBSOLETE_FILES, tokenizerFiles } from "../tokenizer/tokenizer_folder.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { CLASSIFIER } from "../training/argument_kinds.ts";
import { BertClassifier, classifierShapes } from "./classifier.ts";

/** Options of `saveClassifier()`. */
export interface SaveClassifierOptions {
  /** The names of the classes, in their order. Default: `LABEL_0` and so on. */
  readonly labels?: readonly string[];
  /** The number format of the saved weights, as in `saveModel()`. Default `"float32"`. */
  readonly dtype?: SavedDtype;
}

/** A classifier from a folder. */
export interface LoadedClassifier {
  /** The classifier, which the caller disposes of. */
  readonly model: BertClassifier;
  /** The tokenizer that goes with it. */
  readonly tokenizer: BertTokenizer;
  /** The names of its classes, in their order. */
  readonly labels: readonly string[];
}

/**
 * Saves a classifier and its tokenizer, all files or none, as `saveModel()` does.
 *
 * A classifier with mean pooling has no pooler. Transformers has no such model: it warns that the
 * pooler is missing and fills it with random weights. This library and the ONNX files compute the
 * mean, as in training.
 *
 * @throws {ConfigError} If model and tokenizer do not belong together, an option cannot work, or a
 * weight is NaN or infinite. The older files are kept.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { loadClassifier, saveClassifier } from "bert/use/classifier_folder.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const model = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveClassifier(folder, model, tokenizer, { labels: ["wet", "dry"] });
 * deepStrictEqual((await loadClassifier(folder)).labels, ["wet", "dry"]);
 * ```
 */
export async function saveClassifier(
  folder: string,
  model: BertClassifier,
  tokenizer: BertTokenizer,
  options: SaveClassifierOptions = {},
): Promise<void> {
  checkArguments("saveClassifier(folder, model, tokenizer)", [
    ["folder", folder, TEXT],
    ["model", model, CLASSIFIER],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  checkOptions("saveClassifier()", options, ["labels", "dtype"]);
  checkVocabulary(model.config, tokenizer);
  const { config, weights, shares, pooling } = model;
  const labels = classLabels(model.classes, options.labels);
  const classes = classesToJson({ labels, shares, pooling });
  await saveFolder(folder, {
    ...tokenizerFiles(tokenizer, config.maxPositionEmbeddings),
    ...modelFiles(config, weights, options.dtype),
    [CONFIG_FILE]: async (path) =>
      writeJson(path, { ...await configFields(config, weights, options.dtype), ...classes }),
  }, OBSOLETE_FILES);
}

/**
 * Loads a classifier that `saveClassifier()` saved, or a BERT that was fine-tuned as a classifier in
 * Python.
 *
 * @throws {FormatError} If a file is missing or cannot be read, or the folder does not hold a
 * classifier of texts.
 * @throws {TypeError} If `folder` is not a text.
 */
export async function loadClassifier(folder: string): Promise<LoadedClassifier> {
  checkArguments("loadClassifier(folder)", [["folder", folder, TEXT]]);
  const classes = await readClasses(folder);
  if (!classes) {
    const problem = "expected a classifier of texts (BertForSequenceClassification)";
    throw new FormatError(folder, `${problem}, found another model: open it with loadModel()`);
  }
  const tokenizer = await BertTokenizer.fromPretrained(folder);
  const bert = await BertModel.fromPretrained(folder);
  try {
    checkVocabulary(bert.config, tokenizer);
    const model = await classifierOn(bert, folder, classes);
    return { model, tokenizer, labels: classes.labels };
  } catch (error) {
    tf.dispose([...bert.weights.values()]);
    throw error instanceof ConfigError ? new FormatError(folder, error.message) : error;
  }
}

/**
 * Reads the head in a folder and joins it to a backbone that was read already. The classifier takes
 * ownership of both.
 *
 * @throws {FormatError} If a weight of the head is missing or has another shape.
 */
export async function classifierOn(
  bert: BertModel,
  folder: string,
  { labels, pooling, shares }: Classes,
): Promise<BertClassifier> {
  const shapes = classifierShapes(bert.config, labels.length, pooling);
  const { weights: head } = await readWeights(folder, bert.config, shapes);
  const weights = new Map([...bert.weights, ...head]);
  return new BertClassifier(bert.config, { classes: labels.length, weights, pooling, shares });
}

/** Architectures that also have a `classifier.weight`, but classify words or answers. */
const OTHER_HEADS = /ForTokenClassification|ForMultipleChoice/;

/**
 * Reads the classes of a folder's classifier; undefined if the folder does not hold a classifier of
 * texts.
 *
 * @throws {FormatError} If a file is missing or cannot be read, or `config.json` has an impossible
 * value.
 */
export async function readClasses(folder: string): Promise<Classes | undefined> {
  const json = await readConfigJson(folder);
  using stored = await StoredWeights.open(folder);
  if (!stored.has("classifier.weight") || !stored.has("classifier.bias")) return undefined;
  if (OTHER_HEADS.test(String(json["architectures"]))) return undefined;
  try {
    return classesFromJson(json, stored.shapeOf("classifier.bias")[0]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new FormatError(await savedPath(folder, CONFIG_FILE), error.message);
  }
}
