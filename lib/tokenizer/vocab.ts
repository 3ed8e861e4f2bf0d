/**
 * A vocabulary: the two-way table between pieces of text and their ids, and its file `vocab.txt`,
 * one piece a line, the line number (from 0) being the id.
 */
import { FormatError } from "../errors.ts";
import { replaceFile } from "../files/write.ts";
import type { TokenizerOptions } from "./options.ts";

/** The five pieces that are not text. `[PAD]` comes first, so that zeros are padding. */
export const SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** Pieces by id and ids by piece. Ids are 0 to `size - 1`. */
export class Vocab {
  readonly tokens: readonly string[];
  /** How the text was treated from which the pieces were learnt; unknown for those of a file. */
  readonly options: Required<TokenizerOptions> | undefined;
  readonly padId: number;
  readonly unkId: number;
  readonly clsId: number;
  readonly sepId: number;
  readonly maskId: number;
  /** The ids of the five special tokens. */
  readonly specialIds: ReadonlySet<number>;
  readonly #ids = new Map<string, number>();

  /**
   * @param tokens The pieces in the order of their ids; the five special ones must be among them.
   * @param name Where they come from, for error messages.
   * @param options How the text was treated that they were learnt from; a tokenizer takes them over.
   * @throws {FormatError} If a piece is empty, stands twice or cannot be a line, or a special one is missing; the
   * line is `id + 1`.
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
    options?: Required<TokenizerOptions>,
  ) {
    this.options = options;
    for (const [id, token] of tokens.entries()) this.#add(token, id, name);
    this.tokens = Object.freeze([...tokens]);
    const ids = SPECIAL_TOKENS.map((token) => this.#require(token, name));
    [this.padId, this.unkId, this.clsId, this.sepId, this.maskId] = ids;
    this.specialIds = new Set(ids);
  }

  /** How many pieces there are, V. */
  get size(): number {
    return this.tokens.length;
  }

  /** The id of a piece, or that of `[UNK]` where the vocabulary does not have it. */
  idOf(token: string): number {
    return this.#ids.get(token) ?? this.unkId;
  }

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /** @throws {RangeError} If there is no such id. */
  tokenOf(id: number): string {
    const token = this.tokens[id];
    if (token === undefined) {
      throw new RangeError(`Cannot find the token of id ${id}: ids are 0 to ${this.size - 1}`);
    }
    return token;
  }

  /** Whether the id belongs to `[PAD] [UNK] [CLS] [SEP] [MASK]`. */
  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  /** Whether the piece continues a word, that is, starts with `##`. */
  isContinuation(id: number): boolean {
    return this.tokenOf(id).startsWith("##");
  }

  #add(token: string, id: number, name: string): void {
    if (typeof token !== "string") {
      throw new FormatError(name, `expected text, found the ${typeof token} ${token}`, id + 1);
    }
    if (token === "") {
      throw new FormatError(name, "expected a token, found an empty line: delete the line", id + 1);
    }
    if (/[\r\n]/.test(token) || !token.isWellFormed()) {
      const problem = `expected a token that fits on a line of UTF-8, found ${
        JSON.stringify(token)
      }`;
      throw new FormatError(
        name,
        `${problem}: take out the line break or half surrogate pair`,
        id + 1,
      );
    }
    const first = this.#ids.get(token);
    if (first !== undefined) {
      const found = `expected each token once, found "${token}" again (first in line ${first + 1})`;
      throw new FormatError(name, `${found}: delete one of the two`, id + 1);
    }
    this.#ids.set(token, id);
  }

  #require(token: string, name: string): number {
    const id = this.#ids.get(token);
    if (id !== undefined) return id;
    const wanted = SPECIAL_TOKENS.join(" ");
    throw new FormatError(name, `expected the special tokens ${wanted}, found no ${token}: add it`);
  }
}

/**
 * Reads `vocab.txt`.
 *
 * @throws {FormatError} If the file is missing, is not UTF-8, or is not a vocabulary.
 */
export async function loadVocab(path: string): Promise<Vocab> {
  const bytes = await Deno.readFile(path).catch((error) => {
    const found = error instanceof Deno.errors.NotFound ? "nothing" : error.message;
    throw new FormatError(path, `expected a vocabulary file, found ${found}: check the path`);
  });
  if (bytes.length === 0) {
    throw new FormatError(
      path,
      "expected a token on each line, found an empty file: save it again",
    );
  }
  return new Vocab(decodeLines(bytes, path), path);
}

/**
 * Writes `vocab.txt` whole or not at all, as `replaceFile()` does.
 *
 * @throws {Deno.errors.NotFound} If there is no such folder.
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
  await replaceFile(path, vocab.tokens.join("\n") + "\n");
}

/** UTF-8 lines, with LF or CRLF, with or without a byte-order mark and a last line end. */
function decodeLines(bytes: Uint8Array, path: string): string[] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.replace(/\r?\n$/, "").split(/\r?\n/);
  } catch {
    throw new FormatError(path, "expected UTF-8 text, found other bytes: save the file as UTF-8");
  }
}
