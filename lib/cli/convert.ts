// deno-lint-ignore-file no-console -- the task prints what it did
/** `deno task convert`: any model folder that can be read, written as transformers has it today. */
import { useBackend } from "../backend/choose.ts";
import { ConfigError } from "../errors.ts";
import { loadModel, saveModel } from "../model/folder.ts";
import { readArguments } from "./arguments.ts";

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

const CONVERT_HELP = `Reads a model's folder and writes it as transformers has it today.

  deno task convert IN OUT                sharded, float16, bfloat16, older names: all become one float32 file
  deno task convert IN OUT --seed 1       heads that IN does not have are started from random numbers`;

/** The task itself: reads the words of the command line and prints what was converted. */
export async function convertCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    seed: { type: "string" },
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
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new ConfigError("seed", values.seed, "must be a whole number of at least 0");
  }
  await useBackend("cpu"); // nothing is computed
  for (const line of await convertFolder(from, to, { seed })) console.log(line);
}
