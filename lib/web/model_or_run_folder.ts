/**
 * Opening any readable folder of a model, and finding out which heads it has. For the folder of a
 * run, its best model is opened.
 */
import { FormatError } from "../errors.ts";
import { isThere } from "../files/optional_file.ts";
import { savedPath } from "../files/save_folder.ts";
import type { BertModel, BertPretrainHead } from "../model/bert.ts";
import type { TextClasses, WordClasses } from "../model/classes_json.ts";
import { CONFIG_FILE, readConfigJson } from "../model/config_json.ts";
import { loadModel } from "../model/folder.ts";
import { StoredWeights } from "../model/sharded_weights.ts";
import type { Weights } from "../model/weights.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { BertClassifier } from "../use/classifier.ts";
import { readClasses } from "../use/classifier_files.ts";
import { classifierOn } from "../use/classifier_folder.ts";
import { type EmbeddingOptions, embeddingOptions } from "../use/sentence_embeddings.ts";
import type { BertTokenClassifier } from "../use/token_classifier.ts";
import { tokenClassifierOn } from "../use/token_classifier_folder.ts";
import type { Pooling } from "./bert_onnx.ts";
import type { OnnxModel } from "./onnx_folder.ts";

/** Which pre-training heads a folder has. */
export interface Heads {
  /** The masked-word head. */
  readonly words: boolean;
  /** The next-sentence head. */
  readonly pairs: boolean;
}

/** A model from any folder. */
export interface OpenedFolder extends Disposable {
  /** The folder of the model itself, which for a run is `best` or `final`. */
  readonly folder: string;
  /** The folder of the run, if it is one. */
  readonly run?: string;
  /** The model. Heads that the folder lacks have random weights; see `heads`. */
  readonly model: BertPretrainHead;
  /** The tokenizer beside it. */
  readonly tokenizer: BertTokenizer;
  /**
   * The pre-training heads that the folder has. Those of a classifier do not count: they belong to the
   * encoder as it was before it was fine-tuned, and ONNX files do not hold them.
   */
  readonly heads: Heads;
  /** The classifier, which shares the backbone of `model`; undefined if the folder has none. */
  readonly classifier?: BertClassifier | BertTokenClassifier;
  /** The names of the classifier's classes; none if the folder has no classifier. */
  readonly labels: readonly string[];
  /** The names of weights in the folder that belong to none of these, such as those of another head. */
  readonly others: readonly string[];
  /** Frees all weights. `using` does so at the end of a block. */
  dispose(): void;
}

/**
 * Opens the folder of a model or of a run. The caller disposes of the result.
 *
 * @throws {FormatError} If there is no model in it, or a file cannot be read.
 */
