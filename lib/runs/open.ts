/**
 * Beginning a run and resuming it: everything that is needed for its next step.
 *
 * A run is one training of one model, in a folder of its own, however often it is stopped and
 * resumed. `RunSettings` are what a person chose. `RunConfig` is everything that follows from them;
 * it is written once, as `config.json`. An `OpenRun` holds the model, the data and the folder of a
 * run while a process works on it. `RunState` is the run's progress as a few numbers. A
 * `RunCheckpoint` is that state with all weights.
 */
import { TEAM } from "../training/argument_kinds.ts";
import { checkArguments, FUNCTION, having, TEXT } from "../checks.ts";
import type { Batch } from "../data/batch.ts";
import { ConfigError, NoExamplesError } from "../errors.ts";
import { count } from "../format.ts";
import { replaceFile } from "../files/write.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { loadVocab } from "../tokenizer/vocab.ts";
import { checkAgreement } from "../team/agreement.ts";
import { SOLO, type Team } from "../team/team.ts";
import { vocabularyFacts, vocabularyText } from "../tokenizer/vocab_facts.ts";
import { baselines } from "../training/baselines.ts";
import { createOptimizer } from "../training/create_optimizer.ts";
import type { Optimizer } from "../training/optimizer.ts";
import { stepsOfRun } from "../training/plan.ts";
import { checkShares } from "../training/train.ts";
import { restoreRun, type RunCheckpoint } from "./checkpoint.ts";
import { agreedFacts, checkpointOfAll, fromFirst } from "./ranks.ts";
import { type Decisive, identify, readRunConfig, type RunConfig } from "./config_file.ts";
import { checkFree, RunFolder } from "./run_folder.ts";
import type { Progress, RunCorpus } from "./run_corpus.ts";
import { checkInit, modelToContinue } from "./first_model.ts";
import { runTokenizer } from "./run_vocab.ts";
import { continueOn, type RunStart, startOn } from "./open_corpus.ts";
import { checkGiven, type Given } from "./option_parser.ts";
import { plateauWarning, rateWarning, textWarnings } from "./text_warnings.ts";
import { RUN_OPTIONS } from "./settings_table.ts";
import { inWordsOfTask } from "./error_wording.ts";
import type { RunSettings } from "./run_settings.ts";
import { resumedSettings } from "./resume_settings.ts";
import { completeSettings, libraryConfigs, modelConfig } from "./complete_settings.ts";

/** A run that is ready for its next step. The caller calls `close()`, or declares it with `using`. */
export interface OpenRun extends Disposable {
  /** The folder of the run, locked for this process. */
  readonly folder: RunFolder;
  /** What its `config.json` says. */
  readonly config: RunConfig;
  /** The training text and the held-out text. `close()` disposes of it. */
  readonly corpus: RunCorpus;
  /** The batches that the model is evaluated on; none if nothing is held out. */
  readonly heldOut: readonly Batch[];
  /** The tokenizer that the run began with. */
  readonly tokenizer: BertTokenizer;
  /** The model in training. `close()` disposes of it. */
  readonly model: BertPretrainHead;
  /** The optimizer with its state. `close()` disposes of it. */
  readonly optimizer: Optimizer;
  /** The checkpoint that a resumed run goes on from; a run that begins has none. */
  readonly checkpoint?: RunCheckpoint;
  /** The name of the backend. */
  readonly backend: string;
  /** The processes that train together. */
  readonly team: Team;
  /** Warnings for the person who trains. */
  readonly warnings: readonly string[];
  /** Frees the optimizer, the model and the corpus, and unlocks the folder. */
  close(): void;
}

/** Everything that an open run is made from. */
type Parts = Omit<OpenRun, "optimizer" | "close" | typeof Symbol.dispose>;

/**
 * Makes an open run from its parts: creates the optimizer and restores the checkpoint.
 *
 * @throws {ConfigError} If the checkpoint belongs to another model.
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
 * @throws {ConfigError} If no pair can be made of the held-out text, or no masked word.
 */
function heldOutBatches(corpus: RunCorpus, share: number): readonly Batch[] {
  try {
    return corpus.heldOut;
  } catch (error) {
    if (!(error instanceof NoExamplesError)) throw error;
    const problem = `leaves nothing to evaluate on (${error.message}): raise it, or set it to 0`;
    throw new ConfigError("--held-out", share, problem);
  }
}

