/** Any folder that can be read, written as transformers has it today. */
import { loadModel, saveModel } from "../model/folder.ts";

/** What was converted, in lines for a person. */
export type ConversionReport = readonly string[];

/**
 * Reads a model and its tokenizer and writes them into another folder: one `model.safetensors` in float32
 * under today's names, and the four files of a tokenizer, whatever they were stored in before.
 *
 * @param options `seed`: starts the heads that an encoder does not have.
 * @returns What it is, what was missing or not used, and what was written.
 * @throws {FormatError} If the folder cannot be read; nothing is written then.
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
 * const [from, to] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
 * await saveModel(from, model, tokenizer);
 * ok((await convertFolder(from, to))[0].includes("7 pieces"));
 * ```
 */
export async function convertFolder(
  from: string,
  to: string,
  options: { readonly seed?: number } = {},
): Promise<ConversionReport> {
  const { model, tokenizer, notes } = await loadModel(from, options);
  try {
    await saveModel(to, model, tokenizer);
    const { numHiddenLayers, hiddenSize, numAttentionHeads, hiddenAct } = model.config;
    const numbers = [...model.weights.values()].reduce((sum, { size }) => sum + size, 0);
    return [
      `${numHiddenLayers} layers, ${hiddenSize} wide, ${numAttentionHeads} heads, ${hiddenAct}; ` +
      `${tokenizer.vocab.size} pieces; ${(numbers / 1e6).toFixed(2)} million weights`,
      ...notes,
      `Written to ${to}. In Python: BertForPreTraining.from_pretrained("${to}")`,
    ];
  } finally {
    model.dispose();
  }
}
