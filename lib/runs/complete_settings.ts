/**
 * The settings of a run: their defaults, their checks, and the library's settings that follow from
 * them.
 */
import { checkArguments, having, type Kind } from "../checks.ts";
import {
  type BertConfig,
  bertConfig,
  type DataConfig,
  dataConfig,
  type TrainConfig,
  trainConfig,
} from "../config.ts";
import { ConfigError } from "../errors.ts";
import { withoutEndSlash } from "../files/path.ts";
import { shellWord } from "../shell_quote.ts";
import { isLocale, LOCALE_ADVICE } from "../tokenizer/locale.ts";
import { checkGiven, flag, type Given } from "./option_parser.ts";
import { withRecipe } from "./recipes.ts";
import { RUN_DEFAULTS, type RunSettings } from "./run_settings.ts";
import { RUN_OPTIONS } from "./settings_table.ts";

/** More epochs than any run needs, for runs that end after a number of steps or minutes. */
const UNLIMITED = 1_000_000;

/** The settings that were decided when a saved model was made. */
export const DECIDED_BY_MODEL: readonly (keyof RunSettings)[] = [
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
  "countedStart",
  "heads",
  "initialRange",
];

/** The settings that were decided when a store was prepared. */
export const DECIDED_BY_STORE: readonly (keyof RunSettings)[] = [
  "textColumn",
  "documentColumn",
  "noDocumentColumn",
  "sentencePerLine",
  "heldOut",
  "vocabSize",
  "cased",
  "keepAccents",
  "locale",
];

/**
 * Completes settings with their defaults, and checks them against each other.
 *
 * @throws {ConfigError} If a setting is unknown or of the wrong kind, or two of them contradict each
 * other.
 *
 * @example
 * ```ts
 * import { completeSettings } from "bert/runs/complete_settings.ts";
 * import { strictEqual, throws } from "node:assert";
 * strictEqual(completeSettings({ preset: "mini" }).batchSize, 32);
 * throws(() => completeSettings({ heldOut: 1 }), /--held-out = 1: it must be below 1/);
 * ```
 */
export function completeSettings(given: Given<keyof RunSettings>): RunSettings {
  checkGiven("completeSettings()", given, RUN_OPTIONS);
  for (const name of DECIDED_BY_MODEL) {
    if (given.init === undefined || given[name] === undefined) continue;
    throw new ConfigError(
      flag(name),
      given[name],
      `cannot be set beside --init ${
        shellWord(`${given.init}`)
      }: the saved model decides it. Leave one of them out`,
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
  return { ...RUN_DEFAULTS, ...withPlainPaths(withRecipe(given)) } as RunSettings;
}

/** Removes the slash at the end of paths of folders, so that each folder has one name. */
export function withPlainPaths<T extends Partial<Record<"corpus" | "init", unknown>>>(
  settings: T,
): T {
  const plain: Partial<Record<"corpus" | "init", string>> = {};
  for (const name of ["corpus", "init"] as const) {
    const path = settings[name];
    if (typeof path === "string") plain[name] = withoutEndSlash(path);
  }
  return { ...settings, ...plain };
}

const SETTINGS: Kind = having("settings, as from completeSettings()", "preset", "length");

/**
 * The configuration of a new model. The width inside the feed-forward blocks is `4 * hiddenSize`
 * unless it is set. A width that is not the preset's has one head for each 64 numbers, unless the
 * heads are set.
 *
 * @param vocabSize The number of pieces of its vocabulary.
 * @throws {ConfigError} If the width is not a multiple of the number of heads.
 *
 * @example
 * ```ts
 * import { completeSettings, modelConfig } from "bert/runs/complete_settings.ts";
 * import { strictEqual } from "node:assert";
 * const settings = completeSettings({ layers: 3, hiddenSize: 192 });
 * const { numHiddenLayers, numAttentionHeads, intermediateSize } = modelConfig(settings, 8000);
 * strictEqual(numHiddenLayers, 3);
 * strictEqual(numAttentionHeads, 3);
 * strictEqual(intermediateSize, 768);
 * ```
 */
export function modelConfig(settings: RunSettings, vocabSize: number): BertConfig {
  checkArguments("modelConfig(settings, vocabSize)", [["settings", settings, SETTINGS]]);
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
 * The library's data and training settings that follow from a run's settings.
 *
 * @example
 * ```ts
 * import { completeSettings, libraryConfigs } from "bert/runs/complete_settings.ts";
 * import { strictEqual } from "node:assert";
 * const { data, train } = libraryConfigs(completeSettings({ length: 64, lr: 0.002, steps: 100 }));
 * strictEqual(data.maxLength, 64);
 * strictEqual(train.maxSteps, 100);
 * ```
 */
export function libraryConfigs(settings: RunSettings): { data: DataConfig; train: TrainConfig } {
  checkArguments("libraryConfigs(settings)", [["settings", settings, SETTINGS]]);
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
