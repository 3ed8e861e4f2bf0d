/** The model that a run begins or goes on with. */
import { type LoadedModel, loadModel } from "../model/folder.ts";
import { type BertConfig, bertConfig } from "../config.ts";
import type { Document } from "../data/document.ts";
import { ConfigError } from "../errors.ts";
import { readJson } from "../files/json.ts";
import { headStart } from "../model/head_start.ts";
import { BertPretrainHead } from "../model/bert.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import type { RunConfig } from "./folder.ts";
import type { RunSettings } from "./settings.ts";
import type { Vocab } from "../tokenizer/vocab.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { trainVocab } from "../tokenizer/train_vocab.ts";

/** Told what is being done, as preparing takes a while. */
export type Progress = (what: string) => void;

/**
 * Throws, before anything large is read, if there is no model to begin with in a folder.
 *
 * @throws {ConfigError | FormatError} If it is the folder of a run, or holds no `config.json`.
 */
export async function checkInit(folder: string): Promise<void> {
  const { format, settings } = await readJson(`${folder}/config.json`);
  if (format !== 1 || settings === undefined) return;
  const advice = `is the folder of a run: name a model in it, ${folder}/final or ${folder}/best`;
  throw new ConfigError("--init", folder, advice);
}

/**
 * The model and tokenizer that a run begins with: a saved one, or fresh weights. Heads that a saved
 * one does not have start from the run's seed.
 *
 * @returns `notes`: what was missing and made up for. The caller disposes of the model.
 */
export async function firstModel(
  settings: RunSettings,
  documents: Document[],
  progress: Progress,
): Promise<LoadedModel> {
  const { init, seed } = settings;
  if (init !== undefined) return await loadModel(init, { seed });
  progress(`learning a vocabulary of ${settings.vocabSize} pieces`);
  const vocab = await learnVocab(documents, settings.vocabSize);
  const { preset, length, dropout, heads, initialRange } = settings;
  const config = bertConfig(preset, {
    vocabSize: vocab.size,
    maxPositionEmbeddings: Math.max(512, length),
    hiddenDropoutProb: dropout,
    attentionProbsDropoutProb: dropout,
    initializerRange: initialRange,
    ...(heads === undefined ? {} : { numAttentionHeads: heads }),
  });
  return { tokenizer: new BertTokenizer(vocab), model: freshModel(config, settings), notes: [] };
}

function freshModel(config: BertConfig, settings: RunSettings): BertPretrainHead {
  const model = new BertPretrainHead(config, { seed: settings.seed });
  if (settings.headStart) headStart(model);
  return model;
}

async function learnVocab(documents: Document[], size: number): Promise<Vocab> {
  try {
    return await trainVocab(documents.flatMap(({ sentences }) => sentences), { size });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError("--vocab-size", size, error.message.replace(/^.*?: it /, ""));
  }
}

/** A model to put a checkpoint's weights into; without one, the model that the run begins with. */
export async function modelToContinue(
  { settings, model }: RunConfig,
  checkpoint: RunCheckpoint | undefined,
): Promise<BertPretrainHead> {
  const { init, seed } = settings;
  if (!checkpoint && init !== undefined) return (await loadModel(init, { seed })).model;
  return freshModel(model, settings);
}
