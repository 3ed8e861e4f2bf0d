/**
 * A run that is ready for its next step, begun or resumed.
 *
 * The words of this folder: `RunSettings` are what a person chose, `RunConfig` is everything that
 * follows from it and is written down once (`config.json`). An `OpenRun` holds the model, the data and
 * the folder of a run while a process works on it. `RunState` says where the run stands in a few
 * numbers; a `RunCheckpoint` is that state with all weights.
 */
import type { Batch } from "../data/batch.ts";
import { ConfigError } from "../errors.ts";
import { count } from "../format.ts";
import { replaceFile } from "../files/write.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { loadVocab } from "../tokenizer/vocab.ts";
import { checkAgreement } from "../team/agreement.ts";
import { SOLO, type Team } from "../team/team.ts";
import { vocabularyFacts, vocabularyText } from "../tokenizer/facts.ts";
import { baselines } from "../training/baselines.ts";
import { createOptimizer } from "../training/muon.ts";
import type { Optimizer } from "../training/optimizer.ts";
import { stepsOfRun } from "../training/plan.ts";
import { checkShares } from "../training/train.ts";
import { restoreRun, type RunCheckpoint } from "./checkpoint.ts";
import { agreedFacts, checkpointOfAll, fromFirst } from "./ranks.ts";
import { type Decisive, identify, readRunConfig, type RunConfig } from "./config_file.ts";
import { checkFree, RunFolder } from "./folder.ts";
import type { Progress, RunCorpus } from "./corpus.ts";
import { checkInit, modelToContinue, runTokenizer } from "./inputs.ts";
import { continueOn, type RunStart, startOn } from "./open_corpus.ts";
import { checkGiven, type Given } from "./options.ts";
import { plateauWarning, textWarnings } from "./text_facts.ts";
import { RUN_OPTIONS } from "./settings_table.ts";
import { inWordsOfTask } from "./wording.ts";
import type { RunSettings } from "./run_settings.ts";
import { completeSettings, libraryConfigs, modelConfig, resumedSettings } from "./settings.ts";

/** A run that is ready for its next step. The caller calls `close()`, or declares it with `using`. */
export interface OpenRun extends Disposable {
  /** The folder of the run, locked for this process. */
  readonly folder: RunFolder;
  /** What its `config.json` says. */
  readonly config: RunConfig;
  /** The text to train on, and what is kept aside for evaluation. `close()` disposes of it. */
  readonly corpus: RunCorpus;
  /** The batches that the model is evaluated on; none if nothing is held out. */
  readonly heldOut: readonly Batch[];
  /** The tokenizer that the run began with. */
  readonly tokenizer: BertTokenizer;
  /** The model in training. `close()` disposes of it. */
  readonly model: BertPretrainHead;
  /** The optimizer with its state. `close()` disposes of it. */
  readonly optimizer: Optimizer;
  /** Where it goes on; a run that begins has none. */
  readonly checkpoint?: RunCheckpoint;
  /** What computes, in words. */
  readonly backend: string;
  /** The processes that train together. */
  readonly team: Team;
  /** What a person should know. */
  readonly warnings: readonly string[];
  /** Frees the model and the folder. */
  close(): void;
}

/** What an open run is made of, but for what follows from it. */
type Parts = Omit<OpenRun, "optimizer" | "close" | typeof Symbol.dispose>;

/**
 * Puts a run together: its optimizer, and the numbers of its checkpoint.
 *
 * @throws {ConfigError} If the checkpoint is of another model.
 */
