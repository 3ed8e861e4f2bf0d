/**
 * The settings of a tokenizer in a folder: which class of transformers reads it, and what
 * `tokenizer_config.json` and `special_tokens_map.json` contain. Settings with which transformers
 * would give other ids than this library are refused by name.
 */
import { FormatError } from "../errors.ts";
import { isRecord } from "../files/json.ts";
import { isOneOfFive } from "./vocab.ts";

/** A JSON file of a folder. */
export interface JsonFile {
  /** Its contents; an empty object if there is no such file. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Its path. */
  readonly path: string;
}

/**
 * What decides how text is split: the settings and the defaults of the class (`"bert"`), or
 * `tokenizer.json` alone (`"pipeline"`).
 */
export type ReadBy = "bert" | "pipeline";

/** The classes of transformers that correspond to this tokenizer. */
const CLASSES: Readonly<Record<string, ReadBy>> = {
  "BertTokenizer": "bert",
  "BertTokenizerFast": "bert",
  "PreTrainedTokenizerFast": "pipeline",
  "TokenizersBackend": "pipeline",
};

/** The names of the special tokens in transformers. */
export const ROLES = {
  "pad_token": "[PAD]",
  "unk_token": "[UNK]",
  "cls_token": "[CLS]",
  "sep_token": "[SEP]",
  "mask_token": "[MASK]",
} as const;

/** Settings that change the ids, each with the only value that is supported. */
const ONLY: Readonly<Record<string, boolean | string>> = {
  "do_basic_tokenize": true,
  "split_special_tokens": false,
  "truncation_side": "right",
  "padding_side": "right",
};

/**
 * How the class that `tokenizer_config.json` names, or otherwise `config.json`, reads a tokenizer.
 *
 * @param otherwise How it is read if neither names a class.
 * @throws {FormatError} If the class is not one of BERT's tokenizer.
 */
export function classOf(settings: JsonFile, config: JsonFile, otherwise: ReadBy): ReadBy {
  for (const file of [settings, config]) {
    const name = file.json["tokenizer_class"];
    if (name === undefined || name === null) continue;
    if (typeof name === "string" && Object.hasOwn(CLASSES, name)) return CLASSES[name];
    throw refusal(file, "tokenizer_class", Object.keys(CLASSES).join(" or "));
  }
  return otherwise;
}

/** Throws `FormatError` if a setting has a value that is not supported. The message names the setting. */
export function checkSettings(settings: JsonFile, readBy: ReadBy): void {
  const { json } = settings;
  const only = { ...ONLY, ...(readBy === "bert" && { "tokenize_chinese_chars": true }) };
  for (const [key, value] of Object.entries(only)) {
    if ((json[key] ?? value) !== value) throw refusal(settings, key, JSON.stringify(value));
  }
  const kept = json["never_split"];
  if (Array.isArray(kept) && !kept.every((token) => isOneOfFive(token))) {
    throw refusal(settings, "never_split", "empty");
  }
  if (isRecord(json["auto_map"]) || Array.isArray(json["auto_map"])) {
    throw refusal(settings, "auto_map", "absent, as it names a tokenizer in Python");
  }
  const versions = json["fast_tokenizer_files"];
  if (Array.isArray(versions) && versions.some((name) => name !== "tokenizer.json")) {
    throw refusal(settings, "fast_tokenizer_files", "absent");
  }
}

/**
 * A setting that is true or false; undefined if it is missing.
 *
 * @param orNull Whether null is allowed. Default false.
 */
export function switchIn(
  settings: JsonFile,
  key: string,
  orNull = false,
): boolean | null | undefined {
  const value = settings.json[key];
  if (value === undefined || typeof value === "boolean") return value;
  if (value === null && orNull) return value;
  throw refusal(settings, key, orNull ? "true, false or null" : "true or false");
}

/**
 * Throws `FormatError` unless the special tokens of a folder are `[PAD] [UNK] [CLS] [SEP] [MASK]`.
 *
 * @param files The files that may name them.
 */
export function checkRoles(files: readonly JsonFile[], readBy: ReadBy): void {
  for (const file of files) {
    for (const [key, only] of Object.entries(ROLES)) {
      const value = file.json[key];
      if (value === undefined || (value === null && readBy === "pipeline")) continue;
      const content = isRecord(value) ? value["content"] : value;
      if (content !== only) throw refusal(file, key, `"${only}"`);
    }
  }
}

/** An error that says which value a setting must have. */
export function refusal({ json, path }: JsonFile, key: string, wanted: string): FormatError {
  const found = JSON.stringify(json[key])?.slice(0, 60);
  return new FormatError(path, `expected ${key} to be ${wanted}, found ${found}`);
}
