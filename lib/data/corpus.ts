/**
 * Reading documents from two bundled corpora or from files of your own. A document is a list of
 * sentences in order; next-sentence prediction learns from that order.
 */
import {
  ARRAY,
  checkArguments,
  checkBelow1,
  checkChoice,
  checkEntries,
  checkOptions,
  FUNCTION,
} from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { checkSeed } from "../random.ts";
import { DOCUMENT, STREAM } from "./argument_kinds.ts";
import { NAMES, readSource, sourcesOf } from "./corpus_sources.ts";
import type { CorpusOptions, Document } from "./document.ts";
import { cutDocument, heldOutCount, partDocuments, sizeOf } from "./held_out.ts";
import { inBatches, splitDocuments } from "./raw_document.ts";

const OPTIONS = [
  "sentencePerLine",
  "textColumn",
  "documentColumn",
  "locale",
  "onLeftOut",
  "onRead",
];

/**
 * Reads a corpus, document by document. Memory holds a few short documents or one long one at a time. A
 * document of more than four million characters is split into several documents.
 *
 * The corpora are `"sotu"`, the State of the Union addresses from 1790 to 2021, and `"moby-dick"`, the
 * chapters of the novel. Any other argument is a path:
 *
 * - a `.txt` file, whose documents are separated by empty lines;
 * - a `.csv`, `.jsonl` or `.parquet` file, of which each row is a document, a part of one or a
 *   sentence;
 * - a file `wiki_00` of wikiextractor;
 * - a folder of such files, with the folders in it. Links are followed; hidden files and files of
 *   other kinds are left out.
 *
 * All of them but `.parquet` may be compressed as `.gz` or `.zst`. Text is UTF-8, with or without a
 * byte-order mark; lines end with LF, CRLF or CR.
 *
 * @throws {ConfigError} If there is no corpus of that name, or an option is unknown (the nearest is
 * suggested) or does not apply to these files.
 * @throws {FormatError} If a file is missing, cannot be read or holds no document. The message names
 * the line, what was expected and the fix.
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
    for await (const batch of inBatches(readSource(source, options))) {
      for (const document of splitDocuments(batch, options)) {
        if (document.sentences.length === 0) continue;
        count++;
        yield document;
      }
    }
  }
  if (count > 0) return;
  throw new FormatError(
    nameOrPath,
    "expected at least one document, found no text: check the file",
  );
}

/** Throws `ConfigError` if an option has a wrong type. */
export function checkKinds(
  { sentencePerLine, textColumn, documentColumn, onLeftOut }: CorpusOptions,
): void {
  checkChoice("sentencePerLine", sentencePerLine ?? false, [true, false]);
  const columns = { textColumn: textColumn ?? "", documentColumn: documentColumn || "" };
  for (const [field, value] of Object.entries(columns)) {
    if (typeof value === "string") continue;
    const advice = "must be the name of a column" +
      (field === "documentColumn" ? ", or false" : "");
    throw new ConfigError(field, value, advice);
  }
  if (onLeftOut === undefined) return;
  checkArguments("corpus()", [["options.onLeftOut", onLeftOut, FUNCTION]]);
}

/**
 * Reads all documents into an array.
 *
 * @param documents The documents that `corpus()` returns, and not the name of a corpus.
 * @throws {TypeError} If they are not documents.
 *
 * @example
 * ```ts
 * import { corpus, readAll } from "bert/data/corpus.ts";
 * import { deepStrictEqual } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/texts.txt`;
 * await Deno.writeTextFile(path, "Call me. I come.\n\nGo.\n"); // an empty line ends a document
 * const documents = await readAll(corpus(path));
 * deepStrictEqual(documents.map(({ sentences }) => sentences), [["Call me.", "I come."], ["Go."]]);
 * ```
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
 * Splits documents into those to train on and those to evaluate on. No document is on both sides, and
 * documents with the same text are on the same side, so that no text of the evaluation was trained on.
 *
 * The side of a document depends on its name and the seed, not on its position. If documents are so
 * few or so unequal that the held-out text would be less than half or more than twice the share, whole
 * documents are held out as long as they fit, and then the end of another one. Of a single document
 * the end is held out.
 *
 * @param share The share of the documents (of the sentences, if there is one document) to hold out,
 * from 0 to below 1. Their number is rounded; at least one is held out if the share is above 0, and
 * at least one stays to train on.
 * @param seed A whole number from 0 to 2^53 - 1.
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

/** Holds out the end of a single document. */
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