/**
 * Begins a run in a new folder. Nothing is written before all settings are known to work. The caller
 * closes the run.
 *
 * @param path The folder.
 * @param given The settings that differ from the defaults.
 * @param software The versions to record in `config.json`, and the name of the `backend` in use.
 * @param progress Is called with each stage of the preparation.
 * @param team The processes that train together. Default: this process alone.
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
  checkCall("beginRun", { path, given, software, progress, team });
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
  // these checks come first, as reading the corpus may take long
  checkShares(libraryConfigs(all).train.accumulation, team);
  await checkFree(path);
  if (all.init === undefined) modelConfig(all, all.vocabSize);
  else await checkInit(all.init, all.length);
  const start = await startOn(given, all, progress);
  const { corpus, tokenizer, model } = start;
  let folder: RunFolder | undefined;
  try {
    const { decisive, heldOut, warnings } = await decide(start, progress);
    const config: RunConfig = { format: 1, run: identify(decisive), ...decisive, software };
    await checkAgreement(team, agreedFacts(config)); // before anything is written
    folder = team.rank === 0 ? await RunFolder.open(path) : RunFolder.leave(path);
    if (folder.writes) {
      await checkFree(path); // another process may have begun a run there meanwhile
      await replaceFile(folder.vocabulary, vocabularyText(tokenizer));
      await folder.saveConfig(config);
    }
    const { backend } = software;
    return openRun({ folder, config, corpus, heldOut, tokenizer, model, backend, team, warnings });
  } catch (error) {
    folder?.close();
    model.dispose();
    corpus[Symbol.dispose]();
    throw error;
  }
}

/** Counts the text and derives everything that decides the numbers of a new run. */
async function decide(
  { settings, corpus, tokenizer, model, notes, warnOfUnknown }: RunStart,
  progress: Progress,
): Promise<{ decisive: Decisive; heldOut: readonly Batch[]; warnings: readonly string[] }> {
  const { data, train } = libraryConfigs(settings);
  progress("making the held-out batches");
  const heldOut = heldOutBatches(corpus, settings.heldOut);
  progress("counting the text");
  const { text, plannedSteps } = await plan(settings, corpus, progress);
  const lacking = warnOfUnknown(text);
  const slow = settings.init === undefined && !settings.headStart
    ? plateauWarning(plannedSteps, train.batchSize * train.accumulation, text)
    : undefined;
  const fast = rateWarning(model.config.hiddenSize, train.learningRate);
  const warnings = [...notes, lacking, ...textWarnings(text, data.pairing), slow, fast]
    .filter((warning) => warning !== undefined);
  const decisive = {
    settings,
    model: model.config,
    data,
    train,
    plannedSteps,
    evaluateEvery: settings.evaluateEvery ?? stepsBetweenEvaluations(plannedSteps),
    corpus: corpus.facts,
    vocabulary: vocabularyFacts(tokenizer),
    text,
    ...(heldOut.length === 0 ? {} : { baselines: baselines(corpus.counts, heldOut) }),
  };
  return { decisive, heldOut, warnings };
}

/**
 * Throws `TypeError` if an argument is of another kind, and `ConfigError` if a setting is unknown or of
 * the wrong kind, or the backend is `webgpu`: a checkpoint copies all weights synchronously, which that
 * backend cannot do.
 */
function checkCall(
  name: string,
  { path, given, software, progress, team }: {
    readonly path: string;
    readonly given: Given<keyof RunSettings>;
    readonly software: Readonly<Record<string, string>>;
    readonly progress: Progress;
    readonly team: Team;
  },
): void {
  const call = `${name}(path, settings, software, progress, team)`;
  checkArguments(call, [["path", path, TEXT]]);
  checkGiven(`${name}()`, given, RUN_OPTIONS);
  checkArguments(call, [
    ["software", software, having('names, as in { backend: "simd" }')],
    ["progress", progress, FUNCTION],
    ["team", team, TEAM],
  ]);
  const { backend } = software;
  if (backend !== "webgpu") return;
  const setting = given.backend === undefined ? "BERT_BACKEND" : "--backend";
  throw new ConfigError(setting, backend, "cannot keep a run in a folder: use simd or wasm");
}

/** Counts the text and plans the steps of the run; `null` steps if only the clock ends it. */
async function plan(settings: RunSettings, corpus: RunCorpus, progress: Progress) {
  const { steps, epochs, maxMinutes } = settings;
  const countSteps = maxMinutes === undefined || steps !== undefined || epochs !== undefined;
  const { text, steps: found, estimated } = await corpus.survey({ countSteps });
  if (!countSteps) return { text, plannedSteps: null };
  if (estimated) {
    progress(`an epoch has about ${count(found)} steps, estimated from a part of the text`);
  }
  return { text, plannedSteps: stepsOfRun(found, libraryConfigs(settings).train) };
}

/** The default of `evaluateEvery`: a tenth of the run, at most 500; 200 if only the clock ends it. */
function stepsBetweenEvaluations(plannedSteps: number | null): number {
  return plannedSteps === null ? 200 : Math.min(500, Math.ceil(plannedSteps / 10));
}

/**
 * Opens the run in a folder again, at its newest valid checkpoint. The caller closes the run.
 *
 * @param path The folder.
 * @param given The settings that are given this time. Only those that do not change what the run
 * computes may differ from the run's.
 * @param software The versions and the `backend` of this time. A warning names those that differ.
 * @param progress Is called with each stage of the preparation.
 * @param team The processes that train together. Default: this process alone.
 * @throws {ConfigError | FormatError} If there is no run, a setting or the corpus differs, or no
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
 * await runToEnd(run, {}, AbortSignal.abort()); // stops at once
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
  checkCall("reopenRun", { path, given, software, progress, team });
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
    const warnings = damaged.map(({ reason }) => `${reason}; this checkpoint is not used`);
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

/** A warning for each part of the software that differs from the run's. */
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
    `${name} was ${before[name]}, and is ${
      found[name]
    } now: the numbers may differ in their last bits`
  );
}
