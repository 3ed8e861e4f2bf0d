/**
 * A vocabulary: a table of pieces of text and their ids, and its file `vocab.txt`. Each line of the
 * file holds one piece, whose id is the number of the line, counted from 0.
 */
import { ARRAY, checkArguments, checkOptions, checkText, nameOf, TEXT } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { checkVocab, VOCAB } from "./argument_kinds.ts";
import { type AddedToken, completeToken } from "./added_tokens.ts";
import { refusePointer } from "../files/foreign_formats.ts";
import { readBytes } from "../files/read.ts";
import { replaceFile } from "../files/write.ts";
import type { TokenizerOptions } from "./options.ts";
import { repeatNotes, type VocabNote } from "./vocab_notes.ts";

/** The five pieces that are not text. `[PAD]` comes first, so that the id 0 is padding. */
export const SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** How a vocabulary was made. */
export interface VocabOrigin {
  /** How the text from which the pieces were learnt was treated. The tokenizer does the same. */
  readonly options?: Required<TokenizerOptions>;
  /** Notes about the vocabulary. Default: none. */
  readonly notes?: readonly VocabNote[];
  /**
   * What to do with a piece that is empty or occurs twice: `"refuse"` (default), or `"later"`, as
   * transformers does with a file: the piece gets the later id.
   */
  readonly repeats?: "refuse" | "later";
  /** Tokens, beside the special ones, that are found before words are cut. Default: none. */
  readonly added?: readonly AddedToken[];
  /** The number of tokens, from the first, that are pieces of words. Default: all. */
  readonly pieces?: number;
}

/** Pieces by id and ids by piece. Ids are 0 to `size - 1`. */
export class Vocab {
  /** The pieces in the order of their ids. */
  readonly tokens: readonly string[];
  /**
   * How the text from which the pieces were learnt was treated; undefined for a vocabulary from a
   * file.
   */
  readonly options: Required<TokenizerOptions> | undefined;
  /** Notes about the vocabulary; usually there are none. */
  readonly notes: readonly VocabNote[];
  /** The id of `[PAD]`. */
  readonly padId: number;
  /** The id of `[UNK]`. */
  readonly unkId: number;
  /** The id of `[CLS]`. */
  readonly clsId: number;
  /** The id of `[SEP]`. */
  readonly sepId: number;
  /** The id of `[MASK]`. */
  readonly maskId: number;
  /** The ids of the five special tokens, and of added tokens that are special. */
  readonly specialIds: ReadonlySet<number>;
  /** The tokens that are found in a text before words are cut: the special ones, and those added. */
  readonly added: readonly Required<AddedToken>[];
  /**
   * The number of pieces into which words are cut. Their ids begin at 0. Higher ids belong to added
   * tokens, and to spare rows of a model that no text uses.
   */
  readonly pieces: number;
  readonly #ids = new Map<string, number>();
  readonly #repeats: "refuse" | "later";