export async function openFolder(path: string): Promise<OpenedFolder> {
  const isRun = await isThere(`${path}/metrics.csv`);
  const folder = isRun ? await modelOfRun(path) : path;
  const { heads, names } = await headsIn(folder);
  const classes = await readClasses(folder);
  const { model, tokenizer } = await loadModel(folder, { seed: 0 });
  try {
    const classifier = classes && await anyClassifierOn(model.bert, folder, classes);
    const dispose = () => {
      classifier?.dispose();
      model.dispose();
    };
    return {
      folder,
      ...(isRun && { run: path }),
      model,
      tokenizer,
      heads: classes ? { words: false, pairs: false } : heads,
      classifier,
      labels: classes?.labels ?? [],
      others: names.filter((name) =>
        !(classes ? /^(bert|classifier)\./ : /^(bert|cls)\./).test(name)
      ),
      dispose,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The classifier of a folder, on a backbone that was read already. */
function anyClassifierOn(
  bert: BertModel,
  folder: string,
  classes: TextClasses | WordClasses,
): Promise<BertClassifier | BertTokenClassifier> {
  return classes.pooling === "none"
    ? tokenClassifierOn(bert, folder, classes)
    : classifierOn(bert, folder, classes);
}

/**
 * The folder of a run's best model: `best`, which has the lowest held-out loss, or `final` if the run was
 * never evaluated.
 */
async function modelOfRun(path: string): Promise<string> {
  for (const name of ["best", "final"]) {
    if (await isThere(await savedPath(`${path}/${name}`, CONFIG_FILE))) return `${path}/${name}`;
  }
  const problem =
    "the run has no model yet, neither best nor final: wait for its first evaluation, or go on with it by --resume";
  throw new FormatError(path, problem);
}

/** The pre-training heads of a folder, and the names of all of its weights. */
async function headsIn(folder: string): Promise<{ heads: Heads; names: readonly string[] }> {
  await readConfigJson(folder); // its error says what the folder is, if it is not that of a model
  using stored = await StoredWeights.open(folder);
  const heads = {
    words: stored.has("cls.predictions.bias"),
    pairs: stored.has("cls.seq_relationship.weight"),
  };
  return { heads, names: [...stored.names] };
}

/** The arguments of `saveOnnx()` for an opened folder, and a description of the model in words. */
export interface OnnxParts {
  /** The weights, with the heads that the folder has. */
  readonly model: OnnxModel;
  /** The names of a classifier's classes. */
  readonly labels?: readonly string[];
  /** How the vectors of an encoder's tokens are pooled. */
  readonly sentence?: Pooling;
  /** The most tokens of a text, if a sentence model takes fewer than it has positions. */
  readonly maxLength?: number;
  /** What the model does, as in "fills blanks, judges pairs of sentences". */
  readonly does: string;
  /** Steps of a sentence model that ONNX cannot represent, each with what to do instead. */
  readonly lacks: readonly string[];
}

/**
 * Returns the model of a folder, with only the heads that the folder has, for `saveOnnx()`.
 *
 * @throws {FormatError} If a file of a sentence model cannot be read.
 */
export async function onnxParts(
  { folder, model, tokenizer, heads, classifier, labels }: OpenedFolder,
): Promise<OnnxParts> {
  const { config } = model;
  if (classifier) {
    const what = classifier.pooling === "none" ? "word" : "text";
    const { length } = labels;
    const does = length === 1
      ? `gives each ${what} a score`
      : `classifies ${what}s: ${length} classes`;
    return { model: classifier, labels, does, lacks: [] };
  }
  const weights: Weights = new Map([
    ...model.bert.weights,
    ...(heads.pairs ? model.nsp.weights : []),
    ...(heads.words ? model.mlm.weights : []),
  ]);
  if (heads.words || heads.pairs) {
    const does = [heads.words && "fills blanks", heads.pairs && "judges pairs of sentences"];
    return {
      model: { config, weights },
      does: does.filter(Boolean).join(", "),
      lacks: await isThere(`${folder}/modules.json`)
        ? [
          "Not in these files: the vectors of texts that modules.json asks for, as the model has heads",
        ]
        : [],
    };
  }
  const options = await embeddingOptions(folder);
  const { pooling = "mean", normalize = false, maxLength } = options;
  const does = `gives vectors: of tokens, and of texts (${pooling}${
    normalize ? ", length 1" : ""
  })`;
  return {
    model: { config, weights },
    sentence: { pooling, normalize },
    maxLength,
    does,
    lacks: lacksOf(options, tokenizer),
  };
}

/**
 * The steps of a sentence model that its ONNX file does not contain: those before the tokenizer, and those
 * that depend on the end of the prompt.
 */
function lacksOf(
  { prompt, includePrompt, lowercase }: EmbeddingOptions,
  tokenizer: BertTokenizer,
): string[] {
  const lacks: string[] = [];
  if (lowercase && !tokenizer.options.lowercase) {
    lacks.push("Not in these files: the lower-casing of texts. Lower-case each text yourself");
  }
  if (prompt === undefined) return lacks;
  const put = `put ${JSON.stringify(prompt)} before each text yourself`;
  lacks.push(`Not in these files: the prompt of the folder. To have its vectors, ${put}`);
  if (includePrompt === false) {
    lacks.push(
      "Not in these files: leaving the tokens of the prompt out of the vector (include_prompt is " +
        "false), so sentence_embedding differs: pool last_hidden_state after the prompt " +
        "yourself",
    );
  }
  return lacks;
}
