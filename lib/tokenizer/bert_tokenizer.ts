/**
 * BERT's tokenizer: from text to ids and back. `words.ts` splits a text into words. Each word is cut,
 * from the left, into the longest pieces of the vocabulary. Pieces inside a word begin with `##`.
 */
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkOptions,
  checkPath,
  checkWhole,
  LIST,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { VOCAB } from "./argument_kinds.ts";
import { saveFolder } from "../files/save_folder.ts";
import { joinTokens } from "./decode.ts";
import { OBSOLETE_FILES, readTokenizer, tokenizerFiles } from "./tokenizer_folder.ts";
import {
  agreedOptions,
  CLEAN_UPS,
  type CleanUp,
  TOKENIZER_OPTIONS,
  type TokenizerOptions,
  tokenizerOptions,
  withoutUndefined,
} from "./options.ts";
import { TextCutter } from "./text_cutter.ts";
import { type Part, truncate } from "./truncate.ts";
import type { Vocab } from "./vocab.ts";
import { normalizeText } from "./words.ts";

/** How a tokenizer treats text, and the size of its cache. */
export interface BertTokenizerOptions extends TokenizerOptions {
  /** Half of the largest number of words in the cache; 0 for no cache. Default 50,000. */
  readonly cacheSize?: number;
  /**
   * Where `decode()` leaves out spaces by default: nowhere, within each token (default), or in the
   * whole text, like `clean_up_tokenization_spaces` of transformers. It does not affect ids.
   */
  readonly cleanUp?: CleanUp;
}

/** The largest length of an encoding, and its padding. */
export interface EncodeOptions {
  /**
   * The most tokens, special ones included. The longer text is cut at its end until the pair fits.
   * Default: no limit.
   */
  readonly maxLength?: number;
  /**
   * The number of tokens to which the encoding is padded with `[PAD]`. Default: no padding in
   * `encode()`, the longest encoding in `encodeBatch()`.
   */
  readonly padTo?: number;
}

/** Options of `decode()`. */
export interface DecodeOptions {
  /** Whether to leave out special tokens such as `[CLS]`. Default true. */
  readonly skipSpecialTokens?: boolean;
  /**
   * Where to leave out the space before `.`, `,`, `!`, `?` and contractions such as `'s`: nowhere,
   * within each token, which leaves `can ' t` as it is, or in the whole text. Default: the
   * tokenizer's.
   */
  readonly cleanUp?: CleanUp;
}

/** One text or a pair of texts as input of a model. All arrays have the same length, T. */
export interface Encoding {
  /** The ids of the tokens, from 0 to V - 1. */
  readonly tokenIds: number[];
  /** 1 for the first text with its `[CLS]` and `[SEP]`, 2 for the second, 0 for padding. */
  readonly segmentIds: number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: number[];
  /** The tokens as strings; pieces inside a word begin with `##`. */
  readonly tokens: string[];
  /** Start and end in the original text, in UTF-16 units; `[0, 0]` for special tokens. */
  readonly offsets: [number, number][];
}

const OPTIONS = [...TOKENIZER_OPTIONS, "cacheSize", "cleanUp"];
const ENCODE_OPTIONS = ["maxLength", "padTo"];

/**
 * The tokenizer of a vocabulary.
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
 * google-research/bert. It differs from that class in two points, as the `tokenizers` library does:
 * the longest word has 100 characters instead of 200, and a special token in the text stays whole.
 */
export class BertTokenizer {
  /** The pieces and their ids. */
  readonly vocab: Vocab;
  /** The options that, together with the vocabulary, decide the ids of a text. */
  readonly options: Required<TokenizerOptions>;
  /** Where `decode()` leaves out spaces. */
  readonly cleanUp: CleanUp;
  readonly #cacheSize: number;
  readonly #cutter: TextCutter;
  /** The normalised forms, by id, of added tokens that are found in normalised text. */
  readonly #shown: ReadonlyMap<number, string>;

  /**
   * Makes a tokenizer. A vocabulary that this library has learnt contains its options, so that none
   * need to be given.
   *
   * @param vocab The vocabulary.
   * @param options Options that differ from the defaults, for a vocabulary that this library has not
   * learnt.
   * @throws {ConfigError} If an option is unknown or impossible, or differs from the one that the
   * vocabulary was learnt with.
   */
  constructor(vocab: Vocab, options: BertTokenizerOptions = {}) {
    checkArguments("new BertTokenizer(vocab)", [["vocab", vocab, VOCAB]]);
    checkOptions("BertTokenizer", options, OPTIONS);
    const { cacheSize = 50_000, cleanUp = "tokens", ...given } = options;
    checkWhole("cacheSize", cacheSize, 0);
    checkChoice("cleanUp", cleanUp, CLEAN_UPS);
    this.vocab = vocab;
    this.cleanUp = cleanUp;
    this.#cacheSize = cacheSize;
    this.options = vocab.options ? agreedOptions(vocab.options, given) : tokenizerOptions(given);
    this.#cutter = new TextCutter(vocab, this.options, cacheSize);
    this.#shown = normalizedTokens(vocab, this.options);
  }

