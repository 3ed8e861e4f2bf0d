/** Opening the corpus of a run, which is a prepared store or text. */
import { ConfigError } from "../errors.ts";
import { percent } from "../format.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { isPrepared, openPrepared, type PreparedCorpus } from "../store/prepared.ts";
import { refuseParts } from "../store/incomplete_store.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { checkFit } from "../training/plan.ts";
import type { CorpusUse, Progress, RunCorpus } from "./run_corpus.ts";
import { firstModelOnStore, firstModelOnText, withLocaleOfInit } from "./first_model.ts";
import { unknownWarning } from "./run_vocab.ts";
import { checkCorpus, readDocuments } from "./run_documents.ts";
import type { RunConfig } from "./config_file.ts";
import { MemoryCorpus } from "./memory_corpus.ts";
import { flag, type Given } from "./option_parser.ts";
import type { RunSettings } from "./run_settings.ts";
import { DECIDED_BY_STORE, libraryConfigs } from "./complete_settings.ts";
import { StoreCorpus } from "./store_corpus.ts";
import type { TextFacts } from "./text_facts.ts";

/** Everything that a new run is made from. */
export interface RunStart {
  /** The settings, completed with those that the corpus or the saved model decides. */
  readonly settings: RunSettings;
  /** The corpus. The caller disposes of it. */
  readonly corpus: RunCorpus;
  /** The tokenizer of the model. */
  readonly tokenizer: BertTokenizer;
  /** The model. The caller disposes of it. */
  readonly model: BertPretrainHead;
  /** Notes about missing parts of a saved model that were replaced. */
  readonly notes: readonly string[];
  /** Returns a warning if much of the text is `[UNK]`. */
  warnOfUnknown(facts: TextFacts): string | undefined;
}

/**
 * Opens the corpus of a run that begins, and makes its model.
 *
 * @param given The settings that were given.
 * @param settings The same, completed with defaults.
 * @throws {ConfigError | FormatError} If the corpus cannot be used, or a setting contradicts the
 * store.
 */
export async function startOn(
  given: Given<keyof RunSettings>,
  settings: RunSettings,
  progress: Progress,
): Promise<RunStart> {
  progress(`reading ${settings.corpus}`);
  if (isPrepared(settings.corpus)) {
    const prepared = await openPrepared(settings.corpus);
    return await orDispose(prepared, () => startOnStore(given, settings, prepared));
  }
  await refuseParts(settings.corpus);
  const complete = await withLocaleOfInit(settings);
  const documents = await readDocuments(complete, progress);
  const { tokenizer, model, notes } = await firstModelOnText(complete, documents.train, progress);
  return await orDispose({ [Symbol.dispose]: () => model.dispose() }, () => {
    checkFit(model.config, libraryConfigs(complete).data, tokenizer);
    const corpus = new MemoryCorpus(documents, tokenizer, useOf(complete), progress);
    const warnOfUnknown = (facts: TextFacts) => unknownWarning(tokenizer, documents.train, facts);
    return { settings: complete, corpus, tokenizer, model, notes, warnOfUnknown };
  });
}

async function startOnStore(
  given: Given<keyof RunSettings>,
  all: RunSettings,
  prepared: PreparedCorpus,
): Promise<RunStart> {
  const settings = { ...all, ...decidedBy(prepared) };
  refuseDecided(given, settings);
  const corpus = new StoreCorpus(prepared, useOf(settings));
  const counted = settings.countedStart ? corpus.sample() : [];
  const text = { tokenizer: prepared.tokenizer, documents: counted };
  const { tokenizer, model, notes } = await firstModelOnStore(settings, text);
  return await orDispose({ [Symbol.dispose]: () => model.dispose() }, () => {
    checkFit(model.config, libraryConfigs(settings).data, tokenizer);
    return { settings, corpus, tokenizer, model, notes, warnOfUnknown: storeUnknownWarning };
  });
}

/**
 * Opens the corpus of a run that is resumed, and reads the run's tokenizer. The caller disposes of the
 * corpus.
 *
 * @throws {ConfigError | FormatError} If it is not the corpus that the run began with.
 */
export async function continueOn(
  { settings, corpus: facts, data, train }: RunConfig,
  tokenizer: () => Promise<BertTokenizer>,
  progress: Progress,
): Promise<{ corpus: RunCorpus; tokenizer: BertTokenizer }> {
  const { seed, heldOutTokens } = settings;
  const use = { data, train, seed, heldOutTokens };
  progress(`reading ${settings.corpus}`);
  if (isPrepared(settings.corpus)) {
    const prepared = await openPrepared(settings.corpus);
    return await orDispose(prepared, async () => {
      const corpus = new StoreCorpus(prepared, use);
      checkCorpus(corpus.facts, facts, settings.corpus);
      return { corpus, tokenizer: await tokenizer() };
    });
  }
  await refuseParts(settings.corpus);
  const documents = await readDocuments(settings, progress);
  checkCorpus(documents.facts, facts, settings.corpus);
  const own = await tokenizer();
  return { corpus: new MemoryCorpus(documents, own, use, progress), tokenizer: own };
}

/** Returns what `make` returns. If `make` throws, `opened` is disposed of first. */
async function orDispose<T>(opened: Disposable, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

function useOf(settings: RunSettings): CorpusUse {
  const { seed, heldOutTokens } = settings;
  return { ...libraryConfigs(settings), seed, heldOutTokens };
}

/** The settings that were decided when a store was prepared, with the store's values. */
function decidedBy({ tokenizer, facts }: PreparedCorpus): Partial<RunSettings> {
  const { lowercase, stripAccents } = tokenizer.options;
  const { documents, heldOut } = facts;
  return {
    textColumn: undefined,
    documentColumn: undefined,
    noDocumentColumn: false,
    sentencePerLine: false,
    heldOut: heldOut.documents / Math.max(1, documents + heldOut.documents),
    vocabSize: tokenizer.vocab.size,
    cased: !lowercase,
    keepAccents: stripAccents === null ? undefined : !stripAccents,
    locale: facts.locale,
  };
}

/** Throws if a given setting differs from the one that the store was prepared with. */
function refuseDecided(given: Given<keyof RunSettings>, settings: RunSettings): void {
  for (const name of DECIDED_BY_STORE) {
    if (given[name] === undefined || given[name] === settings[name]) continue;
    const advice = `cannot be set beside --corpus ${settings.corpus}: that was decided when the ` +
      "corpus was prepared. Leave the setting out, or prepare the corpus anew with it";
    throw new ConfigError(flag(name), given[name], advice);
  }
}

/** The share of `[UNK]` above which there is a warning. */
const MUCH_UNKNOWN = 0.05;

/** A warning if much of a store's text is `[UNK]`. */
function storeUnknownWarning({ unknownShare }: TextFacts): string | undefined {
  if (unknownShare <= MUCH_UNKNOWN) return undefined;
  return `${
    percent(unknownShare)
  } of the tokens are [UNK]: the vocabulary has no pieces for them. To ` +
    "mend it, prepare the corpus anew with a vocabulary learnt from it";
}
