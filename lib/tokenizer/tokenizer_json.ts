/** Writing and reading BERT's pipeline in `tokenizer.json`, the file of the `tokenizers` library. */
import { isDeepStrictEqual } from "node:util";
import { FormatError } from "../errors.ts";
import { isRecord } from "../files/json.ts";
import type { CleanUp, TokenizerOptions } from "./options.ts";
import { hasDotlessI } from "./locale.ts";
import type { JsonFile } from "./tokenizer_config.ts";
import type { Vocab } from "./vocab.ts";
import { DOTTED_LETTERS } from "./words.ts";

type Json = Readonly<Record<string, unknown>>;

/** The parts of a tokenizer that are written. */
interface Parts {
  readonly vocab: Vocab;
  readonly options: Required<TokenizerOptions>;
  readonly cleanUp: CleanUp;
}

/** The contents of `tokenizer.json` for BERT's tokenizer. */
export function tokenizerJson({ vocab, options, cleanUp }: Parts): Json {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    "added_tokens": addedTokensJson(vocab),
    normalizer: normalizerOf(options),
    "pre_tokenizer": { type: "BertPreTokenizer" },
    "post_processor": template(vocab),
    decoder: { type: "WordPiece", prefix: "##", cleanup: cleanUp !== "none" },
    model: {
      type: "WordPiece",
      "unk_token": "[UNK]",
      "continuing_subword_prefix": "##",
      "max_input_chars_per_word": options.maxWordLength,
      vocab: Object.fromEntries(
        vocab.tokens.slice(0, vocab.pieces).map((token, id) => [token, id]),
      ),
    },
  };
}

function normalizerOf({ lowercase, stripAccents, locale }: Required<TokenizerOptions>): Json {
  const bert = {
    type: "BertNormalizer",
    "clean_text": true,
    "handle_chinese_chars": true,
    "strip_accents": stripAccents,
    lowercase,
  };
  if (!lowercase || !hasDotlessI(locale)) return bert;
  return { type: "Sequence", normalizers: [...DOTTED_STEPS, bert] };
}

/** Steps before BERT's own normalizer, which lower-case `I` and `İ` as Turkish does. */
const DOTTED_STEPS: readonly Json[] = DOTTED_LETTERS.map(([capital, content]) => (
  { type: "Replace", pattern: { String: capital }, content }
));

/** The added tokens as transformers writes them, in the order of their ids. */
export function addedTokensJson(vocab: Vocab) {
  return vocab.added.map(({ content, singleWord, ...flags }) => ({
    id: vocab.idOf(content),
    content,
    "single_word": singleWord,
    ...flags,
  })).sort((a, b) => a.id - b.id);
}

/** The template `[CLS] A [SEP] B [SEP]`. Its segments are 0 and 1, as transformers numbers them. */
function template(vocab: Vocab): Json {
  const special = (id: string, segment: number) => ({ SpecialToken: { id, "type_id": segment } });
  const text = (id: string, segment: number) => ({ Sequence: { id, "type_id": segment } });
  const single = [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special("[SEP]", 1)],
    "special_tokens": Object.fromEntries(
      ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [vocab.idOf(id)], tokens: [id] }]),
    ),
  };
}

/**
 * The pieces of a `tokenizer.json` by id.
 *
 * @throws {FormatError} If it has no WordPiece vocabulary.
 */
export function piecesOfJson({ json, path }: JsonFile): string[] {
  const model = section(json, "model", path);
  expect(model, "type", ["WordPiece", undefined], path);
  return tokensById(section(model, "vocab", path), path);
}

/**
 * Throws `FormatError` if tokens were added after the pieces of a `tokenizer.json` and an id before
 * them belongs to no piece: transformers counts the pieces, and would give the first added token the
 * id of the last piece.
 *
 * @param ids The number of ids that belong to the pieces.
 */
export function checkNoGap({ json, path }: JsonFile, ids: number): void {
  const count = Object.keys(section(section(json, "model", path), "vocab", path)).length;
  if (count >= ids) return;
  const problem =
    `expected the ids 0 to ${ids - 1} in vocab as there are added tokens after them, ` +
    `found ${count} pieces: transformers would give an added token the id of a piece`;
  throw new FormatError(path, problem);
}

/**
 * Reads how the pipeline of a `tokenizer.json` treats text.
 *
 * @throws {FormatError} If it is another pipeline than BERT's.
 */
