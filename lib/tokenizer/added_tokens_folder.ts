/**
 * The added tokens of a folder, collected from the files that may name them, in the order in which
 * transformers gives them ids.
 *
 * Source: `PreTrainedTokenizerBase._from_pretrained()` and `TokenizersBackend.__init__()` in
 * transformers 5.24.
 */
import { FormatError } from "../errors.ts";
import { isRecord } from "../files/json.ts";
import { type AddedToken, areFoundAlike, completeToken } from "./added_tokens.ts";
import { type JsonFile, type ReadBy, refusal, ROLES } from "./tokenizer_config.ts";
import { SPECIAL_TOKENS, Vocab } from "./vocab.ts";

/** The files that may name added tokens. */
export interface TokenFiles {
  /** `tokenizer_config.json` */
  readonly settings: JsonFile;
  /** `tokenizer.json` */
  readonly pipeline: JsonFile;
  /** `special_tokens_map.json` */
  readonly map: JsonFile;
  /** `added_tokens.json` */
  readonly added: JsonFile;
}

/** A token as one of the files names it. */
interface Mention {
  readonly token: Required<AddedToken>;
  /** The id that the file gives it; missing if the file gives none. */
  readonly id?: number;
  /** The path of the file. */
  readonly path: string;
}

const DECODER = "added_tokens_decoder";
const NEWER_LIST = "extra_special_tokens";
const OLDER_LIST = "additional_special_tokens";

/** The names of special tokens that transformers knows, in its order. */
const STANDARD = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

/**
 * Makes a vocabulary with the added tokens of a folder.
 *
 * @param pieces The pieces by id.
 * @param path The path of the file that holds the pieces.
 * @throws {FormatError} If a file gives a token a wrong id, two files disagree about a token, or a
 * special token would not be found in texts.
 */
export function vocabWithTokens(
  pieces: readonly string[],
  path: string,
  files: TokenFiles,
  readBy: ReadBy,
): Vocab {
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const tokens = [...pieces];
  const added = new Map<string, Required<AddedToken>>();
  for (const mention of mentions(files, readBy)) {
    const { content, special } = mention.token;
    if (!ids.has(content)) ids.set(content, tokens.push(content) - 1);
    checkMention(mention, ids.get(content)!, added.get(content));
    added.set(content, { ...mention.token, special: special || !!added.get(content)?.special });
  }
  const lost = SPECIAL_TOKENS.find((token) => !added.has(token));
  if (lost !== undefined) {
    const problem = `expected "${lost}" among added_tokens, found none`;
    throw new FormatError(files.pipeline.path, `${problem}: texts would not be searched for it`);
  }
  const origin = { repeats: "later", added: [...added.values()], pieces: pieces.length } as const;
  return new Vocab(tokens, path, origin);
}

/** Throws if a file gives a token another id than its own, or other flags than a file before it. */
function checkMention(
  { token, id, path }: Mention,
  own: number,
  before: Required<AddedToken> | undefined,
): void {
  const name = JSON.stringify(token.content);
  if (id !== undefined && id !== own) {
    throw new FormatError(path, `expected id ${own} for the added token ${name}, found ${id}`);
  }
  if (!before || areFoundAlike(before, token)) return;
  const problem =
    `expected normalized and single_word of the added token ${name} to be the same in`;
  throw new FormatError(path, `${problem} all files, found others: delete those that are wrong`);
}

/** All mentions of tokens, in the order in which they are added. */
function mentions(files: TokenFiles, readBy: ReadBy): Mention[] {
  const { settings, pipeline } = files;
  const own = readBy === "pipeline" ? pipelineMentions(pipeline) : [];
  const listed = settings.json[DECODER] === undefined
    ? olderMentions(files)
    : decoderMentions(settings);
  const known = [...own, ...listed.sort((a, b) => a.id! - b.id!)];
  const named = namedMentions(files, readBy);
  const special = new Set(named.map(({ token }) => token.content));
  const contents = new Set(known.map(({ token }) => token.content));
  return [
    ...known.map((mention) =>
      special.has(mention.token.content)
        ? { ...mention, token: { ...mention.token, special: true } }
        : mention
    ),
    ...named.filter(({ token }) => !contents.has(token.content)),
    ...extraMentions(files).filter(({ token }) => !contents.has(token.content)),
  ];
}

/** `added_tokens` of `tokenizer.json`. */
function pipelineMentions(pipeline: JsonFile): Mention[] {
  const list = pipeline.json["added_tokens"] ?? [];
  if (!Array.isArray(list)) throw refusal(pipeline, "added_tokens", "a list");
  return list.flatMap((entry) => {
    const id = isRecord(entry) ? entry["id"] : undefined;
    return mention(entry, pipeline.path, {}, idFrom(id, pipeline.path));
  });
}

/** `added_tokens_decoder` of `tokenizer_config.json`: tokens by id. */
function decoderMentions(settings: JsonFile): Mention[] {
  const table = settings.json[DECODER];
  if (!isRecord(table)) throw refusal(settings, DECODER, "an object");
  return Object.entries(table).flatMap(([id, entry]) =>
    mention(entry, settings.path, {}, idFrom(Number(id), settings.path))
  );
}

/**
 * Tokens of folders without a decoder: those of `added_tokens.json`, with the flags that
 * `tokenizer.json` has for an id.
 */
