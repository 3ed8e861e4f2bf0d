/** Errors about the library's settings, reworded with the names of the command line. */
import { ConfigError } from "../errors.ts";
import { flag } from "./option_parser.ts";
import type { RunSettings } from "./run_settings.ts";
import { RUN_OPTIONS } from "./settings_table.ts";

/** The settings of a run by their names in the library. */
const SETTINGS: Readonly<Record<string, keyof RunSettings>> = {
  numAttentionHeads: "heads",
  numHiddenLayers: "layers",
  hiddenDropoutProb: "dropout",
  attentionProbsDropoutProb: "dropout",
  initializerRange: "initialRange",
  maxLength: "length",
  maxPositionEmbeddings: "length",
  maskProbability: "mask",
  heldOutShare: "heldOut",
  share: "heldOut",
  size: "vocabSize",
  alphabetLimit: "vocabSize",
  maxSteps: "steps",
  maxSeconds: "maxMinutes",
  learningRate: "lr",
  warmupShare: "warmup",
  clipNorm: "clip",
  lowercase: "cased",
  stripAccents: "keepAccents",
};

/**
 * Rewords an error about a setting of the library with the name and value of the option that set it.
 * It returns any other error unchanged.
 *
 * @example
 * ```ts
 * import { ConfigError } from "bert/errors.ts";
 * import { completeSettings } from "bert/runs/complete_settings.ts";
 * import { inWordsOfTask } from "bert/runs/error_wording.ts";
 * import { strictEqual } from "node:assert";
 * const error = new ConfigError("maxLength", 600, "must be at most 512");
 * const { message } = inWordsOfTask(error, completeSettings({ length: 600 })) as Error;
 * strictEqual(message, "Invalid --length = 600: it must be at most 512");
 * ```
 */
export function inWordsOfTask(error: unknown, settings: Partial<RunSettings>): unknown {
  if (!(error instanceof ConfigError)) return error;
  const { field, value, advice } = error;
  const name = SETTINGS[field] ?? (Object.hasOwn(RUN_OPTIONS, field) ? field : undefined);
  if (name === undefined) return error;
  const typed = settings[name as keyof RunSettings];
  return new ConfigError(flag(name), typed ?? value, advice);
}
