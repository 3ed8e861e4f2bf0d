/** How much a training step has to compute, and the batch that it computes it on. */
import { type Batch, collate } from "bert/data/batch.ts";
import { type MaskedExample } from "bert/data/example.ts";
import { type BertConfig, bertConfig, type ModelPreset } from "bert/config.ts";
import { createRng } from "bert/random.ts";

/** The size of a batch whose sequences are all full. */
export interface BatchShape {
  readonly batch: number;
  readonly length: number;
}

/** The model that a step trains. */
export interface StepModel {
  readonly preset: ModelPreset;
  readonly vocabSize: number;
  /** The share of hidden values and of attention weights that each step sets to zero. */
  readonly dropout: number;
}

/** The configuration of that model, the same for everyone who trains it. */
export function stepConfig({ preset, vocabSize, dropout }: StepModel): BertConfig {
  const rates = { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout };
  return bertConfig(preset, { vocabSize, ...rates });
}

const SHARE = 0.15; // of the positions are predicted

/** How many positions of a batch are predicted. */
export function predictionsOf({ batch, length }: BatchShape): number {
  return Math.round(SHARE * batch * length);
}

/**
 * The floating-point operations of one training step, a multiplication with its addition counting
 * as two. Only what has to be computed counts: predictions at the chosen positions alone.
 *
 * Forward, a token and a layer take `8H^2 + 4HI` in dense layers and `4TH` in attention, a predicted
 * position `2H^2 + 2HV`; the way back takes twice that.
 */
export function stepFlops(config: BertConfig, shape: BatchShape): number {
  const { hiddenSize: h, intermediateSize: inner, numHiddenLayers: layers, vocabSize } = config;
  const { batch, length } = shape;
  const token = layers * (8 * h * h + 4 * h * inner + 4 * length * h);
  const predicted = 2 * h * h + 2 * h * vocabSize;
  return 3 * (token * batch * length + predicted * predictionsOf(shape));
}

/** A batch of random words, without padding; 15 % of the positions have a label. */
export function randomBatch(shape: BatchShape, vocabSize: number): Batch {
  const rng = createRng(1);
  const word = () => rng.between(5, vocabSize - 1);
  const examples = Array.from({ length: shape.batch }, (_, i): MaskedExample => {
    const tokenIds = Array.from({ length: shape.length }, word);
    const labels = tokenIds.map(() => -1);
    const places = [...labels.keys()];
    rng.shuffle(places);
    const count = predictionsUpTo(i + 1, shape) - predictionsUpTo(i, shape);
    for (const place of places.slice(0, count)) labels[place] = word();
    const segmentIds = tokenIds.map((_, place) => 2 * place < shape.length ? 1 : 2);
    const first = { document: "random", start: i, end: i + 1 };
    return { tokenIds, segmentIds, labels, nspLabel: i % 2 ? 1 : 0, first, truncated: false };
  });
  return collate(examples);
}

/** The predictions of the first `rows` sequences, so that those of all add up. */
function predictionsUpTo(rows: number, { length }: BatchShape): number {
  return predictionsOf({ batch: rows, length });
}
