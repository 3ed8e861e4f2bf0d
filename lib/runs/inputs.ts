/**
 * The texts, vocabulary and model that a run begins with, and the check that they are still the same.
 */
import { isDeepStrictEqual } from "node:util";
import type { BertConfig } from "../config.ts";
import { corpus, splitHeldOut } from "../data/corpus.ts";
import { corpusDigest } from "../data/corpus_digest.ts";
import type { CorpusOptions, Document } from "../data/document.ts";
import { checkPairable } from "../data/pair_maker.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { count } from "../format.ts";
import { BertPretrainHead } from "../model/bert.ts";
import { readConfig, readConfigJson } from "../model/config_json.ts";
import { type LoadedModel, loadModel } from "../model/folder.ts";
import { headStart } from "../model/head_start.ts";
import { Throttle } from "../throttle.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { type VocabularyFacts, vocabularyFacts } from "../tokenizer/facts.ts";
import { readTokenizer } from "../tokenizer/folder.ts";
import { agreedOptions, type TokenizerOptions } from "../tokenizer/options.ts";
import { trainVocab } from "../tokenizer/train_vocab.ts";
import { unknownNote, unknownShare } from "../tokenizer/unknown_share.ts";
import { Vocab } from "../tokenizer/vocab.ts";
import type { VocabNote } from "../tokenizer/vocab_notes.ts";
import { countedStart } from "../training/counted_start.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import type { CorpusFacts, RunConfig } from "./config_file.ts";
import { type Progress, PROGRESS_INTERVAL } from "./corpus.ts";
import type { RunSettings } from "./run_settings.ts";
import { modelConfig } from "./settings.ts";
import type { TextFacts } from "./text_facts.ts";

/** The options of `corpus()` that a run's settings come to. */
export function corpusOptions(settings: RunSettings): CorpusOptions {
  const { textColumn, sentencePerLine, noDocumentColumn, locale } = settings;
  const documentColumn = noDocumentColumn ? false : settings.documentColumn;
  return { textColumn, documentColumn, sentencePerLine, locale };
}

/** The tokenizer options that a run's settings come to. */
function textOptions({ cased, keepAccents, locale }: RunSettings): TokenizerOptions {
  return {
    lowercase: !cased,
    stripAccents: keepAccents === undefined ? null : !keepAccents,
    locale: locale ?? null,
  };
}

/** A corpus in two parts, and what identifies it. */
export interface RunDocuments {
  /** The documents to train on. */
  readonly train: Document[];
  /** The documents to evaluate on. */
  readonly heldOut: Document[];
  /** What identifies the corpus. */
  readonly facts: CorpusFacts;
}

/**
 * Reads the corpus of a run and splits off the held-out documents.
 *
 * @throws {ConfigError | FormatError} If there is no such corpus, it cannot be read, or an option
 * does not apply to its files.
 * @throws {NoExamplesError} If pairs are asked for and no document has two sentences.
 */
export async function readDocuments(
  settings: RunSettings,
  progress: Progress,
): Promise<RunDocuments> {
  const all: Document[] = [];
  const throttle = new Throttle(PROGRESS_INTERVAL);
  for await (const document of corpus(settings.corpus, corpusOptions(settings))) {
    all.push(document);
    if (throttle.isDue()) {
      progress(`reading ${settings.corpus}`, `${count(all.length)} documents`);
    }
  }
  checkPairable(all, settings);
  const { train, heldOut } = splitHeldOut(all, settings.heldOut, settings.seed);
  const counts = { training: train.length, heldOut: heldOut.length };
  return { train, heldOut, facts: { sha256: corpusDigest(all), ...counts } };
}

/** Throws `FormatError` if the corpus is not the one that the run began with. */
export function checkCorpus(found: CorpusFacts, expected: CorpusFacts, name: string): void {
  if (found.sha256 === expected.sha256) return;
  const documents = (facts: CorpusFacts) => facts.training + facts.heldOut;
  const short = ({ sha256 }: CorpusFacts) => sha256.slice(0, 12);
  throw new FormatError(
    name,
    `expected the corpus that the run began with (${documents(expected)} documents, SHA-256 ` +
      `${short(expected)}), found another (${documents(found)} documents, ${short(found)}). ` +
      "Bring the old one back, or begin a new run",
  );
}

