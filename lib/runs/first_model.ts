/** The model that a run begins with: one with fresh weights, or a saved one (`--init`). */
import { isDeepStrictEqual } from "node:util";
import type { BertConfig } from "../config.ts";
import type { Document } from "../data/document.ts";
import { ConfigError } from "../errors.ts";
import { BertPretrainHead } from "../model/bert.ts";
import { readConfig, readConfigJson } from "../model/config_json.ts";
import { type LoadedModel, loadModel } from "../model/folder.ts";
import { headStart } from "../model/head_start.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { agreedOptions } from "../tokenizer/options.ts";
import { readTokenizer } from "../tokenizer/tokenizer_folder.ts";
import { vocabularyFacts } from "../tokenizer/vocab_facts.ts";
import { countedStart } from "../training/counted_start.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import { modelConfig } from "./complete_settings.ts";
import type { RunConfig } from "./config_file.ts";
import type { Progress } from "./run_corpus.ts";
import type { RunSettings } from "./run_settings.ts";
import { learnVocab, vocabularyNotes } from "./run_vocab.ts";

/**
 * Checks the model that a run is to begin with (`--init`), before anything large is read.
 *
 * @throws {ConfigError | FormatError} If the folder is that of a run or has no `config.json`, or the
 * model has fewer positions than `length`.
 */
export async function checkInit(folder: string, length: number): Promise<void> {
  const json = await readConfigJson(folder);
  if (json.format === 1 && json.settings !== undefined) {
    const advice = `is the folder of a run: name a model in it, ${folder}/final or ${folder}/best`;
    throw new ConfigError("--init", folder, advice);
  }
  const { maxPositionEmbeddings: most } = await readConfig(folder);
  if (length <= most) return;
  const advice = `must be at most ${most}, the longest text that the model in ${folder} can read`;
  throw new ConfigError("--length", length, advice);
}

/**
 * Completes the settings with the language of the saved model that the run begins with, unless they
 * name a language. The language also decides where sentences end.
 *
 * @throws {FormatError} If the saved model's tokenizer cannot be read.
 */
export async function withLocaleOfInit(settings: RunSettings): Promise<RunSettings> {
  if (settings.init === undefined || settings.locale !== undefined) return settings;
  const { locale } = (await readTokenizer(settings.init)).options;
  return locale === null ? settings : { ...settings, locale };
}

/**
 * Makes the model and tokenizer that a run on text begins with: a saved model, or one with fresh
 * weights. Heads that a saved model lacks are initialised from the run's seed.
 *
 * @returns The model, its tokenizer, and `notes` about missing parts that were replaced. The caller
 * disposes of the model.
 */
export async function firstModelOnText(
  settings: RunSettings,
  documents: Document[],
  progress: Progress,
): Promise<LoadedModel> {
  const { init, seed } = settings;
  if (init === undefined) return await freshStart(settings, documents, progress);
  return checkLocale(await loadModel(init, { seed }), settings);
}

/** Makes the model that a run on a prepared store begins with, as `firstModelOnText()` does for text. */
export async function firstModelOnStore(
  settings: RunSettings,
  text: CountedText,
): Promise<LoadedModel> {
  const { tokenizer } = text;
  const { init, seed, corpus } = settings;
  if (init === undefined) {
    const model = await freshModel(modelConfig(settings, tokenizer.vocab.size), settings, text);
    return { tokenizer, model, notes: [] };
  }
  const loaded = await loadModel(init, { seed });
  if (isDeepStrictEqual(vocabularyFacts(loaded.tokenizer), vocabularyFacts(tokenizer))) {
    return loaded;
  }
  loaded.model.dispose();
  const advice =
    `does not cut text into the tokens that ${corpus} was prepared with. Prepare the ` +
    `corpus anew with --vocab ${init}/vocab.txt, or leave --init out`;
  throw new ConfigError("--init", init, advice);
}

/** Learns a vocabulary and makes a model with fresh weights. */
async function freshStart(
  settings: RunSettings,
  documents: Document[],
  progress: Progress,
): Promise<LoadedModel> {
  progress(`learning a vocabulary of ${settings.vocabSize} pieces`);
  const vocab = await learnVocab(documents, settings, progress);
  const tokenizer = new BertTokenizer(vocab);
  if (settings.countedStart) progress("counting neighbouring words");
  const model = await freshModel(modelConfig(settings, vocab.size), settings, {
    tokenizer,
    documents,
  });
  return { tokenizer, model, notes: vocabularyNotes(vocab, progress) };
}

/** Text whose words `countedStart()` counts. */
export interface CountedText {
  /** The tokenizer of the text. */
  readonly tokenizer: BertTokenizer;
  /** The training documents. */
  readonly documents: readonly Document[];
}

async function freshModel(
  config: BertConfig,
  { seed, headStart: withHeadStart, countedStart: counted }: RunSettings,
  { documents, tokenizer }: CountedText,
): Promise<BertPretrainHead> {
  const model = new BertPretrainHead(config, { seed });
  try {
    if (counted) await countedStart(model, documents, tokenizer, { seed });
    if (withHeadStart) headStart(model);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Throws `ConfigError` if the saved model lower-cases text differently from the run's language. */
function checkLocale(loaded: LoadedModel, { locale }: RunSettings): LoadedModel {
  if (locale === undefined) return loaded;
  try {
    agreedOptions(loaded.tokenizer.options, { locale });
    return loaded;
  } catch (error) {
    loaded.model.dispose();
    if (!(error instanceof ConfigError)) throw error;
    const advice = `does not lower-case "I" as the tokenizer of the saved model does: leave it out`;
    throw new ConfigError("--locale", locale, advice);
  }
}

/**
 * Makes a model into which the weights of a checkpoint can be copied. Without a checkpoint it is the
 * model that the run begins with.
 */
export async function modelToContinue(
  { settings, model }: RunConfig,
  checkpoint: RunCheckpoint | undefined,
  text: CountedText,
): Promise<BertPretrainHead> {
  const { init, seed } = settings;
  if (checkpoint) return new BertPretrainHead(model, { seed });
  if (init !== undefined) return (await loadModel(init, { seed })).model;
  return await freshModel(model, settings, text);
}
