/** The table of a run's settings that the command line, the config file and the help share. */
import { MODEL_PRESETS, PRECISIONS } from "../config.ts";
import type { Options } from "./option_parser.ts";
import { RUN_DEFAULTS, type RunSettings } from "./run_settings.ts";
import { RECIPES } from "./recipes.ts";

const { preset, vocabSize, length, batchSize, lr, keep } = RUN_DEFAULTS;

/** The settings of a run, with kind, least value, choices and help. */
export const RUN_OPTIONS: Options<keyof RunSettings> = {
  corpus: {
    kind: "text",
    value: "NAME|PATH",
    help:
      "sotu (default), moby-dick, or a .txt, .csv, .jsonl or .parquet file or a folder of them;\n" +
      "or, for corpora of any size, a folder that deno task prepare has written",
    insteadOfTwice: "put the texts into one folder and name it, or prepare them: " +
      "deno task prepare --corpus A B --out data/NAME",
  },
  textColumn: {
    kind: "text",
    value: "NAME",
    help: "the column of the text in .csv, .jsonl and .parquet files",
  },
  documentColumn: {
    kind: "text",
    value: "NAME",
    help: "the column that names the document (document, if there is one)",
  },
  noDocumentColumn: { kind: "switch", help: "every row is a document, whatever columns there are" },
  sentencePerLine: { kind: "switch", help: "in .txt files every line is one sentence" },
  heldOut: { kind: "share", help: "share of the documents held out for evaluation (0.05)" },
  heldOutTokens: {
    kind: "count",
    help: "about how many held-out tokens to evaluate on (all, or 500,000 of a prepared corpus)",
  },
  recipe: {
    kind: "text",
    value: "NAME",
    choices: Object.keys(RECIPES),
    help: "short: settings for a small model and 5,000 steps (notebook 10): --steps,\n" +
      "--length, --batch-size, --head-start, --counted-start, --heads, --initial-range, --dropout,\n" +
      "--lr, --beta2; settings that you give yourself take precedence",
  },
  preset: {
    kind: "text",
    value: "NAME",
    choices: MODEL_PRESETS,
    help: `size of the model: ${MODEL_PRESETS.join(", ")} (${preset})`,
  },
  layers: { kind: "count", help: "encoder layers (those of the preset)" },
  hiddenSize: { kind: "count", help: "width of the hidden vectors (that of the preset)" },
  intermediateSize: {
    kind: "count",
    help: "width inside the feed-forward blocks (4 x --hidden-size)",
  },
  vocabSize: {
    kind: "count",
    least: 6,
    help: `pieces of the vocabulary to learn (${vocabSize}); one of yours: prepare --vocab`,
  },
  cased: { kind: "switch", help: "keep capital letters and accents (default: neither)" },
  keepAccents: {
    kind: "switch",
    help: "keep accents without --cased; German, Turkish and Hindi need this",
  },
  locale: {
    kind: "text",
    value: "TAG",
    help: "language of the text, such as de, tr or pt-BR (that of --init, else en);\n" +
      "it decides where sentences end and how I is lower-cased",
  },
  dropout: { kind: "share", help: "dropout: share of values set to zero in training (0.1)" },
  headStart: {
    kind: "switch",
    help:
      "begin with heads that attend to neighbours and compare texts, for short runs (notebook 10)",
  },
  countedStart: {
    kind: "switch",
    help: "begin with word embeddings made from the text's word counts (notebook 10)",
  },
  heads: {
    kind: "count",
    help: "attention heads in a layer (those of the preset; for another width, width / 64)",
  },
  initialRange: { kind: "positive", help: "standard deviation of the initial weights (0.02)" },
  init: { kind: "text", value: "FOLDER", help: "begin with this saved model and its vocabulary" },
  length: { kind: "count", least: 5, help: `tokens in a sequence (${length})` },
  mask: { kind: "share", help: "share of positions to predict (0.15)" },
  wholeWord: { kind: "switch", help: "mask all pieces of a word together" },
  masking: {
    kind: "text",
    value: "HOW",
    choices: ["dynamic", "static"],
    help: "dynamic (default): new pairs and masks for each epoch; static: those of the first",
  },
  pairing: {
    kind: "text",
    value: "HOW",
    choices: ["nsp", "sop", "none"],
    help: "sentence pairs: nsp (next sentence, default), sop (order), none",
  },
  packing: {
    kind: "switch",
    help: "fill segments with sentences (default); --no-packing: one sentence each",
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
  optimizer: {
    kind: "text",
    value: "NAME",
    choices: ["adamw", "muon"],
    help: "optimizer: adamw (default), or muon for the layers' matrices (at twice --lr)\n" +
      "and adamw for the rest",
  },
  lr: { kind: "positive", help: `peak of the learning rate (${lr})` },
  warmup: { kind: "share", help: "share of the run in which the learning rate rises (0.1)" },
  beta2: { kind: "share", help: "decay rate of AdamW's mean of squared gradients (0.999)" },
  weightDecay: { kind: "share", help: "decoupled weight decay (0.01)" },
  clip: {
    kind: "positive",
    help: "largest global norm of the gradient; a longer one is scaled down (1)",
  },
  precision: {
    kind: "text",
    value: "NAME",
    choices: PRECISIONS,
    help: "rounding of the operands of matrix products in training: float32 (default, none),\n" +
      "bf16 (needs a processor with AVX512_BF16), bf16-emulated (any processor; no faster)",
  },
  seed: { kind: "count", least: 0, help: "seed of everything random (1)" },
  onNan: {
    kind: "text",
    value: "WHAT",
    choices: ["stop", "skip"],
    help: "at a NaN or infinite loss or gradient: stop (default), or skip and count",
  },
  evaluateEvery: {
    kind: "count",
    value: "STEPS",
    help: "steps between evaluations (a tenth of the run, at most 500)",
  },
  checkpointEvery: {
    kind: "count",
    value: "STEPS",
    help: "steps between checkpoints, besides those of --checkpoint-minutes (none)",
  },
  checkpointMinutes: { kind: "positive", help: "minutes between checkpoints (5)" },
  keep: { kind: "count", help: `newest checkpoints to keep; the best stays too (${keep})` },
  backend: {
    kind: "text",
    value: "NAME",
    help: "backend: simd, wasm, cpu or webgpu (the fastest of the first three)",
  },
};
