/** The texts to prepare: their files with sizes, and their documents in batches. */
import { createHash, type Hash } from "node:crypto";
import { FormatError } from "../errors.ts";
import { readSource, type Source, sourcesOf } from "../data/corpus_sources.ts";
import type { CorpusOptions } from "../data/document.ts";
import type { RawDocument } from "../data/raw_document.ts";
import { reading } from "../files/read.ts";
import { shellWord } from "../shell_quote.ts";
import { refuseParts } from "./incomplete_store.ts";
import { isPrepared } from "./prepared.ts";
import type { PrepareSettings } from "./prepare_settings.ts";

/** A file of texts or a bundled corpus, with the facts by which a change is noticed. */
export interface Input {
  /** The argument of `readSource()`. */
  readonly source: Source;
  /** The size of the file in bytes; 0 for a bundled corpus. */
  readonly bytes: number;
  /** The time of its last change, in milliseconds since 1970; 0 for a bundled corpus. */
  readonly changed: number;
}

/** A place between two documents of the inputs. */
export interface InputPlace {
  /** The index of the input. */
  readonly input: number;
  /** The number of its documents before the place. */
  readonly documents: number;
  /** The SHA-256 of these documents; empty if there are none. */
  readonly sha256: string;
}

/** The place at the beginning. */
export const FIRST_PLACE: InputPlace = { input: 0, documents: 0, sha256: "" };

/** A batch of consecutive documents of one input. */
export interface InputBatch {
  /** The documents, which are not split into sentences yet. */
  readonly documents: readonly RawDocument[];
  /** The place after them. */
  readonly place: InputPlace;
}

/**
 * About how many characters a batch has: enough to make its transfer cheap, and few enough to keep
 * waits short.
 */
const BATCH = 2 ** 18;

/**
 * The files of all corpora, in the order in which they are read.
 *
 * @throws {FormatError} If one of them cannot be read, or is prepared already.
 */
export async function findInputs(settings: PrepareSettings): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const name of settings.corpus) {
    if (isPrepared(name)) {
      const fix = `train on it: deno task pretrain --corpus ${shellWord(name)} --out runs/NAME`;
      throw new FormatError(
        name,
        `expected texts, found a corpus that is prepared already: ${fix}`,
      );
    }
    await refuseParts(name);
    for (const source of await sourcesOf(name, settings)) inputs.push(await inputOf(source));
  }
  return inputs;
}

async function inputOf(source: Source): Promise<Input> {
  if (typeof source === "string") return { source, bytes: 0, changed: 0 };
  const { size, mtime } = await reading(source.path, Deno.stat(source.path));
  return { source, bytes: size, changed: mtime?.getTime() ?? 0 };
}

/** Reads the documents of inputs, and counts the bytes that it has read. */
export class InputReader {
  /** The number of bytes of all inputs. */
  readonly totalBytes: number;
  readonly #inputs: readonly Input[];
  readonly #options: CorpusOptions;
  /** The number of bytes of the inputs before the current one. */
  #before = 0;
  /** The number of bytes that were read of the current input. */
  #within = 0;

  constructor(inputs: readonly Input[], settings: PrepareSettings) {
    const { textColumn, documentColumn, sentencePerLine } = settings;
    const onRead = (bytes: number) => void (this.#within += bytes);
    this.#inputs = inputs;
    this.#options = { textColumn, documentColumn, sentencePerLine, onRead };
    this.totalBytes = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The number of bytes read so far, including those before the place at which reading began. */
  get bytes(): number {
    return this.#before + this.#within;
  }

  /**
   * The documents after a place, in batches. Documents before it in the same file are read again, but
   * not encoded.
   */
  async *batches(from: InputPlace): AsyncGenerator<InputBatch> {
    for (const [index, { source, bytes }] of this.#inputs.entries()) {
      if (index >= from.input) {
        const start = index === from.input ? from : { ...FIRST_PLACE, input: index };
        yield* this.#batchesOf(source, start);
        yield { documents: [], place: { ...FIRST_PLACE, input: index + 1 } };
      }
      this.#before += bytes;
      this.#within = 0;
    }
  }

  /** The documents of one input after a place, in batches. */
  async *#batchesOf(source: Source, start: InputPlace): AsyncGenerator<InputBatch> {
    const hash = createHash("sha256");
    let documents: RawDocument[] = [];
    let size = 0;
    let place = { ...start, documents: 0 };
    for await (const document of readSource(source, this.#options)) {
      for (const { text } of document.texts) hash.update(text).update("\0");
      place = { ...place, documents: place.documents + 1 };
      if (place.documents <= start.documents) {
        if (place.documents === start.documents) checkRead(source, hash, start);
        continue;
      }
      documents.push(document);
      size += document.texts.reduce((sum, { text }) => sum + text.length, 0);
      if (size < BATCH) continue;
      yield { documents, place: { ...place, sha256: hash.copy().digest("hex") } };
      documents = [];
      size = 0;
    }
    if (place.documents < start.documents) throw changed(source);
    if (documents.length > 0) {
      yield { documents, place: { ...place, sha256: hash.digest("hex") } };
    }
  }
}

/** Throws unless the documents that were encoded before equal those that were read again. */
function checkRead(source: Source, hash: Hash, { sha256 }: InputPlace): void {
  if (hash.copy().digest("hex") !== sha256) throw changed(source);
}

/** The error for texts that have changed since they were encoded. */
function changed(source: Source): FormatError {
  const path = typeof source === "string" ? source : source.path;
  const problem =
    "expected the texts that were encoded before, found others: restore them, or remove " +
    "the unfinished corpus (OUT.unfinished)";
  return new FormatError(path, problem);
}

/**
 * Throws unless the inputs that were read completely still exist and are unchanged.
 *
 * @param read The inputs that were read completely.
 * @param isAll Whether these were all inputs, so that no further one may have been added.
 * @throws {FormatError} If one has changed or was added; the message names the first one.
 */
export function checkInputs(
  inputs: readonly Input[],
  read: readonly Input[],
  isAll: boolean,
): void {
  for (const [index, input] of read.entries()) {
    if (JSON.stringify(inputs[index]) !== JSON.stringify(input)) throw changed(input.source);
  }
  if (isAll && inputs.length > read.length) throw changed(inputs[read.length].source);
}
