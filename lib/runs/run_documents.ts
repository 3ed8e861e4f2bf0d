/** Reading the texts of a run, and the check that a resumed run has the same. */
import { corpus, splitHeldOut } from "../data/corpus.ts";
import { corpusDigest } from "../data/corpus_digest.ts";
import type { CorpusOptions, Document } from "../data/document.ts";
import { checkPairable } from "../data/pair_maker.ts";
import { FormatError } from "../errors.ts";
import { count } from "../format.ts";
import { Throttle } from "../throttle.ts";
import type { CorpusFacts } from "./config_file.ts";
import { type Progress, PROGRESS_INTERVAL } from "./run_corpus.ts";
import type { RunSettings } from "./run_settings.ts";

/** The options of `corpus()` that follow from a run's settings. */
export function corpusOptions(settings: RunSettings): CorpusOptions {
  const { textColumn, sentencePerLine, noDocumentColumn, locale } = settings;
  const documentColumn = noDocumentColumn ? false : settings.documentColumn;
  return { textColumn, documentColumn, sentencePerLine, locale };
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
      "Put the former corpus back, or begin a new run",
  );
}
