/**
 * A tokenizer in a folder, in the format of transformers. A folder gives the same ids as with
 * `AutoTokenizer`, or it is refused with a message that names the file and the setting.
 *
 * Which file is used depends on the class. `BertTokenizer` takes the vocabulary of `tokenizer.json`,
 * or `vocab.txt`, and everything else from `tokenizer_config.json` or its own defaults.
 * `PreTrainedTokenizerFast` takes everything from `tokenizer.json`. Added tokens may be in five
 * places, which `added_tokens_folder.ts` reads.
 *
 * Source: `AutoTokenizer`, `BertTokenizer` and `TokenizersBackend` in transformers 5.24.
 */
import { FormatError } from "../errors.ts";
import { missingFile } from "../files/foreign_formats.ts";
import { readJsonIfThere, writeJson } from "../files/json.ts";
import { isThere } from "../files/optional_file.ts";
import { openToRead } from "../files/read_at.ts";
import { type FileWriter, savedPath } from "../files/save_folder.ts";
import { replaceFile } from "../files/write.ts";
import { vocabWithTokens } from "./added_tokens_folder.ts";
import { type CleanUp, type TokenizerOptions, tokenizerOptions } from "./options.ts";
import { hasDotlessI, isLocale } from "./locale.ts";
import {
  checkRoles,
  checkSettings,
  classOf,
  type JsonFile,
  type ReadBy,
  refusal,
  ROLES,
  switchIn,
} from "./tokenizer_config.ts";
import {
  addedTokensJson,
  checkNoGap,
  checkPostProcessor,
  optionsOfJson,
  piecesOfJson,
  tidiesTokens,
  tokenizerJson,
} from "./tokenizer_json.ts";
import { isOneOfFive, loadVocab, type Vocab, vocabularyLines } from "./vocab.ts";

const VOCAB = "vocab.txt";
/** The file that holds a whole tokenizer. */
export const PIPELINE = "tokenizer.json";
const SETTINGS = "tokenizer_config.json";
const SPECIALS = "special_tokens_map.json";
const ADDED = "added_tokens.json";

/**
 * Files of a tokenizer that `tokenizerFiles()` does not write. Saving removes them, because an older
 * file would not fit the new ones.
 */
export const OBSOLETE_FILES: readonly string[] = [ADDED];

/** The parts of a tokenizer that are saved in a folder. */
export interface TokenizerParts {
  /** The pieces and their ids. */
  readonly vocab: Vocab;
  /** The options that decide how text is split. */
  readonly options: Required<TokenizerOptions>;
  /** Where `decode()` leaves out the spaces before punctuation. */
  readonly cleanUp: CleanUp;
}

/**
 * Reads the tokenizer of a folder. The folder needs `vocab.txt` or `tokenizer.json`; if it has both,
 * they must agree.
 *
 * @param otherwise How a folder that names no class is read. Default: as `BertTokenizer` does;
 * `"pipeline"` takes everything from `tokenizer.json`.
 * @throws {FormatError} If both are missing, a file cannot be read, or the tokenizer is of another
 * kind.
 */
export async function readTokenizer(
  folder: string,
  otherwise: ReadBy = "bert",
): Promise<TokenizerParts> {
  const settings = await readFile(folder, SETTINGS);
  const pipeline = await readFile(folder, PIPELINE);
  const map = await readFile(folder, SPECIALS);
  const added = await readFile(folder, ADDED);
  const readBy = classOf(settings, await readFile(folder, "config.json"), otherwise);
  checkSettings(settings, readBy);
  checkRoles(
    settings.json["added_tokens_decoder"] === undefined ? [settings, map] : [settings],
    readBy,
  );
  if (readBy === "pipeline" && !pipeline.isThere) {
    const problem = `there is no such file, and ${SETTINGS} names a class that reads no other`;
    throw new FormatError(pipeline.path, problem);
  }
  const { pieces, path } = await readPieces(folder, pipeline);
  const vocab = vocabWithTokens(pieces, path, { settings, pipeline, map, added }, readBy);
  if (pipeline.isThere && vocab.size > pieces.length) checkNoGap(pipeline, pieces.length);
  const isBare = !settings.isThere && pipeline.json["post_processor"] === null; // as just trained
  if (readBy === "pipeline" && !isBare) checkPostProcessor(pipeline, vocab);
  return {
    vocab,
    options: optionsOf(settings, pipeline, readBy),
    cleanUp: cleanUpOf(settings, pipeline, readBy),
  };
}

/**
 * Where `decode()` leaves out spaces. A setting asks for it in the whole text; the pipeline or the
 * class asks for it in each token.
 */
function cleanUpOf(settings: JsonFile, pipeline: JsonFile, readBy: ReadBy): CleanUp {
  if (switchIn(settings, "clean_up_tokenization_spaces", true)) return "text";
  return readBy === "bert" || tidiesTokens(pipeline) ? "tokens" : "none";
}

/** A JSON file of the folder that may be missing. */
interface FolderFile extends JsonFile {
  readonly isThere: boolean;
}

async function readFile(folder: string, name: string): Promise<FolderFile> {
  const path = await savedPath(folder, name);
  const json = await readJsonIfThere(path);
  return { json: json ?? {}, path, isThere: json !== undefined };
}

