/** Beginning a run in a new folder: everything that precedes its first step. */
import { createHash } from "node:crypto";
import { baselines, tokenCounts } from "../training/baselines.ts";
import { replaceFile } from "../files/write.ts";
import type { Given } from "./options.ts";
import { checkFit, planSteps, type RunSource } from "../training/pretrain.ts";
import { readDocuments, vocabularyFacts, vocabularyText } from "./inputs.ts";
import { checkFree, type RunConfig, RunFolder } from "./folder.ts";
import { checkInit, firstModel, type Progress } from "./run_model.ts";
import { heldOutBatches, type OpenRun, openRun, type RunParts } from "./open.ts";
import { CHANGEABLE, completeSettings, libraryConfigs, type RunSettings } from "./settings.ts";

/**
 * Begins a run in a new folder. Nothing is written before all settings are known to work.
 *
 * @throws {ConfigError | FormatError} If a setting, the corpus or the folder cannot be used.
 *
 * @example
 * ```ts
 * import { beginRun } from "bert/runs/run_begin.ts";
 * import { strictEqual } from "node:assert";
 * const folder = `${await Deno.makeTempDir()}/run`;
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 5 };
 * const run = await beginRun(folder, settings, { backend: "cpu" }, () => {});
 * strictEqual(run.config.plannedSteps, 5);
 * run.close();
 * ```
 */
export async function beginRun(
  path: string,
  given: Given<keyof RunSettings>,
  software: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<OpenRun> {
  const settings = completeSettings(given);
  const { data, train } = libraryConfigs(settings);
  await checkFree(path);
  if (settings.init !== undefined) await checkInit(settings.init);
  progress(`reading ${settings.corpus}`);
  const documents = await readDocuments(settings);
  const { tokenizer, model, notes } = await firstModel(settings, documents.train, progress);
  try {
    checkFit(model.config, data, tokenizer);
    const { seed } = settings;
    const options = { documents: documents.train, heldOut: documents.heldOut, tokenizer, seed };
    const source = { options, data, train };
    progress("making the held-out batches");
    const heldOut = heldOutBatches(source);
    const plannedSteps = await plan(settings, source);
    const config = {
      ...{ settings, model: model.config, data, train, plannedSteps },
      evaluateEvery: settings.evaluateEvery ?? cadence(plannedSteps),
      corpus: documents.facts,
      vocabulary: vocabularyFacts(tokenizer),
    };
    const naive = heldOut.length > 0
      ? { baselines: baselines(tokenCounts(documents.train, tokenizer), heldOut) }
      : {};
    const complete = { format: 1, run: identify(config), ...config, ...naive, software } as const;
    const folder = await RunFolder.open(path);
    return await begun(folder, complete, {
      ...{ documents, heldOut, tokenizer, model },
      ...{ backend: software.backend, warnings: notes },
    });
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Writes down what has begun. */
async function begun(
  folder: RunFolder,
  config: RunConfig,
  parts: RunParts,
): Promise<OpenRun> {
  try {
    await checkFree(folder.path); // another process may have begun while this one prepared
    await replaceFile(folder.vocabulary, vocabularyText(parts.tokenizer));
    await folder.saveConfig(config);
    return openRun(folder, config, parts);
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** The steps that the learning rate is planned for; `null` if only the clock ends the run. */
async function plan(settings: RunSettings, source: RunSource): Promise<number | null> {
  const { steps, epochs, maxMinutes } = settings;
  if (maxMinutes !== undefined && steps === undefined && epochs === undefined) return null;
  return await planSteps(source);
}

function cadence(plannedSteps: number | null): number {
  return plannedSteps === null ? 200 : Math.min(500, Math.ceil(plannedSteps / 10));
}

/** A digest of all that decides the numbers of a run. */
function identify(config: { readonly settings: RunSettings }): string {
  const fixed = Object.entries(config.settings)
    .filter(([name]) => !CHANGEABLE.includes(name as keyof RunSettings));
  const text = JSON.stringify({ ...config, settings: Object.fromEntries(fixed.sort()) });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
