/** Documents as ids in one array, so that they are encoded once for all epochs. */
import { checkArguments } from "../checks.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Document, TokenIds, TokenizedDocument } from "./document.ts";
import { checkDocument } from "./nsp.ts";

/** The number of ids that two bytes can represent. */
const TWO_BYTES = 2 ** 16;

/**
 * Documents as ids. A token takes two bytes (four if the vocabulary has more than 65,536 pieces), a
 * sentence four.
 *
 * @example
 * ```ts
 * import { EncodedDocuments } from "bert/data/encoded_documents.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual, strictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const documents = new EncodedDocuments(tokenizer);
 * documents.add({ name: "x", sentences: ["Sea, land", "sea"] });
 * deepStrictEqual([...documents.document(0).sentences[0].ids], [5, 1, 6]);
 * strictEqual(documents.counts[5], 2);
 * ```
 */
export class EncodedDocuments {
  /** How often each piece of the vocabulary occurs: `[V]`, by id. */
  readonly counts: Float64Array;
  readonly #tokenizer: BertTokenizer;
  readonly #names: string[] = [];
  readonly #ids: GrowingArray<Uint16Array | Int32Array>;
  /** For each sentence the index in `#ids` after its last token. */
  readonly #ends = new GrowingArray(Uint32Array);
  /** For each document the index in `#ends` after its last sentence. */
  readonly #lasts = new GrowingArray(Uint32Array);

  /**
   * Makes an empty collection.
   *
   * @param tokenizer The tokenizer that encodes the documents.
   */
  constructor(tokenizer: BertTokenizer) {
    checkArguments("new EncodedDocuments(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
    const { size } = tokenizer.vocab;
    this.#tokenizer = tokenizer;
    this.counts = new Float64Array(size);
    const make: ArrayType<Uint16Array | Int32Array> = size > TWO_BYTES ? Int32Array : Uint16Array;
    this.#ids = new GrowingArray(make);
  }

  /** Makes a collection of documents. */
  static of(documents: Iterable<Document>, tokenizer: BertTokenizer): EncodedDocuments {
    const encoded = new EncodedDocuments(tokenizer);
    for (const document of documents) encoded.add(document);
    return encoded;
  }

  /** The number of documents. */
  get length(): number {
    return this.#names.length;
  }

  /** The number of sentences, including those without tokens. */
  get sentences(): number {
    return this.#ends.length;
  }

  /** The number of tokens. */
  get tokens(): number {
    return this.#ids.length;
  }

  /**
   * Encodes a document and appends it.
   *
   * @throws {TypeError} If it is not a document.
   */
  add(document: Document): void {
    checkDocument(document);
    const { name, sentences } = document;
    for (const sentence of sentences) {
      const ids = this.#tokenizer.ids(sentence);
      this.#ids.append(ids);
      for (let i = 0; i < ids.length; i++) this.counts[ids[i]]++;
      this.#ends.append([this.#ids.length]);
    }
    this.#names.push(name);
    this.#lasts.append([this.#ends.length]);
  }

  /** A document by its index. Its ids are views of the common array; sentences without tokens are left out. */
  document(index: number): TokenizedDocument {
    const ends = this.#ends.values;
    const lasts = this.#lasts.values;
    const first = index === 0 ? 0 : lasts[index - 1];
    const sentences: { ids: TokenIds; index: number }[] = [];
    for (let i = first; i < lasts[index]; i++) {
      const start = i === 0 ? 0 : ends[i - 1];
      if (ends[i] === start) continue;
      sentences.push({ ids: this.#ids.values.subarray(start, ends[i]), index: i - first });
    }
    return { name: this.#names[index], sentences };
  }

  /** The documents with these indices, one after the other. */
  *at(places: Iterable<number>): Generator<TokenizedDocument> {
    for (const place of places) yield this.document(place);
  }
}

/** The constructor of a typed array. */
type ArrayType<Values> = new (length: number) => Values;

/** Numbers in a typed array that doubles its size when it is full. */
class GrowingArray<Values extends Uint16Array | Int32Array | Uint32Array> {
  readonly #make: ArrayType<Values>;
  #values: Values;
  #length = 0;

  constructor(make: ArrayType<Values>) {
    this.#make = make;
    this.#values = new make(1024);
  }

  /** The number of values. */
  get length(): number {
    return this.#length;
  }

  /** The array itself. Values from `length` on are 0. */
  get values(): Values {
    return this.#values;
  }

  /** Appends values. */
  append(values: readonly number[]): void {
    const length = this.#length + values.length;
    if (length > this.#values.length) {
      const larger = new this.#make(Math.max(length, 2 * this.#values.length));
      larger.set(this.#values.subarray(0, this.#length));
      this.#values = larger;
    }
    this.#values.set(values, this.#length);
    this.#length = length;
  }
}
