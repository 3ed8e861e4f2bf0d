/** The tokenizer of a corpus: from a file, from a folder, or learnt from the texts. */
import { basename, dirname } from "node:path";
import { FormatError } from "../errors.ts";
import { reading } from "../files/read.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { agreedOptions } from "../tokenizer/options.ts";
import { PIPELINE, readTokenizer } from "../tokenizer/tokenizer_folder.ts";
import { trainVocab } from "../tokenizer/train_vocab.ts";
import { loadVocab } from "../tokenizer/vocab.ts";
import { rankOf } from "./held_out_rank.ts";
import { FIRST_PLACE, type InputReader } from "./prepare_inputs.ts";
import type { PrepareHooks, PrepareSettings } from "./prepare_settings.ts";

const EXPECTED = "expected a vocab.txt, a tokenizer.json or a tokenizer's folder";

/**
 * The tokenizer that the settings name; undefined if a vocabulary has to be learnt.
 *
 * @throws {ConfigError} If an option contradicts the named tokenizer.
 * @throws {FormatError} If there is no such tokenizer.
 */
export async function namedTokenizer(
  { vocab, tokenizer: given = {} }: PrepareSettings,
): Promise<BertTokenizer | undefined> {
  if (vocab === undefined) return undefined;
  const info = await reading(vocab, Deno.stat(vocab)).catch((error) => {
    if (!(error.cause instanceof Deno.errors.NotFound)) throw error;
    const problem = `${EXPECTED}, found nothing: check the path`;
    throw new FormatError(vocab, problem);
  });
  const isJson = vocab.endsWith(".json");
  if (!info.isDirectory && !isJson) return new BertTokenizer(await loadVocab(vocab), given);
  const tokenizer = info.isDirectory
    ? await BertTokenizer.fromPretrained(vocab)
    : await tokenizerInFile(vocab);
  agreedOptions(tokenizer.options, given);
  return tokenizer;
}

/** The tokenizer of a `tokenizer.json`, and of the settings beside it if there are some. */
async function tokenizerInFile(path: string): Promise<BertTokenizer> {
  if (basename(path) !== PIPELINE) {
    const problem = `${EXPECTED}, found other JSON: name it ${PIPELINE} if it is one`;
    throw new FormatError(path, problem);
  }
  const { vocab, options, cleanUp } = await readTokenizer(dirname(path), "pipeline");
  return new BertTokenizer(vocab, { ...options, cleanUp });
}

/**
 * Learns a vocabulary from a sample of all texts, without the documents that may be held out, and makes
 * a tokenizer of it.
 */
export async function learnTokenizer(
  settings: PrepareSettings,
  reader: InputReader,
  hooks: PrepareHooks,
): Promise<BertTokenizer> {
  const { vocabSize: size, tokenizer = {} } = settings;
  const vocab = await trainVocab(sample(settings, reader, hooks), { size, ...tokenizer });
  for (const { finding, advice } of vocab.notes) hooks.onNote?.(`${finding}: ${advice}`);
  return new BertTokenizer(vocab);
}

/**
 * The texts of the documents whose rank is at least `heldOut` and below the limit that gives the wanted
 * amount of text. If there is no such document, the texts of the last document.
 */
async function* sample(
  { heldOut, vocabSample, seed }: PrepareSettings,
  reader: InputReader,
  { onProgress, signal }: PrepareHooks,
): AsyncGenerator<string> {
  const { totalBytes } = reader;
  const share = Math.min(1, vocabSample * 1e6 / Math.max(1, totalBytes));
  const most = heldOut + (1 - heldOut) * share;
  let taken = 0;
  let last: readonly { readonly text: string }[] = [];
  let documents = 0;
  for await (const batch of reader.batches(FIRST_PLACE)) {
    signal?.throwIfAborted();
    for (const { name, texts } of batch.documents) {
      documents++;
      const rank = rankOf(name, seed);
      if (taken === 0) last = texts;
      if (rank < heldOut || rank >= most) continue;
      taken++;
      for (const { text } of texts) yield text;
    }
    const { bytes } = reader;
    onProgress?.({ stage: "learning the vocabulary", bytes, totalBytes, documents, tokens: 0 });
  }
  if (taken === 0) { for (const { text } of last) yield text; }
}
