/** The settings of a run from the command line: their defaults, and what they come to. */
import {
  BERT_DEFAULTS,
  type BertConfig,
  bertConfig,
  DATA_DEFAULTS,
  type DataConfig,
  dataConfig,
  type ModelPreset,
  type Precision,
  TRAIN_DEFAULTS,
  type TrainConfig,
  trainConfig,
} from "../config.ts";
import { ConfigError } from "../errors.ts";
import { isLocale, LOCALE_ADVICE } from "../tokenizer/options.ts";
import { flag, type Given } from "./options.ts";

/** All settings of a run, as they are typed on the command line. */
export interface RunSettings {
  /** Name of a bundled corpus, or path of a file or folder. Default "sotu". */
  readonly corpus: string;
  /** Column of the text in .csv and .jsonl. Default: `text` or `sentence`. */
  readonly textColumn?: string;
  /** Column that names a row's document. Default: `document`, if there is one. */
  readonly documentColumn?: string;
  /** Whether every row is a document of its own. Default false. */
  readonly noDocumentColumn: boolean;
  /** Whether every line of a .txt file is one sentence. Default false. */
  readonly sentencePerLine: boolean;
  /** Share of the documents kept aside for evaluation: 0 to below 1. Default 0.05. */
  readonly heldOut: number;
  /** Settings that belong together. Default: none. */
  readonly recipe?: RecipeName;
  /** Size of the model. Default "tiny". */
  readonly preset: ModelPreset;
  /** Encoder layers. Default: as the preset has. */
  readonly layers?: number;
  /** Width of the hidden vectors. Default: as the preset has. */
  readonly hiddenSize?: number;
  /** Width inside the feed-forward blocks. Default: four times the hidden size. */
  readonly intermediateSize?: number;
  /** Pieces of the vocabulary to learn, at least 6. Default 8000. */
  readonly vocabSize: number;
  /** Whether capital letters and accents are kept. Default false. */
  readonly cased: boolean;
  /** Whether accents are kept. Default: as `cased`. */
  readonly keepAccents?: boolean;
  /** Language of the text as a tag such as "tr". Default: that of the model in `init`, else English. */
  readonly locale?: string;
  /** Share of values set to zero while training: 0 to below 1. Default 0.1. */
  readonly dropout: number;
  /** Whether attention begins with heads that look at neighbours. Default false. */
  readonly headStart: boolean;
  /** Attention heads in a layer; they divide the width. Default: as the preset has. */
  readonly heads?: number;
  /** Standard deviation of the initial weights. Default 0.02. */
  readonly initialRange: number;
  /** Folder of a saved model to begin with. Default: fresh weights. */
  readonly init?: string;
  /** Tokens in a sequence, at least 5. Default 128. */
  readonly length: number;
  /** Share of positions to predict: 0 to 1. Default 0.15. */
  readonly mask: number;
  /** Whether all pieces of a word are masked together. Default false. */
  readonly wholeWord: boolean;
  /** Fresh pairs and masks for each epoch, or those of the first. Default "dynamic". */
  readonly masking: DataConfig["masking"];
  /** Which sentence pairs are made. Default "nsp". */
  readonly pairing: "nsp" | "sop" | "none";
  /** Whether segments are filled with several sentences. Default true. */
  readonly packing: boolean;
  /** Updates after which the run ends. Default: no limit. */
  readonly steps?: number;
  /** Passes over the corpus. Default 1 where neither steps nor minutes are given. */
  readonly epochs?: number;
  /** Minutes after which the run ends. Default: no limit. */
  readonly maxMinutes?: number;
  /** Sequences in a batch. Default 32. */
  readonly batchSize: number;
  /** Batches that are added up for one update. Default 1. */
  readonly accumulation: number;
  /** Peak of the learning rate. Default 0.001. */
  readonly lr: number;
  /** Share of the run in which the learning rate climbs: 0 to 1. Default 0.1. */
  readonly warmup: number;
  /** How much of the mean of squared gradients each step keeps. Default 0.999. */
  readonly beta2: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay: number;
  /** Longest gradient (global norm). Default 1. */
  readonly clip: number;
  /** Decides everything random: a whole number of at least 0. Default 1. */
  readonly seed: number;
  /** What happens at a NaN or infinite loss or gradient. Default "stop". */
  readonly onNan: "stop" | "skip";
  /** Steps between evaluations. Default: a tenth of the run, at most 500. */
  readonly evaluateEvery?: number;
  /** Steps between checkpoints. Default: by `checkpointMinutes` alone. */
  readonly checkpointEvery?: number;
  /** Minutes between checkpoints. Default 5. */
  readonly checkpointMinutes: number;
  /** What updates the weights: adamw, or muon for the layers' matrices. Default "adamw". */
  readonly optimizer?: NonNullable<TrainConfig["optimizer"]>;
  /** How precisely products are computed. Default "float32". */
  readonly precision: Precision;
  /** Newest checkpoints that stay. Default 3. */
  readonly keep: number;
  /** What computes: simd, wasm, cpu or webgpu. Default: the fastest of the first three. */
  readonly backend?: string;
}

