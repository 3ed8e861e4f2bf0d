/** Running ONNX files with onnxruntime, to compare them with the library. */
import * as tf from "@tensorflow/tfjs";
import ort from "npm:onnxruntime-node@1.30.0";
import type { BertConfig } from "bert/config.ts";
import { createRng } from "bert/random.ts";

/** One batch, [B, T] row-major, with padding at the end of every row but the first. */
export interface IdBatch {
  readonly shape: readonly [number, number];
  readonly tokenIds: Int32Array;
  /** 1 and 2, with 0 at padding. */
  readonly segmentIds: Int32Array;
  readonly attentionMask: Int32Array;
}

/** Makes a batch of random ids, in which each row is shorter than the one before. */
export function idBatch(config: BertConfig, rows: number, length: number): IdBatch {
  const rng = createRng(rows * 1000 + length);
  const place = (i: number) => [Math.floor(i / length), i % length];
  const real = (i: number) => {
    const [row, column] = place(i);
    return column < Math.max(1, length - 3 * row);
  };
  const fill = (value: (i: number) => number) =>
    Int32Array.from({ length: rows * length }, (_, i) => real(i) ? value(i) : 0);
  return {
    shape: [rows, length],
    tokenIds: fill(() => 1 + rng.below(config.vocabSize - 1)),
    segmentIds: fill((i) => place(i)[1] * 2 > length ? 2 : 1),
    attentionMask: fill(() => 1),
  };
}

/** A batch as tensors for the library. */
export function asInputs({ shape, tokenIds, segmentIds, attentionMask }: IdBatch) {
  const tensor = (values: Int32Array) => tf.tensor2d(values, [...shape], "int32");
  return {
    tokenIds: tensor(tokenIds),
    segmentIds: tensor(segmentIds),
    attentionMask: tensor(attentionMask),
  };
}

/** Runs an ONNX file on a batch, and returns its outputs by name. */
export async function runOnnx(
  path: string,
  batch: IdBatch,
): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    const tensor = (values: Int32Array) =>
      new ort.Tensor("int64", BigInt64Array.from(values, BigInt), batch.shape);
    const outputs = await session.run({
      "input_ids": tensor(batch.tokenIds),
      "attention_mask": tensor(batch.attentionMask),
      "token_type_ids": tensor(batch.segmentIds.map((id) => Math.max(0, id - 1))),
    });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [
        name,
        { data: (data as Float32Array).slice(), dims },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** Those rows of [B*T, width] values that belong to tokens and not to padding. */
export function atTokens(values: ArrayLike<number>, batch: IdBatch): Float32Array {
  const width = values.length / batch.attentionMask.length;
  return Float32Array.from(values).filter((_, i) => batch.attentionMask[Math.floor(i / width)] > 0);
}
