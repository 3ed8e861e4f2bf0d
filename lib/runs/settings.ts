/** The settings of a run from the command line: their table, their defaults, what they come to. */
import {
  BERT_DEFAULTS,
  DATA_DEFAULTS,
  type DataConfig,
  dataConfig,
  type ModelPreset,
  TRAIN_DEFAULTS,
  type TrainConfig,
  trainConfig,
} from "../config.ts";
import type { CorpusOptions } from "../data/document.ts";
import { ConfigError } from "../errors.ts";
import { isLocale, LOCALE_ADVICE, type TokenizerOptions } from "../tokenizer/options.ts";
import { flag, type Given, type Options } from "./options.ts";

/** All settings of a run; those that may be left out have no value by default. */
export interface RunSettings {
  readonly corpus: string;
  readonly textColumn?: string;
  readonly documentColumn?: string;
  readonly noDocumentColumn: boolean;
  readonly sentencePerLine: boolean;
  readonly heldOut: number;
  readonly preset: ModelPreset;
  readonly vocabSize: number;
  readonly cased: boolean;
  readonly keepAccents?: boolean;
  readonly locale?: string;
  readonly dropout: number;
  readonly headStart: boolean;
  readonly heads?: number;
  readonly initialRange: number;
  readonly init?: string;
  readonly length: number;
  readonly mask: number;
  readonly wholeWord: boolean;
  readonly masking: DataConfig["masking"];
  readonly pairing: "nsp" | "sop" | "none";
  readonly packing: boolean;
  readonly steps?: number;
  readonly epochs?: number;
  readonly maxMinutes?: number;
  readonly batchSize: number;
  readonly accumulation: number;
  readonly lr: number;
  readonly warmup: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly seed: number;
  readonly onNan: "stop" | "skip";
  readonly evaluateEvery?: number;
  readonly checkpointEvery?: number;
  readonly checkpointMinutes: number;
  readonly keep: number;
  readonly backend?: string;
}

/** Without a word about how long, a run goes once over its corpus. */
export const RUN_DEFAULTS: RunSettings = {
  corpus: "sotu",
  noDocumentColumn: false,
  sentencePerLine: false,
  heldOut: DATA_DEFAULTS.heldOutShare,
  preset: "tiny",
  vocabSize: 8000,
  cased: false,
  dropout: BERT_DEFAULTS.hiddenDropoutProb,
  headStart: false,
  initialRange: BERT_DEFAULTS.initializerRange,
  length: DATA_DEFAULTS.maxLength,
  mask: DATA_DEFAULTS.maskProbability,
  wholeWord: false,
  masking: "dynamic",
  pairing: "nsp",
  packing: true,
  batchSize: TRAIN_DEFAULTS.batchSize,
  accumulation: 1,
  lr: TRAIN_DEFAULTS.learningRate,
  warmup: TRAIN_DEFAULTS.warmupShare,
  beta2: TRAIN_DEFAULTS.beta2,
  weightDecay: TRAIN_DEFAULTS.weightDecay,
  clip: TRAIN_DEFAULTS.clipNorm,
  seed: 1,
  onNan: "stop",
  checkpointMinutes: 5,
  keep: 3,
};

/** What may be another when a run is resumed: nothing of it changes what the run computes. */
export const CHANGEABLE: readonly (keyof RunSettings)[] = [
  "checkpointEvery",
  "checkpointMinutes",
  "keep",
  "onNan",
];

const PRESETS = ["smoke", "tiny", "mini", "small", "medium", "base"];
const { preset, vocabSize, length, batchSize, lr, keep } = RUN_DEFAULTS;

