// deno-lint-ignore-file no-console -- the task prints what it did
/**
 * `deno task convert`: reads the folder of a model and writes it in the present format of transformers,
 * or as ONNX.
 */
import { useBackend } from "../backend/choose.ts";
import { checkChoice, checkOptions } from "../checks.ts";
import { ConfigError, MissingHeadsError } from "../errors.ts";
import { several } from "../format.ts";
import { type LoadedModel, loadModel, saveModel, type SaveOptions } from "../model/folder.ts";
import { SAVED_DTYPES } from "../model/weights_file.ts";
import { readClasses } from "../use/classifier_files.ts";
import { convertToOnnx } from "../web/onnx_convert.ts";
import { ONNX_FILES } from "../web/onnx_folder.ts";
import type { Dtype } from "../web/onnx_weights.ts";
import { readArguments, readWhole } from "./simple_options.ts";
import { checkEmpty } from "./out_folder.ts";

/**
 * Reads a model and its tokenizer and writes them into another folder: one `model.safetensors` with the
 * present names of weights, and the four files of a tokenizer, whatever files they were read from.
 *
 * @param options `seed`: for the initial weights of heads that the model lacks. `replace`: whether to
 * replace a model in the other folder, default false. `dtype`: the type of the written weights,
 * default `"float32"`.
 * @returns Lines that say which model it is, what was missing or not used, and what was written.
 * @throws {FormatError} If the folder cannot be read; nothing is written then.
 * @throws {ConfigError} If the other folder has files and `replace` is not set.
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
  const { model, tokenizer, notes } = await loaded(from, seed);
  try {
    await saveModel(to, model, tokenizer, { dtype });
    const { numHiddenLayers, hiddenSize, numAttentionHeads, hiddenAct } = model.config;
    const numbers = [...model.weights.values()].reduce((sum, { size }) => sum + size, 0);
    return [
      `${
        several(numHiddenLayers, "layer")
      }, ${hiddenSize} wide, ${numAttentionHeads} heads, ${hiddenAct}; ` +
      `${tokenizer.vocab.size} pieces; ${(numbers / 1e6).toFixed(2)} million weights`,
      ...notes,
      `Written to ${to}. In Python: BertForPreTraining.from_pretrained(${JSON.stringify(to)})`,
    ];
  } finally {
    model.dispose();
  }
}

/** Loads a model. An error about missing heads names the option of the task. */
async function loaded(folder: string, seed: number | undefined): Promise<LoadedModel> {
  try {
    return await loadModel(folder, { seed });
  } catch (error) {
    if (!(error instanceof MissingHeadsError)) throw error;
    const way = await readClasses(folder)
      ? "it is a classifier, which becomes ONNX only: add --to onnx. (--seed 1 would leave its classes out.)"
      : "add --seed 1 to start them from random numbers. (--to onnx does not need them.)";
    throw new MissingHeadsError(error.file, error.heads, way);
  }
}

const CONVERT_HELP =
  `Reads a model's folder and writes it in the present format of transformers, or as ONNX.

  deno task convert IN OUT                sharded, float16, bfloat16, older names: all become one float32 file
  deno task convert IN OUT --seed 1       heads that IN does not have are started from random numbers
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
  for (const line of await report) console.log(line);
}