/**
 * The tokenizer that a run began with.
 *
 * @param path The path of its `vocab.txt`, for messages.
 * @param tokens The lines of that file.
 * @throws {FormatError} If the vocabulary has changed since then.
 */
export function runTokenizer(
  path: string,
  tokens: readonly string[],
  facts: VocabularyFacts,
): BertTokenizer {
  const { sha256, size: _, pieces, added, ...options } = facts;
  const extra = added ? { pieces, added } : {};
  const vocab = new Vocab(tokens, path, { repeats: "later", ...extra });
  const tokenizer = new BertTokenizer(vocab, options);
  if (vocabularyFacts(tokenizer).sha256 === sha256) return tokenizer;
  throw new FormatError(
    path,
    `expected the run's ${facts.size} pieces, found others (${vocab.size}): bring the file back, or ` +
      "begin a new run",
  );
}

/**
 * Checks the model that a run is to begin with (`--init`), before anything large is read.
 *
 * @throws {ConfigError | FormatError} If the folder is that of a run or has no `config.json`, or the
 * model has fewer positions than `length`.
 */
export async function checkInit(folder: string, length: number): Promise<void> {
  const json = await readConfigJson(folder);
  if (json.format === 1 && json.settings !== undefined) {
    const advice = `is the folder of a run: name a model in it, ${folder}/final or ${folder}/best`;
    throw new ConfigError("--init", folder, advice);
  }
  const { maxPositionEmbeddings: most } = await readConfig(folder);
  if (length <= most) return;
  const advice = `must be at most ${most}, the longest text that the model in ${folder} can read`;
  throw new ConfigError("--length", length, advice);
}

/**
 * Takes the language of the saved model that a run begins with if the settings name none. The
 * language also decides where sentences end.
 *
 * @throws {FormatError} If the saved model's tokenizer cannot be read.
 */
export async function withLocaleOfInit(settings: RunSettings): Promise<RunSettings> {
  if (settings.init === undefined || settings.locale !== undefined) return settings;
  const { locale } = (await readTokenizer(settings.init)).options;
  return locale === null ? settings : { ...settings, locale };
}

/**
 * The model and tokenizer that a run on text begins with: a saved one, or fresh weights. Heads that a
 * saved model lacks are initialised from the run's seed.
 *
 * @returns The model, its tokenizer, and `notes` about missing parts that were replaced. The caller
 * disposes of the model.
 */
export async function firstModel(
  settings: RunSettings,
  documents: Document[],
  progress: Progress,
): Promise<LoadedModel> {
  const { init, seed } = settings;
  if (init === undefined) return await freshStart(settings, documents, progress);
  return checkLocale(await loadModel(init, { seed }), settings);
}

/** The model that a run on a prepared store begins with; see `firstModel()`. */
export async function firstModelOf(
  settings: RunSettings,
  text: CountedText,
): Promise<LoadedModel> {
  const { tokenizer } = text;
  const { init, seed, corpus } = settings;
  if (init === undefined) {
    const model = await freshModel(modelConfig(settings, tokenizer.vocab.size), settings, text);
    return { tokenizer, model, notes: [] };
  }
  const loaded = await loadModel(init, { seed });
  if (isDeepStrictEqual(vocabularyFacts(loaded.tokenizer), vocabularyFacts(tokenizer))) {
    return loaded;
  }
  loaded.model.dispose();
  const advice =
    `does not cut text into the tokens that ${corpus} was prepared with. Prepare the ` +
    `corpus anew with --vocab ${init}/vocab.txt, or leave --init out`;
  throw new ConfigError("--init", init, advice);
}

/** If the share of `[UNK]` is at least this, the texts are searched for the words behind it. */
const SOME_UNKNOWN = 0.04;

/** A warning if much of the text is `[UNK]`. */
export function unknownWarning(
  tokenizer: BertTokenizer,
  documents: readonly Document[],
  { unknownShare: share }: TextFacts,
): string | undefined {
  if (share < SOME_UNKNOWN) return undefined;
  const note = unknownNote(
    unknownShare(tokenizer, documents.flatMap(({ sentences }) => sentences)),
  );
  return note && inWordsOfRun(note);
}

