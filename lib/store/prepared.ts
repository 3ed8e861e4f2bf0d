/**
 * Opening a prepared corpus: a folder that `deno task prepare` has written, or a store of
 * Megatron-LM.
 */
import { checkText } from "../checks.ts";
import { basename, dirname } from "node:path";
import { FormatError } from "../errors.ts";
import { saysMissing } from "../files/optional_file.ts";
import { withoutEndSlash } from "../files/path.ts";
import { asReadError, reading } from "../files/read.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { describeFile } from "./file_digest.ts";
import { isIndex } from "./indexed_layout.ts";
import { IndexedReader } from "./indexed_reader.ts";
import {
  FACTS_FILE,
  factsDigest,
  parseFacts,
  type PreparedFacts,
  type StoredFile,
} from "./prepared_facts.ts";

/** The name of the store with the text to train on: `train.bin`, `train.idx`, `train.sums`. */
export const TRAIN = "train";

/** The name of the store with the held-out text. */
export const HELD_OUT = "held_out";

/** The ending of a file of checksums. */
export const SUMS = ".sums";

/** An open corpus on disk. The caller calls `close()`, or declares it with `using`. */
export interface PreparedCorpus extends Disposable {
  /** The text to train on. */
  readonly train: IndexedReader;
  /** The held-out text; undefined if nothing is held out. */
  readonly heldOut: IndexedReader | undefined;
  /** The tokenizer with which the text was encoded. */
  readonly tokenizer: BertTokenizer;
  /** The counts and the sources of the text. */
  readonly facts: PreparedFacts;
  /** A digest that identifies the corpus, in hexadecimal: it differs if any file differs. */
  readonly sha256: string;
  /** Closes the files. It may be called twice. */
  close(): void;
}

/**
 * Whether a path is that of a prepared corpus, or of a store without `.idx`. If there is also a file or
 * folder at the path itself, an `.idx` beside it only counts if it is Megatron-LM's.
 *
 * @example
 * ```ts
 * import { isPrepared } from "bert/store/prepared.ts";
 * import { IndexedWriter } from "bert/store/indexed_writer.ts";
 * import { ok } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/texts`;
 * ok(!isPrepared(path));
 * using writer = IndexedWriter.create(path, "uint16");
 * writer.add([[5, 6], [6]]);
 * writer.finish(); // has written texts.bin and texts.idx
 * ok(isPrepared(path));
 * ```
 */
export function isPrepared(path: string): boolean {
  if (isFile(`${path}/${FACTS_FILE}`)) return true;
  return isFile(`${path}.idx`) && (find(path) === undefined || isIndex(`${path}.idx`));
}

/**
 * Opens a prepared corpus.
 *
 * The index, the checksums and the vocabulary are compared with the digests in `prepared.json` when
 * the corpus is opened, and ids with their checksums when they are read. So damage to any file is
 * found before a model learns from it. Memory holds eight bytes for each document, and four for every
 * 64 KiB of ids.
 *
 * A store that Megatron-LM has written (`PREFIX.bin`, `PREFIX.idx`, with `vocab.txt` or
 * `tokenizer.json` beside it) has no digests, and nothing of it is held out. Its ids are counted when
 * it is opened, which takes some seconds for 10⁹ of them. `[CLS]` and `[SEP]`, which Megatron's
 * tokenizers write around each sentence, are left out.
 *
 * @param path The folder, or the path of a store of Megatron-LM without `.bin` and `.idx`.
 * @throws {FormatError} If it is not a prepared corpus, or a file is missing or has changed.
 *
 * @example A store of Megatron-LM
 * ```ts
 * import { openPrepared } from "bert/store/prepared.ts";
 * import { SPECIAL_TOKENS } from "bert/tokenizer/vocab.ts";
 * import { IndexedWriter } from "bert/store/indexed_writer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/vocab.txt`, [...SPECIAL_TOKENS, "call", "me"].join("\n"));
 * using writer = IndexedWriter.create(`${folder}/texts`, "uint16");
 * writer.add([[5, 6], [6]]);
 * writer.finish();
 * using corpus = await openPrepared(`${folder}/texts`);
 * deepStrictEqual(corpus.facts.histogram.slice(5), [1, 2]);
 * ```
 */
export async function openPrepared(path: string): Promise<PreparedCorpus> {
  checkText("openPrepared(path)", "path", path);
  const folder = withoutEndSlash(path);
  if (isFile(`${folder}/${FACTS_FILE}`)) return await openFolder(folder);
  if (isPrepared(path)) return await openBare(path);
  const what = `expected the folder of a prepared corpus, found no ${FACTS_FILE} in it`;
  throw new FormatError(path, `${what}: was "deno task prepare" stopped? Run it again`);
}

