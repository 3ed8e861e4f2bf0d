/** What the folders of both kinds of classifiers have in common: how they are written and read. */
import * as tf from "@tensorflow/tfjs";
import type { BertConfig } from "../config.ts";
import { checkOptions } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { savedPath, saveFolder } from "../files/save_folder.ts";
import { writeJson } from "../files/json.ts";
import type { SavedDtype } from "../files/safetensors.ts";
import { BertModel } from "../model/bert.ts";
import {
  type Classes,
  classesFromJson,
  classesToJson,
  classifierKind,
  classLabels,
  OPENED_WITH,
  type TextClasses,
  type WordClasses,
} from "../model/classes_json.ts";
import { CONFIG_FILE, readConfig, readConfigJson } from "../model/config_json.ts";
import { checkVocabulary } from "../model/folder.ts";
import { StoredWeights } from "../model/sharded_weights.ts";
import type { Weights } from "../model/weights.ts";
import { configFields, modelFiles, readWeights } from "../model/weights_file.ts";
import { OBSOLETE_FILES, tokenizerFiles } from "../tokenizer/tokenizer_folder.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { classifierShapes } from "./classifier.ts";

/** Options of `saveClassifier()` and `saveTokenClassifier()`. */
export interface SaveClassifierOptions {
  /** The names of the classes, in their order. Default: `LABEL_0` and so on. */
  readonly labels?: readonly string[];
  /** The number format of the saved weights, as in `saveModel()`. Default `"float32"`. */
  readonly dtype?: SavedDtype;
}

/** A classifier whose arguments were checked. */
export type SavableClassifier = Omit<Classes, "labels"> & {
  readonly config: BertConfig;
  readonly classes: number;
  readonly weights: Weights;
};

/**
 * Writes a classifier and its tokenizer, all files or none.
 *
 * @param what The function that saves, as in `"saveClassifier()"`.
 * @throws {ConfigError} If model and tokenizer do not belong together, an option cannot work, or a
 * weight is NaN or infinite. The older files are kept.
 */
export async function writeClassifier(
  what: string,
  folder: string,
  { config, classes, weights, shares, pooling }: SavableClassifier,
  tokenizer: BertTokenizer,
  options: SaveClassifierOptions,
): Promise<void> {
  checkOptions(what, options, ["labels", "dtype"]);
  checkVocabulary(config, tokenizer);
  const labels = classLabels(classes, options.labels);
  const fields = classesToJson({ labels, shares, pooling });
  await saveFolder(folder, {
    ...tokenizerFiles(tokenizer, config.maxPositionEmbeddings),
    ...modelFiles(config, weights, options.dtype),
    [CONFIG_FILE]: async (path) =>
      writeJson(path, { ...await configFields(config, weights, options.dtype), ...fields }),
  }, OBSOLETE_FILES);
}

/**
 * Reads the classes of a folder's classifier; undefined if the folder does not hold a classifier of
 * texts or of words.
 *
 * @throws {FormatError} If a file is missing or cannot be read, or `config.json` has an impossible
 * value.
 */
export async function readClasses(
  folder: string,
): Promise<TextClasses | WordClasses | undefined> {
  await readConfig(folder); // refuses other architectures, which no function here opens
  const json = await readConfigJson(folder);
  using stored = await StoredWeights.open(folder);
  const kind = classifierKind(json, stored);
  if (kind === undefined) return undefined;
  try {
    return classesFromJson(json, stored.shapeOf("classifier.bias")[0], kind);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new FormatError(await savedPath(folder, CONFIG_FILE), error.message);
  }
}

/** The classifiers by what they classify, with their name in transformers. */
const NAMES = {
  texts: "a classifier of texts (BertForSequenceClassification)",
  words: "a classifier of words (BertForTokenClassification)",
};

/** The classes of either kind of classifier. */
export interface ClassesOf {
  /** Of a classifier of texts. */
  readonly texts: TextClasses;
  /** Of a classifier of words. */
  readonly words: WordClasses;
}

/**
 * Reads the classes of a folder that must hold a certain kind of classifier.
 *
 * @throws {FormatError} If it holds another model, whose function the message names, or a file cannot
 * be read.
 */
export async function classesOf<K extends keyof ClassesOf>(
  kind: K,
  folder: string,
): Promise<ClassesOf[K]> {
  const classes = await readClasses(folder);
  const found = classes && (classes.pooling === "none" ? "words" : "texts");
  if (found === kind) return classes as ClassesOf[K];
  const other = found
    ? `a classifier of ${found}: open it with ${OPENED_WITH[found]}`
    : "another model: open it with loadModel()";
  throw new FormatError(folder, `expected ${NAMES[kind]}, found ${other}`);
}

/**
 * Reads backbone and tokenizer of a folder, and joins the head to them.
 *
 * @param join Makes the classifier, which takes ownership of the backbone.
 * @throws {FormatError} If a file is missing or cannot be read, or the files do not belong together.
 */
export async function openClassifier<Model>(
  folder: string,
  join: (bert: BertModel) => Promise<Model>,
): Promise<{ model: Model; tokenizer: BertTokenizer }> {
  const tokenizer = await BertTokenizer.fromPretrained(folder);
  const bert = await BertModel.fromPretrained(folder);
  try {
    checkVocabulary(bert.config, tokenizer);
    return { model: await join(bert), tokenizer };
  } catch (error) {
    tf.dispose([...bert.weights.values()]);
    throw error instanceof ConfigError ? new FormatError(folder, error.message) : error;
  }
}

/**
 * The weights of a backbone, and those of the head that a folder has for it.
 *
 * @throws {FormatError} If a weight of the head is missing or has another shape.
 */
export async function withHead(
  { config, weights }: BertModel,
  folder: string,
  { labels, pooling }: Classes,
): Promise<Weights> {
  const shapes = classifierShapes(config, labels.length, pooling);
  const { weights: head } = await readWeights(folder, config, shapes);
  return new Map([...weights, ...head]);
}