function olderMentions(files: TokenFiles): Mention[] {
  const { added: { json, path }, pipeline } = files;
  const special = specialContents(files);
  const older = Object.entries(json).flatMap(([content, id]) =>
    mention({ content, special: special.has(content) }, path, {}, idFrom(id, path))
  );
  const byId = new Map([...older, ...pipelineMentions(pipeline)].map((one) => [one.id, one]));
  return [...byId.values()];
}

/** Special tokens with a role, such as `mask_token`: those of BERT, and others in the settings. */
function namedMentions(files: TokenFiles, readBy: ReadBy): Mention[] {
  const given = new Map(givenRoles(files).map((one) => [one.key, one]));
  const roles = STANDARD.flatMap((key): Mention[] => {
    const found = given.get(key);
    if (found) return [found];
    if (readBy !== "bert" || !Object.hasOwn(ROLES, key)) return [];
    return mention(ROLES[key as keyof typeof ROLES], files.settings.path, { special: true });
  });
  const own = active(files).reverse().flatMap(({ json, path }) =>
    Object.entries(json).filter(([key, value]) =>
      key.endsWith("_token") && !STANDARD.includes(key) &&
      (typeof value === "string" || isRecord(value))
    ).flatMap(([, value]) => mention(value, path, { special: true }))
  );
  const byName = active(files).flatMap(({ json, path }) => {
    const table = json[NEWER_LIST];
    return isRecord(table)
      ? Object.values(table).flatMap((value) => mention(value, path, { special: true }))
      : [];
  });
  return [...roles, ...own, ...byName];
}

/** The standard special tokens that the files name. The map takes precedence over the settings. */
function givenRoles(files: TokenFiles): (Mention & { readonly key: string })[] {
  return STANDARD.flatMap((key) => {
    const file = active(files).findLast(({ json }) => json[key] !== undefined);
    if (!file || file.json[key] === null) return [];
    return mention(file.json[key], file.path, { special: true }).map((one) => ({ ...one, key }));
  });
}

/**
 * Special tokens without a role. They are in a list, which has an older and a newer name; if both
 * exist, the newer one is read.
 */
function extraMentions(files: TokenFiles): Mention[] {
  const newer = listedExtras(files);
  const older = active(files).toReversed().map((file) => listIn(file, OLDER_LIST));
  const extras = newer ?? older.find((list) => list !== undefined) ?? [];
  return extras.flatMap(([value, path]) => mention(value, path, { special: true }));
}

/** The newer list, or the older one of the settings if the newer one is empty. */
function listedExtras(files: TokenFiles): Listed[] | undefined {
  const { settings, map } = files;
  const isEmpty = Object.keys(settings.json[NEWER_LIST] ?? {}).length === 0;
  const own = (isEmpty ? listIn(settings, OLDER_LIST) : undefined) ?? listIn(settings, NEWER_LIST);
  const more = active(files).includes(map) ? listIn(map, NEWER_LIST) : undefined;
  return own || more ? [...own ?? [], ...more ?? []] : undefined;
}

/** A value of a list, and the path of its file. */
type Listed = readonly [value: unknown, path: string];

/** The values of a list in a file; undefined if there is no such list. */
function listIn({ json, path }: JsonFile, key: string): Listed[] | undefined {
  const list = json[key];
  return Array.isArray(list) ? list.map((value) => [value, path]) : undefined;
}

/**
 * The contents by which tokens of `added_tokens.json` are special. As in transformers, objects in the
 * settings do not count.
 */
function specialContents(files: TokenFiles): Set<string> {
  const roles = active(files).flatMap(({ json, path }) =>
    STANDARD.map((key): Listed => [json[key], path])
  );
  const all = [...roles, ...listedExtras(files) ?? []];
  return new Set(all.flatMap(([value, path]) => {
    if (typeof value === "string") return value;
    return isRecord(value) && path === files.map.path ? `${value["content"]}` : [];
  }));
}

/** The files that name special tokens. The map is only read if the settings have no decoder. */
function active({ settings, map }: TokenFiles): JsonFile[] {
  return settings.json[DECODER] === undefined ? [settings, map] : [settings];
}

/**
 * Reads a token from JSON, where it is a text or an object.
 *
 * @param more Flags that override those of the file.
 * @returns The token in a list, which is empty if the text is: transformers ignores it, too.
 */
function mention(
  value: unknown,
  path: string,
  more: { readonly special?: boolean } = {},
  id?: number,
): Mention[] {
  const json = isRecord(value) ? value : { content: value };
  const content = json["content"];
  if (content === "") return [];
  if (typeof content !== "string") {
    throw new FormatError(path, `expected an added token, found ${JSON.stringify(value)}`);
  }
  const token = completeToken({
    content,
    special: more.special ?? flag(json, "special", path),
    normalized: flag(json, "normalized", path),
    singleWord: flag(json, "single_word", path),
    lstrip: flag(json, "lstrip", path),
    rstrip: flag(json, "rstrip", path),
  }, path);
  return [{ token, path, ...(id !== undefined && { id }) }];
}

/** A flag of a token; undefined if it is missing or null. */
function flag(json: Readonly<Record<string, unknown>>, key: string, path: string) {
  const value = json[key] ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  const found = JSON.stringify(value);
  throw new FormatError(path, `expected ${key} of an added token as true or false, found ${found}`);
}

function idFrom(value: unknown, path: string): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  const found = JSON.stringify(value) ?? "none";
  throw new FormatError(path, `expected the id of an added token, a whole number, found ${found}`);
}
