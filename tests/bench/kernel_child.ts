/** The child that runs single operations, with their gradients, at the sizes of `mini`, 32 x 128. */
import * as tf from "@tensorflow/tfjs";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { clipByGlobalNorm } from "bert/training/clipping.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { embed } from "bert/model/ops/rows.ts";
import { softmaxCrossEntropy } from "bert/training/loss.ts";
import { linear, project } from "bert/model/ops/linear.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { attention } from "bert/model/ops/attention.ts";
import { dropout } from "bert/model/ops/dropout.ts";
import { residualLayerNorm } from "bert/model/ops/layer_norm.ts";
import { type Message, serve } from "./child.ts";

const [TOKENS, WIDTH, INNER, VOCAB, PREDICTED] = [4096, 256, 1024, 8192, 616];
const SHAPE = { batch: 32, length: 128, heads: 4 };

/** How much work an operation is, at the least; a number of operations or of bytes. */
export interface Work {
  readonly flops?: number;
  readonly bytes?: number;
}

/** An operation, and the same with its gradient. */
interface Operation {
  readonly forward: () => void;
  readonly both?: () => void;
  readonly work: Work;
  readonly gradientWork?: Work;
}

const matrix = (rows: number, columns: number, seed = 1) =>
  tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 1, "float32", seed);
const vector = (length: number) => tf.randomNormal<tf.Rank.R1>([length], 0, 1, "float32", 1);

/** An operation with inputs that it is differentiated by. */
function differentiated(
  run: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  work: Work,
  gradientWork: Work,
): Operation {
  const out = run(...inputs);
  const dy = tf.randomNormal(out.shape, 0, 1, "float32", 2);
  out.dispose();
  const gradients = tf.grads(run);
  return {
    forward: () => run(...inputs).dispose(),
    both: () => tf.dispose(gradients(inputs, dy)),
    work,
    gradientWork,
  };
}

/** Bytes of so many float matrices of that size. */
function moved(matrices: number, rows: number, columns: number): Work {
  return { bytes: 4 * matrices * rows * columns };
}

function operations(): Record<string, () => Operation> {
  const product = 2 * TOKENS * WIDTH * INNER;
  const decoder = 2 * PREDICTED * WIDTH * VOCAB;
  const heads = 4 * SHAPE.length * WIDTH * TOKENS;
  const ids = tf.tensor1d(Array.from({ length: TOKENS }, (_, i) => i * 7919 % VOCAB), "int32");
  const labels = tf.tensor1d(Array.from({ length: PREDICTED }, (_, i) => i), "int32");
  const mask = tf.ones<tf.Rank.R2>([SHAPE.batch, SHAPE.length]);
  return {
    linear: () =>
      differentiated(
        (x, w, b) => linear(x as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D),
        [matrix(TOKENS, WIDTH), matrix(WIDTH, INNER), vector(INNER)],
        { flops: product },
        { flops: 2 * product },
      ),
    project: () =>
      differentiated(
        (x, t, b) => project(x as tf.Tensor2D, t as tf.Tensor2D, b as tf.Tensor1D),
        [matrix(PREDICTED, WIDTH), matrix(VOCAB, WIDTH), vector(VOCAB)],
        { flops: decoder },
        { flops: 2 * decoder },
      ),
    attention: () =>
      differentiated(
        (qkv) => attention(qkv as tf.Tensor2D, mask, { ...SHAPE, dropoutRate: 0.1, seed: 1 }),
        [matrix(TOKENS, 3 * WIDTH)],
        { flops: heads },
        { flops: 2 * heads },
      ),
    gelu: () =>
      differentiated(
        (x) => gelu(x),
        [matrix(TOKENS, INNER)],
        moved(2, TOKENS, INNER),
        moved(3, TOKENS, INNER),
      ),
    dropout: () =>
      differentiated(
        (x) => dropout(x, 0.1, 1),
        [matrix(TOKENS, INNER)],
        moved(2, TOKENS, INNER),
        moved(2, TOKENS, INNER),
      ),
    residualLayerNorm: () =>
      differentiated(
        (x, s, gamma, beta) =>
          residualLayerNorm(
            ...[x as tf.Tensor2D, s as tf.Tensor2D, gamma as tf.Tensor1D, beta as tf.Tensor1D],
            ...[1e-12, 0.1, 1] as const,
          ),
        [matrix(TOKENS, WIDTH), matrix(TOKENS, WIDTH, 2), vector(WIDTH), vector(WIDTH)],
        moved(3, TOKENS, WIDTH),
        moved(4, TOKENS, WIDTH),
      ),
    softmaxCrossEntropy: () =>
      differentiated(
        (logits) => softmaxCrossEntropy(logits as tf.Tensor2D, labels),
        [matrix(PREDICTED, VOCAB)],
        moved(1, PREDICTED, VOCAB),
        moved(2, PREDICTED, VOCAB),
      ),
    embed: () =>
      differentiated(
        (table) => embed(table as tf.Tensor2D, ids),
        [matrix(VOCAB, WIDTH)],
        moved(2, TOKENS, WIDTH),
        { bytes: 4 * WIDTH * (2 * TOKENS + VOCAB) },
      ),
    adamW: () => updates().adamW,
    globalNorm: () => updates().globalNorm,
  };
}

/** The two operations on all weights at once, as many as `mini` has. */
function updates(): { adamW: Operation; globalNorm: Operation } {
  const rows = 5500;
  const weight = tf.variable(matrix(rows, 1000));
  const optimizer = new AdamW(new Map([["weight", weight]]));
  const gradients = { weight: matrix(rows, 1000, 2) };
  return {
    adamW: { forward: () => optimizer.step(gradients, 1e-4), work: moved(7, rows, 1000) },
    globalNorm: {
      forward: () => void clipByGlobalNorm(gradients, 1),
      work: moved(1, rows, 1000),
    },
  };
}

/** Seconds of a call, the median of many within a tenth of a second or more. */
function secondsOf(call: () => void): number {
  const times: number[] = [];
  const began = performance.now();
  while (times.length < 5 || performance.now() - began < 150) {
    const before = performance.now();
    call();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1] / 1000;
}

/** Bytes a second, read and written, of copying an array. */
function copyRate(bytes: number): number {
  const [from, to] = [new Uint8Array(bytes).fill(1), new Uint8Array(bytes)];
  return 2 * bytes / secondsOf(() => to.set(from));
}

function productRate(size: number): number {
  const [a, b] = [matrix(size, size), matrix(size, size, 2)];
  const seconds = secondsOf(() => tf.matMul(a, b).dispose());
  tf.dispose([a, b]);
  return 2 * size ** 3 / seconds;
}

async function main(spec: Message): Promise<void> {
  await startSimd({ blas: false, native: Boolean(spec.native), threads: Number(spec.threads) });
  const known = operations();
  const made = new Map<string, Operation>();
  const native = simdMachine().multipliers[0] !== "wasm";
  await serve({ kernels: Object.keys(known), native }, ({ kernel, copy, product }): Message => {
    if (typeof copy === "number") return { rate: copyRate(copy) };
    if (typeof product === "number") return { rate: productRate(product) };
    const name = String(kernel);
    const operation = made.get(name) ?? known[name]();
    made.set(name, operation);
    const { forward, both, work, gradientWork } = operation;
    const seconds = secondsOf(forward);
    const gradient = both && secondsOf(both) - seconds;
    return { seconds, gradientSeconds: gradient, work, gradientWork };
  });
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]));