/** The table that command line, config file and help share. */
export const RUN_OPTIONS: Options<keyof RunSettings> = {
  corpus: {
    kind: "text",
    value: "NAME|PATH",
    help: "sotu (default), moby-dick, or a .txt, .csv or .jsonl file or a folder of them",
  },
  textColumn: { kind: "text", value: "NAME", help: "the column of the text in .csv and .jsonl" },
  documentColumn: {
    kind: "text",
    value: "NAME",
    help: "the column that names the document (document, if there is one)",
  },
  noDocumentColumn: { kind: "switch", help: "every row is a document, whatever columns there are" },
  sentencePerLine: { kind: "switch", help: ".txt: every line is one sentence" },
  heldOut: { kind: "share", help: "share of the documents kept aside for evaluation (0.05)" },
  preset: {
    kind: "text",
    value: "NAME",
    choices: PRESETS,
    help: `size of the model: ${PRESETS.join(", ")} (${preset})`,
  },
  vocabSize: { kind: "count", least: 6, help: `pieces of the vocabulary to learn (${vocabSize})` },
  cased: { kind: "switch", help: "keep capital letters, and accents as well; default: neither" },
  keepAccents: {
    kind: "switch",
    help: "keep accents without --cased, as German, Turkish and Hindi need it",
  },
  locale: {
    kind: "text",
    value: "TAG",
    help: "language of the text, such as de, tr or pt-BR: how sentences end (en), and\n" +
      "how I is lower-cased",
  },
  dropout: { kind: "share", help: "share of values set to zero while training (0.1)" },
  headStart: {
    kind: "switch",
    help: "begin with heads that look at neighbours (notebook 09): for short runs",
  },
  heads: { kind: "count", help: "attention heads in a layer (as the preset has)" },
  initialRange: { kind: "positive", help: "standard deviation of the initial weights (0.02)" },
  init: { kind: "text", value: "FOLDER", help: "begin with this saved model and its vocabulary" },
  length: { kind: "count", least: 5, help: `tokens in a sequence (${length})` },
  mask: { kind: "share", help: "share of positions to predict (0.15)" },
  wholeWord: { kind: "switch", help: "mask all pieces of a word together" },
  masking: {
    kind: "text",
    value: "HOW",
    choices: ["dynamic", "static"],
    help: "dynamic: fresh pairs and masks for each epoch (default); static: the first one's",
  },
  pairing: {
    kind: "text",
    value: "HOW",
    choices: ["nsp", "sop", "none"],
    help: "sentence pairs: nsp (next sentence, default), sop (order), none",
  },
  packing: {
    kind: "switch",
    help: "fill segments with sentences (default); --no-packing: one each",
  },
  steps: { kind: "count", help: "stop after so many updates" },
  epochs: { kind: "count", help: "stop after so many passes over the corpus (1)" },
  maxMinutes: {
    kind: "positive",
    help: "stop after so many minutes; the learning rate then follows the clock,\n" +
      "so that such a run cannot be repeated bit for bit",
  },
  batchSize: { kind: "count", help: `sequences in a batch (${batchSize})` },
  accumulation: { kind: "count", help: "batches that are added up for one update (1)" },
  lr: { kind: "positive", help: `peak of the learning rate (${lr})` },
  warmup: { kind: "share", help: "share of the run in which the rate climbs (0.1)" },
  beta2: { kind: "share", help: "how long AdamW remembers squares of gradients (0.999)" },
  weightDecay: { kind: "share", help: "decoupled weight decay (0.01)" },
  clip: { kind: "positive", help: "longest gradient (1)" },
  seed: { kind: "count", least: 0, help: "decides everything random (1)" },
  onNan: {
    kind: "text",
    value: "WHAT",
    choices: ["stop", "skip"],
    help: "at a NaN or infinite loss or gradient: stop (default), or skip and count",
  },
  evaluateEvery: {
    kind: "count",
    value: "STEPS",
    help: "default: a tenth of the run, at most 500",
  },
  checkpointEvery: { kind: "count", value: "STEPS", help: "besides --checkpoint-minutes" },
  checkpointMinutes: { kind: "positive", help: "minutes between checkpoints (5)" },
  keep: { kind: "count", help: `newest checkpoints to keep; the best stays too (${keep})` },
  backend: { kind: "text", value: "NAME", help: "what computes: simd, wasm, cpu (the fastest)" },
};

/** More passes than any run makes: the steps or the clock end it. */
const UNLIMITED = 1_000_000;

/** What a saved model has decided already. */
const MADE_NEW = [
  "preset",
  "vocabSize",
  "cased",
  "keepAccents",
  "dropout",
  "headStart",
  "heads",
  "initialRange",
] as const;

/**
 * Settings with their defaults, checked against each other.
 *
 * @throws {ConfigError} If two of them do not go together.
 *
 * @example
 * ```ts
 * import { completeSettings } from "bert/runs/settings.ts";
 * import { strictEqual, throws } from "node:assert";
 * strictEqual(completeSettings({ preset: "mini" }).batchSize, 32);
 * throws(() => completeSettings({ heldOut: 1 }), /--held-out = 1: it must be below 1/);
 * ```
 */
