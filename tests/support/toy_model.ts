/** The smallest model over the toy language, and examples for it. */
import type * as tf from "@tensorflow/tfjs";
import { type Batch, collate } from "bert/data/batch.ts";
import { type MaskedExample } from "bert/data/example.ts";
import { bertConfig, dataConfig } from "bert/config.ts";
import { batches } from "bert/data/epochs.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { TOY_TOKENIZER, toyDocuments } from "./toy.ts";

export const TOY_DATA = dataConfig({ maxLength: 32, packing: false });

/** A `smoke` model over the toy vocabulary; dropout is off unless asked for. */
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

/** Examples as one batch of fixed length, so that padding is the same however they are grouped. */
export function together(examples: readonly MaskedExample[]): Batch {
  return collate(examples, { padTo: TOY_DATA.maxLength });
}

/** All weights, copied. */
export function snapshot(model: Pick<BertPretrainHead, "weights">): Record<string, Float32Array> {
  const entries = [...model.weights].map(([name, weight]: [string, tf.Variable]) =>
    [name, weight.dataSync<"float32">().slice()] as const
  );
  return Object.fromEntries(entries);
}
