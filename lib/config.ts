/**
 * The settings of a run as three plain objects: the model, the data, the training. They are JSON
 * through and through, so a run prints them, saves them, and can be repeated from them.
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

/** What the operands of a training step's products may be rounded to, by their names in the settings. */
export const PRECISIONS = ["float32", "bf16", "bf16-emulated"] as const;

/**
 * How precisely a training step computes its matrix products. Everything else, weights and sums among
 * it, is float32 in each of them.
 *
 * - `"float32"`: operands as they are.
 * - `"bf16"`: operands rounded to bfloat16, multiplied by instructions made for that (AVX512_BF16).
 * - `"bf16-emulated"`: operands rounded alike and multiplied as float32, on any processor. It saves
 *   no time: it shows what `"bf16"` would learn.
 */
export type Precision = typeof PRECISIONS[number];

/** The fields of BERT's `config.json`, in camelCase. */
export interface BertConfig {
  /** Pieces in the vocabulary, V. */
  readonly vocabSize: number;
  /** Width of every hidden vector, H. */
  readonly hiddenSize: number;
  /** Encoder layers, L. */
  readonly numHiddenLayers: number;
  /** Attention heads, A; must divide `hiddenSize`. */
  readonly numAttentionHeads: number;
  /** Width inside the feed-forward block, I. */
  readonly intermediateSize: number;
  /** `"gelu"` is the exact erf form; `"gelu_new"` and its like are the tanh form, another function. */
  readonly hiddenAct: HiddenAct;
  /** Share of hidden values set to zero while training. */
  readonly hiddenDropoutProb: number;
  /** Share of attention weights set to zero while training. */
  readonly attentionProbsDropoutProb: number;
  /** Longest sequence that has position embeddings. */
  readonly maxPositionEmbeddings: number;
  /**
   * Rows of the segment-embedding table: 3 here, for padding (0), first (1) and second (2). One
   * more than the `type_vocab_size` of `config.json`, which has no row for padding.
   */
  readonly typeVocabSize: number;
  /** Standard deviation of the initial weights. */
  readonly initializerRange: number;
  /** Added to the variance inside LayerNorm. */
  readonly layerNormEps: number;
  /** The id of `[PAD]`. */
  readonly padTokenId: number;
}

/** How text becomes examples. */
export interface DataConfig {
  /** Tokens in a sequence, special tokens included. */
  readonly maxLength: number;
  /** Share of positions the model has to predict. */
  readonly maskProbability: number;
  /**
   * At most this many predictions a sequence. Without it there is no limit: the share is then
   * `maskProbability` whatever the length, where a limit near the mean would lower it.
   */
  readonly maxPredictions?: number;
  /** Whether the pieces of a word are masked together. */
  readonly wholeWord: boolean;
  /** Fresh pairs and masks for every epoch, or those of the first one again and again. */
  readonly masking: "dynamic" | "static";
  /** Sentence pairs: next-sentence prediction, sentence-order prediction, or no label. */
  readonly pairing: "nsp" | "sop" | "none";
  /** Whether each segment is filled with several sentences up to the length. */
  readonly packing: boolean;
  /** With packing: the share of documents cut to a random shorter length. */
  readonly shortSequenceProbability: number;
  /** Share of the documents kept aside for evaluation. */
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
  /** Stop after this many updates, if given. */
  readonly maxSteps?: number;
  /** Stop after this many seconds, if given; the learning rate then follows the clock. */
  readonly maxSeconds?: number;
  /**
   * What updates the weights, by default `"adamw"`. `"muon"` takes Muon for the matrices of the layers
   * and AdamW for all others.
   */
  readonly optimizer?: "adamw" | "muon";
  /** How precisely products are computed, by default `"float32"`. */
  readonly precision?: Precision;
  /** Peak of the learning rate. */
  readonly learningRate: number;
  /** Share of the run in which the rate climbs from 0 to its peak. */
  readonly warmupShare: number;
  /** Decoupled weight decay, on matrices only. */
  readonly weightDecay: number;
  /** How much of the first moment, the mean of past gradients, each step keeps: 0 to below 1. */
  readonly beta1: number;
  /** How much of the second moment, the mean of squared gradients, each step keeps: 0 to below 1. */
  readonly beta2: number;
  /** Added to the root of the second moment before dividing by it; above 0. */
  readonly epsilon: number;
  /** Gradients longer than this (global norm) are scaled down to it. */
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
 * The data's settings when nothing else is said: pairs of 128 tokens, 15 % of them to predict.
 *
 * Source: `create_pretraining_data.py` in google-research/bert, but for fresh masks in each epoch.
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

/** Source: `optimization.py` in google-research/bert, but for the batch, which fits two cores. */
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

/** Layers, width: Turc et al. 2019, "Well-Read Students Learn Better", table 1; heads are H / 64. */
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
 * A model configuration by name, with fields of your own laid over it.
 *
 * @param name `smoke` (tests), or `tiny mini small medium base` as in Turc et al. 2019.
 * @param overrides Fields that differ, `vocabSize` for one.
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
  if (!Object.hasOwn(SIZES, name)) {
    throw new ConfigError("preset", name, `must be one of ${MODEL_PRESETS.join(", ")}`);
  }
  const size = SIZES[name];
  const preset = { ...BERT_DEFAULTS, ...size, intermediateSize: 4 * size.hiddenSize };
  return checkBertConfig(override(preset, overrides));
}

/** `DATA_DEFAULTS` with your fields laid over them, checked. Throws `ConfigError`. */
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
 * `TRAIN_DEFAULTS` with your fields laid over them, checked. The environment variable
 * `BERT_PRECISION` stands in for a missing `precision`, if reading it is already permitted: so a
 * notebook trains in another precision as it is.
 *
 * @throws {ConfigError} If a field is unknown or a value cannot work.
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

/** The defaults, and the precision of the environment where the settings name none. */
function defaultsBeside(precision: Precision | undefined): TrainConfig {
  const variable = precision === undefined ? permittedVariable("BERT_PRECISION") : undefined;
  if (variable === undefined) return TRAIN_DEFAULTS;
  checkChoice("BERT_PRECISION", variable, PRECISIONS);
  return { ...TRAIN_DEFAULTS, precision: variable as Precision };
}

/**
 * Checks a model configuration, each field and the fields against each other.
 *
 * @returns The same object.
 * @throws {ConfigError} Naming the field, its value and what to write instead.
 */
export function checkBertConfig(config: BertConfig): BertConfig {
  checkOptions("BertConfig", config, Object.keys(BERT_DEFAULTS));
  checkWhole("vocabSize", config.vocabSize, 6); // five special tokens and one piece
  checkWhole("hiddenSize", config.hiddenSize, 1);
  checkWhole("numHiddenLayers", config.numHiddenLayers, 1);
  checkWhole("numAttentionHeads", config.numAttentionHeads, 1);
  checkWhole("intermediateSize", config.intermediateSize, 1);
  checkWhole("maxPositionEmbeddings", config.maxPositionEmbeddings, 1);
  checkWhole("typeVocabSize", config.typeVocabSize, 2); // padding and one kind of sentence
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

/** Lays `overrides` over `defaults`; a field that `defaults` does not have is refused. */
function override<T extends object>(
  defaults: T,
  overrides: Partial<T>,
  optional: readonly string[] = [],
): T {
  checkOptions("the settings", overrides, [...Object.keys(defaults), ...optional]);
  return { ...defaults, ...overrides };
}
