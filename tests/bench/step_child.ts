/** The child that trains: `deno run step_child.ts '{"backend": "simd", "preset": "mini", ...}'`. */
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { startWebgpu } from "bert/backend/webgpu.ts";
import type { Precision } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { trainStep } from "bert/training/train_step.ts";
import { type BatchShape, randomBatch, stepConfig, type StepModel } from "./arithmetic.ts";
import { type Message, serve } from "./child.ts";
import { startStockWasm } from "./stock_wasm.ts";

/** What is trained, and on what. */
export interface StepSpec extends BatchShape, StepModel {
  readonly backend: "simd" | "stock" | "webgpu";
  readonly blas?: boolean;
  readonly native?: boolean;
  readonly precision?: Precision;
  readonly threads: number;
}

async function main(spec: StepSpec): Promise<void> {
  const began = performance.now();
  const library = await start(spec);
  const startMs = performance.now() - began;
  const { precision = "float32" } = spec;
  const missing = precision === "float32" ? undefined : simdMachine().missing(precision);
  const step = trainer(spec);
  await serve({ startMs, library, missing }, async ({ steps, product }) => {
    if (typeof product === "number") return { flops: await productRate(product) };
    const seconds = await time(step, Number(steps));
    return { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
  });
}

/** The backend as asked for; gives the native library that it found. */
async function start({ backend, blas, native, threads }: StepSpec): Promise<string> {
  if (backend === "stock") {
    await startStockWasm();
    return "";
  }
  if (backend === "webgpu") {
    await startWebgpu();
    return "";
  }
  await startSimd({ blas, native, threads });
  return simdMachine().blas?.path ?? "";
}

function trainer(spec: StepSpec): () => Promise<void> {
  const model = new BertPretrainHead(stepConfig(spec), { seed: 1 });
  const optimizer = new AdamW(model.weights);
  const batch = randomBatch(spec, spec.vocabSize);
  const options = { learningRate: 1e-4, clipNorm: 1, precision: spec.precision };
  let seed = 0;
  return async () => {
    await trainStep(model, optimizer, batch, { ...options, seed: seed++ });
  };
}

/** Seconds that one of `steps` steps takes. */
async function time(step: () => Promise<void>, steps: number): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < steps; i++) await step();
  return (performance.now() - began) / 1000 / steps;
}

/** Operations a second of a product of two square matrices. */
async function productRate(size: number): Promise<number> {
  const [a, b] = [0, 1].map((seed) => tf.randomUniform([size, size], -1, 1, "float32", seed));
  const multiply = async () => {
    const product = tf.matMul(a, b);
    await tf.slice(product, [0, 0], [1, 1]).data(); // a GPU is done when a number can be read
    product.dispose();
  };
  await multiply();
  const began = performance.now();
  for (let i = 0; i < 4; i++) await multiply();
  const seconds = (performance.now() - began) / 1000 / 4;
  tf.dispose([a, b]);
  return 2 * size ** 3 / seconds;
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]) as StepSpec & Message);