/** The options that the class reads from the files. */
function optionsOf(
  settings: JsonFile,
  pipeline: JsonFile,
  readBy: ReadBy,
): Required<TokenizerOptions> {
  const own = readBy === "pipeline" ? optionsOfJson(pipeline) : {
    lowercase: switchIn(settings, "do_lower_case") ?? true,
    stripAccents: switchIn(settings, "strip_accents", true) ?? null,
  };
  return tokenizerOptions({ ...own, locale: localeOf(settings, own) });
}

/**
 * The language in the settings of a folder, which only this project writes. The class of transformers
 * must treat text in the same way.
 */
function localeOf(settings: JsonFile, { lowercase, locale: own = null }: TokenizerOptions) {
  const locale = settings.json["locale"] ?? own;
  if (locale === null) return null;
  const isDone = isLocale(locale) && (!lowercase || hasDotlessI(locale) === hasDotlessI(own));
  if (isDone) return locale;
  throw refusal(
    settings,
    "locale",
    `a language whose small letters ${PIPELINE} and the class know`,
  );
}

/**
 * Writers of the four files, for `saveFolder()`.
 *
 * @param maxLength The most tokens of a sequence of the model, to which the tokenizer of transformers
 * cuts texts. Default: the setting is left out.
 */
export function tokenizerFiles(
  parts: TokenizerParts,
  maxLength?: number,
): Readonly<Record<string, FileWriter>> {
  const { options: { lowercase, stripAccents, locale }, cleanUp } = parts;
  const extra = parts.vocab.added.filter(({ content }) => !isOneOfFive(content));
  const special = extra.filter((token) => token.special).map(({ content }) => content);
  const settings = {
    "tokenizer_class": classFor(parts),
    "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    "do_lower_case": lowercase,
    "strip_accents": stripAccents,
    ...(locale !== null && { locale }),
    "tokenize_chinese_chars": true,
    "clean_up_tokenization_spaces": cleanUp === "text",
    ...(maxLength !== undefined && { "model_max_length": maxLength }),
    ...ROLES,
    ...(special.length > 0 && { "additional_special_tokens": special }),
    ...(extra.length > 0 && { "added_tokens_decoder": decoderJson(parts.vocab) }),
  };
  return {
    [SPECIALS]: (path) => writeJson(path, ROLES),
    [SETTINGS]: (path) => writeJson(path, settings),
    [PIPELINE]: (path) => writeJson(path, tokenizerJson(parts)),
    [VOCAB]: (path) => replaceFile(path, vocabularyLines(parts.vocab)),
  };
}

/**
 * The class of transformers for a tokenizer. `BertTokenizer` ignores what `tokenizer.json` says about
 * the longest word (always 100 characters), the small letters and the decoder; the other class reads
 * all of that.
 */
function classFor({ options, cleanUp }: TokenizerParts): string {
  const { maxWordLength, lowercase, locale } = options;
  const plain = maxWordLength === 100 && !(lowercase && hasDotlessI(locale));
  return plain && cleanUp !== "none" ? "BertTokenizer" : "PreTrainedTokenizerFast";
}

/** The added tokens by id, in the format of `tokenizer_config.json`. */
function decoderJson(vocab: Vocab): Record<string, unknown> {
  return Object.fromEntries(addedTokensJson(vocab).map(({ id, ...token }) => [id, token]));
}

/** The pieces of the vocabulary by id, and the path of the file that they come from. */
async function readPieces(folder: string, pipeline: FolderFile) {
  const path = await savedPath(folder, VOCAB);
  const fromJson = pipeline.isThere ? piecesOfJson(pipeline) : undefined;
  if (!await isThere(path)) {
    if (fromJson) return { pieces: fromJson, path: pipeline.path };
    const otherwise =
      `there is neither this file nor ${PIPELINE}: is this a saved tokenizer's folder?`;
    throw await missingFile(folder, VOCAB, otherwise);
  }
  if (!fromJson) await refuseMark(path);
  const pieces = (await loadVocab(path)).tokens;
  const line = fromJson ? firstDifference(reachable(pieces), reachable(fromJson)) : -1;
  if (line < 0 || !fromJson) return { pieces, path };
  const here = `"${pieces[line] ?? "nothing"}"`;
  const there = `"${fromJson[line] ?? "nothing"}"`;
  const problem = `found ${here}, and ${PIPELINE} has ${there}: delete the file that is wrong`;
  throw new FormatError(path, problem, line + 1);
}

/**
 * Refuses a file that begins with a byte-order mark, which transformers reads as a part of the first
 * token.
 */
async function refuseMark(path: string): Promise<void> {
  using file = await openToRead(path);
  const start = new Uint8Array(3);
  await file.read(start);
  if (start[0] !== 0xef || start[1] !== 0xbb || start[2] !== 0xbf) return;
  const problem =
    "found a byte-order mark, which transformers takes for a part of the first token: " +
    "save the file as UTF-8 without one";
  throw new FormatError(path, problem, 1);
}

/**
 * The pieces, with an empty one in place of each piece that occurs again later: no text gets the
 * earlier id.
 */
function reachable(pieces: readonly string[]): string[] {
  const last = new Map(pieces.map((piece, id) => [piece, id]));
  return pieces.map((piece, id) => last.get(piece) === id ? piece : "");
}

/** The first index at which two lists differ; -1 if they are equal. */
function firstDifference(a: readonly string[], b: readonly string[]): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
