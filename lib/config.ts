/**
 * The settings of a run as three plain objects: one for the model, one for the data and one for the
 * training. They can be written as JSON, so that a run can save them and be repeated from them.
 */
import { ConfigError } from "./errors.ts";
import {
  checkBelow1,
  checkChoice,
  checkNotNegative,
  checkOptions,
  checkPositive,
  checkShare,
  checkSwitch,
  checkWhole,
} from "./checks.ts";
import { permittedVariable } from "./permissions.ts";

/** The activations that a model may have, by their names in `config.json`. */
export const HIDDEN_ACTS = [
  "gelu",
  "gelu_python",
  "gelu_new",
  "gelu_fast",
  "gelu_accurate",
  "gelu_pytorch_tanh",
  "gelu_python_tanh",
  "quick_gelu",
  "silu",
  "swish",
  "relu",
  "tanh",
] as const;

/** The name of an activation. */
export type HiddenAct = typeof HIDDEN_ACTS[number];

/** The number formats to which the operands of a training step's matrix products can be rounded. */
export const PRECISIONS = ["float32", "bf16", "bf16-emulated"] as const;

/**
 * The number format to which the operands of a training step's matrix products are rounded.
 * Everything else, including weights and sums, is float32.
 *
 * - `"float32"`: the operands are not rounded.
 * - `"bf16"`: the operands are rounded to bfloat16 and multiplied by instructions made for it
 *   (AVX512_BF16).
 * - `"bf16-emulated"`: the operands are rounded in the same way and multiplied as float32, which
 *   works on any processor. It saves no time, but shows what a model learns with `"bf16"`.
 */
export type Precision = typeof PRECISIONS[number];

/** The fields of BERT's `config.json`, in camelCase. */
export interface BertConfig {
  /** Pieces in the vocabulary, V. */
  readonly vocabSize: number;
  /** Width of the hidden vectors, H. */
  readonly hiddenSize: number;
  /** Encoder layers, L. */
  readonly numHiddenLayers: number;
  /** Attention heads, A; must divide `hiddenSize`. */
  readonly numAttentionHeads: number;
  /** Width inside the feed-forward block, I. */
  readonly intermediateSize: number;
  /**
   * The activation. `"gelu"` is x · Φ(x), computed by erf; `"gelu_new"` and its like approximate it by
   * tanh, which is another function: a model needs the one with which it was trained.
   */
  readonly hiddenAct: HiddenAct;
  /** Dropout: the share of hidden values that training sets to zero, 0 to below 1. */
  readonly hiddenDropoutProb: number;
  /** Dropout: the share of attention weights that training sets to zero, 0 to below 1. */
  readonly attentionProbsDropoutProb: number;
  /** Rows of the position-embedding table: the length of the longest possible sequence in tokens. */
  readonly maxPositionEmbeddings: number;
  /**
   * Rows of the segment-embedding table: 3 here, for padding (0), first (1) and second (2). One
   * more than the `type_vocab_size` of `config.json`, which has no row for padding.
   */
  readonly typeVocabSize: number;
  /** Standard deviation of the initial weights' normal distribution, which is cut off at twice that. */
  readonly initializerRange: number;
  /** ε of LayerNorm: it is added to the variance. */
  readonly layerNormEps: number;
  /** The id of `[PAD]`. */
  readonly padTokenId: number;
}

/** How text becomes examples. */
export interface DataConfig {
  /** Most tokens in a sequence, special tokens included. */
  readonly maxLength: number;
  /** Share of the tokens, special ones aside, that the model has to predict, 0 to 1. */
  readonly maskProbability: number;
  /**
   * The most predictions in a sequence. Default: no limit. A limit near their mean number makes the
   * share of predictions smaller than `maskProbability`.
   */
  readonly maxPredictions?: number;
  /** Whether all pieces of a word are masked together. */
  readonly wholeWord: boolean;
  /** `"dynamic"` makes new pairs and masks for each epoch, `"static"` repeats those of the first. */
  readonly masking: "dynamic" | "static";
  /** The label of a pair: next-sentence prediction, sentence-order prediction, or no label. */
  readonly pairing: "nsp" | "sop" | "none";
  /** Whether each segment is filled with several sentences up to the length. */
  readonly packing: boolean;
  /** With packing: the share of documents whose examples get a random, shorter length, 0 to 1. */
  readonly shortSequenceProbability: number;
  /** Share of the documents that are held out for evaluation, 0 to 1. */
  readonly heldOutShare: number;
}

