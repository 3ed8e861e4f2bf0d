// deno-lint-ignore-file no-console -- the task prints what it did
/**
 * `deno task convert`: reads the folder of a model and writes it in the present format of transformers,
 * or as ONNX.
 */
import { useBackend } from "../backend/choose.ts";
import { checkChoice, checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { isThere } from "../files/optional_file.ts";
import { several } from "../format.ts";
import {
  classifierArchitecture,
  type TextClasses,
  type WordClasses,
} from "../model/classes_json.ts";
import {
  loadModel,
  loadStored,
  saveModel,
  type SaveOptions,
  type StoredModel,
} from "../model/folder.ts";
import { architectureOf } from "../model/transformers_names.ts";
import { backboneShapes, disposeWeights } from "../model/weights.ts";
import { SAVED_DTYPES } from "../model/weights_file.ts";
import { classifierShapes } from "../use/classifier.ts";
import { readClasses, writeClassifier } from "../use/classifier_files.ts";
import { convertToOnnx } from "../web/onnx_convert.ts";
import { ONNX_FILES } from "../web/onnx_folder.ts";
import type { Dtype } from "../web/onnx_weights.ts";
import { readArguments, readWhole } from "./simple_options.ts";
import { checkEmpty } from "./out_folder.ts";

/**
 * Reads a model and its tokenizer and writes them into another folder: one `model.safetensors` with the
 * present names of weights, and the four files of a tokenizer, whatever files they were read from. An
 * encoder remains an encoder, and a classifier a classifier with the same classes.
 *
 * @param options `seed`: to make a pre-training model of one that lacks some of its heads, which begin
 * with random weights then. `replace`: whether to replace a model in the other folder, default false.
 * `dtype`: the type of the written weights, default `"float32"`.
 * @returns Lines that say which model it is, what was missing or not used, and what was written.
 * @throws {FormatError} If the folder cannot be read; nothing is written then.
 * @throws {ConfigError} If the other folder has files and `replace` is not set, or a classifier is given
 * a seed.
 *
 * @example
 * ```ts
 * import { saveModel } from "bert/model/folder.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { convertFolder } from "bert/cli/convert.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const from = await Deno.makeTempDir();
 * const to = await Deno.makeTempDir();
 * await saveModel(from, model, tokenizer);
 * ok((await convertFolder(from, to))[0].includes("7 pieces"));
 * ```
 */
export async function convertFolder(
  from: string,
  to: string,
  options: { readonly seed?: number; readonly replace?: boolean } & SaveOptions = {},
): Promise<string[]> {
  checkOptions("convertFolder()", options, ["seed", "replace", "dtype"]);
  const { seed, replace = false, dtype } = options;
  if (!replace) await checkEmpty("OUT", to);
  const classes = await readClasses(from);
  if (classes && seed !== undefined) {
    const advice = "must be left out: IN is a classifier, and is written as one";
    throw new ConfigError("--seed", seed, advice);
  }
  const stored = classes ? await loadClassified(from, classes) : await loadPretrained(from, seed);
  const { config, weights, tokenizer, notes } = stored;
  try {
    await save(to, stored, classes, { dtype });
    const { numHiddenLayers, hiddenSize, numAttentionHeads, hiddenAct } = config;
    const numbers = [...weights.values()].reduce((sum, { size }) => sum + size, 0);
    return [
      `${
        several(numHiddenLayers, "layer")
      }, ${hiddenSize} wide, ${numAttentionHeads} heads, ${hiddenAct}; ` +
      `${tokenizer.vocab.size} pieces; ${(numbers / 1e6).toFixed(2)} million weights`,
      ...notes,
      ...await lostPooling(from, to),
      `Written to ${to}. ${inPython(to, stored, classes)}`,
    ];
  } finally {
    disposeWeights(weights);
  }
}

type AnyClasses = TextClasses | WordClasses;

/** Loads the encoder of a classifier and its head. */
function loadClassified(folder: string, { labels, pooling }: AnyClasses): Promise<StoredModel> {
  return loadStored(folder, (config) =>
    new Map([
      ...backboneShapes(config),
      ...classifierShapes(config, labels.length, pooling),
    ]));
}

/** Loads an encoder with the heads that it has; with a seed, with both heads of pre-training. */
async function loadPretrained(folder: string, seed: number | undefined): Promise<StoredModel> {
  if (seed === undefined) return await loadStored(folder);
  const { model, ...others } = await loadModel(folder, { seed });
  return { config: model.config, weights: model.weights, ...others };
}

async function save(
  folder: string,
  { config, weights, tokenizer }: StoredModel,
  classes: AnyClasses | undefined,
  { dtype }: SaveOptions,
): Promise<void> {
  if (!classes) return await saveModel(folder, { config, weights }, tokenizer, { dtype });
  const { labels, shares, pooling } = classes;
  const parts = { config, weights, shares, pooling, classes: labels.length };
  await writeClassifier("convertFolder()", folder, parts, tokenizer, { labels, dtype });
}

/** The note that the pooling of a sentence model is not written; none if the model has no such file. */
async function lostPooling(from: string, to: string): Promise<string[]> {
  if (!await isThere(`${from}/modules.json`) || await isThere(`${to}/modules.json`)) return [];
  const fix = "copy it, the folders that it names and the JSON files of sentence-transformers";
  return [`Not written: modules.json, which says how texts become vectors: ${fix}`];
}

/** How the written folder is opened in Python. */
function inPython(
  folder: string,
  { weights }: StoredModel,
  classes: AnyClasses | undefined,
): string {
  if (classes?.pooling === "mean") {
    return "Python has no class for it, as it pools by the mean: open it by loadClassifier()";
  }
  const name = classes ? classifierArchitecture(classes) : architectureOf(weights);
  const isBare = name === "BertModel" && !weights.has("bert.pooler.dense.weight");
  const more = isBare ? ", add_pooling_layer=False" : ""; // a random pooler otherwise
  return `In Python: ${name}.from_pretrained(${JSON.stringify(folder)}${more})`;
}

const CONVERT_HELP =
  `Reads a model's folder and writes it in the present format of transformers, or as ONNX.

  deno task convert IN OUT                sharded, float16, bfloat16, older names: all become one float32 file
  deno task convert IN OUT --seed 1       a pre-training model: heads that IN does not have are random
  deno task convert IN OUT --dtype bfloat16    weights of half the size: bfloat16 or float16
  deno task convert IN OUT --replace      a model in OUT is replaced
  deno task convert IN OUT --to onnx      for JavaScript: onnx/model.onnx, model_fp16.onnx, model_quantized.onnx
  deno task convert IN OUT --to onnx --dtype q8    only some of them: fp32, fp16, q8, separated by commas`;

/** Runs the task: reads the command line, converts, and prints the result. */
export async function convertCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    seed: { type: "string" },
    to: { type: "string", default: "transformers" },
    dtype: { type: "string" },
    replace: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return console.log(CONVERT_HELP);
  const [from, to, ...rest] = positionals;
  if (to === undefined || rest.length > 0) {
    throw new ConfigError(
      "arguments",
      args.join(" "),
      "must be two folders, IN and OUT: see --help",
    );
  }
  const seed = values.seed === undefined ? undefined : readWhole("--seed", values.seed, 0);
  checkChoice("--to", values.to, ["transformers", "onnx"]);
  const isOnnx = values.to === "onnx";
  if (isOnnx && seed !== undefined) {
    const advice = "must be left out with --to onnx: heads that IN does not have are not written";
    throw new ConfigError("--seed", values.seed, advice);
  }
  const dtypes = values.dtype?.split(",") as Dtype[] | undefined;
  if (isOnnx) {
    for (const dtype of dtypes ?? []) checkChoice("--dtype", dtype, Object.keys(ONNX_FILES));
  } else {
    checkChoice("--dtype", values.dtype ?? "float32", SAVED_DTYPES);
  }
  await useBackend("cpu"); // any backend will do, as nothing is computed
  if (isOnnx && !values.replace) await checkEmpty("OUT", to);
  const report = isOnnx ? convertToOnnx(from, to, dtypes) : convertFolder(from, to, {
    seed,
    replace: values.replace,
    dtype: values.dtype as SaveOptions["dtype"],
  });
  for (const line of [...await report, ...await otherForm(from, to, isOnnx)]) console.log(line);
}

/** The note that the folder has the weights in the other form, too, which may be another model's. */
async function otherForm(from: string, to: string, isOnnx: boolean): Promise<string[]> {
  const other = isOnnx ? "model.safetensors" : "onnx";
  const files = isOnnx ? [other] : Object.values(ONNX_FILES).map((name) => `${other}/${name}`);
  const found = await Promise.all(files.map((file) => isThere(`${to}/${file}`)));
  if (!found.includes(true) || await Deno.realPath(from) === await Deno.realPath(to)) return [];
  const again = `convert ${isOnnx ? "without" : "with"} --to onnx as well`;
  return [`Left as it was: ${to}/${other}. If it is not of the same model, delete it, or ${again}`];
}
