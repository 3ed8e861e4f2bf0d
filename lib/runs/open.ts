/** A run that is ready for its next step, begun or come back to. */
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import { ConfigError } from "../errors.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { AdamW } from "../training/optimizer.ts";
import { holdOut, type RunSource } from "../training/pretrain.ts";
import { restoreRun, type RunCheckpoint } from "./checkpoint.ts";
import type { RunDocuments } from "./inputs.ts";
import type { RunConfig, RunFolder } from "./folder.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** A run that is ready for its next step. The caller calls `close()`. */
export interface OpenRun {
  readonly folder: RunFolder;
  readonly config: RunConfig;
  readonly documents: readonly Document[];
  readonly heldOutDocuments: readonly Document[];
  readonly heldOut: readonly Batch[];
  readonly tokenizer: BertTokenizer;
  readonly model: BertPretrainHead;
  readonly optimizer: AdamW;
  /** Where it goes on; a run that begins has none. */
  readonly checkpoint?: RunCheckpoint;
  /** What computes, in words. */
  readonly backend: string;
  /** What a person should know. */
  readonly warnings: readonly string[];
  /** Frees the model and the folder. */
  close(): void;
}

/** What an open run is put together from. */
export interface RunParts
  extends Pick<OpenRun, "heldOut" | "tokenizer" | "model" | "checkpoint" | "backend" | "warnings"> {
  readonly documents: RunDocuments;
}

/**
 * Puts a run together: its optimizer, and the numbers of its checkpoint.
 *
 * @throws {ConfigError} If the checkpoint is of another model.
 */
export function openRun(
  folder: RunFolder,
  config: RunConfig,
  { documents, checkpoint, ...parts }: RunParts,
): OpenRun {
  const { model } = parts;
  const optimizer = new AdamW(model.weights, config.train);
  if (checkpoint) restoreRun(checkpoint, model.weights, optimizer);
  return {
    ...{ ...parts, folder, config, optimizer, checkpoint },
    documents: documents.train,
    heldOutDocuments: documents.heldOut,
    close() {
      optimizer.dispose();
      model.dispose();
      folder.close();
    },
  };
}

/**
 * The batches that a run is evaluated on; none if nothing is held out.
 *
 * @throws {ConfigError} If what is held out gives no pair.
 */
export function heldOutBatches(source: RunSource): Batch[] {
  try {
    return holdOut(source);
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof ConfigError) throw error;
    const share = source.data.heldOutShare;
    const problem = `gives no pair to evaluate on (${error.message}): raise it, or set it to 0`;
    throw new ConfigError("--held-out", share, problem);
  }
}