/** How a model is trained. */
export interface TrainConfig {
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Batches whose gradients are added up before one update. */
  readonly accumulation: number;
  /** Passes over the training documents. */
  readonly epochs: number;
  /** Training stops after this many updates. Default: no limit. */
  readonly maxSteps?: number;
  /** Training stops after this many seconds; the learning rate then follows the clock. Default: no limit. */
  readonly maxSeconds?: number;
  /**
   * The optimizer. Default `"adamw"`. `"muon"` uses Muon for the matrices of the layers and AdamW for
   * all other weights.
   */
  readonly optimizer?: "adamw" | "muon";
  /** The format to which operands of matrix products are rounded. Default `"float32"`: they are not. */
  readonly precision?: Precision;
  /** The highest learning rate. */
  readonly learningRate: number;
  /** Share of the run in which the learning rate rises from 0 to its highest value. */
  readonly warmupShare: number;
  /** Decoupled weight decay, on matrices only. */
  readonly weightDecay: number;
  /** β₁: the decay rate of the running mean of gradients, 0 to below 1. */
  readonly beta1: number;
  /** β₂: the decay rate of the running mean of squared gradients, 0 to below 1. */
  readonly beta2: number;
  /** ε: added to the root of the mean of squared gradients before dividing by it; above 0. */
  readonly epsilon: number;
  /** Largest global norm of the gradient; a gradient with a larger norm is scaled down to it. */
  readonly clipNorm: number;
}

/**
 * BERT-Base's settings, with the three segment rows of this project.
 *
 * Source: Devlin et al. 2018 section 3 and appendix A.2; `modeling.py` in google-research/bert.
 */
export const BERT_DEFAULTS: BertConfig = {
  vocabSize: 30522,
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  hiddenAct: "gelu",
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  maxPositionEmbeddings: 512,
  typeVocabSize: 3,
  initializerRange: 0.02,
  layerNormEps: 1e-12,
  padTokenId: 0,
};

/**
 * The default settings of the data: pairs of 128 tokens, 15 % of them to predict.
 *
 * Source: `create_pretraining_data.py` in google-research/bert. Unlike there, pairs and masks are made
 * anew for each epoch.
 */
export const DATA_DEFAULTS: DataConfig = {
  maxLength: 128,
  maskProbability: 0.15,
  wholeWord: false,
  masking: "dynamic",
  pairing: "nsp",
  packing: true,
  shortSequenceProbability: 0.1,
  heldOutShare: 0.05,
};

/**
 * The default settings of training: AdamW, one epoch in batches of 32.
 *
 * Source: `optimization.py` in google-research/bert for the decay rates, ε, weight decay and
 * clipping. Batch size and learning rate are this project's own, for small models.
 */
export const TRAIN_DEFAULTS: TrainConfig = {
  batchSize: 32,
  accumulation: 1,
  epochs: 1,
  learningRate: 1e-3,
  warmupShare: 0.1,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-6,
  clipNorm: 1,
};

/** The name of a model size. */
export type ModelPreset = "smoke" | "tiny" | "mini" | "small" | "medium" | "base";

/** The fields of a model configuration in which the presets differ. */
type PresetSize = Pick<BertConfig, "numHiddenLayers" | "hiddenSize" | "numAttentionHeads">;

/**
 * The sizes of the presets. Source: Turc et al. 2019, "Well-Read Students Learn Better", table 1,
 * with H / 64 heads. `smoke` is this project's own size, for tests.
 */