export function completeSettings(given: Given<keyof RunSettings>): RunSettings {
  for (const name of MADE_NEW) {
    if (given.init === undefined || given[name] === undefined) continue;
    throw new ConfigError(
      flag(name),
      given[name],
      `cannot be set beside --init ${given.init}: the saved model decides it. Leave one of them out`,
    );
  }
  if (given.noDocumentColumn && given.documentColumn !== undefined) {
    const advice = "cannot be set beside --no-document-column: leave one of them out";
    throw new ConfigError(flag("documentColumn"), given.documentColumn, advice);
  }
  for (const name of ["heldOut", "dropout"] as const) {
    if (given[name] === 1) throw new ConfigError(flag(name), 1, "must be below 1: nothing is left");
  }
  if (given.locale !== undefined && !isLocale(given.locale)) {
    throw new ConfigError(flag("locale"), given.locale, LOCALE_ADVICE);
  }
  return { ...RUN_DEFAULTS, ...given } as RunSettings;
}

/** How the corpus is read. */
export function corpusOptions(settings: RunSettings): CorpusOptions {
  const { textColumn, sentencePerLine, noDocumentColumn, locale } = settings;
  const documentColumn = noDocumentColumn ? false : settings.documentColumn;
  return { textColumn, documentColumn, sentencePerLine, locale };
}

/** How a run's vocabulary and tokenizer treat text. */
export function textOptions({ cased, keepAccents, locale }: RunSettings): TokenizerOptions {
  return {
    lowercase: !cased,
    stripAccents: keepAccents === undefined ? null : !keepAccents,
    locale: locale ?? null,
  };
}

/**
 * The data and training settings of the library that a run's settings come to.
 *
 * @example
 * ```ts
 * import { completeSettings, libraryConfigs } from "bert/runs/settings.ts";
 * import { strictEqual } from "node:assert";
 * const { data, train } = libraryConfigs(completeSettings({ length: 64, lr: 0.002, steps: 100 }));
 * strictEqual(data.maxLength, 64);
 * strictEqual(train.maxSteps, 100);
 * ```
 */
export function libraryConfigs(settings: RunSettings): { data: DataConfig; train: TrainConfig } {
  const { steps, maxMinutes } = settings;
  const limited = steps !== undefined || maxMinutes !== undefined;
  const data = dataConfig({
    maxLength: settings.length,
    maskProbability: settings.mask,
    wholeWord: settings.wholeWord,
    masking: settings.masking,
    pairing: settings.pairing,
    packing: settings.packing,
    heldOutShare: settings.heldOut,
  });
  const train = trainConfig({
    batchSize: settings.batchSize,
    accumulation: settings.accumulation,
    epochs: settings.epochs ?? (limited ? UNLIMITED : 1),
    ...(steps === undefined ? {} : { maxSteps: steps }),
    ...(maxMinutes === undefined ? {} : { maxSeconds: 60 * maxMinutes }),
    learningRate: settings.lr,
    warmupShare: settings.warmup,
    beta2: settings.beta2,
    weightDecay: settings.weightDecay,
    clipNorm: settings.clip,
  });
  return { data, train };
}

/**
 * The settings of a run that goes on: its own, with the changes that do no harm.
 *
 * @throws {ConfigError} Naming every setting that was given and is not the run's.
 *
 * @example
 * ```ts
 * import { completeSettings, resumedSettings } from "bert/runs/settings.ts";
 * import { strictEqual, throws } from "node:assert";
 * const saved = completeSettings({ steps: 100 });
 * strictEqual(resumedSettings(saved, { keep: 1 }, "runs/a").keep, 1);
 * throws(() => resumedSettings(saved, { steps: 200 }, "runs/a"), /--steps is 100 there/);
 * ```
 */
export function resumedSettings(
  saved: RunSettings,
  given: Given<keyof RunSettings>,
  folder: string,
): RunSettings {
  const changed = (Object.keys(given) as (keyof RunSettings)[])
    .filter((name) => given[name] !== saved[name]);
  const refused = changed.filter((name) => !CHANGEABLE.includes(name));
  if (refused.length === 0) return { ...saved, ...given } as RunSettings;
  const [first] = refused;
  const list = refused.map((name) => `${flag(name)} is ${saved[name] ?? "not set"} there`).join(
    ", ",
  );
  throw new ConfigError(
    flag(first),
    given[first],
    `differs from the run in ${folder} (${list}). Leave it out to go on with that run; for other ` +
      `settings begin a new one, from its weights if you like: --init ${folder}/final --out runs/NAME`,
  );
}
