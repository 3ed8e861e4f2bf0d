/** The files of a corpus, and the reader of each. */
import { nearest } from "../nearest_name.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { isRun } from "../files/foreign_formats.ts";
import { reading, readNames } from "../files/read.ts";
import { readBundled } from "./bundled_corpora.ts";
import { readCsv } from "./corpus_csv.ts";
import { readJsonLines } from "./corpus_jsonl.ts";
import { readText } from "./corpus_text.ts";
import { filesOf } from "./corpus_folder.ts";
import { readParquet } from "./corpus_parquet.ts";
import { readWiki } from "./corpus_wiki.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument, TextFile } from "./raw_document.ts";

/** The bundled corpora, which are npm packages pinned by `deno.lock`. */
const BUNDLED = ["sotu", "moby-dick"] as const;

/** Their names, for a message. */
export const NAMES: string = BUNDLED.map((name) => `"${name}"`).join(", ");

/** A file of texts, or the name of a bundled corpus. */
export type Source = TextFile | typeof BUNDLED[number];

/**
 * The files, or the bundled corpus, that a name or a path means, in the order in which they are read.
 *
 * @throws {ConfigError} If there is no corpus of that name, or an option does not apply to these
 * files.
 * @throws {FormatError} If there is nothing to read.
 */
export async function sourcesOf(nameOrPath: string, options: CorpusOptions): Promise<Source[]> {
  if (nameOrPath === "sotu" || nameOrPath === "moby-dick") {
    refuseOptions(nameOrPath, options, ["sentencePerLine", "textColumn", "documentColumn"]);
    return [nameOrPath];
  }
  if (nameOrPath === "") throw unknownCorpus(nameOrPath); // Deno's own answer depends on permissions
  const info = await reading(nameOrPath, Deno.stat(nameOrPath)).catch((error) => {
    throw error.cause instanceof Deno.errors.NotFound ? unknownCorpus(nameOrPath) : error;
  });
  if (info.isDirectory) return await filesIn(nameOrPath, options);
  if (!info.isFile) { // a pipe could be waited for without end, and cannot be read a second time
    const problem = "expected a file or folder, found a pipe or a device";
    throw new FormatError(nameOrPath, `${problem}: write its text to a file first`);
  }
  const kind = kindOf(nameOrPath);
  refuseOptions(nameOrPath, options, kind && FOREIGN[kind]);
  return [{ path: nameOrPath, name: nameOrPath.split(/[/\\]/).at(-1)! }];
}

/**
 * The documents of one file or bundled corpus, including those without text.
 *
 * @throws {ConfigError | FormatError} If it cannot be read.
 */
export function readSource(source: Source, options: CorpusOptions): AsyncGenerator<RawDocument> {
  if (typeof source === "string") return readBundled(source);
  const kind = kindOf(source.path);
  if (kind) return READERS[kind](source, options);
  const extension = source.path.match(/\.[^./\\]*$/)?.[0] ?? "no extension";
  const problem = `expected a file named ${KINDS}, found ${extension}: convert or rename it`;
  throw new FormatError(source.path, problem);
}

const READERS = {
  txt: readText,
  csv: readCsv,
  jsonl: readJsonLines,
  parquet: readParquet,
  wiki: readWiki,
};

type Kind = keyof typeof READERS;

/** For each kind of file the options that do not apply to it. */
const FOREIGN: Readonly<Record<Kind, readonly (keyof CorpusOptions)[]>> = {
  txt: ["textColumn", "documentColumn"],
  csv: ["sentencePerLine"],
  jsonl: ["sentencePerLine"],
  parquet: ["sentencePerLine"],
  wiki: ["sentencePerLine", "textColumn", "documentColumn"],
};

/** Matches the names of readable files; its groups are the kinds. */
const READABLE =
  /\.(?:(txt|csv|jsonl)(?:\.gz|\.zst)?|(parquet))$|(?:^|[/\\])(wiki)_\d+(?:\.gz|\.zst)?$/i;

const KINDS =
  ".txt, .csv or .jsonl (also compressed: .gz, .zst), .parquet or wiki_00 (of wikiextractor)";

function kindOf(path: string): Kind | undefined {
  const [, ...kinds] = READABLE.exec(path) ?? [];
  return kinds.find((kind) => kind !== undefined)?.toLowerCase() as Kind | undefined;
}

/** Refuses options that have no effect. (In a folder, an option may apply to some of the files.) */
function refuseOptions(
  nameOrPath: string,
  options: CorpusOptions,
  names: readonly (keyof CorpusOptions)[] = [],
): void {
  for (const name of names) {
    if (options[name] === undefined || options[name] === false) continue;
    const kind = name === "sentencePerLine" ? ".txt" : ".csv, .jsonl and .parquet";
    const advice = `is for ${kind} files, and the corpus is ${nameOrPath}: leave it out`;
    throw new ConfigError(name, options[name], advice);
  }
}

/** All readable files in a folder. */
async function filesIn(folder: string, options: CorpusOptions): Promise<TextFile[]> {
  // deno-lint-ignore no-console -- the user has to learn which file was not read
  const { onLeftOut = (what) => console.warn(what) } = options;
  await refuseModel(folder);
  const files = await filesOf(folder, READABLE, onLeftOut);
  if (files.length > 0) return files;
  throw new FormatError(folder, `expected files named ${KINDS}, found none: check the folder`);
}

/** Throws if a folder is that of a model or a run, whose vocabulary would be read as a text. */
async function refuseModel(folder: string): Promise<void> {
  const names = await readNames(folder);
  const isModel = names.includes("vocab.txt") && MODEL_FILES.some((name) => names.includes(name));
  if (!isRun(names) && !isModel) return;
  const problem = `expected a folder of texts, found that of a ${isRun(names) ? "run" : "model"}`;
  throw new FormatError(folder, `${problem}: name the texts, or the folder that they lie in`);
}

/** Files that lie beside the vocabulary in the folder of a model. */
const MODEL_FILES = ["config.json", "tokenizer_config.json", "model.safetensors"];

/**
 * The error for a name that is not found: a path is taken for a missing file, and a single word for
 * the mistyped name of a corpus.
 */
function unknownCorpus(name: string): Error {
  if (/^https?:\/\//i.test(name)) {
    const problem = "nothing is fetched from the network here: fetch it first, and name the file";
    return new FormatError(name, problem);
  }
  if (/[./\\]/.test(name)) {
    const problem = `expected a file or folder, found nothing: check the path, or use ${NAMES}`;
    return new FormatError(name, problem);
  }
  const near = nearest(name, BUNDLED);
  const hint = near ? `: did you mean "${near}"?` : ": check the path";
  return new ConfigError("corpus", name, `must be ${NAMES} or a path that exists${hint}`);
}
