/** The smallest model of the toy language, and examples for it. */
import type * as tf from "@tensorflow/tfjs";
import { type Batch, collate } from "bert/data/batch.ts";
import { type MaskedExample } from "bert/data/example.ts";
import { bertConfig, dataConfig } from "bert/config.ts";
import { batches } from "bert/data/epochs.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { TOY_TOKENIZER, toyDocuments } from "./toy.ts";

export const TOY_DATA = dataConfig({ maxLength: 32, packing: false });

/** Makes a `smoke` model with the toy vocabulary. Default: no dropout. */
export function toyModel(dropout = 0, seed = 1): BertPretrainHead {
  const vocabSize = TOY_TOKENIZER.vocab.size;
  const rates = { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout };
  return new BertPretrainHead(bertConfig("smoke", { vocabSize, ...rates }), { seed });
}

/** Batches of the toy language. */
export function toyBatches(count: number, batchSize = 8): Batch[] {
  const options = { data: TOY_DATA, batchSize, seed: 5, epoch: 1 };
  return [...batches(toyDocuments(60), TOY_TOKENIZER, options)].slice(0, count);
}

/** Makes one batch of fixed length, so that padding does not depend on how examples are grouped. */
export function together(examples: readonly MaskedExample[]): Batch {
  return collate(examples, { padTo: TOY_DATA.maxLength });
}

/** Copies all weights of a model. */
export function snapshot(model: Pick<BertPretrainHead, "weights">): Record<string, Float32Array> {
  const entries = [...model.weights].map(([name, weight]: [string, tf.Variable]) =>
    [name, weight.dataSync<"float32">().slice()] as const
  );
  return Object.fromEntries(entries);
}
