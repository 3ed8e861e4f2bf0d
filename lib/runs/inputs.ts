/** The texts and the vocabulary of a run, and how to tell that they are still the same. */
import { createHash } from "node:crypto";
import { corpus, readAll, splitHeldOut } from "../data/corpus.ts";
import { type Document } from "../data/document.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { flag } from "./options.ts";
import type { CorpusFacts, VocabularyFacts } from "./folder.ts";
import { corpusOptions, type RunSettings } from "./settings.ts";
import { loadVocab } from "../tokenizer/vocab.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** A corpus in two parts, and what it was. */
export interface RunDocuments {
  readonly train: Document[];
  readonly heldOut: Document[];
  readonly facts: CorpusFacts;
}

/**
 * Reads and parts the corpus of a run.
 *
 * @throws {ConfigError | FormatError} If there is no such corpus, it cannot be read, or an option is for
 * other files.
 */
export async function readDocuments(settings: RunSettings): Promise<RunDocuments> {
  const all = await readAll(corpus(settings.corpus, corpusOptions(settings))).catch((error) => {
    throw error instanceof ConfigError ? inWordsOfTask(error) : error;
  });
  const hash = createHash("sha256");
  for (const { name, sentences } of all) hash.update(`${JSON.stringify([name, sentences])}\n`);
  const { train, heldOut } = splitHeldOut(all, settings.heldOut, settings.seed);
  const counts = { training: train.length, heldOut: heldOut.length };
  return { train, heldOut, facts: { sha256: hash.digest("hex"), ...counts } };
}

/** A setting that is wrong under the name that it has on the command line. */
function inWordsOfTask({ field, value, message }: ConfigError): ConfigError {
  return new ConfigError(flag(field), value, message.replace(/^.*?: it /s, ""));
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

/** `vocab.txt` of a tokenizer. */
export function vocabularyText({ vocab }: BertTokenizer): string {
  return `${vocab.tokens.join("\n")}\n`;
}

/** What a run writes down about its vocabulary. */
export function vocabularyFacts(tokenizer: BertTokenizer): VocabularyFacts {
  const sha256 = createHash("sha256").update(vocabularyText(tokenizer)).digest("hex");
  return { sha256, size: tokenizer.vocab.size, ...tokenizer.options };
}

/**
 * The tokenizer that a run began with.
 *
 * @throws {FormatError} If its vocabulary is another now.
 */
export async function runTokenizer(
  path: string,
  facts: VocabularyFacts,
): Promise<BertTokenizer> {
  const { lowercase, stripAccents, sha256 } = facts;
  const vocab = await loadVocab(path);
  const tokenizer = new BertTokenizer(vocab, { lowercase, stripAccents });
  if (vocabularyFacts(tokenizer).sha256 === sha256) return tokenizer;
  throw new FormatError(
    path,
    `expected the run's ${facts.size} pieces, found others (${vocab.size}): bring the file back, or ` +
      "begin a new run",
  );
}
