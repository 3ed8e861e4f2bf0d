// deno-lint-ignore-file no-console -- the program prints a table
/**
 * How much a model loses in 16 and in 8 bits: the held-out text of a run, whose corpus is no store,
 * scored by onnxruntime for each of its ONNX files. `deno run -A --lock=tests/deno.lock tests/bench/onnx_accuracy.ts runs/NAME`
 */
import ort from "npm:onnxruntime-node@1.30.0";
import { useBackend } from "bert/backend/choose.ts";
import type { Batch } from "bert/data/batch.ts";
import { batches } from "bert/data/epochs.ts";
import { readJson } from "bert/files/json.ts";
import type { RunConfig } from "bert/runs/config_file.ts";
import { readDocuments } from "bert/runs/run_documents.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { ONNX_FILES, saveOnnx } from "bert/web/onnx_folder.ts";
import type { Dtype } from "bert/web/onnx_weights.ts";

/** Sums over the exam. */
interface Score {
  words: number;
  rightWords: number;
  wordLoss: number;
  pairs: number;
  rightPairs: number;
}

const [run] = Deno.args;
await useBackend("cpu"); // nothing is computed by the library
const { settings, data } = await readJson(`${run}/config.json`) as unknown as RunConfig;
const { heldOut } = await readDocuments(settings, () => {});
using opened = await openFolder(run);
const folder = await Deno.makeTempDir();
await saveOnnx(opened.model, opened.tokenizer, folder);
for (const dtype of Object.keys(ONNX_FILES) as Dtype[]) {
  const path = `${folder}/onnx/${ONNX_FILES[dtype]}`;
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  const score: Score = { words: 0, rightWords: 0, wordLoss: 0, pairs: 0, rightPairs: 0 };
  const options = { data, batchSize: settings.batchSize, seed: settings.seed, epoch: 0 };
  for (const batch of batches(heldOut, opened.tokenizer, options)) {
    await addBatch(session, batch, score);
  }
  const { size } = await Deno.stat(path);
  console.log(
    dtype.padEnd(5),
    `${(size / 1e6).toFixed(2)} MB`,
    `loss ${(score.wordLoss / score.words).toFixed(4)}`,
    `words ${(score.rightWords / score.words).toFixed(4)} of ${score.words}`,
    `pairs ${(score.rightPairs / score.pairs).toFixed(4)} of ${score.pairs}`,
  );
  await session.release();
}
await Deno.remove(folder, { recursive: true });

async function addBatch(session: ort.InferenceSession, batch: Batch, score: Score): Promise<void> {
  const { size: rows, length, predictedPositions, predictedLabels, nspLabels } = batch;
  const tensor = (values: ArrayLike<number>) =>
    new ort.Tensor("int64", BigInt64Array.from(Array.from(values, BigInt)), [rows, length]);
  const outputs = await session.run({
    "input_ids": tensor(batch.tokenIds),
    "attention_mask": tensor(batch.attentionMask),
    "token_type_ids": tensor(Array.from(batch.segmentIds, (id) => Math.max(0, id - 1))),
  });
  const logits = outputs["logits"].data as Float32Array; // [B, T, V]
  const pairs = outputs["seq_relationship_logits"].data as Float32Array; // [B, 2]
  const width = logits.length / (rows * length);
  for (const [i, position] of predictedPositions.entries()) {
    if (predictedLabels[i] < 0) continue;
    const row = logits.subarray(position * width, (position + 1) * width);
    const most = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
    score.words++;
    score.wordLoss += Math.log(sum) + most - row[predictedLabels[i]];
    if (row[predictedLabels[i]] === most) score.rightWords++;
  }
  for (const [row, label] of nspLabels.entries()) {
    if (label < 0) continue;
    score.pairs++;
    if ((pairs[2 * row + 1] > pairs[2 * row] ? 1 : 0) === label) score.rightPairs++;
  }
}
