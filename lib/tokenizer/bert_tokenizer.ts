/**
 * BERT's tokenizer: text to ids and back. Words come from `words.ts`; each is cut into the longest
 * pieces that the vocabulary has, from the left; pieces inside a word start with `##`.
 */
import { checkOptions, checkWhole } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { saveFolder } from "../files/save_folder.ts";
import { joinTokens } from "./decode.ts";
import { OBSOLETE_FILES, readTokenizer, tokenizerFiles } from "./folder.ts";
import {
  agreedOptions,
  TOKENIZER_OPTIONS,
  type TokenizerOptions,
  tokenizerOptions,
  withoutUndefined,
} from "./options.ts";
import { TextCutter } from "./text_cutter.ts";
import { type Part, truncate } from "./truncate.ts";
import type { Vocab } from "./vocab.ts";

/** How a tokenizer treats text, and how much it remembers. */
export interface BertTokenizerOptions extends TokenizerOptions {
  /** Words remembered in each of the two generations of the cache; 0 keeps none. Default 50,000. */
  readonly cacheSize?: number;
}

/** How long an encoding may be, and must be. */
export interface EncodeOptions {
  /** Tokens at most; the longer text loses tokens from its end until the pair fits. */
  readonly maxLength?: number;
  /** Fill up with `[PAD]` to this many tokens. */
  readonly padTo?: number;
}

/** One text, or a pair, as the model sees it. All arrays have the same length. */
export interface Encoding {
  /** Ids of the vocabulary. */
  readonly tokenIds: number[];
  /** 1 for the first text with its `[CLS]` and `[SEP]`, 2 for the second, 0 for padding. */
  readonly segmentIds: number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: number[];
  /** The pieces as strings; those inside a word start with `##`. */
  readonly tokens: string[];
  /** Start and end in the original text, in UTF-16 units; `[0, 0]` for special tokens. */
  readonly offsets: [number, number][];
}

/**
 * A vocabulary with the rules of cutting.
 *
 * @example
 * ```ts
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const vocab = new Vocab([...SPECIAL_TOKENS, "un", "##want", "##ed", "runn", "##ing", ","]);
 * const tokenizer = new BertTokenizer(vocab);
 * deepStrictEqual(tokenizer.tokenize("UNwantéd,running"), ["un", "##want", "##ed", ",", "runn", "##ing"]);
 * ```
 *
 * Source: Devlin et al. 2018 section 3 (WordPiece: Wu et al. 2016); `FullTokenizer` in
 * google-research/bert. Differs from it, with the `tokenizers` library: 100 characters instead of
 * 200, and a special token typed in the text stays whole.
 */
export class BertTokenizer {
  /** Pieces and ids. */
  readonly vocab: Vocab;
  /** All that decides the ids of a text, beside the vocabulary. */
  readonly options: Required<TokenizerOptions>;
  readonly #cutter: TextCutter;

  /**
   * A vocabulary that was learnt here knows its options, and nothing need be given again.
   *
   * @param vocab The pieces.
   * @param options What differs from the defaults, for a vocabulary that was not learnt here.
   * @throws {ConfigError} If an option is unknown, cannot be, or is not what the vocabulary was
   * learnt with.
   */
  constructor(vocab: Vocab, options: BertTokenizerOptions = {}) {
    checkOptions("BertTokenizer", options, [...TOKENIZER_OPTIONS, "cacheSize"]);
    const { cacheSize = 50_000, ...given } = options;
    checkWhole("cacheSize", cacheSize, 0);
    this.vocab = vocab;
    this.options = vocab.options ? agreedOptions(vocab.options, given) : tokenizerOptions(given);
    this.#cutter = new TextCutter(vocab, this.options, cacheSize);
  }

  /**
   * The tokenizer of a model's folder.
   *
   * @param options Those given here override the folder's.
   * @throws {FormatError} If a file is missing or cannot be read, or the tokenizer is another one.
   */
  static async fromPretrained(
    folder: string,
    options: BertTokenizerOptions = {},
  ): Promise<BertTokenizer> {
    const { vocab, options: own } = await readTokenizer(folder);
    return new BertTokenizer(vocab, { ...own, ...withoutUndefined(options) });
  }

  /** Writes the four files of a tokenizer, as transformers reads them, into a folder. */
  async save(folder: string): Promise<void> {
    await saveFolder(folder, tokenizerFiles(this), OBSOLETE_FILES);
  }

  /** The pieces of a text, as strings. */
  tokenize(text: string): string[] {
    return this.ids(text).map((id) => this.vocab.tokenOf(id));
  }

