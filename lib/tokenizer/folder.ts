/**
 * A tokenizer in a folder, in the four files that transformers reads: `vocab.txt`,
 * `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`. What would make other ids
 * than the tokenizer here is refused by name.
 */
import { FormatError } from "../errors.ts";
import { isRecord, isThere, readJsonIfThere } from "../files/json.ts";
import { type FileWriter, savedPath, writeJson } from "../files/save_folder.ts";
import { hasDotlessI, isLocale, type TokenizerOptions, tokenizerOptions } from "./options.ts";
import { tokenizerJson, vocabOfJson, wordLengthOfJson } from "./tokenizer_json.ts";
import { loadVocab, saveVocab, SPECIAL_TOKENS, Vocab } from "./vocab.ts";

const VOCAB = "vocab.txt";
const PIPELINE = "tokenizer.json";
const SETTINGS = "tokenizer_config.json";
const SPECIALS = "special_tokens_map.json";

/** Files of a tokenizer that `tokenizerFiles()` does not write; an older one would not fit the others. */
export const OBSOLETE_FILES: readonly string[] = ["added_tokens.json"];

/** Everything that decides which ids a text gets. */
export interface TokenizerParts {
  readonly vocab: Vocab;
  readonly options: Required<TokenizerOptions>;
}

/** What transformers calls the special tokens. */
const ROLES = {
  "pad_token": "[PAD]",
  "unk_token": "[UNK]",
  "cls_token": "[CLS]",
  "sep_token": "[SEP]",
  "mask_token": "[MASK]",
} as const;

/** Settings that would make another tokenizer, and the only value that means ours. */
const ONLY: Readonly<Record<string, boolean>> = {
  "tokenize_chinese_chars": true,
  "do_basic_tokenize": true,
};

/** The classes of transformers that are this tokenizer; the last two are as `tokenizer.json` says. */
const CLASSES = [
  "BertTokenizer",
  "BertTokenizerFast",
  "PreTrainedTokenizerFast",
  "TokenizersBackend",
];

/**
 * Reads the tokenizer of a folder. One of `vocab.txt` and `tokenizer.json` is enough; where both are
 * there they must agree. Settings of `tokenizer_config.json` go before those of `tokenizer.json`, as
 * in transformers.
 *
 * @throws {FormatError} If neither is there, a file cannot be read, or the tokenizer is another one.
 */
export async function readTokenizer(folder: string): Promise<TokenizerParts> {
  const settingsPath = await savedPath(folder, SETTINGS);
  const path = await savedPath(folder, PIPELINE);
  const settings = await readJsonIfThere(settingsPath) ?? {};
  checkSettings(settings, settingsPath);
  const pipeline = await readJsonIfThere(path);
  const fromJson = pipeline && vocabOfJson(pipeline, path);
  const lowercase = setting(settings, "do_lower_case", settingsPath) ??
    fromJson?.options.lowercase ?? true;
  const stripAccents = setting(settings, "strip_accents", settingsPath);
  return {
    vocab: await readVocab(folder, fromJson?.vocab),
    options: tokenizerOptions({
      lowercase,
      stripAccents: stripAccents === undefined
        ? fromJson?.options.stripAccents ?? null
        : stripAccents,
      locale: localeOf(settings, fromJson?.options, lowercase, settingsPath),
      maxWordLength: pipeline ? wordLengthOfJson(pipeline, path) : 100,
    }),
  };
}

function setting(settings: Readonly<Record<string, unknown>>, key: string, path: string) {
  const value = settings[key];
  if (value === undefined || value === null || typeof value === "boolean") return value;
  throw new FormatError(path, `expected ${key} to be true, false or null, found ${value}`);
}

/**
 * The language in the settings of a folder, which only this project writes. What it does to text has
 * to stand in `tokenizer.json`, too, so that transformers gives the same ids.
 */