/** Opens a folder that `prepare()` has written. */
async function openFolder(folder: string): Promise<PreparedCorpus> {
  const path = `${folder}/${FACTS_FILE}`;
  const facts = parseFacts(await reading(path, Deno.readTextFile(path)), path);
  for (const [name, file] of Object.entries(facts.files)) {
    if (!name.endsWith(".bin")) await checkFile(`${folder}/${name}`, file);
  }
  const tokenizer = await BertTokenizer.fromPretrained(folder);
  const vocabSize = tokenizer.vocab.size;
  if (facts.histogram.length !== vocabSize) {
    const expected = `expected "histogram" of ${vocabSize} pieces, found ${facts.histogram.length}`;
    throw new FormatError(path, `${expected}: restore the file`);
  }
  using readers = new DisposableStack();
  const open = (name: string) => {
    const bytes = Deno.readFileSync(`${folder}/${name}${SUMS}`);
    const sums = new Uint32Array(bytes.buffer);
    return readers.use(IndexedReader.open(`${folder}/${name}`, { vocabSize, sums }));
  };
  const train = open(TRAIN);
  const heldOut = facts.heldOut.documents > 0 ? open(HELD_OUT) : undefined;
  const kept = readers.move();
  const sha256 = factsDigest(facts);
  const close = () => kept.dispose();
  return { train, heldOut, tokenizer, facts, sha256, close, [Symbol.dispose]: close };
}

/** Throws unless a file has its size and its digest. */
async function checkFile(path: string, { bytes, sha256 }: StoredFile): Promise<void> {
  const isThere = isFile(path) && Deno.statSync(path).size === bytes;
  if (isThere && (await describeFile(path)).sha256 === sha256) return;
  const problem = isThere
    ? "expected the file that was written, found another"
    : `expected a file of ${bytes} bytes, found none of that size`;
  throw new FormatError(path, `${problem}: restore it, or prepare the corpus again`);
}

/** The files of which a folder with a tokenizer has at least one. */
const TOKENIZER_FILES = ["vocab.txt", "tokenizer.json"];

/** Opens a store that Megatron-LM has written. */
async function openBare(prefix: string): Promise<PreparedCorpus> {
  if (!TOKENIZER_FILES.some((name) => isFile(`${dirname(prefix)}/${name}`))) {
    const expected = `expected ${TOKENIZER_FILES.join(" or ")} beside the store, found neither`;
    throw new FormatError(prefix, `${expected}: copy the tokenizer that made its ids there`);
  }
  const tokenizer = await BertTokenizer.fromPretrained(dirname(prefix));
  using readers = new DisposableStack();
  const { size: vocabSize, clsId: first, sepId: last } = tokenizer.vocab;
  const train = readers.use(IndexedReader.open(prefix, { vocabSize, frame: { first, last } }));
  const histogram = histogramOf(train, vocabSize);
  const { documents, sentences } = train;
  const tokens = histogram.reduce((sum, count) => sum + count, 0);
  const index = `${prefix}.idx`;
  const facts: PreparedFacts = {
    documents,
    sentences,
    tokens,
    heldOut: { documents: 0, sentences: 0, tokens: 0 },
    histogram,
    unknownShare: histogram[tokenizer.vocab.unkId] / Math.max(1, tokens),
    duplicates: 0,
    short: 0,
    sources: [prefix],
    tokenizer: tokenizer.options,
    locale: tokenizer.options.locale ?? "en",
    files: { [basename(index)]: await describeFile(index) },
  };
  const kept = readers.move();
  const close = () => kept.dispose();
  return {
    train,
    heldOut: undefined,
    tokenizer,
    facts,
    sha256: bareDigest(facts),
    close,
    [Symbol.dispose]: close,
  };
}

/** The digest of a store of Megatron-LM. It depends on the index and the counts of ids, but not on the path. */
function bareDigest({ sources: _, files, ...rest }: PreparedFacts): string {
  return factsDigest({ ...rest, files: Object.values(files) });
}

/** The number of tokens that are read and counted at a time. */
const PIECE = 2 ** 20;

/** `[V]`: how often each id occurs. */
function histogramOf(reader: IndexedReader, vocabSize: number): number[] {
  const counts = new Float64Array(vocabSize);
  for (let first = 0; first < reader.documents;) {
    let end = first + 1;
    const isRoom = () => reader.tokensBefore(end + 1) - reader.tokensBefore(first) <= PIECE;
    while (end < reader.documents && isRoom()) end++;
    for (const { sentences } of reader.documentRange(first, end)) {
      for (const { ids } of sentences) for (let i = 0; i < ids.length; i++) counts[ids[i]]++;
    }
    first = end;
  }
  return [...counts];
}

function isFile(path: string): boolean {
  return find(path)?.isFile ?? false;
}

/** The facts of the file or folder at a path; undefined if there is none. */
function find(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (saysMissing(error)) return undefined;
    throw asReadError(error, path);
  }
}