export function optionsOfJson({ json, path }: JsonFile): TokenizerOptions {
  const model = section(json, "model", path);
  expect(model, "unk_token", ["[UNK]"], path);
  expect(model, "continuing_subword_prefix", ["##"], path);
  const { normalizer, locale } = splitNormalizer(section(json, "normalizer", path));
  expect(normalizer, "type", ["BertNormalizer"], path);
  expect(normalizer, "clean_text", [true], path);
  expect(normalizer, "handle_chinese_chars", [true], path);
  expect(normalizer, "lowercase", [true, false], path);
  expect(normalizer, "strip_accents", [true, false, null, undefined], path);
  expect(section(json, "pre_tokenizer", path), "type", ["BertPreTokenizer"], path);
  const lowercase = normalizer["lowercase"] as boolean;
  const stripAccents = normalizer["strip_accents"] as boolean | null | undefined;
  return {
    lowercase,
    stripAccents: stripAccents ?? null,
    locale,
    maxWordLength: wordLengthOf(model, path),
  };
}

/**
 * Throws `FormatError` unless a pipeline makes `[CLS] A [SEP]` of one text and `[CLS] A [SEP] B [SEP]`
 * of two, as BERT needs them.
 */
export function checkPostProcessor({ json, path }: JsonFile, vocab: Vocab): void {
  const processor = json["post_processor"];
  const { clsId, sepId } = vocab;
  const older = { type: "BertProcessing", sep: ["[SEP]", sepId], cls: ["[CLS]", clsId] };
  if ([template(vocab), older].some((known) => isDeepStrictEqual(processor, known))) return;
  const found = JSON.stringify(processor)?.slice(0, 60) ?? "nothing";
  throw new FormatError(
    path,
    `expected post_processor to make [CLS] A [SEP] and [CLS] A [SEP] B [SEP], found ${found}`,
  );
}

/**
 * Whether the decoder of a `tokenizer.json` leaves out spaces. If the file has no decoder, or one of
 * another type than WordPiece, which would not join pieces, BERT's is assumed, which leaves them out.
 */
export function tidiesTokens({ json }: JsonFile): boolean {
  const decoder = json["decoder"];
  return !isRecord(decoder) || decoder["type"] !== "WordPiece" || decoder["cleanup"] !== false;
}

/**
 * Splits a normalizer into BERT's own one and the language of the steps before it. A normalizer of
 * another kind is returned as it is.
 */
function splitNormalizer(normalizer: Json): { normalizer: Json; locale: string | null } {
  const steps = normalizer["normalizers"];
  if (normalizer["type"] !== "Sequence" || !Array.isArray(steps)) {
    return { normalizer, locale: null };
  }
  const last = steps.at(-1);
  const turkish = JSON.stringify(steps.slice(0, -1)) === JSON.stringify(DOTTED_STEPS);
  return turkish && isRecord(last)
    ? { normalizer: last, locale: "tr" }
    : { normalizer, locale: null };
}

/** The most characters of a word. */
function wordLengthOf(model: Json, path: string): number {
  const length = model["max_input_chars_per_word"] ?? 100;
  if (Number.isSafeInteger(length) && Number(length) > 0) return Number(length);
  throw new FormatError(path, "expected max_input_chars_per_word to be a whole number above 0");
}

/**
 * The tokens by id. An id without a token gets an empty one: such a gap arises if the file from which
 * the ids come had a token twice.
 */
function tokensById(table: Json, path: string): string[] {
  const count = Object.keys(table).length;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(table)) {
    if (!Number.isSafeInteger(id) || !(Number(id) >= 0 && Number(id) < 2 * count)) {
      const found = `found ${JSON.stringify(id)} for "${token}"`;
      throw new FormatError(path, `expected ids from 0 to ${count - 1}, ${found}`);
    }
    if (tokens[Number(id)] !== undefined) {
      throw new FormatError(path, `expected each id once, found ${id} again`);
    }
    tokens[Number(id)] = token;
  }
  return Array.from(tokens, (token) => token ?? "");
}

/** The object that a key of `json` must hold. */
function section(json: Json, key: string, path: string): Json {
  const value = json[key];
  if (isRecord(value)) return value;
  throw new FormatError(path, `expected ${key} to be an object, found ${JSON.stringify(value)}`);
}

/** Throws `FormatError` unless a key has one of the allowed values. */
function expect(json: Json, key: string, allowed: readonly unknown[], path: string): void {
  if (allowed.includes(json[key])) return;
  const wanted = allowed.filter((value) => value !== undefined).map((value) =>
    JSON.stringify(value)
  );
  const found = JSON.stringify(json[key])?.slice(0, 60) ?? "nothing";
  throw new FormatError(path, `expected ${key} to be ${wanted.join(" or ")}, found ${found}`);
}
