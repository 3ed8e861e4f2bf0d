/** The options of `prepare()` and their defaults. */
import { checkKinds } from "../data/corpus.ts";
import {
  checkBelow1,
  checkEntries,
  checkNotNegative,
  checkOptions,
  checkWhole,
  TEXT,
} from "../checks.ts";
import type { CorpusOptions } from "../data/document.ts";
import { splitSentences } from "../data/sentences.ts";
import { ConfigError } from "../errors.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { vocabularyFacts } from "../tokenizer/vocab_facts.ts";
import { type TokenizerOptions, tokenizerOptions } from "../tokenizer/options.ts";

/** Options of `prepare()`. */
export interface PrepareOptions extends Omit<CorpusOptions, "onRead"> {
  /** Names or paths for `corpus()`, in the order in which they are read. */
  readonly corpus: readonly string[];
  /** The folder to write, which must not exist or must be empty. */
  readonly out: string;
  /**
   * The path of a `vocab.txt`, of a `tokenizer.json`, or of the folder of a tokenizer. Default: a
   * vocabulary is learnt.
   */
  readonly vocab?: string;
  /** The number of pieces of the vocabulary to learn, at least 6. Default 30,522, as in BERT. */
  readonly vocabSize?: number;
  /**
   * About how many megabytes (10⁶ bytes) of text to learn the vocabulary from, sampled from all texts;
   * at least 1. Default 256.
   */
  readonly vocabSample?: number;
  /**
   * How the tokenizer treats text. Default: the options of the folder that `vocab` names, or otherwise
   * the defaults of a tokenizer.
   */
  readonly tokenizer?: TokenizerOptions;
  /** The share of the documents to hold out for evaluation, from 0 to below 1. Default 0.05. */
  readonly heldOut?: number;
  /**
   * The most tokens to hold out, at least 1; one document is held out even if it has more. Default
   * 500,000.
   */
  readonly heldOutTokens?: number;
  /** Documents with fewer tokens than this are left out; at least 1. Default 1. */
  readonly minTokens?: number;
  /** The seed that, with the names of the documents, decides which are held out. Default 1. */
  readonly seed?: number;
  /** The number of helper threads, 1 to 256, which does not change the result. Default: one for each core. */
  readonly workers?: number;
  /** The time between two saves in seconds, at least 0. Default 20. */
  readonly saveSeconds?: number;
}

/** The progress of `prepare()`. */
export interface PrepareProgress {
  /** The current stage. */
  readonly stage: "learning the vocabulary" | "encoding" | "finishing";
  /**
   * The number of bytes of the files that were read so far, before decompression. It is 0 in the stage
   * `"finishing"`.
   */
  readonly bytes: number;
  /** The number of bytes of all files; bundled corpora count as 0. It is 0 in the stage `"finishing"`. */
  readonly totalBytes: number;
  /** The number of documents so far, including those left out. */
  readonly documents: number;
  /** The number of tokens so far; 0 while a vocabulary is learnt. */
  readonly tokens: number;
}

/** Functions that `prepare()` calls, and the signal that stops it. */
export interface PrepareHooks {
  /** Is called with the progress after each batch, many times a second. */
  readonly onProgress?: (progress: PrepareProgress) => void;
  /** Is called with notes for the person at the terminal, each a sentence. */
  readonly onNote?: (text: string) => void;
  /** Stops preparing after the current batch, or the current megabyte of a check; everything is saved. */
  readonly signal?: AbortSignal;
}

const DEFAULTS = {
  vocabSize: 30_522,
  vocabSample: 256,
  heldOut: 0.05,
  heldOutTokens: 500_000,
  minTokens: 1,
  seed: 1,
  saveSeconds: 20,
};

/** The names of all options. */
const NAMES = [
  "corpus",
  "out",
  "vocab",
  "tokenizer",
  "workers",
  "sentencePerLine",
  "textColumn",
  "documentColumn",
  "locale",
  "onLeftOut",
  ...Object.keys(DEFAULTS),
];

/** The names of the options that have a default. */
export type Defaulted =
  | "vocabSize"
  | "vocabSample"
  | "heldOut"
  | "heldOutTokens"
  | "minTokens"
  | "seed"
  | "workers"
  | "saveSeconds";

/** The options with their defaults. */
export type PrepareSettings = PrepareOptions & Required<Pick<PrepareOptions, Defaulted>>;

/**
 * Completes the options of `prepare()` with their defaults.
 *
 * @throws {ConfigError} If an option is unknown or cannot work.
 */
export function prepareSettings(options: PrepareOptions): PrepareSettings {
  checkOptions("prepare()", options, NAMES);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const workers = Math.max(1, navigator.hardwareConcurrency);
  const settings = { ...DEFAULTS, workers, ...Object.fromEntries(given) };
  const checked = settings as unknown as PrepareSettings;
  if (!Array.isArray(checked.corpus) || checked.corpus.length === 0) {
    throw new ConfigError("corpus", checked.corpus, "must be a list of names or paths");
  }
  checkEntries("prepare(options)", "options.corpus", checked.corpus, TEXT);
  checkKinds(checked);
  checkNotNegative("saveSeconds", checked.saveSeconds);
  if (typeof checked.out !== "string" || checked.out === "") {
    throw new ConfigError("out", checked.out, "must name the folder to write");
  }
  if (options.vocab !== undefined && options.vocabSize !== undefined) {
    const advice = "is for a vocabulary that is learnt, and one is given: leave one of the two out";
    throw new ConfigError("vocabSize", options.vocabSize, advice);
  }
  checkWhole("vocabSize", checked.vocabSize, 6);
  checkWhole("vocabSample", checked.vocabSample, 1);
  checkBelow1("heldOut", checked.heldOut);
  checkWhole("heldOutTokens", checked.heldOutTokens, 1);
  checkWhole("minTokens", checked.minTokens, 1);
  checkWhole("seed", checked.seed, 0);
  checkWhole("workers", checked.workers, 1, 256);
  tokenizerOptions(checked.tokenizer);
  splitSentences("a", { locale: checked.locale });
  return checked;
}

/**
 * A text with all settings that decide which bytes are written. Equal settings give equal texts.
 *
 * @param named The tokenizer that `vocab` names, which is a part of the text, as its file may change.
 */
export function settingsText(settings: PrepareSettings, named?: BertTokenizer): string {
  const { out: _out, workers: _workers, saveSeconds: _save, onLeftOut: _told, ...rest } = settings;
  const vocabulary = named && vocabularyFacts(named);
  const sorted = Object.entries({ ...rest, vocabulary }).sort(([a], [b]) => a < b ? -1 : 1);
  return `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`;
}
