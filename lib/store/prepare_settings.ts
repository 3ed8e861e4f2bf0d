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

/** How texts become a prepared corpus. */
export interface PrepareOptions extends Omit<CorpusOptions, "onRead"> {
  /** Names or paths for `corpus()`, in the order in which they are read. */
  readonly corpus: readonly string[];
  /** The folder to write, which must not exist or must be empty. */
  readonly out: string;
  /** A `vocab.txt`, or the folder of a tokenizer. Without it a vocabulary is learnt. */
  readonly vocab?: string;
  /** Pieces of the vocabulary to learn. Default 30,522, as in BERT. */
  readonly vocabSize?: number;
  /**
   * About how many megabytes of text to learn the vocabulary from, sampled from all texts. Default
   * 256.
   */
  readonly vocabSample?: number;
  /**
   * How the tokenizer treats text. Default: as the folder in `vocab` says, else the defaults of a
   * tokenizer.
   */
  readonly tokenizer?: TokenizerOptions;
  /** Share of the documents held out for evaluation, from 0 to below 1. Default 0.05. */
  readonly heldOut?: number;
  /**
   * The most tokens to hold out, except that one document is held out whatever its length. Default
   * 500,000.
   */
  readonly heldOutTokens?: number;
  /** Documents of fewer tokens are left out. Default 1. */
  readonly minTokens?: number;
  /** The seed that, with the names of the documents, decides which are held out. Default 1. */
  readonly seed?: number;
  /** Helper threads. Default: one for each core. Their number does not change the result. */
  readonly workers?: number;
  /** Seconds between two saves. Default 20. */
  readonly saveSeconds?: number;
}

/** The progress of `prepare()`. */
export interface PrepareProgress {
  /** The current stage. */
  readonly stage: "learning the vocabulary" | "encoding" | "finishing";
  /**
   * Bytes of the files read so far, without decompression; all bytes if an earlier process has read
   * them.
   */
  readonly bytes: number;
  /** Bytes of all files; 0 for a bundled corpus. */
  readonly totalBytes: number;
  /** Documents so far, including those left out. */
  readonly documents: number;
  /** Tokens written so far. */
  readonly tokens: number;
}

/** Functions that `prepare()` calls, and the signal that stops it. */
export interface PrepareHooks {
  /** Called many times a second. */
  readonly onProgress?: (progress: PrepareProgress) => void;
  /** Called with notes for the person at the terminal, each a sentence. */
  readonly onNote?: (text: string) => void;
  /** Stops after the current batch, or the current megabyte of a check, and saves everything. */
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

const NAMES = [
  ...["corpus", "out", "vocab", "tokenizer", "workers"],
  ...["sentencePerLine", "textColumn", "documentColumn", "locale", "onLeftOut"],
  ...Object.keys(DEFAULTS),
];

/** The options that have a default. */
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
 * The options with their defaults.
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
 * A text with all settings that decide the bytes that are written. The same command gives the same
 * text.
 *
 * @param named The tokenizer that `vocab` names, as the file may have changed since.
 */
export function settingsText(settings: PrepareSettings, named?: BertTokenizer): string {
  const { out: _out, workers: _workers, saveSeconds: _save, onLeftOut: _told, ...rest } = settings;
  const vocabulary = named && vocabularyFacts(named);
  const sorted = Object.entries({ ...rest, vocabulary }).sort(([a], [b]) => a < b ? -1 : 1);
  return `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`;
}
