/** Converting any readable folder of a model to ONNX, for `deno task convert --to onnx`. */
import { ARRAY, checkArguments, checkChoice, TEXT } from "../checks.ts";
import { several } from "../format.ts";
import { onnxParts, openFolder } from "./model_or_run_folder.ts";
import { ONNX_FILES, saveOnnx } from "./onnx_folder.ts";
import type { Dtype } from "./onnx_weights.ts";

/**
 * Reads a model's folder, or a run's, and writes it with `saveOnnx()`. Heads that it lacks are left
 * out: a bare encoder becomes one that returns vectors, pooled as its `modules.json` says. Steps of a
 * sentence model that ONNX cannot represent, such as a prompt, and weights of other heads are reported.
 *
 * @param dtypes Which files to write. Default: all three.
 * @returns Lines that say which model it is, what it does, and which files were written with which
 * sizes.
 * @throws {FormatError} If the folder cannot be read; nothing is written then.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { saveModel } from "bert/model/folder.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { convertToOnnx } from "bert/web/onnx_convert.ts";
 * import { ok } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 7 }), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveModel(folder, model, tokenizer);
 * const report = await convertToOnnx(folder, `${folder}/web`, ["fp32"]);
 * ok(report[0].endsWith("fills blanks, judges pairs of sentences"));
 * ```
 */
export async function convertToOnnx(
  from: string,
  to: string,
  dtypes: readonly Dtype[] = Object.keys(ONNX_FILES) as Dtype[],
): Promise<string[]> {
  checkArguments("convertToOnnx(from, to, dtypes)", [
    ["from", from, TEXT],
    ["to", to, TEXT],
    ["dtypes", dtypes, ARRAY],
  ]);
  for (const dtype of dtypes) checkChoice("dtypes", dtype, Object.keys(ONNX_FILES));
  using opened = await openFolder(from);
  const { model, labels, sentence, maxLength, does, lacks } = await onnxParts(opened);
  await saveOnnx(model, opened.tokenizer, to, { dtypes, labels, sentence, maxLength });
  const { numHiddenLayers, hiddenSize } = model.config;
  const sizes = dtypes.map(async (dtype) => {
    const { size } = await Deno.stat(`${to}/onnx/${ONNX_FILES[dtype]}`);
    return `onnx/${ONNX_FILES[dtype]}: ${
      (size / 1e6).toFixed(1)
    } MB, "${dtype}" in transformers.js`;
  });
  return [
    `${
      several(numHiddenLayers, "layer")
    }, ${hiddenSize} wide, ${opened.tokenizer.vocab.size} pieces; ${does}`,
    ...await Promise.all(sizes),
    ...lacks,
    ...(opened.others.length > 0 ? [`Not written: ${opened.others.join(", ")}`] : []),
    `Written to ${to}. README.md says how to load it in JavaScript: "In JavaScript"`,
  ];
}