  /**
   * Loads the tokenizer of a model's folder.
   *
   * @param options Options that override those of the folder. Default: none.
   * @throws {FormatError} If a file is missing or cannot be read, or the folder has another kind of
   * tokenizer.
   */
  static async fromPretrained(
    folder: string,
    options: BertTokenizerOptions = {},
  ): Promise<BertTokenizer> {
    checkPath("BertTokenizer.fromPretrained(folder)", "folder", folder);
    checkOptions("BertTokenizer", options, OPTIONS);
    const { vocab, options: own, cleanUp } = await readTokenizer(folder);
    return new BertTokenizer(vocab, { ...own, cleanUp, ...withoutUndefined(options) });
  }

  /** The same tokenizer with another vocabulary. */
  withVocab(vocab: Vocab): BertTokenizer {
    const { options, cleanUp } = this;
    return new BertTokenizer(vocab, { ...options, cleanUp, cacheSize: this.#cacheSize });
  }

  /** Writes the four files of a tokenizer, in the format of transformers, into a folder. */
  async save(folder: string): Promise<void> {
    checkPath("save(folder)", "folder", folder);
    await saveFolder(folder, tokenizerFiles(this), OBSOLETE_FILES);
  }

  /** The tokens of a text as strings, without `[CLS]` and `[SEP]`. */
  tokenize(text: string): string[] {
    return this.ids(text).map((id) => this.vocab.tokenOf(id));
  }

  /**
   * The ids of a text, without `[CLS]` and `[SEP]`. It is optimised for training, which calls it
   * millions of times.
   */
  ids(text: string): number[] {
    checkOneText(text);
    return this.#cutter.ids(text);
  }

  /**
   * Encodes one text or two as `[CLS] text [SEP]` or `[CLS] text [SEP] pair [SEP]`.
   *
   * @returns Ids, segments, mask, tokens and offsets.
   * @throws {ConfigError} If `maxLength` leaves no room for a token of each text, or the encoding has
   * more than `padTo` tokens.
   */
  encode(text: string, pair?: string, options: EncodeOptions = {}): Encoding {
    checkOptions("encode()", options, ENCODE_OPTIONS);
    const { maxLength, padTo } = options;
    const parts = [this.#place(text)];
    if (pair !== undefined) parts.push(this.#place(pair));
    if (maxLength !== undefined) truncate(parts, maxLength);
    const encoding = this.#assemble(parts);
    if (padTo !== undefined) this.#pad(encoding, padTo);
    return encoding;
  }

  /**
   * Encodes several texts or pairs, padded to the longest of them (or to `padTo`).
   *
   * @throws {ConfigError} In the same cases as `encode()`.
   * @throws {TypeError} If an entry is neither a text nor two of them.
   */
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    options: EncodeOptions = {},
  ): Encoding[] {
    checkArguments("encodeBatch(texts)", [["texts", texts, ARRAY]]);
    checkOptions("encodeBatch()", options, ENCODE_OPTIONS);
    const { maxLength, padTo } = options;
    const encodings = Array.from(texts, (item, i) => { // map() would skip the holes of a sparse array
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
   * Decodes ids: joins pieces and removes `##`. Case and spacing that were lost by encoding are not
   * restored.
   *
   * @param ids An array, or a typed array such as a tensor's `data()`.
   * @returns The text; by default without special tokens.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number> & Iterable<number>, options: DecodeOptions = {}): string {
    checkArguments("decode(ids)", [["ids", ids, LIST]]);
    checkOptions("decode()", options, ["skipSpecialTokens", "cleanUp"]);
    const { skipSpecialTokens = true, cleanUp = this.cleanUp } = options;
    checkChoice("skipSpecialTokens", skipSpecialTokens, [true, false]);
    checkChoice("cleanUp", cleanUp, CLEAN_UPS);
    const kept = [...ids].filter((id) => !(skipSpecialTokens && this.vocab.isSpecial(id)));
    return joinTokens(kept.map((id) => this.#shown.get(id) ?? this.vocab.tokenOf(id)), cleanUp);
  }

  #place(text: string): Part {
    checkOneText(text);
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

/** The normalised forms, by id, of added tokens that are found in normalised text. */
function normalizedTokens(vocab: Vocab, options: Required<TokenizerOptions>): Map<number, string> {
  const found = vocab.added.filter(({ normalized }) => normalized);
  return new Map(
    found.map(({ content }) => [vocab.idOf(content), normalizeText(content, options)]),
  );
}

/** Throws `TypeError` unless entry `i` of a batch is a pair of texts. */
function checkPair(item: unknown, i: number): void {
  const isPair = Array.isArray(item) && item.length === 2 &&
    item.every((text) => typeof text === "string");
  if (isPair) return;
  const found = item === null ? "null" : Array.isArray(item) ? "an array" : typeof item;
  throw new TypeError(
    `Cannot tokenize entry ${i} of the batch, ${found}: expected a text, or two of them as an array`,
  );
}

function checkOneText(text: unknown): void {
  if (typeof text === "string") return;
  const found = text === null ? "null" : Array.isArray(text) ? "an array" : typeof text;
  throw new TypeError(`Cannot tokenize ${found}: expected one text, as a string`);
}