function localeOf(
  settings: Readonly<Record<string, unknown>>,
  pipeline: TokenizerOptions | undefined,
  lowercase: boolean,
  path: string,
): string | null {
  const locale = settings["locale"] ?? pipeline?.locale ?? null;
  if (locale === null || isLocale(locale)) {
    const dotless = lowercase && hasDotlessI(locale);
    if (!pipeline || dotless === hasDotlessI(pipeline.locale ?? null)) return locale;
  }
  const found = `found ${JSON.stringify(locale)}`;
  throw new FormatError(path, `expected locale to be what ${PIPELINE} does with "I", ${found}`);
}

/**
 * Writers of the four files, for `saveFolder()`.
 *
 * @param maxLength Tokens that the model can take; the tokenizer there cuts texts to it.
 */
export function tokenizerFiles(
  parts: TokenizerParts,
  maxLength?: number,
): Readonly<Record<string, FileWriter>> {
  const { lowercase, stripAccents, locale } = parts.options;
  const settings = {
    "tokenizer_class": classFor(parts.options),
    "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    "do_lower_case": lowercase,
    "strip_accents": stripAccents,
    ...(locale !== null && { locale }),
    "tokenize_chinese_chars": true,
    ...(maxLength !== undefined && { "model_max_length": maxLength }),
    ...ROLES,
  };
  return {
    [SPECIALS]: (path) => writeJson(path, ROLES),
    [SETTINGS]: (path) => writeJson(path, settings),
    [PIPELINE]: (path) => writeJson(path, tokenizerJson(parts)),
    [VOCAB]: (path) => saveVocab(path, parts.vocab),
  };
}

/**
 * `BertTokenizer` there always has 100 characters a word and the same small letters, whatever
 * `tokenizer.json` says; the other class reads it.
 */
function classFor({ maxWordLength, lowercase, locale }: Required<TokenizerOptions>): string {
  const plain = maxWordLength === 100 && !(lowercase && hasDotlessI(locale));
  return plain ? "BertTokenizer" : "PreTrainedTokenizerFast";
}

async function readVocab(folder: string, other: Vocab | undefined): Promise<Vocab> {
  const path = await savedPath(folder, VOCAB);
  if (other && !await isThere(path)) return other;
  const vocab = await loadVocab(path);
  const line = other ? firstDifference(vocab, other) : -1;
  if (line < 0 || !other) return vocab;
  const found = `"${vocab.tokens[line] ?? "nothing"}", and ${PIPELINE} has "${
    other.tokens[line] ?? "nothing"
  }"`;
  throw new FormatError(path, `found ${found}: delete the file that is wrong`, line + 1);
}

/** The first id whose token is another; an id that no text gets may have any. */
function firstDifference(a: Vocab, b: Vocab): number {
  const length = Math.max(a.size, b.size);
  for (let id = 0; id < length; id++) {
    if (tokenInUse(a, id) !== tokenInUse(b, id)) return id;
  }
  return -1;
}

function tokenInUse(vocab: Vocab, id: number): string | undefined {
  const token = vocab.tokens[id];
  return token !== undefined && vocab.has(token) && vocab.idOf(token) === id ? token : undefined;
}

function checkSettings(settings: Readonly<Record<string, unknown>>, path: string): void {
  const refuse = (key: string, wanted: string): never => {
    const found = JSON.stringify(settings[key])?.slice(0, 60);
    throw new FormatError(path, `expected ${key} to be ${wanted}, found ${found}`);
  };
  const kind = settings["tokenizer_class"] ?? CLASSES[0];
  if (!CLASSES.includes(kind as string)) refuse("tokenizer_class", CLASSES.join(" or "));
  for (const [key, only] of Object.entries(ONLY)) {
    if ((settings[key] ?? only) !== only) refuse(key, `${only}`);
  }
  for (const [key, only] of Object.entries(ROLES)) {
    const value = settings[key] ?? only; // text, or an object that holds it
    if ((isRecord(value) ? value["content"] : value) !== only) refuse(key, `"${only}"`);
  }
  const kept = settings["never_split"];
  if (Array.isArray(kept) && kept.some((token) => !SPECIAL_TOKENS.includes(token))) {
    refuse("never_split", "empty");
  }
}