/** Learns a vocabulary and makes a model with fresh weights. */
async function freshStart(
  settings: RunSettings,
  documents: Document[],
  progress: Progress,
): Promise<LoadedModel> {
  progress(`learning a vocabulary of ${settings.vocabSize} pieces`);
  const vocab = await learnVocab(documents, settings, progress);
  const tokenizer = new BertTokenizer(vocab);
  if (settings.countedStart) progress("counting which words stand near which");
  const model = await freshModel(modelConfig(settings, vocab.size), settings, {
    tokenizer,
    documents,
  });
  return { tokenizer, model, notes: vocabularyNotes(vocab, progress) };
}

/** What to do about each kind of note, in the words of the command line. */
const ADVICE: Readonly<Record<VocabNote["about"], string>> = {
  size: "a larger vocabulary needs more text",
  characters: "raise --vocab-size",
  accents: "keep the accents with --keep-accents, or case as well with --cased",
  "dotless i": "name the language, as in --locale tr",
  lines: "leave the file as it is",
  unknown: "learn the vocabulary from this text, without --init, or raise --vocab-size",
  unspaced: 'put spaces between the words first, as the README says under "Other languages"',
};

/**
 * Warnings about a learnt vocabulary. A small vocabulary is no fault, so it is only reported as
 * progress.
 */
function vocabularyNotes({ notes }: Vocab, progress: Progress): string[] {
  for (const { about, finding } of notes) {
    if (about === "size") progress(`${finding}: ${ADVICE[about]}`);
  }
  return notes.filter(({ about }) => about !== "size")
    .map(inWordsOfRun);
}

function inWordsOfRun({ about, finding }: VocabNote): string {
  return `${finding}. To mend it, ${ADVICE[about]}`;
}

/** Text whose words `countedStart()` counts. */
export interface CountedText {
  /** The tokenizer of the text. */
  readonly tokenizer: BertTokenizer;
  /** The training documents. */
  readonly documents: readonly Document[];
}

async function freshModel(
  config: BertConfig,
  { seed, headStart: withHeadStart, countedStart: counted }: RunSettings,
  { documents, tokenizer }: CountedText,
): Promise<BertPretrainHead> {
  const model = new BertPretrainHead(config, { seed });
  try {
    if (counted) await countedStart(model, documents, tokenizer, { seed });
    if (withHeadStart) headStart(model);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Throws if a saved model lower-cases text otherwise than the language of the run does. */
function checkLocale(loaded: LoadedModel, { locale }: RunSettings): LoadedModel {
  if (locale === undefined) return loaded;
  try {
    agreedOptions(loaded.tokenizer.options, { locale });
    return loaded;
  } catch (error) {
    loaded.model.dispose();
    if (!(error instanceof ConfigError)) throw error;
    const advice = `does not lower-case "I" as the tokenizer of the saved model does: leave it out`;
    throw new ConfigError("--locale", locale, advice);
  }
}

async function learnVocab(
  documents: readonly Document[],
  settings: RunSettings,
  progress: Progress,
): Promise<Vocab> {
  const sentences = sentencesOf(documents, progress);
  return await trainVocab(sentences, { size: settings.vocabSize, ...textOptions(settings) });
}

/** Yields all sentences, without making a second array of them. */
function* sentencesOf(documents: readonly Document[], progress: Progress): Generator<string> {
  const throttle = new Throttle(PROGRESS_INTERVAL);
  for (const [i, { sentences }] of documents.entries()) {
    for (const sentence of sentences) yield sentence;
    if (throttle.isDue()) {
      progress("counting words", `document ${i + 1} of ${documents.length}`);
    }
  }
}

/** A model for the weights of a checkpoint. Without a checkpoint, the model that the run begins with. */
export async function modelToContinue(
  { settings, model }: RunConfig,
  checkpoint: RunCheckpoint | undefined,
  text: CountedText,
): Promise<BertPretrainHead> {
  const { init, seed } = settings;
  if (checkpoint) return new BertPretrainHead(model, { seed });
  if (init !== undefined) return (await loadModel(init, { seed })).model;
  return await freshModel(model, settings, text);
}
