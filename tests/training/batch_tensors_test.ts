import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { collate } from "bert/data/batch.ts";
import type { Batch } from "bert/data/batch.ts";
import { bertConfig, trainConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { toTensors } from "bert/training/batch_tensors.ts";
import { evaluate } from "bert/training/evaluate.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { train } from "bert/training/train.ts";
import { trainStep } from "bert/training/train_step.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { fineTuneStep } from "bert/use/fine_tune.ts";

await useBackend();

const FIRST = { document: "a", start: 0, end: 1 };
const EXAMPLE = { nspLabel: 1 as const, first: FIRST, truncated: false };
const BATCH = collate([
  { ...EXAMPLE, tokenIds: [2, 4, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] },
  {
    ...EXAMPLE,
    tokenIds: Array(9).fill(4),
    segmentIds: Array(9).fill(1),
    labels: Array(9).fill(8),
  },
]);

Deno.test("toTensors() gives int32 tensors of the batch's shapes, and `using` frees them", () => {
  const before = tf.memory().numTensors;
  {
    using tensors = toTensors(BATCH);
    deepStrictEqual(tensors.tokenIds.shape, [2, 16]);
    deepStrictEqual(tensors.tokenIds.dataSync(), BATCH.tokenIds);
    deepStrictEqual(tensors.attentionMask.shape, [2, 16]);
    deepStrictEqual(tensors.predictedPositions.shape, [16]);
    deepStrictEqual(tensors.nspLabels.dataSync(), BATCH.nspLabels);
    strictEqual(tensors.predictedLabels.dtype, "int32");
    strictEqual(tf.memory().numTensors, before + 8);
  }
  strictEqual(tf.memory().numTensors, before);
});

const FIELDS = [
  "tokenIds",
  "segmentIds",
  "positionIds",
  "attentionMask",
  "mlmLabels",
  "nspLabels",
  "predictedLabels",
] as const;

/** Batches made by hand with one wrong field, and the name of that field. */
function harmed(): [object, string][] {
  const broken = FIELDS.flatMap((field): [object, string][] => [
    [{ ...BATCH, [field]: BATCH[field].subarray(1) }, field],
    [{ ...BATCH, [field]: Int32Array.of(...BATCH[field], 0) }, field],
    [{ ...BATCH, [field]: [...BATCH[field]] }, field],
    [{ ...BATCH, [field]: Float32Array.from(BATCH[field]).fill(NaN) }, field],
    [{ ...BATCH, [field]: undefined }, field],
    [JSON.parse(JSON.stringify({ ...BATCH, [field]: null })), "tokenIds"], // {"0":2,"1":4,…}
  ]);
  return [
    ...broken,
    [{ ...BATCH, predictedPositions: [1] }, "predictedPositions"],
    [{ ...BATCH, predictedPositions: BATCH.predictedPositions.subarray(2) }, "predictedLabels"],
    [{ ...BATCH, size: 3 }, "tokenIds"],
    [{ ...BATCH, length: 8 }, "tokenIds"],
    [{ ...BATCH, size: NaN }, "size"],
    [{ ...BATCH, length: "16" }, "length"],
    [{ ...BATCH, examples: undefined }, "examples"],
  ];
}

/** A source that gives the parts of one step. */
async function* oneStep(batch: Batch) {
  yield await Promise.resolve([batch]);
}

Deno.test("a batch made by hand with a field of a wrong length or type is refused by the field's name", async () => {
  const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
  const model = new BertPretrainHead(config, { seed: 1 });
  const classifier = new BertClassifier(config, { classes: 2, seed: 1 });
  const optimizer = new AdamW(model.weights);
  const options = { learningRate: 0.1, seed: 1 };
  const run = { train: trainConfig({}), seed: 1, plannedSteps: 1 };
  const labels = Int32Array.of(0, 1);
  for (const [broken, field] of harmed()) {
    const batch = broken as Batch;
    const refused = { message: new RegExp(`\\b${field} of (entry 0 of )?batch|a batch, as`) };
    const inSource = {
      message: new RegExp(`\\b${field} of (batch 1 of source|a part of a step)|a batch, as`),
    };
    throws(() => toTensors(batch), refused);
    await rejects(trainStep(model, optimizer, batch, options), refused);
    await rejects(evaluate(model, [batch]), refused);
    await rejects(train(model, optimizer, [batch], run).next(), inSource);
    await rejects(train(model, optimizer, oneStep(batch), run).next(), inSource);
    await rejects(fineTuneStep(classifier, optimizer, { batch, labels }, options), refused);
  }
});

Deno.test("a batch made by hand with a label or position out of range is refused by the place", async () => {
  const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
  const model = new BertPretrainHead(config, { seed: 1 });
  const out: [Partial<Batch>, RegExp][] = [
    [{ predictedLabels: BATCH.predictedLabels.map(() => 9) }, /label 9 at position 0/],
    [{ nspLabels: Int32Array.of(0, 2) }, /label 2 at position 1/],
    [
      { predictedPositions: BATCH.predictedPositions.map(() => 32) },
      /predictedPositions: \[0\] is 32/,
    ],
    [{ tokenIds: BATCH.tokenIds.map(() => 9) }, /tokenIds: \[0, 0\] is 9/],
  ];
  for (const [part, message] of out) {
    const batch = { ...BATCH, ...part };
    const step = trainStep(model, new AdamW(model.weights), batch, { learningRate: 0.1, seed: 1 });
    await rejects(step, { message });
    await rejects(evaluate(model, [batch]), { message });
  }
});