/** The defaults. A run of which nobody says how long it lasts goes once over its corpus. */
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
  precision: "float32",
  seed: 1,
  onNan: "stop",
  checkpointMinutes: 5,
  keep: 3,
};

/** Settings that belong together, by the name of the recipe. */
export const RECIPES = {
  short: {
    steps: 3000,
    length: 64,
    batchSize: 16,
    headStart: true,
    heads: 4,
    initialRange: 0.06,
    dropout: 0,
    lr: 2e-3,
    beta2: 0.98,
  },
} as const;

/** The name of a recipe. */
export type RecipeName = keyof typeof RECIPES;

/** The settings that may change when a run is resumed, as none of them changes what it computes. */
export const CHANGEABLE: readonly (keyof RunSettings)[] = [
  "checkpointEvery",
  "checkpointMinutes",
  "keep",
  "onNan",
];

/** More passes than any run makes: the steps or the clock end it. */
const UNLIMITED = 1_000_000;

/** What a saved model has decided already. */
export const MADE_NEW: readonly (keyof RunSettings)[] = [
  "recipe",
  "preset",
  "layers",
  "hiddenSize",
  "intermediateSize",
  "vocabSize",
  "cased",
  "keepAccents",
  "dropout",
  "headStart",
  "heads",
  "initialRange",
];

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
  return { ...RUN_DEFAULTS, ...withRecipe(given) } as RunSettings;
}

/**
 * Settings with those of their recipe, if they name one; what was given goes before the recipe.
 *
 * @example
 * ```ts
 * import { withRecipe } from "bert/runs/settings.ts";
 * import { strictEqual } from "node:assert";
 * const { headStart, steps } = withRecipe({ recipe: "short", steps: 500 });
 * strictEqual(headStart, true);
 * strictEqual(steps, 500);
 * ```
 */
export function withRecipe(given: Given<keyof RunSettings>): Given<keyof RunSettings> {
  const { recipe } = given;
  if (recipe === undefined) return given;
  const { steps, ...others } = RECIPES[recipe as RecipeName];
  const ends = given.epochs !== undefined || given.maxMinutes !== undefined;
  return { ...others, ...(ends ? {} : { steps }), ...given };
}

/**
 * The configuration of a new model.
 *
 * @param vocabSize Pieces of its vocabulary.
 * @throws {ConfigError} If the heads do not divide the width.
 *
 * @example
 * ```ts
 * import { completeSettings, modelConfig } from "bert/runs/settings.ts";
 * import { strictEqual } from "node:assert";
 * const settings = completeSettings({ layers: 3, hiddenSize: 192 });
 * const { numHiddenLayers, numAttentionHeads, intermediateSize } = modelConfig(settings, 8000);
 * strictEqual(numHiddenLayers, 3);
 * strictEqual(numAttentionHeads, 3);
 * strictEqual(intermediateSize, 768);
 * ```
 */
export function modelConfig(settings: RunSettings, vocabSize: number): BertConfig {
  const { preset, length, dropout, initialRange } = settings;
  const size = bertConfig(preset);
  const { hiddenSize = size.hiddenSize, layers = size.numHiddenLayers } = settings;
  const usual = hiddenSize === size.hiddenSize
    ? size.numAttentionHeads
    : Math.ceil(hiddenSize / 64);
  const { intermediateSize = 4 * hiddenSize, heads = usual } = settings;
  if (hiddenSize % heads !== 0) {
    const advice =
      `must divide the width of the model, ${hiddenSize}, as each head gets an equal ` +
      `part of it: set --heads${settings.hiddenSize === undefined ? "" : " or --hidden-size"} anew`;
    throw new ConfigError("--heads", heads, advice);
  }
  return bertConfig(preset, {
    vocabSize,
    hiddenSize,
    numHiddenLayers: layers,
    numAttentionHeads: heads,
    intermediateSize,
    maxPositionEmbeddings: Math.max(512, length),
    hiddenDropoutProb: dropout,
    attentionProbsDropoutProb: dropout,
    initializerRange: initialRange,
  });
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
    ...(settings.optimizer === undefined ? {} : { optimizer: settings.optimizer }),
    learningRate: settings.lr,
    warmupShare: settings.warmup,
    beta2: settings.beta2,
    weightDecay: settings.weightDecay,
    clipNorm: settings.clip,
    precision: settings.precision,
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
    .filter((name) => given[name] !== (saved[name] ?? RUN_DEFAULTS[name]));
  const refused = changed.filter((name) => !CHANGEABLE.includes(name));
  if (refused.length === 0) return { ...saved, ...given } as RunSettings;
  const [first] = refused;
  const there = (name: keyof RunSettings) => saved[name] ?? RUN_DEFAULTS[name] ?? "not set";
  const list = refused.map((name) => `${flag(name)} is ${there(name)} there`).join(", ");
  throw new ConfigError(
    flag(first),
    given[first],
    `differs from the run in ${folder} (${list}). Leave it out to go on with that run; for other ` +
      `settings begin a new one, from its weights if you like: --init ${folder}/final --out runs/NAME`,
  );
}
