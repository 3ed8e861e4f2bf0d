/** Documents as ids, held in one array: encoded once, gone over in every epoch. */
import { checkArguments } from "../checks.ts";
import { TOKENIZER } from "../tokenizer/arguments.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { Document, TokenIds, TokenizedDocument } from "./document.ts";
import { checkDocument } from "./nsp.ts";

/** Ids from there on need four bytes. */
const TWO_BYTES = 2 ** 16;

/**
 * Documents as ids: two bytes a token (four, where the vocabulary has more than 65,536 pieces), four
 * a sentence.
 *
 * @example
 * ```ts
 * import { EncodedDocuments } from "bert/data/encoded.ts";
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
  /** Where each sentence ends in the ids. */
  readonly #ends = new GrowingArray(Uint32Array);
  /** Where each document ends in the sentences. */
  readonly #lasts = new GrowingArray(Uint32Array);

  /**
   * Holds nothing yet.
   *
   * @param tokenizer Gives the ids.
   */
  constructor(tokenizer: BertTokenizer) {
    checkArguments("new EncodedDocuments(tokenizer)", [["tokenizer", tokenizer, TOKENIZER]]);
    const { size } = tokenizer.vocab;
    this.#tokenizer = tokenizer;
    this.counts = new Float64Array(size);
    const make: ArrayType<Uint16Array | Int32Array> = size > TWO_BYTES ? Int32Array : Uint16Array;
    this.#ids = new GrowingArray(make);
  }

  /** Documents that were encoded. */
  static of(documents: Iterable<Document>, tokenizer: BertTokenizer): EncodedDocuments {
    const encoded = new EncodedDocuments(tokenizer);
    for (const document of documents) encoded.add(document);
    return encoded;
  }

  /** How many documents there are. */
  get length(): number {
    return this.#names.length;
  }

  /** Their sentences, those without a token too. */
  get sentences(): number {
    return this.#ends.length;
  }

  /** Their tokens. */
  get tokens(): number {
    return this.#ids.length;
  }

  /**
   * Encodes a document, and puts it behind the others.
   *
   * @throws {TypeError} If it is no document.
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

  /** A document; its ids are views of the array of all. Sentences without a token are left out. */
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

  /** The documents at these places, one after the other. */
  *at(places: Iterable<number>): Generator<TokenizedDocument> {
    for (const place of places) yield this.document(place);
  }
}

type ArrayType<Values> = new (length: number) => Values;

/** Numbers in a typed array that is made twice as large where it is full. */
class GrowingArray<Values extends Uint16Array | Int32Array | Uint32Array> {
  readonly #make: ArrayType<Values>;
  #values: Values;
  #length = 0;

  constructor(make: ArrayType<Values>) {
    this.#make = make;
    this.#values = new make(1024);
  }

  /** How many were added. */
  get length(): number {
    return this.#length;
  }

  /** The array itself; what lies behind `length` is 0. */
  get values(): Values {
    return this.#values;
  }

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
