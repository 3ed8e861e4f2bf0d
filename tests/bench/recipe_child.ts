/** The child that trains by a recipe of the library, some steps at a time, and evaluates after them. */
import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { headStart } from "bert/model/head_start.ts";
import { completeSettings, libraryConfigs, modelConfig } from "bert/runs/complete_settings.ts";
import type { Given } from "bert/runs/option_parser.ts";
import type { RunSettings } from "bert/runs/run_settings.ts";
import { countedStart } from "bert/training/counted_start.ts";
import { createOptimizer } from "bert/training/create_optimizer.ts";
import { evaluate } from "bert/training/evaluate.ts";
import type { StepLog } from "bert/training/history.ts";
import { train } from "bert/training/train.ts";
import { type Message, serve } from "./child.ts";
import { recipeExamples } from "./recipe_examples.ts";

/** The settings of the run, with its number of steps, as those of `deno task pretrain`. */
export interface RecipeSpec {
  readonly settings: Given<keyof RunSettings>;
  readonly threads: number;
}

async function main({ settings: given, threads }: RecipeSpec): Promise<void> {
  await startSimd({ blas: false, native: true, threads });
  const settings = completeSettings(given);
  const { seed, precision, steps: plannedSteps = 0 } = settings;
  const examples = await recipeExamples(settings);
  const model = new BertPretrainHead(modelConfig(settings, examples.tokenizer.vocab.size), {
    seed,
  });
  const startSeconds = await secondsOf(async () => {
    const { documents, tokenizer } = examples;
    if (settings.countedStart) await countedStart(model, documents, tokenizer, { seed });
    if (settings.headStart) headStart(model);
  });
  const { train: config } = libraryConfigs(settings);
  const optimizer = createOptimizer(model.weights, config);
  const options = { train: config, seed, plannedSteps };
  const logs = train(model, optimizer, examples.training(), options);
  const missing = precision === "float32" ? undefined : simdMachine().missing(precision);
  await serve({ startSeconds, missing }, async ({ steps }) => {
    const seconds = await secondsOf(() => advance(logs, Number(steps)));
    const { mlmLoss, mlmAccuracy, nspLoss, nspAccuracy } = await evaluate(model, examples.heldOut);
    return { steps: optimizer.steps, seconds, mlmLoss, mlmAccuracy, nspLoss, nspAccuracy };
  });
}

/** Makes so many steps, or those that are left of the run. */
async function advance(logs: AsyncGenerator<StepLog, void>, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) if ((await logs.next()).done) return;
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]) as RecipeSpec & Message);
