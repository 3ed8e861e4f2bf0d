/** Coming back to a run in its folder, at its newest valid checkpoint. */
import { newestCheckpoint, tidyCheckpoints } from "./checkpoints.ts";
import { ConfigError, FormatError } from "../errors.ts";
import type { Given } from "./options.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import { checkCorpus, readDocuments, runTokenizer } from "./inputs.ts";
import { readRunConfig, RunFolder } from "./folder.ts";
import { modelToContinue, type Progress } from "./run_model.ts";
import { heldOutBatches, type OpenRun, openRun } from "./open.ts";
import { resumedSettings, type RunSettings } from "./settings.ts";

/**
 * Comes back to the run in a folder, at its newest valid checkpoint.
 *
 * @param given What was set this time: it has to be as in the run.
 * @throws {ConfigError | FormatError} If there is no run, a setting or the corpus is another, or no
 * checkpoint is left.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { beginRun } from "bert/runs/run_begin.ts";
 * import { runToEnd } from "bert/runs/loop.ts";
 * import { reopenRun } from "bert/runs/run_resume.ts";
 * import { strictEqual } from "node:assert";
 * const software = { backend: await useBackend() };
 * const folder = `${await Deno.makeTempDir()}/run`;
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 2 };
 * const run = await beginRun(folder, settings, software, () => {});
 * await runToEnd(run, {}, AbortSignal.abort()); // at once
 * run.close();
 * const again = await reopenRun(folder, {}, software, () => {});
 * strictEqual((await runToEnd(again)).step, 2);
 * again.close();
 * ```
 */
export async function reopenRun(
  path: string,
  given: Given<keyof RunSettings>,
  software: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<OpenRun> {
  const saved = await readRunConfig(path);
  if (!saved) {
    throw new ConfigError("--out", path, "holds no run to go on with: leave --resume out");
  }
  const settings = resumedSettings(saved.settings, given, path);
  const folder = await RunFolder.open(path);
  try {
    const config = { ...saved, settings };
    progress(`reading ${settings.corpus}`);
    const documents = await readDocuments(settings);
    checkCorpus(documents.facts, saved.corpus, settings.corpus);
    const tokenizer = await runTokenizer(folder.vocabulary, saved.vocabulary);
    progress("looking for the newest checkpoint");
    const { checkpoint, damaged } = await newestCheckpoint(folder.checkpoints, saved.run);
    if (!checkpoint) checkNothingLost(folder, damaged.map(({ reason }) => reason));
    await tidyCheckpoints(folder.checkpoints, damaged);
    if (JSON.stringify(settings) !== JSON.stringify(saved.settings)) {
      await folder.saveConfig(config);
    }
    const warnings = damaged.map(({ reason }) => `${reason}; passed over`);
    warnings.push(...otherSoftware(saved.software, software, checkpoint));
    const model = await modelToContinue(config, checkpoint);
    const options = { documents: [], heldOut: documents.heldOut, tokenizer, seed: settings.seed };
    const heldOut = heldOutBatches({ options, data: saved.data, train: saved.train });
    const { backend } = software;
    const parts = { documents, heldOut, tokenizer, model, checkpoint, backend, warnings };
    return openRun(folder, config, parts);
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** Throws if there were steps, and no checkpoint of them is left: nothing may pass for them. */
function checkNothingLost(folder: RunFolder, reasons: readonly string[]): void {
  const rows = countRows(folder.metrics);
  if (rows <= 0 && reasons.length === 0) return;
  const found = reasons.length > 0 ? reasons.join("; ") : "found none";
  throw new FormatError(
    folder.checkpoints,
    `expected a valid checkpoint, ${found}. The run cannot go on; if ${folder.path}/best is there, ` +
      `begin another from it: --init ${folder.path}/best --out runs/NAME`,
  );
}

function countRows(path: string): number {
  try {
    return Deno.readTextFileSync(path).split("\n").length - 2; // the header, and what follows the end
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function otherSoftware(
  saved: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
  checkpoint: RunCheckpoint | undefined,
): string[] {
  const before: Record<string, string> = {
    ...saved,
    backend: checkpoint?.state.backend ?? saved.backend,
  };
  return Object.keys(found).filter((name) => before[name] !== found[name]).map((name) =>
    `${name} was ${before[name]}, and is ${found[name]}: the numbers may differ in their last bits`
  );
}
