/**
 * Documents from where they are: two bundled corpora, or your own files. A document is a list of
 * sentences in order; that order is what next-sentence prediction learns from.
 */
import {
  ARRAY,
  checkArguments,
  checkBelow1,
  checkChoice,
  checkEntries,
  checkOptions,
} from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { checkSeed } from "../random.ts";
import { DOCUMENT, STREAM } from "./arguments.ts";
import { NAMES, readSource, sourcesOf } from "./corpus_sources.ts";
import type { CorpusOptions, Document } from "./document.ts";
import { cutDocument, heldOutCount, partDocuments, sizeOf } from "./held_out.ts";
import { splitDocument } from "./raw_document.ts";

const OPTIONS = [
  "sentencePerLine",
  "textColumn",
  "documentColumn",
  "locale",
  "onLeftOut",
  "onRead",
];

/**
 * Reads a corpus, document by document; memory holds one document at a time. One of more than four
 * million characters comes in several parts, each a document.
 *
 * `"sotu"` is the State of the Union addresses, 1790 to 2021; `"moby-dick"` the chapters of the
 * novel. Anything else is a path: a `.txt` file (documents parted by an empty line), a `.csv` or
 * `.jsonl` file (one row a document, a part of one, or a sentence), each of them also packed as
 * `.gz` or `.zst`, a `.parquet` file (as `.csv`), a `wiki_00` of wikiextractor, or a folder of such
 * files, with the folders in it.
 * In a folder links are followed, and hidden files and those of other kinds are left out. Text is
 * UTF-8, with or without a byte-order mark, with LF, CRLF or CR.
 *
 * @throws {ConfigError} If there is no corpus of that name, or no such option (the nearest is suggested), or
 * the option is for other files.
 * @throws {FormatError} If a file is missing or cannot be read, with the line, what was expected and the fix; also
 * if it holds no document.
 *
 * @example
 * ```ts
 * import { corpus, readAll } from "bert/data/corpus.ts";
 * import { strictEqual } from "node:assert";
 * const documents = await readAll(corpus("data/sample.csv"));
 * strictEqual(documents[0].sentences.length > 1, true);
 * ```
 */
export async function* corpus(
  nameOrPath: string,
  options: CorpusOptions = {},
): AsyncGenerator<Document> {
  checkOptions("corpus()", options, OPTIONS);
  checkKinds(options);
  if (typeof nameOrPath !== "string") {
    throw new ConfigError("corpus", nameOrPath, `must be ${NAMES} or a path`);
  }
  let count = 0;
  for (const source of await sourcesOf(nameOrPath, options)) {
    for await (const raw of readSource(source, options)) {
      const document = splitDocument(raw, options);
      if (document.sentences.length === 0) continue;
      count++;
      yield document;
    }
  }
  if (count > 0) return;
  throw new FormatError(
    nameOrPath,
    "expected at least one document, found no text: check the file",
  );
}

/** Throws `ConfigError` where an option is of a wrong type. */
function checkKinds({ sentencePerLine, textColumn, documentColumn }: CorpusOptions): void {
  checkChoice("sentencePerLine", sentencePerLine ?? false, [true, false]);
  const columns = { textColumn: textColumn ?? "", documentColumn: documentColumn || "" };
  for (const [field, value] of Object.entries(columns)) {
    if (typeof value === "string") continue;
    const advice = "must be the name of a column" +
      (field === "documentColumn" ? ", or false" : "");
    throw new ConfigError(field, value, advice);
  }
}

/**
 * All documents at once, as an array.
 *
 * @param documents What `corpus()` gives; the name of a corpus is not enough.
 * @throws {TypeError} If they are no documents.
 */
export async function readAll(
  documents: AsyncIterable<Document> | Iterable<Document>,
): Promise<Document[]> {
  const call = "readAll(documents)";
  checkArguments(call, [["documents", documents, STREAM]]);
  const all = await Array.fromAsync(documents);
  checkEntries(call, "documents", all, DOCUMENT);
  return all;
}

/**
 * Parts documents into those to train on and those to evaluate on. No document is in both, and
 * documents that read the same are on the same side, so that nothing is tested that was trained on.
 *
 * Which document goes where depends on its name and the seed, not on its place. Where documents are
 * so few or so unequal that the held-out text would be less than half or more than twice of what
 * was asked for, the end of one of them is held out instead, as it is of a corpus of one document.
 *
 * @param share Share of the documents (of the sentences, if there is one document) to hold out,
 * rounded; at least one is held out where the share is above 0, and at least one stays to train on.
 * @throws {ConfigError} If `share` is not at least 0 and below 1.
 *
 * @example
 * ```ts
 * import { splitHeldOut } from "bert/data/corpus.ts";
 * import { strictEqual } from "node:assert";
 * const documents = Array.from({ length: 10 }, (_, i) => ({ name: `d${i}`, sentences: [`a ${i}`] }));
 * const { train, heldOut } = splitHeldOut(documents, 0.2, 1);
 * strictEqual(train.length, 8);
 * strictEqual(heldOut.length, 2);
 * ```
 */
export function splitHeldOut(
  documents: readonly Document[],
  share: number,
  seed: number,
): { train: Document[]; heldOut: Document[] } {
  const call = "splitHeldOut(documents, share, seed)";
  checkArguments(call, [["documents", documents, ARRAY]]);
  checkEntries(call, "documents", documents, DOCUMENT);
  checkSeed(seed);
  checkBelow1("share", share);
  if (share === 0 || documents.length === 0) return { train: [...documents], heldOut: [] };
  if (documents.length === 1) return cutOnly(documents[0], share);
  return partDocuments(documents, share, seed);
}

/** Holds out the end of the only document. */
function cutOnly(document: Document, share: number): { train: Document[]; heldOut: Document[] } {
  const { name, sentences } = document;
  if (sentences.length < 2) {
    const cut = cutDocument(document, share * sizeOf(document));
    return cut ? { train: [cut[0]], heldOut: [cut[1]] } : { train: [document], heldOut: [] };
  }
  const count = heldOutCount(share, sentences.length);
  const held = { ...document, name: `${name} (held out)`, sentences: sentences.slice(-count) };
  return { train: [{ ...document, sentences: sentences.slice(0, -count) }], heldOut: [held] };
}
