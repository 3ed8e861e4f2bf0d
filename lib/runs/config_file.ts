/** `config.json` of a run: its fields, and the digest that shows whether the file was changed. */
import { createHash } from "node:crypto";
import { checkArguments, having, type Kind } from "../checks.ts";
import type { BertConfig, DataConfig, TrainConfig } from "../config.ts";
import { FormatError } from "../errors.ts";
import { shellWord } from "../shell_quote.ts";
import { isRecord, parseJsonObject } from "../files/json.ts";
import { readTextIfThere } from "../files/optional_file.ts";
import type { VocabularyFacts } from "../tokenizer/vocab_facts.ts";
import type { Baselines } from "../training/baselines.ts";
import { optionsFromJson } from "./option_parser.ts";
import type { RunSettings } from "./run_settings.ts";
import { CHANGEABLE } from "./resume_settings.ts";
import { RUN_OPTIONS } from "./settings_table.ts";
import type { TextFacts } from "./text_facts.ts";

/** `config.json` of a run: everything that decides its numbers, as it was when the run began. */
export interface RunConfig {
  /** The version of this file's format. */
  readonly format: 1;
  /** A digest of everything that decides the run's numbers. Each of its checkpoints carries it. */
  readonly run: string;
  /** The settings, defaults included. */
  readonly settings: RunSettings;
  /** The model's configuration, as it follows from the settings. */
  readonly model: BertConfig;
  /** How text becomes examples, as it follows from the settings. */
  readonly data: DataConfig;
  /** How the model is trained, as it follows from the settings. */
  readonly train: TrainConfig;
  /** The steps over which the learning rate is planned; `null` if only the clock ends the run. */
  readonly plannedSteps: number | null;
  /** Steps from one evaluation to the next. */
  readonly evaluateEvery: number;
  /** What identifies the corpus. */
  readonly corpus: CorpusFacts;
  /** What identifies the vocabulary, and the tokenizer's options. */
  readonly vocabulary: VocabularyFacts;
  /** Figures of the training text; missing in runs of earlier versions. */
  readonly text?: TextFacts;
  /** The losses of predictors that know nothing but frequencies; missing if nothing is held out. */
  readonly baselines?: Baselines;
  /** The software that the run began with. It may be resumed with other software. */
  readonly software: Readonly<Record<string, string>>;
}

/** What identifies a corpus. */
export interface CorpusFacts {
  /**
   * For text: the SHA-256 of the documents as JSON lines `[name, sentences]`. For a store: that of the
   * facts in its `prepared.json`, or, without that file, of its counts and its index.
   */
  readonly sha256: string;
  /** The number of documents that the model is trained on. */
  readonly training: number;
  /** The number of held-out documents. */
  readonly heldOut: number;
}

/** Everything in a configuration that decides the numbers of its run. */
export type Decisive = Omit<RunConfig, "format" | "run" | "software">;

const CONFIG: Kind = having("the config.json of a run", "settings", "model", "data", "train");

/**
 * The digest of a run: the SHA-256 of everything that decides its numbers. The order of the fields
 * does not matter.
 *
 * @example
 * ```ts
 * import { identify, readRunConfig } from "bert/runs/config_file.ts";
 * import { beginRun } from "bert/runs/open.ts";
 * import { strictEqual } from "node:assert";
 * const folder = `${await Deno.makeTempDir()}/run`;
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 5 };
 * using run = await beginRun(folder, settings, { backend: "cpu" }, () => {});
 * strictEqual(identify(run.config), run.config.run);
 * strictEqual((await readRunConfig(folder))?.run, run.config.run);
 * ```
 */
export function identify(config: Decisive): string {
  checkArguments("identify(config)", [["config", config, CONFIG]]);
  const { settings, model, data, train, plannedSteps, evaluateEvery, corpus, vocabulary } = config;
  const decisive = { model, data, train, plannedSteps, evaluateEvery, corpus, vocabulary };
  const { baselines, text } = config;
  const complete = { ...decisive, settings: fixed(settings), baselines, text };
  return short(JSON.stringify(complete, sorted));
}

/** The digest as earlier versions computed it: in the order of the file, without baselines and text. */
function identifyAsBefore(config: Decisive): string {
  const { settings, model, data, train, plannedSteps, evaluateEvery, corpus, vocabulary } = config;
  const rest = { model, data, train, plannedSteps, evaluateEvery, corpus, vocabulary };
  return short(JSON.stringify({ settings: fixed(settings), ...rest }));
}

function fixed(settings: RunSettings): Record<string, unknown> {
  const entries = Object.entries(settings)
    .filter(([name]) => !CHANGEABLE.includes(name as keyof RunSettings));
  return Object.fromEntries(entries.sort());
}

/** A replacer for `JSON.stringify()`, which sorts the fields of each object by name. */
function sorted(_name: string, value: unknown): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The path of the configuration of the run in a folder. */
export function configPath(folder: string): string {
  return `${folder}/config.json`;
}

/**
 * Reads the configuration of the run in a folder; undefined if there is no run.
 *
 * @throws {FormatError} If its `config.json` is not that of a run, or was changed after the run had
 * begun.
 *
 * @example
 * ```ts
 * import { readRunConfig } from "bert/runs/config_file.ts";
 * import { beginRun } from "bert/runs/open.ts";
 * import { strictEqual } from "node:assert";
 * const folder = `${await Deno.makeTempDir()}/run`;
 * strictEqual(await readRunConfig(folder), undefined); // no run yet
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 5 };
 * using _run = await beginRun(folder, settings, { backend: "cpu" }, () => {});
 * strictEqual((await readRunConfig(folder))?.plannedSteps, 5);
 * ```
 */
export async function readRunConfig(folder: string): Promise<RunConfig | undefined> {
  const path = configPath(folder);
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : checkRunConfig(parseJsonObject(text, path), path);
}

/** The fields of a configuration that are objects. */
const PARTS = ["settings", "model", "data", "train", "corpus", "vocabulary", "software"] as const;

function checkRunConfig(json: Record<string, unknown>, path: string): RunConfig {
  if (json.format !== 1 || typeof json.run !== "string" || !isRecord(json.settings)) {
    throw new FormatError(path, "expected the settings of a run (format 1), found other JSON");
  }
  const missing = PARTS.find((part) => !isRecord(json[part]));
  if (missing) throw changed(path, `"${missing}" as an object, found none`);
  const config = json as unknown as RunConfig;
  const digests = [identify(config), identifyAsBefore(config)];
  if (!digests.includes(config.run)) {
    throw changed(path, `what run ${config.run} began with, found other settings`);
  }
  checkRest(json, path);
  return config;
}

/** Checks the fields that the digest does not cover because they may change when a run is resumed. */
function checkRest({ settings, software }: Record<string, unknown>, path: string): void {
  const changeable = Object.entries(settings as RunSettings)
    .filter(([name]) => CHANGEABLE.includes(name as keyof RunSettings));
  optionsFromJson(Object.fromEntries(changeable), RUN_OPTIONS, path);
  const wrong = Object.entries(software as object).find(([, value]) => typeof value !== "string");
  if (wrong) throw changed(path, `"software" to have texts, found ${JSON.stringify(wrong[1])}`);
}

function changed(path: string, problem: string): FormatError {
  return new FormatError(
    path,
    `expected ${problem}: the file was changed after the run had begun. Put back what it said, or ` +
      `begin a new run with these settings: --config ${shellWord(path)} --out runs/NAME`,
  );
}
