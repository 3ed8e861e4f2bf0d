/** `prepared.json`: the facts of a prepared corpus, and the digests of its files. */
import { createHash } from "node:crypto";
import { FormatError } from "../errors.ts";
import { isRecord, parseJsonObject } from "../files/json.ts";
import { type TokenizerOptions, tokenizerOptions } from "../tokenizer/options.ts";

/** The name of the file. It is written last, so that a folder without it is not a complete corpus. */
export const FACTS_FILE = "prepared.json";

/** The counts of a text. */
export interface StoreCounts {
  /** The number of documents. */
  readonly documents: number;
  /** The number of sentences in all of them. */
  readonly sentences: number;
  /** The number of tokens in all sentences, without special ones. */
  readonly tokens: number;
}

/** A file of the folder. */
export interface StoredFile {
  /** Its size in bytes. */
  readonly bytes: number;
  /** Its SHA-256, in hexadecimal. */
  readonly sha256: string;
}

/** The facts of a prepared corpus. The counts at the top are those of the training text. */
export interface PreparedFacts extends StoreCounts {
  /** The counts of the held-out text; all are 0 if nothing is held out. */
  readonly heldOut: StoreCounts;
  /** `[V]`: how often each piece of the vocabulary occurs in the text to train on. */
  readonly histogram: readonly number[];
  /** The share of the tokens to train on that are `[UNK]`, from 0 to 1. */
  readonly unknownShare: number;
  /** The number of documents that were left out because an earlier one has the same text. */
  readonly duplicates: number;
  /** The number of documents that were left out because they had fewer tokens than `minTokens`. */
  readonly short: number;
  /** The names and paths of the texts, as they were typed. */
  readonly sources: readonly string[];
  /** How the tokenizer treats text. */
  readonly tokenizer: Required<TokenizerOptions>;
  /** The language by which sentences were split. */
  readonly locale: string;
  /** The digest of the settings and texts from which it was made. */
  readonly settings?: string;
  /** The files of the folder by name. */
  readonly files: Readonly<Record<string, StoredFile>>;
}

/** The version of the file's format. */
const FORMAT = 1;

/**
 * The SHA-256 of facts, in hexadecimal. It identifies a corpus, because the facts contain the digests of
 * its files.
 */
export function factsDigest(facts: object): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** The text of the file. It contains a digest of the facts, so that changes are noticed. */
export function factsText(facts: PreparedFacts): string {
  const { histogram, ...rest } = facts;
  const digest = factsDigest({ ...rest, histogram });
  const short = JSON.stringify({ format: FORMAT, digest, ...rest }, null, 2);
  return `${short.slice(0, -2)},\n  "histogram": ${JSON.stringify(histogram)}\n}\n`;
}

/**
 * Reads the text of the file.
 *
 * @param path The path of the file, for error messages.
 * @throws {FormatError} If it is not such a file, has changed, or is of another version.
 */
export function parseFacts(text: string, path: string): PreparedFacts {
  const json = parseJsonObject(text, path);
  if (json.format !== FORMAT) {
    const found = JSON.stringify(json.format) ?? "nothing";
    throw new FormatError(path, `expected "format": ${FORMAT}, found ${found}: prepare it again`);
  }
  const { format: _, digest, ...found } = json;
  const facts = found as unknown as PreparedFacts;
  const expect = (isRight: boolean, field: string, what: string) => {
    if (isRight) return;
    const value = JSON.stringify(json[field])?.slice(0, 40) ?? "nothing";
    throw new FormatError(path, `expected ${what} as "${field}", found ${value}: restore the file`);
  };
  for (const field of ["documents", "sentences", "tokens", "duplicates", "short"] as const) {
    expect(isCount(json[field]), field, "a count");
  }
  expect(isCounts(json.heldOut), "heldOut", "three counts");
  expect(isListOf(json.histogram, isCount), "histogram", "a list of counts");
  expect(isShare(json.unknownShare), "unknownShare", "a share");
  expect(isListOf(json.sources, isText), "sources", "a list of texts");
  expect(isText(json.locale), "locale", "a language tag");
  expect(isText(json.settings ?? ""), "settings", "a digest");
  expect(isFiles(json.files), "files", "files with bytes and sha256");
  expect(isTokenizer(json.tokenizer), "tokenizer", "the options of a tokenizer");
  expect(sum(facts.histogram) === facts.tokens, "histogram", `${facts.tokens} tokens`);
  if (digest === factsDigest(facts)) return facts;
  throw new FormatError(
    path,
    "expected the facts that were written, found others: restore the file",
  );
}

type Test = (value: unknown) => boolean;

const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

const isText: Test = (value) => typeof value === "string";

const isShare: Test = (value) => typeof value === "number" && value >= 0 && value <= 1;

const isCounts: Test = (value) =>
  isRecord(value) && ["documents", "sentences", "tokens"].every((name) => isCount(value[name]));

const isFiles: Test = (value) =>
  isRecord(value) &&
  Object.values(value).every((file) =>
    isRecord(file) && isCount(file.bytes) && isText(file.sha256)
  );

function isListOf(value: unknown, test: Test): boolean {
  return Array.isArray(value) && value.every(test);
}

const isTokenizer: Test = (value) => {
  try {
    return isRecord(value) && Object.keys(tokenizerOptions(value)).every((name) => name in value);
  } catch (error) {
    if (error instanceof RangeError) return false; // an impossible option
    throw error;
  }
};

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
