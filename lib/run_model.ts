/** The model that a run begins or goes on with. */
import { loadModel } from "./checkpoint.ts";
import { type BertConfig, bertConfig } from "./config.ts";
import type { Document } from "./corpus.ts";
import { ConfigError } from "./errors.ts";
import { headStart } from "./head_start.ts";
import { BertPretrainHead } from "./model.ts";
import type { RunCheckpoint } from "./run_checkpoint.ts";
import type { RunConfig } from "./run_folder.ts";
import type { RunSettings } from "./run_settings.ts";
import type { Vocab } from "./vocab.ts";
import { BertTokenizer } from "./wordpiece.ts";
import { trainVocab } from "./wordpiece_trainer.ts";

/** Told what is being done, as preparing takes a while. */
export type Progress = (what: string) => void;

/** The model and tokenizer that a run begins with: a saved one, or fresh weights. */
export async function firstModel(settings: RunSettings, documents: Document[], progress: Progress) {
  if (settings.init !== undefined) return await loadModel(settings.init);
  progress(`learning a vocabulary of ${settings.vocabSize} pieces`);
  const vocab = await learnVocab(documents, settings.vocabSize);
  const { preset, length, dropout } = settings;
  const config = bertConfig(preset, {
    vocabSize: vocab.size,
    maxPositionEmbeddings: Math.max(512, length),
    hiddenDropoutProb: dropout,
    attentionProbsDropoutProb: dropout,
  });
  return { tokenizer: new BertTokenizer(vocab), model: freshModel(config, settings) };
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
  if (!checkpoint && settings.init !== undefined) return (await loadModel(settings.init)).model;
  return freshModel(model, settings);
}