  /** The ids of a text, without `[CLS]` and `[SEP]`: what training calls, millions of times. */
  ids(text: string): number[] {
    checkText(text);
    return this.#cutter.ids(text);
  }

  /**
   * A text, or two, as `[CLS] text [SEP]` or `[CLS] text [SEP] pair [SEP]`.
   *
   * @returns Ids, segments, mask, tokens and offsets.
   * @throws {ConfigError} If `maxLength` leaves no room for a token beside the special ones, or
   * `padTo` is shorter than `maxLength`.
   */
  encode(text: string, pair?: string, { maxLength, padTo }: EncodeOptions = {}): Encoding {
    const parts = [this.#place(text)];
    if (pair !== undefined) parts.push(this.#place(pair));
    if (maxLength !== undefined) truncate(parts, maxLength);
    const encoding = this.#assemble(parts);
    if (padTo !== undefined) this.#pad(encoding, padTo);
    return encoding;
  }

  /**
   * Several texts or pairs, all padded to the longest of them (or to `padTo`).
   *
   * @throws {ConfigError} As `encode()`.
   * @throws {TypeError} If an entry is neither a text nor two of them.
   */
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    { maxLength, padTo }: EncodeOptions = {},
  ): Encoding[] {
    const encodings = texts.map((item, i) => {
      if (typeof item === "string") return this.encode(item, undefined, { maxLength });
      checkPair(item, i);
      return this.encode(item[0], item[1], { maxLength });
    });
    let longest = 0;
    for (const { tokenIds } of encodings) longest = Math.max(longest, tokenIds.length);
    for (const encoding of encodings) this.#pad(encoding, padTo ?? longest);
    return encodings;
  }

  /**
   * Ids back to text: pieces joined, `##` removed. Case and spacing that encoding lost stay lost.
   *
   * @param options `skipSpecialTokens` (default true) leaves `[CLS]` and its like out; `cleanUp`
   * (default true) leaves out the space before `.`, `,`, `!`, `?`, and before the pieces `n't`, `'m`,
   * `'s`, `'ve` and `'re`, where the vocabulary has them. `can ' t` stays, as in transformers.
   */
  decode(
    ids: readonly number[],
    { skipSpecialTokens = true, cleanUp = true }: {
      skipSpecialTokens?: boolean;
      cleanUp?: boolean;
    } = {},
  ): string {
    const kept = skipSpecialTokens ? ids.filter((id) => !this.vocab.isSpecial(id)) : ids;
    return joinTokens(kept.map((id) => this.vocab.tokenOf(id)), cleanUp);
  }

  #place(text: string): Part {
    checkText(text);
    return this.#cutter.place(text);
  }

  #assemble(parts: readonly Part[]): Encoding {
    const encoding: Encoding = {
      tokenIds: [],
      segmentIds: [],
      attentionMask: [],
      tokens: [],
      offsets: [],
    };
    this.#push(encoding, this.vocab.clsId, [0, 0], 1, 1);
    for (const [index, { ids, offsets }] of parts.entries()) {
      for (let i = 0; i < ids.length; i++) {
        this.#push(encoding, ids[i], offsets[i], index + 1, 1);
      }
      this.#push(encoding, this.vocab.sepId, [0, 0], index + 1, 1);
    }
    return encoding;
  }

  #push(
    encoding: Encoding,
    id: number,
    offset: [number, number],
    segment: number,
    attended: number,
  ): void {
    encoding.tokenIds.push(id);
    encoding.segmentIds.push(segment);
    encoding.attentionMask.push(attended);
    encoding.tokens.push(this.vocab.tokenOf(id));
    encoding.offsets.push(offset);
  }

  #pad(encoding: Encoding, length: number): void {
    checkWhole("padTo", length, 0);
    if (encoding.tokenIds.length > length) {
      const found = encoding.tokenIds.length;
      throw new ConfigError(
        "padTo",
        length,
        `must be at least ${found}, the tokens of the longest text`,
      );
    }
    while (encoding.tokenIds.length < length) {
      this.#push(encoding, this.vocab.padId, [0, 0], 0, 0);
    }
  }
}

function checkPair(item: unknown, i: number): void {
  const isPair = Array.isArray(item) && item.length === 2 &&
    item.every((text) => typeof text === "string");
  if (isPair) return;
  const found = item === null ? "null" : Array.isArray(item) ? "an array" : typeof item;
  throw new TypeError(
    `Cannot tokenize entry ${i} of the batch, ${found}: expected a text, or two of them as an array`,
  );
}

function checkText(text: unknown): void {
  if (typeof text === "string") return;
  const found = text === null ? "null" : Array.isArray(text) ? "an array" : typeof text;
  throw new TypeError(`Cannot tokenize ${found}: expected one text, as a string`);
}