function openRun(parts: Parts): OpenRun {
  const { folder, config, corpus, model, checkpoint } = parts;
  const optimizer = createOptimizer(model.weights, config.train);
  if (checkpoint) restoreRun(checkpoint, model.weights, optimizer);
  const close = () => {
    optimizer.dispose();
    model.dispose();
    corpus[Symbol.dispose]();
    folder.close();
  };
  return {
    ...parts,
    optimizer,
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * The batches that a run is evaluated on; none if nothing is held out.
 *
 * @throws {ConfigError} If what is held out gives no pair, or no masked word.
 */
function heldOutBatches(corpus: RunCorpus, share: number): readonly Batch[] {
  try {
    return corpus.heldOut;
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof ConfigError) throw error;
    const problem = `leaves nothing to evaluate on (${error.message}): raise it, or set it to 0`;
    throw new ConfigError("--held-out", share, problem);
  }
}

/**
 * Begins a run in a new folder. Nothing is written before all settings are known to work.
 *
 * @throws {ConfigError | FormatError} If a setting, the corpus or the folder cannot be used.
 *
 * @example
 * ```ts
 * import { beginRun } from "bert/runs/open.ts";
 * import { strictEqual } from "node:assert";
 * const folder = `${await Deno.makeTempDir()}/run`;
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 5 };
 * using run = await beginRun(folder, settings, { backend: "cpu" }, () => {});
 * strictEqual(run.config.plannedSteps, 5);
 * ```
 */
export async function beginRun(
  path: string,
  given: Given<keyof RunSettings>,
  software: Readonly<Record<string, string>>,
  progress: Progress,
  team: Team = SOLO,
): Promise<OpenRun> {
  checkGiven("beginRun()", given, RUN_OPTIONS);
  checkBackend(software.backend, given);
  const settings = completeSettings(given);
  try {
    return await begin(path, { given, all: settings }, software, progress, team);
  } catch (error) {
    throw inWordsOfTask(error, settings);
  }
}

async function begin(
  path: string,
  { given, all }: { readonly given: Given<keyof RunSettings>; readonly all: RunSettings },
  software: Readonly<Record<string, string>>,
  progress: Progress,
  team: Team,
): Promise<OpenRun> {
  checkShares(libraryConfigs(all).train.accumulation, team); // throws early, as the next ones
  await checkFree(path);
  if (all.init === undefined) modelConfig(all, all.vocabSize);
  else await checkInit(all.init, all.length);
  const start = await startOn(given, all, progress);
  const { corpus, tokenizer, model } = start;
  let folder: RunFolder | undefined;
  try {
    const { decisive, heldOut, warnings } = await decide(start, progress);
    const config: RunConfig = { format: 1, run: identify(decisive), ...decisive, software };
    await checkAgreement(team, agreedFacts(config)); // all have prepared, nothing is written yet
    folder = team.rank === 0 ? await RunFolder.open(path) : RunFolder.leave(path);
    if (folder.writes) {
      await checkFree(path); // another process may have begun while this one prepared
      await replaceFile(folder.vocabulary, vocabularyText(tokenizer));
      await folder.saveConfig(config);
    }
    const { backend } = software;
    return openRun({
      folder,
      config,
      corpus,
      heldOut,
      tokenizer,
      model,
      backend,
      team,
      warnings,
    });
  } catch (error) {
    folder?.close();
    model.dispose();
    corpus[Symbol.dispose]();
    throw error;
  }
}

/** What decides a run that begins, what it is evaluated on, and what a person should know. */
async function decide(
  { settings, corpus, tokenizer, model, notes, unknown }: RunStart,
  progress: Progress,
): Promise<{ decisive: Decisive; heldOut: readonly Batch[]; warnings: readonly string[] }> {
  const { data, train } = libraryConfigs(settings);
  progress("making the held-out batches");
  const heldOut = heldOutBatches(corpus, settings.heldOut);
  progress("counting the text");
  const { text, plannedSteps } = await plan(settings, corpus, progress);
  const lacking = unknown(text);
  const slow = settings.init === undefined && !settings.headStart
    ? plateauWarning(plannedSteps, train.batchSize * train.accumulation, text)
    : undefined;
  const warnings = [...notes, lacking, ...textWarnings(text, data.pairing), slow]
    .filter((warning) => warning !== undefined);
  const decisive = {
    settings,
    model: model.config,
    data,
    train,
    plannedSteps,
    evaluateEvery: settings.evaluateEvery ?? cadence(plannedSteps),
    corpus: corpus.facts,
    vocabulary: vocabularyFacts(tokenizer),
    text,
    ...(heldOut.length === 0 ? {} : { baselines: baselines(corpus.counts, heldOut) }),
  };
  return { decisive, heldOut, warnings };
}

/** A checkpoint copies all weights between two steps, which `webgpu` cannot without waiting. */
function checkBackend(backend: string, given: Given<keyof RunSettings>): void {
  if (backend !== "webgpu") return;
  const name = given.backend === undefined ? "BERT_BACKEND" : "--backend";
  throw new ConfigError(name, backend, "cannot keep a run in a folder: use simd or wasm");
}

/** What the text is like, and the steps of the run; `null` if only the clock ends it. */
async function plan(settings: RunSettings, corpus: RunCorpus, progress: Progress) {
  const { steps, epochs, maxMinutes } = settings;
  const countSteps = maxMinutes === undefined || steps !== undefined || epochs !== undefined;
  const { text, steps: found, estimated } = await corpus.survey({ countSteps });
  if (!countSteps) return { text, plannedSteps: null };
  if (estimated) progress(`an epoch has about ${count(found)} steps, by a part of its text`);
  return { text, plannedSteps: stepsOfRun(found, libraryConfigs(settings).train) };
}

function cadence(plannedSteps: number | null): number {
  return plannedSteps === null ? 200 : Math.min(500, Math.ceil(plannedSteps / 10));
}

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
 * import { beginRun } from "bert/runs/open.ts";
 * import { runToEnd } from "bert/runs/loop.ts";
 * import { reopenRun } from "bert/runs/open.ts";
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
  team: Team = SOLO,
): Promise<OpenRun> {
  checkGiven("reopenRun()", given, RUN_OPTIONS);
  checkBackend(software.backend, given);
  const saved = await fromFirst(team, () => readRunConfig(path));
  if (!saved) {
    throw new ConfigError("--out", path, "holds no run to go on with: leave --resume out");
  }
  const settings = resumedSettings(saved.settings, given, path);
  const folder = team.rank === 0 ? await RunFolder.open(path) : RunFolder.leave(path);
  const config = { ...saved, settings };
  let opened: Disposable | undefined;
  try {
    checkShares(saved.train.accumulation, team);
    const own = async () => {
      const tokens = await fromFirst(team, async () => (await loadVocab(folder.vocabulary)).tokens);
      return runTokenizer(folder.vocabulary, tokens, saved.vocabulary);
    };
    const { corpus, tokenizer } = await continueOn(config, own, progress);
    opened = corpus;
    progress("looking for the newest checkpoint");
    const { checkpoint, damaged } = await checkpointOfAll(folder, saved.run, team);
    if (JSON.stringify(settings) !== JSON.stringify(saved.settings)) {
      await folder.saveConfig(config);
    }
    const warnings = damaged.map(({ reason }) => `${reason}; passed over`);
    warnings.push(...otherSoftware(saved.software, software, checkpoint));
    const heldOut = heldOutBatches(corpus, settings.heldOut);
    const documents = checkpoint || !settings.countedStart ? [] : corpus.sample();
    const model = await modelToContinue(config, checkpoint, { tokenizer, documents });
    const { backend } = software;
    return openRun({
      folder,
      config,
      corpus,
      heldOut,
      tokenizer,
      model,
      checkpoint,
      backend,
      team,
      warnings,
    });
  } catch (error) {
    opened?.[Symbol.dispose]();
    folder.close();
    throw inWordsOfTask(error, settings);
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
