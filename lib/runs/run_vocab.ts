/** The vocabulary of a run: learning it, warnings about it, and the check that a resumed run has the same. */
import type { Document } from "../data/document.ts";
import { FormatError } from "../errors.ts";
import { Throttle } from "../throttle.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { TokenizerOptions } from "../tokenizer/options.ts";
import { trainVocab } from "../tokenizer/train_vocab.ts";
import { unknownNote, unknownShare } from "../tokenizer/unknown_share.ts";
import { Vocab } from "../tokenizer/vocab.ts";
import { type VocabularyFacts, vocabularyFacts } from "../tokenizer/vocab_facts.ts";
import type { VocabNote } from "../tokenizer/vocab_notes.ts";
import { type Progress, PROGRESS_INTERVAL } from "./run_corpus.ts";
import type { RunSettings } from "./run_settings.ts";
import type { TextFacts } from "./text_facts.ts";

/** The tokenizer options that follow from a run's settings. */
function textOptions({ cased, keepAccents, locale }: RunSettings): TokenizerOptions {
  return {
    lowercase: !cased,
    stripAccents: keepAccents === undefined ? null : !keepAccents,
    locale: locale ?? null,
  };
}

/**
 * Makes the tokenizer with which a run began.
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
    `expected the run's ${facts.size} pieces, found others (${vocab.size}): put the former file back, ` +
      "or begin a new run",
  );
}

/** If the share of `[UNK]` is at least this, the texts are searched for the words that became `[UNK]`. */
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
 * Warnings about a learnt vocabulary. A vocabulary that is smaller than asked is not a fault, so it is
 * only reported as progress.
 */
export function vocabularyNotes({ notes }: Vocab, progress: Progress): string[] {
  for (const { about, finding } of notes) {
    if (about === "size") progress(`${finding}: ${ADVICE[about]}`);
  }
  return notes.filter(({ about }) => about !== "size")
    .map(inWordsOfRun);
}

function inWordsOfRun({ about, finding }: VocabNote): string {
  return `${finding}. To mend it, ${ADVICE[about]}`;
}

/** Learns a vocabulary from the training documents, of the size and with the options of the settings. */
export async function learnVocab(
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