const SIZES: Readonly<Record<ModelPreset, PresetSize>> = {
  smoke: { numHiddenLayers: 1, hiddenSize: 32, numAttentionHeads: 2 },
  tiny: { numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2 },
  mini: { numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4 },
  small: { numHiddenLayers: 4, hiddenSize: 512, numAttentionHeads: 8 },
  medium: { numHiddenLayers: 8, hiddenSize: 512, numAttentionHeads: 8 },
  base: { numHiddenLayers: 12, hiddenSize: 768, numAttentionHeads: 12 },
};

/** The names of the model sizes, smallest first. */
export const MODEL_PRESETS: readonly ModelPreset[] = Object.keys(SIZES) as ModelPreset[];

/**
 * Makes a model configuration from the name of a preset.
 *
 * @param name `smoke` (for tests), or `tiny mini small medium base` as in Turc et al. 2019.
 * @param overrides Fields that differ from the preset, such as `vocabSize`.
 * @returns A complete, checked configuration.
 * @throws {ConfigError} If the name or a field is unknown, or values do not fit together.
 *
 * @example
 * ```ts
 * import { bertConfig } from "bert/config.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(bertConfig("tiny", { vocabSize: 8000 }).intermediateSize, 512);
 * ```
 */
export function bertConfig(name: ModelPreset, overrides: Partial<BertConfig> = {}): BertConfig {
  if (typeof name !== "string" || !Object.hasOwn(SIZES, name)) {
    throw new ConfigError("preset", name, `must be one of ${MODEL_PRESETS.join(", ")}`);
  }
  const size = SIZES[name];
  const preset = { ...BERT_DEFAULTS, ...size, intermediateSize: 4 * size.hiddenSize };
  return checkBertConfig(override(preset, overrides));
}

/**
 * Makes checked data settings: `DATA_DEFAULTS` with the fields of `overrides`.
 *
 * @throws {ConfigError} If a field is unknown or a value cannot work.
 *
 * @example
 * ```ts
 * import { dataConfig } from "bert/config.ts";
 * import { strictEqual, throws } from "node:assert";
 * const data = dataConfig({ maxLength: 64, pairing: "none" });
 * strictEqual(data.maskProbability, 0.15); // the default
 * throws(() => dataConfig({ maskProbability: 15 }), /maskProbability/); // a share, not percent
 * ```
 */
export function dataConfig(overrides: Partial<DataConfig> = {}): DataConfig {
  const config = override(DATA_DEFAULTS, overrides, ["maxPredictions"]);
  checkWhole("maxLength", config.maxLength, 5); // [CLS] x [SEP] y [SEP]
  checkShare("maskProbability", config.maskProbability);
  if (config.maxPredictions !== undefined) checkWhole("maxPredictions", config.maxPredictions, 1);
  checkShare("shortSequenceProbability", config.shortSequenceProbability);
  checkShare("heldOutShare", config.heldOutShare);
  checkSwitch("wholeWord", config.wholeWord);
  checkSwitch("packing", config.packing);
  checkChoice("pairing", config.pairing, ["nsp", "sop", "none"]);
  checkChoice("masking", config.masking, ["dynamic", "static"]);
  return config;
}

/**
 * Makes checked training settings: `TRAIN_DEFAULTS` with the fields of `overrides`. If `precision` is
 * missing, it comes from the environment variable `BERT_PRECISION`, provided that reading it is
 * permitted. So a notebook can train in another precision without a change.
 *
 * @throws {ConfigError} If a field is unknown or a value cannot work.
 *
 * @example
 * ```ts
 * import { trainConfig } from "bert/config.ts";
 * import { strictEqual, throws } from "node:assert";
 * const settings = trainConfig({ batchSize: 8, accumulation: 4 }); // updates for 32 sequences each
 * strictEqual(settings.learningRate, 0.001); // the default
 * throws(() => trainConfig({ warmupShare: 100 }), /warmupShare/); // a share of the steps, not a number
 * ```
 */
