/**
 * A classifier and its tokenizer in one folder, in the format of `BertForSequenceClassification` of
 * transformers, which can read what is saved here and the other way round.
 */
import { checkArguments, checkPath, TEXT } from "../checks.ts";
import type { BertModel } from "../model/bert.ts";
import type { TextClasses } from "../model/classes_json.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { CLASSIFIER } from "../training/argument_kinds.ts";
import { BertClassifier } from "./classifier.ts";
import {
  classesOf,
  openClassifier,
  type SaveClassifierOptions,
  withHead,
  writeClassifier,
} from "./classifier_files.ts";

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
  await writeClassifier("saveClassifier()", folder, model, tokenizer, options);
}

/**
 * Loads a classifier that `saveClassifier()` saved, or a BERT that was fine-tuned as a classifier in
 * Python.
 *
 * @throws {FormatError} If a file is missing or cannot be read, or the folder does not hold a
 * classifier of texts.
 * @throws {TypeError} If `folder` is not a text.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertClassifier } from "bert/use/classifier.ts";
 * import { loadClassifier, saveClassifier } from "bert/use/classifier_folder.ts";
 * import { classify } from "bert/use/classify.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const own = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const trained = new BertClassifier(bertConfig("smoke", { vocabSize: 7 }), { classes: 2, seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveClassifier(folder, trained, own);
 * const { model, tokenizer } = await loadClassifier(folder);
 * deepStrictEqual(await classify(model, tokenizer, "sea"), await classify(trained, own, "sea"));
 * model.dispose();
 * trained.dispose();
 * ```
 */
export async function loadClassifier(folder: string): Promise<LoadedClassifier> {
  checkPath("loadClassifier(folder)", "folder", folder);
  const classes = await classesOf("texts", folder);
  const opened = await openClassifier(folder, (bert) => classifierOn(bert, folder, classes));
  return { ...opened, labels: classes.labels };
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
  classes: TextClasses,
): Promise<BertClassifier> {
  const weights = await withHead(bert, folder, classes);
  const { labels, pooling, shares } = classes;
  return new BertClassifier(bert.config, { classes: labels.length, weights, pooling, shares });
}