  /**
   * Makes a vocabulary.
   *
   * @param tokens The pieces in the order of their ids; the five special ones must be among them.
   * @param name The source of the pieces, for error messages. Default `"the vocabulary"`.
   * @param origin How they were learnt, and whether a piece may occur twice. Default: see
   * `VocabOrigin`.
   * @throws {FormatError} If a piece is empty, occurs twice or cannot be a line, or a special one is
   * missing. The line in the message is `id + 1`.
   *
   * @example
   * ```ts
   * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
   * import { strictEqual } from "node:assert";
   * const vocab = new Vocab([...SPECIAL_TOKENS, "un", "##able"]);
   * strictEqual(vocab.idOf("##able"), 6);
   * strictEqual(vocab.tokenOf(1), "[UNK]");
   * ```
   */
  constructor(
    tokens: readonly string[],
    name = "the vocabulary",
    origin: VocabOrigin = {},
  ) {
    checkOptions("Vocab", origin, ["options", "notes", "repeats", "added", "pieces"]);
    const { options, notes = [], repeats = "refuse", added = [], pieces = tokens?.length } = origin;
    checkVocab(tokens, name, { notes, added, pieces });
    this.options = options;
    this.pieces = pieces;
    this.#repeats = repeats;
    for (const [id, token] of tokens.slice(0, pieces).entries()) this.#add(token, id, name);
    this.#addOthers(tokens, name);
    this.tokens = Object.freeze([...tokens]);
    this.notes = [...notes, ...repeatNotes(tokens.slice(0, pieces))];
    const ids = SPECIAL_TOKENS.map((token) => this.#require(token, name));
    [this.padId, this.unkId, this.clsId, this.sepId, this.maskId] = ids;
    this.added = allAdded(added, name);
    for (const { content } of this.added) this.#require(content, name);
    const special = this.added.filter((token) => token.special);
    this.specialIds = new Set(special.map(({ content }) => this.idOf(content)));
  }

  /**
   * Makes the same vocabulary with more pieces after its own.
   *
   * @param tokens Pieces that it does not have.
   * @param name The name of the vocabulary, for error messages.
   * @throws {FormatError} If a piece exists already, is given twice or cannot be a line.
   * @throws {RangeError} If there are added tokens after the pieces, as their ids must not change.
   */
  extend(tokens: readonly string[], name = "the vocabulary"): Vocab {
    checkArguments("extend(tokens, name)", [["tokens", tokens, ARRAY], ["name", name, TEXT]]);
    if (this.pieces < this.size && tokens.length > 0) {
      const found = this.tokenOf(this.pieces);
      const advice = "add pieces first, and tokens after them";
      throw new RangeError(`Cannot add pieces after the added token "${found}": ${advice}`);
    }
    const seen = new Set<string>();
    for (const token of tokens) {
      if (this.has(token) || seen.has(token)) {
        throw new FormatError(name, `expected new tokens, found "${token}" again`);
      }
      seen.add(token);
    }
    const { pieces: _, ...origin } = this.#origin();
    return new Vocab([...this.tokens, ...tokens], name, origin);
  }

  /**
   * Makes the same vocabulary with tokens that are found in a text before its words are cut. Existing
   * ones keep their ids; the others come after all pieces.
   *
   * @param tokens A string is a special token: it is never masked, and found as it is typed.
   * @throws {FormatError} If a token is empty or has a line break.
   *
   * @example
   * ```ts
   * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
   * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
   * import { deepStrictEqual } from "node:assert";
   * const vocab = new Vocab([...SPECIAL_TOKENS, "the", "sea"]).addTokens(["[E1]"]);
   * deepStrictEqual(new BertTokenizer(vocab).tokenize("the [E1] sea"), ["the", "[E1]", "sea"]);
   * ```
   */
  addTokens(tokens: readonly (string | AddedToken)[], name = "the vocabulary"): Vocab {
    checkArguments("addTokens(tokens, name)", [["tokens", tokens, ARRAY], ["name", name, TEXT]]);
    const added = new Map(this.added.map((token) => [token.content, token]));
    const all = [...this.tokens];
    const isSpare = (token: string, id: number) => id >= this.pieces && !added.has(token);
    const spare = [...all.keys()].filter((id) => isSpare(all[id], id));
    let used = 0;
    for (const token of Array.from(tokens, (given) => completeToken(given, name))) {
      const isNew = !this.has(token.content) && !added.has(token.content);
      if (isNew) all[spare[used++] ?? all.length] = token.content;
      added.set(token.content, token);
    }
    return new Vocab(all, name, { ...this.#origin(), added: [...added.values()] });
  }

  /** Makes the same vocabulary with names for spare rows of a model, which no text uses. */
  withSpares(names: readonly string[], name = "the vocabulary"): Vocab {
    checkArguments("withSpares(names, name)", [["names", names, ARRAY], ["name", name, TEXT]]);
    if (this.pieces === this.size) return this.extend(names, name);
    return new Vocab([...this.tokens, ...names], name, this.#origin());
  }

  /** The origin of this vocabulary, to make it again with other tokens. */
  #origin(): VocabOrigin {
    return {
      options: this.options,
      notes: this.notes.filter(({ about }) => about !== "lines"),
      repeats: this.#repeats,
      added: this.added,
      pieces: this.pieces,
    };
  }

  /** The number of tokens, V. */
  get size(): number {
    return this.tokens.length;
  }

  /** The id of a piece, or of `[UNK]` if the vocabulary does not have the piece. */
  idOf(token: string): number {
    checkText("idOf(token)", "token", token);
    return this.#ids.get(token) ?? this.unkId;
  }

  /** Whether the vocabulary has a token: a piece, an added token or a special one. */
  has(token: string): boolean {
    checkText("has(token)", "token", token);
    return this.#ids.has(token);
  }

  /**
   * The token of an id.
   *
   * @throws {RangeError} If there is no such id.
   */
  tokenOf(id: number): string {
    const token = typeof id === "number" ? this.tokens[id] : undefined;
    if (token === undefined) {
      throw new RangeError(
        `Cannot find the token of id ${nameOf(id)}: ids are 0 to ${this.size - 1}`,
      );
    }
    return token;
  }

  /** Whether the id belongs to one of the five special tokens, or to an added one that is special. */
  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  /** Whether the piece continues a word, that is, starts with `##`. */
  isContinuation(id: number): boolean {
    return this.tokenOf(id).startsWith("##");
  }

  /** Adds a piece, and throws if it cannot be a line of the file. */
  #add(token: string, id: number, name: string): void {
    if (typeof token !== "string") {
      throw new FormatError(name, `expected text, found ${nameOf(token)}`, id + 1);
    }
    if (/[\r\n]/.test(token) || !token.isWellFormed()) {
      const found = JSON.stringify(token);
      throw new FormatError(
        name,
        `expected a token that fits on a line of UTF-8, found ${found}: take out the line break or ` +
          "half surrogate pair",
        id + 1,
      );
    }
    if (this.#repeats === "refuse") this.#refuseRepeat(token, id, name);
    if (token !== "") this.#ids.set(token, id);
  }

  /**
   * Adds tokens after the pieces. If a piece has no id of its own, transformers would give them other
   * ids.
   */
  #addOthers(tokens: readonly string[], name: string): void {
    if (this.pieces === tokens.length) return;
    if (new Set(tokens.slice(0, this.pieces)).size < this.pieces) {
      const added = tokens[this.pieces];
      const problem = `found the added token "${added}" after pieces that occur twice`;
      throw new FormatError(name, `${problem}: transformers would give it the id of a piece`);
    }
    for (let id = this.pieces; id < tokens.length; id++) {
      this.#refuseRepeat(tokens[id], id, name);
      this.#ids.set(tokens[id], id);
    }
  }

  /** Throws if a token is empty or occurred before. */
  #refuseRepeat(token: string, id: number, name: string): void {
    if (token === "") {
      throw new FormatError(name, "expected a token, found an empty one: leave it out", id + 1);
    }
    const first = this.#ids.get(token);
    if (first === undefined) return;
    const found = `expected each token once, found "${token}" again (first in line ${first + 1})`;
    throw new FormatError(name, `${found}: leave one of the two out`, id + 1);
  }

  /** The id of a token that the vocabulary must have. */
  #require(token: string, name: string): number {
    const id = this.#ids.get(token);
    if (id !== undefined) return id;
    const wanted = SPECIAL_TOKENS.join(" ");
    throw new FormatError(name, `expected the special tokens ${wanted}, found no ${token}: add it`);
  }
}