export function trainConfig(overrides: Partial<TrainConfig> = {}): TrainConfig {
  const config = override(defaultsBeside(overrides?.precision), overrides, OPTIONAL);
  checkWhole("batchSize", config.batchSize, 1);
  checkWhole("accumulation", config.accumulation, 1);
  checkWhole("epochs", config.epochs, 1);
  if (config.maxSteps !== undefined) checkWhole("maxSteps", config.maxSteps, 1);
  if (config.maxSeconds !== undefined) checkPositive("maxSeconds", config.maxSeconds);
  checkPositive("learningRate", config.learningRate);
  checkShare("warmupShare", config.warmupShare);
  checkNotNegative("weightDecay", config.weightDecay);
  checkBelow1("beta1", config.beta1);
  checkBelow1("beta2", config.beta2);
  checkPositive("epsilon", config.epsilon);
  checkPositive("clipNorm", config.clipNorm);
  if (config.optimizer !== undefined) checkChoice("optimizer", config.optimizer, ["adamw", "muon"]);
  if (config.precision !== undefined) checkChoice("precision", config.precision, PRECISIONS);
  return config;
}

const OPTIONAL = ["maxSteps", "maxSeconds", "optimizer", "precision"];

/** The defaults, with the precision of the environment variable if the settings name none. */
function defaultsBeside(precision: Precision | undefined): TrainConfig {
  const variable = precision === undefined ? permittedVariable("BERT_PRECISION") : undefined;
  if (variable === undefined) return TRAIN_DEFAULTS;
  checkChoice("BERT_PRECISION", variable, PRECISIONS);
  return { ...TRAIN_DEFAULTS, precision: variable as Precision };
}

/**
 * Checks each field of a model configuration, and the fields against each other.
 *
 * @returns The same object.
 * @throws {ConfigError} If one is invalid. The message names the field, its value and what to write
 * instead.
 */
export function checkBertConfig(config: BertConfig): BertConfig {
  checkOptions("BertConfig", config, Object.keys(BERT_DEFAULTS));
  checkWhole("vocabSize", config.vocabSize, 6); // five special tokens and one piece
  checkWhole("hiddenSize", config.hiddenSize, 1);
  checkWhole("numHiddenLayers", config.numHiddenLayers, 1);
  checkWhole("numAttentionHeads", config.numAttentionHeads, 1);
  checkWhole("intermediateSize", config.intermediateSize, 1);
  checkWhole("maxPositionEmbeddings", config.maxPositionEmbeddings, 1);
  checkWhole("typeVocabSize", config.typeVocabSize, 2); // padding and one segment
  checkChoice("hiddenAct", config.hiddenAct, HIDDEN_ACTS);
  checkBelow1("hiddenDropoutProb", config.hiddenDropoutProb);
  checkBelow1("attentionProbsDropoutProb", config.attentionProbsDropoutProb);
  checkPositive("initializerRange", config.initializerRange);
  checkPositive("layerNormEps", config.layerNormEps);
  checkWhole("padTokenId", config.padTokenId, 0);
  if (config.hiddenSize % config.numAttentionHeads !== 0) {
    throw new ConfigError(
      "numAttentionHeads",
      config.numAttentionHeads,
      `must divide hiddenSize (${config.hiddenSize}), as each head gets an equal part of it`,
    );
  }
  if (config.padTokenId >= config.vocabSize) {
    throw new ConfigError("padTokenId", config.padTokenId, `must be below ${config.vocabSize}`);
  }
  return config;
}

/** `defaults` with `overrides`. A field that is neither in `defaults` nor in `optional` is refused. */
function override<T extends object>(
  defaults: T,
  overrides: Partial<T>,
  optional: readonly string[] = [],
): T {
  checkOptions("the settings", overrides, [...Object.keys(defaults), ...optional]);
  return { ...defaults, ...overrides };
}
