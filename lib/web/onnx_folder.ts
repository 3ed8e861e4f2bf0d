/**
 * Saving a model in a folder for transformers.js and optimum, with ONNX files beside those of the
 * tokenizer.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkOptions,
  checkSwitches,
  checkWhole,
  having,
  TEXT,
} from "../checks.ts";
import type { BertConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import type { HostTensor } from "../files/safetensors.ts";
import { type FileWriter, saveFolder } from "../files/save_folder.ts";
import { writeJson } from "../files/json.ts";
import {
  classesToJson,
  type ClassifierPooling,
  classLabels,
  type Shares,
} from "../model/classes_json.ts";
import { CONFIG_FILE, configToJson } from "../model/config_json.ts";
import { checkVocabulary } from "../model/folder.ts";
import { architectureOf } from "../model/transformers_names.ts";
import { modelFiles } from "../model/weights_file.ts";
import { OBSOLETE_FILES, tokenizerFiles } from "../tokenizer/tokenizer_folder.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import { bertGraph, type Pooling } from "./bert_onnx.ts";
import type { Dtype } from "./onnx_weights.ts";

/** The names of the files under `onnx/`, by the `dtype` of transformers.js. */
export const ONNX_FILES: Readonly<Record<Dtype, string>> = {
  fp32: "model.onnx",
  fp16: "model_fp16.onnx",
  q8: "model_quantized.onnx",
};

const DTYPES = Object.keys(ONNX_FILES) as Dtype[];

/**
 * A model to write: a `BertPretrainHead`, `BertModel`, `BertClassifier` or `BertTokenClassifier`, or a
 * copy of its weights.
 */
export interface OnnxModel {
  /** The sizes of the model. */
  readonly config: BertConfig;
  /** The weights by the names of `model/weights.ts`. The names decide which heads the model has. */
  readonly weights: ReadonlyMap<string, tf.Variable | HostTensor>;
  /** The input of a classifier: the vector of `[CLS]`, the mean of all tokens, or each token's own. */
  readonly pooling?: ClassifierPooling;
  /** How a classifier's scores become probabilities. */
  readonly shares?: Shares;
}

/** Options of `saveOnnx()`. */
export interface OnnxOptions {
  /**
   * Which files to write: `"fp32"` with unrounded weights, `"fp16"` of half the size, `"q8"` of a quarter.
   * Default: all three.
   */
  readonly dtypes?: readonly Dtype[];
  /** For an encoder: a second output `sentence_embedding` [B, H], one vector for each text. */
  readonly sentence?: Pooling;
  /** The number of tokens to which the tokenizer cuts texts, at least 3. Default: the model's positions. */
  readonly maxLength?: number;
  /** For a classifier: the names of its classes, in their order; `LABEL_0` and so on by default. */
  readonly labels?: readonly string[];
  /**
   * Whether to add outputs `attentions.0` and so on, [B, A, T, T], with the attention weights.
   * Default false.
   */
  readonly attentions?: boolean;
}

const MODEL = having("a model such as a BertPretrainHead", "config", "weights");

const CALL = "saveOnnx(model, tokenizer, folder)";

const OPTIONS = ["dtypes", "sentence", "maxLength", "labels", "attentions"];

/**
 * Writes a model into a folder for transformers.js, onnxruntime and optimum: `config.json`, the four
 * files of the tokenizer, and under `onnx/` the model itself. The folder may be the one of
 * `saveModel()`: its files stay, and Python reads them as before.
 *
 * Inputs are `input_ids`, `attention_mask` and `token_type_ids`, [B, T] of any B and T, with the segments
 * 0 and 1 as in transformers. A model with pre-training heads has the outputs `logits` [B, T, V] and
 * `seq_relationship_logits` [B, 2], a classifier of texts `logits` [B, C], one of words `logits`
 * [B, T, C], an encoder `last_hidden_state`.
 *
 * All files are replaced or none. Memory holds the model and two more tensors.
 *
 * @param model The model, whose heads decide the outputs. The caller disposes of it.
 * @throws {TypeError} If the arguments are in the wrong order.
 * @throws {ConfigError} If model and tokenizer do not belong together, an option cannot work, a weight
 * is NaN, infinite or too large for fp16, or a file would be longer than the 2 GiB that the format can
 * hold. Nothing is written then.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { saveOnnx } from "bert/web/onnx_folder.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveOnnx(model, tokenizer, folder);
 * ok((await Deno.stat(`${folder}/onnx/model_quantized.onnx`)).isFile);
 * ```
 *
 * Source: the layout of `optimum-cli export onnx` and of the models of transformers.js.
 */
export async function saveOnnx(
  model: OnnxModel,
  tokenizer: BertTokenizer,
  folder: string,
  options: OnnxOptions = {},
): Promise<void> {
  checkArguments(CALL, [
    ["model", model, MODEL],
    ["tokenizer", tokenizer, TOKENIZER],
    ["folder", folder, TEXT],
  ]);
  await saveFolder(folder, onnxFiles(model, tokenizer, options), OBSOLETE_FILES);
}

/**
 * The writers of the files of `saveOnnx()`, by name, for a folder that has other files as well.
 *
 * @throws {ConfigError} In the same cases as `saveOnnx()`.
 */
export function onnxFiles(
  model: OnnxModel,
  tokenizer: BertTokenizer,
  options: OnnxOptions = {},
): Record<string, (path: string) => Promise<void>> {
  checkOptions("saveOnnx()", options, OPTIONS);
  checkVocabulary(model.config, tokenizer);
  const most = model.config.maxPositionEmbeddings;
  const { dtypes = DTYPES, sentence, maxLength = most, attentions } = options;
  checkWhole("maxLength", maxLength, 3);
  if (maxLength > most) {
    throw new ConfigError("maxLength", maxLength, `must be at most ${most}, the model's positions`);
  }
  checkArguments(CALL, [["options.dtypes", dtypes, ARRAY]]);
  checkSwitches(options, ["attentions"]);
  for (const dtype of dtypes) checkChoice("dtypes", dtype, DTYPES);
  if (sentence) checkChoice("sentence.pooling", sentence.pooling, ["mean", "cls"]);
  const configFile = configWriter(model, options.labels);
  const graphs = dtypes.map((dtype): [string, FileWriter] => {
    const graph = bertGraph(model.config, model.weights, {
      dtype,
      sentence,
      attentions,
      classifierPooling: model.pooling,
    });
    return [`onnx/${ONNX_FILES[dtype]}`, async (path) => void await graph.write(path)];
  });
  return {
    ...Object.fromEntries(graphs),
    ...tokenizerFiles(tokenizer, maxLength),
    [CONFIG_FILE]: configFile,
  };
}

/** `config.json` of a model with these heads. */
function configWriter(
  { config, weights, pooling = "cls", shares = "softmax" }: OnnxModel,
  labels?: readonly string[],
): FileWriter {
  const classes = weights.get("classifier.bias")?.shape[0];
  if (classes !== undefined) {
    const named = classLabels(classes, labels);
    const fields = classesToJson({ labels: named, shares, pooling });
    const json = { ...configToJson(config), ...fields };
    return (path) => writeJson(path, json);
  }
  if (labels) {
    throw new ConfigError("labels", labels, "must be left out: the model is not a classifier");
  }
  if (weights.has("cls.seq_relationship.weight") && weights.has("cls.predictions.bias")) {
    return modelFiles(config, weights)[CONFIG_FILE];
  }
  const architectures = [architectureOf(weights)];
  return (path) => writeJson(path, { ...configToJson(config), architectures });
}