/** The special tokens and the added ones, each once. An added token replaces a special one's flags. */
function allAdded(added: readonly AddedToken[], name: string): Required<AddedToken>[] {
  const all = [...SPECIAL_TOKENS, ...added].map((token) => completeToken(token, name));
  return [...new Map(all.map((token) => [token.content, token])).values()];
}

/**
 * Reads `vocab.txt` as transformers does: blanks at the end of a line are removed, a token that
 * occurs twice gets the later id, and an empty line is an id that no text gets.
 *
 * @throws {FormatError} If the file is missing, is not UTF-8, or is not a vocabulary.
 */
export async function loadVocab(path: string): Promise<Vocab> {
  checkText("loadVocab(path)", "path", path);
  const bytes = await readBytes(path).catch((error) => {
    if (!(error.cause instanceof Deno.errors.NotFound)) throw error;
    throw new FormatError(path, "expected a vocabulary file, found nothing: check the path");
  });
  if (bytes.length === 0) {
    throw new FormatError(
      path,
      "expected a token on each line, found an empty file: save it again",
    );
  }
  return new Vocab(decodeLines(bytes, path), path, { repeats: "later" });
}

/**
 * Writes `vocab.txt` completely or not at all, like `replaceFile()`.
 *
 * @throws {Deno.errors.NotFound} If there is no such folder.
 * @throws {RangeError} If the vocabulary has added tokens, which the file cannot hold.
 *
 * @example
 * ```ts
 * import { loadVocab, saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await saveVocab(path, new Vocab([...SPECIAL_TOKENS, "sea"]));
 * strictEqual((await loadVocab(path)).idOf("sea"), 5);
 * ```
 */
export async function saveVocab(path: string, vocab: Vocab): Promise<void> {
  checkArguments("saveVocab(path, vocab)", [["path", path, TEXT], ["vocab", vocab, VOCAB]]);
  const extra = vocab.added.find(({ content }) => !isOneOfFive(content));
  if (extra) {
    const advice = "save() of the tokenizer writes files that have a place for it";
    throw new RangeError(
      `Cannot write ${path}: it has no place for the added token "${extra.content}": ${advice}`,
    );
  }
  await replaceFile(path, vocabularyLines(vocab));
}

/** The text of `vocab.txt`: one piece on each line, without the tokens that were added after them. */
export function vocabularyLines(vocab: Vocab): string {
  checkArguments("vocabularyLines(vocab)", [["vocab", vocab, VOCAB]]);
  const { tokens, pieces } = vocab;
  return `${tokens.slice(0, pieces).join("\n")}\n`;
}

/** Whether a token is one of the five that every vocabulary has. */
export function isOneOfFive(token: string): boolean {
  return (SPECIAL_TOKENS as readonly string[]).includes(token);
}

/**
 * Reads lines of UTF-8 with LF or CRLF, with or without a byte-order mark. Blanks at the ends of
 * lines and empty lines at the end of the file are removed.
 */
function decodeLines(bytes: Uint8Array, path: string): string[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(path, "expected UTF-8 text, found other bytes: save the file as UTF-8");
  }
  refusePointer(text, path);
  const lines = text.split("\n").map((line) => line.replace(/\p{White_Space}+$/u, ""));
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}
