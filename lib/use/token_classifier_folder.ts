/**
 * A classifier of words and its tokenizer in one folder, in the format of
 * `BertForTokenClassification` of transformers, which can read what is saved here and the other way
 * round.
 */
import { checkArguments, checkPath, TEXT } from "../checks.ts";
import type { BertModel } from "../model/bert.ts";
import type { WordClasses } from "../model/classes_json.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { TOKEN_CLASSIFIER } from "../training/argument_kinds.ts";
import {
  classesOf,
  openClassifier,
  type SaveClassifierOptions,
  withHead,
  writeClassifier,
} from "./classifier_files.ts";
import { BertTokenClassifier } from "./token_classifier.ts";

/** A classifier of words from a folder. */
export interface LoadedTokenClassifier {
  /** The classifier, which the caller disposes of. */
  readonly model: BertTokenClassifier;
  /** The tokenizer that goes with it. */
  readonly tokenizer: BertTokenizer;
  /** The names of its classes, in their order. */
  readonly labels: readonly string[];
}

/**
 * Saves a classifier of words and its tokenizer, all files or none, as `saveModel()` does.
 *
 * @throws {ConfigError} If model and tokenizer do not belong together, an option cannot work, or a
 * weight is NaN or infinite. The older files are kept.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { loadTokenClassifier, saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome"]));
 * const config = bertConfig("smoke", { vocabSize: 7 });
 * const model = new BertTokenClassifier(config, { classes: 2, seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveTokenClassifier(folder, model, tokenizer, { labels: ["O", "PLACE"] });
 * deepStrictEqual((await loadTokenClassifier(folder)).labels, ["O", "PLACE"]);
 * ```
 */
export async function saveTokenClassifier(
  folder: string,
  model: BertTokenClassifier,
  tokenizer: BertTokenizer,
  options: SaveClassifierOptions = {},
): Promise<void> {
  checkArguments("saveTokenClassifier(folder, model, tokenizer)", [
    ["folder", folder, TEXT],
    ["model", model, TOKEN_CLASSIFIER],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  const { config, classes, weights, pooling } = model;
  const parts = { config, classes, weights, pooling, shares: "softmax" } as const;
  await writeClassifier("saveTokenClassifier()", folder, parts, tokenizer, options);
}

/**
 * Loads a classifier of words that `saveTokenClassifier()` saved, or a BERT that was fine-tuned as one
 * in Python.
 *
 * @throws {FormatError} If a file is missing or cannot be read, or the folder does not hold a
 * classifier of words.
 * @throws {TypeError} If `folder` is not a text.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { loadTokenClassifier, saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const own = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome"]));
 * const config = bertConfig("smoke", { vocabSize: 7 });
 * const trained = new BertTokenClassifier(config, { classes: 2, seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveTokenClassifier(folder, trained, own);
 * const { model, labels } = await loadTokenClassifier(folder);
 * deepStrictEqual(labels, ["LABEL_0", "LABEL_1"]); // it was saved without names
 * model.dispose();
 * trained.dispose();
 * ```
 */
export async function loadTokenClassifier(folder: string): Promise<LoadedTokenClassifier> {
  checkPath("loadTokenClassifier(folder)", "folder", folder);
  const classes = await classesOf("words", folder);
  const opened = await openClassifier(folder, (bert) => tokenClassifierOn(bert, folder, classes));
  return { ...opened, labels: classes.labels };
}

/**
 * Reads the head in a folder and joins it to a backbone that was read already. The classifier takes
 * ownership of both.
 *
 * @throws {FormatError} If a weight of the head is missing or has another shape.
 */
export async function tokenClassifierOn(
  bert: BertModel,
  folder: string,
  classes: WordClasses,
): Promise<BertTokenClassifier> {
  const weights = await withHead(bert, folder, classes);
  return new BertTokenClassifier(bert.config, { classes: classes.labels.length, weights });
}
