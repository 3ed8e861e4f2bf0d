/** All settings of a run, and their defaults. */
import {
  BERT_DEFAULTS,
  DATA_DEFAULTS,
  type DataConfig,
  type ModelPreset,
  type Precision,
  TRAIN_DEFAULTS,
  type TrainConfig,
} from "../config.ts";
import type { RecipeName } from "./recipes.ts";

/** All settings of a run. On the command line `batchSize` is `--batch-size`. */
export interface RunSettings {
  /** Name of a bundled corpus, or path of a file or folder. Default "sotu". */
  readonly corpus: string;
  /** Column of the text in .csv, .jsonl and .parquet files. Default: `text` or `sentence`. */
  readonly textColumn?: string;
  /** Column that names a row's document. Default: `document`, if there is one. */
  readonly documentColumn?: string;
  /** Whether every row is a document of its own. Default false. */
  readonly noDocumentColumn: boolean;
  /** Whether every line of a .txt file is one sentence. Default false. */
  readonly sentencePerLine: boolean;
  /** Share of the documents that is held out for evaluation, at least 0 and below 1. Default 0.05. */
  readonly heldOut: number;
  /**
   * About how many held-out tokens to evaluate on, drawn at random. Default: all, or 500,000 of a
   * prepared corpus.
   */
  readonly heldOutTokens?: number;
  /** The name of a set of settings that work together. Default: none. */
  readonly recipe?: RecipeName;
  /** Size of the model. Default "tiny". */
  readonly preset: ModelPreset;
  /** Number of encoder layers. Default: that of the preset. */
  readonly layers?: number;
  /** Width of the hidden vectors. Default: that of the preset. */
  readonly hiddenSize?: number;
  /** Width inside the feed-forward blocks. Default: four times the hidden size. */
  readonly intermediateSize?: number;
  /** Pieces of the vocabulary to learn, at least 6. Default 8000. */
  readonly vocabSize: number;
  /** Whether to keep capital letters and accents. Default false. */
  readonly cased: boolean;
  /** Whether to keep accents. Default: as `cased`. */
  readonly keepAccents?: boolean;
  /** Language of the text as a tag such as "tr". Default: that of the model in `init`, else English. */
  readonly locale?: string;
  /** Dropout: the share of values set to zero in training, at least 0 and below 1. Default 0.1. */
  readonly dropout: number;
  /** Whether attention begins with heads for neighbouring words and for comparing two texts. Default false. */
  readonly headStart: boolean;
  /** Whether word embeddings begin as vectors made from the text's word counts. Default false. */
  readonly countedStart: boolean;
  /**
   * Attention heads in a layer; the width must be a multiple of their number. Default: that of the
   * preset, or one for each 64 of another `hiddenSize`.
   */
  readonly heads?: number;
  /** Standard deviation of the initial weights. Default 0.02. */
  readonly initialRange: number;
  /** Folder of a saved model to begin with. Default: fresh weights. */
  readonly init?: string;
  /** Tokens in a sequence, at least 5. Default 128. */
  readonly length: number;
  /** Share of positions to predict, 0 to 1. Default 0.15. */
  readonly mask: number;
  /** Whether all pieces of a word are masked together. Default false. */
  readonly wholeWord: boolean;
  /**
   * "dynamic" makes new pairs and masks for each epoch, "static" repeats those of the first. Default
   * "dynamic".
   */
  readonly masking: DataConfig["masking"];
  /** The kind of sentence pairs. Default "nsp". */
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
  /** The highest learning rate, reached after the warmup. Default 0.001. */
  readonly lr: number;
  /** Share of the run in which the learning rate rises, 0 to 1. Default 0.1. */
  readonly warmup: number;
  /** AdamW's β₂: the decay rate of its running mean of squared gradients. Default 0.999. */
  readonly beta2: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; a longer one is scaled down. Default 1. */
  readonly clip: number;
  /** The seed of everything random: a whole number of at least 0. Default 1. */
  readonly seed: number;
  /** What happens at a NaN or infinite loss or gradient. Default "stop". */
  readonly onNan: "stop" | "skip";
  /** Steps between evaluations. Default: a tenth of the run, at most 500; 200 if only minutes end it. */
  readonly evaluateEvery?: number;
  /** Steps between checkpoints. Default: `checkpointMinutes` alone decides. */
  readonly checkpointEvery?: number;
  /** Minutes between checkpoints. Default 5. */
  readonly checkpointMinutes: number;
  /** The optimizer: AdamW, or Muon for the layers' matrices and AdamW for the rest. Default "adamw". */
  readonly optimizer?: NonNullable<TrainConfig["optimizer"]>;
  /** The format to which operands of matrix products are rounded. Default "float32": no rounding. */
  readonly precision: Precision;
  /** How many of the newest checkpoints to keep. Default 3. */
  readonly keep: number;
  /** The backend: simd, wasm, cpu or webgpu. Default: the fastest of the first three. */
  readonly backend?: string;
}

/**
 * The defaults. If neither steps, epochs nor minutes are given, the run makes one pass over its
 * corpus.
 */
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
  countedStart: false,
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
