/**
 * Two caches of words that were cut into pieces before. `WordTable` holds ids and looks words up by
 * the UTF-16 units of the text, without making a string for each word, which would take longer than
 * everything else. `WordCache` is a map from strings to values of any type.
 */

/** The most UTF-16 units of a word in the table. Longer ones are rare, or in a script without spaces. */
const LONGEST = 64;

/** The position of a word's hash in its record. */
const HASH = 0;
/** The position of the number of its ids. */
const IDS = 1;
/** The position of the number of its units. */
const UNITS = 2;
/** The position of a flag: 1 if the word was looked up again since it was added, else 0. */
const MET = 3;
/** The position of its ids, after which its units follow. */
const HEAD = 4;

/** For each UTF-16 unit 1 if it is white space for the tokenizer, else 0. */
const SPACE = new Uint8Array(2 ** 16);
for (const char of "\t\n\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000") {
  SPACE[char.charCodeAt(0)] = 1;
}
for (let code = 0x2000; code <= 0x200a; code++) SPACE[code] = 1;

/** Returns the ids of a word that is not in the table. */
export type CutWord = (word: string) => readonly number[];

/**
 * A hash table of words and their ids. Its size is limited: when it is full, the words that were not
 * looked up again are removed.
 *
 * @example
 * ```ts
 * import { WordTable } from "bert/tokenizer/word_cache.ts";
 * import { deepStrictEqual } from "node:assert";
 * const cut: string[] = [];
 * const table = new WordTable(100, (word) => [cut.push(word)]);
 * const ids: number[] = [];
 * table.append(ids, "the sea, the  ship");
 * deepStrictEqual(ids, [1, 2, 1, 3]);
 * deepStrictEqual(cut, ["the", "sea,", "ship"]);
 * ```
 */
export class WordTable {
  readonly #capacity: number;
  readonly #cut: CutWord;
  /**
   * For each slot the index of its word's record in `#words`, plus 1; 0 for a free slot. At most half
   * of the slots are taken.
   */
  #slots: Int32Array;
  /**
   * The records of the words one after the other. The parts of a record are stored together, as memory
   * access takes most of the time.
   */
  #words = new Int32Array(2 ** 12);
  /** The number of words. */
  #size = 0;
  /** The number of entries of `#words` that are in use. */
  #used = 0;

  /**
   * Makes an empty table.
   *
   * @param capacity The most words; with 0 no word is kept.
   * @param cut Returns the ids of a word that is not in the table.
   */
  constructor(capacity: number, cut: CutWord) {
    this.#capacity = capacity;
    this.#cut = cut;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 1)));
  }

  /** Appends the ids of the words of a text, separated by white space, to `to`. */
  append(to: number[], text: string): void {
    const end = text.length;
    let start = 0;
    let hash = 0;
    for (let at = 0; at < end; at++) {
      const unit = text.charCodeAt(at);
      if (SPACE[unit] === 0) hash = Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
      else {
        if (at > start) this.#appendWord(to, text, start, at, hash);
        start = at + 1;
        hash = 0;
      }
    }
    if (end > start) this.#appendWord(to, text, start, end, hash);
  }

  /** Appends the ids of the word from `start` to `end` of a text. */
  #appendWord(to: number[], text: string, start: number, end: number, hash: number): void {
    const word = this.#find(text, start, end, hash);
    if (word < 0) return this.#appendNew(to, text.slice(start, end), hash);
    const words = this.#words;
    if (words[word + MET] === 0) words[word + MET] = 1; // memory that is only read stays in the caches
    const from = word + HEAD;
    const until = from + words[word + IDS];
    for (let i = from; i < until; i++) to.push(words[i]);
  }

  /** Appends the ids of a word that is not in the table, and adds it. */
  #appendNew(to: number[], word: string, hash: number): void {
    const ids = this.#cut(word);
    for (let i = 0; i < ids.length; i++) to.push(ids[i]);
    if (word.length > LONGEST || this.#capacity === 0) return;
    if (this.#size === this.#capacity) this.#forget();
    const record = [hash, ids.length, word.length, 0, ...ids];
    for (let i = 0; i < word.length; i++) record.push(word.charCodeAt(i));
    this.#put(record);
  }

  /** The index of a word's record in `#words`; -1 if the word is not in the table. */
  #find(text: string, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    for (let slot = spread(hash) & mask;; slot = slot + 1 & mask) {
      const word = slots[slot] - 1;
      if (word < 0) return -1;
      if (words[word + HASH] !== hash || words[word + UNITS] !== end - start) continue;
      let at = word + HEAD + words[word + IDS];
      let i = start;
      while (i < end && text.charCodeAt(i) === words[at]) {
        i++;
        at++;
      }
      if (i === end) return word;
    }
  }

  /** Adds the record of a word. */
  #put(record: ArrayLike<number>): void {
    const word = this.#used;
    this.#used += record.length;
    if (this.#used > this.#words.length) {
      const larger = new Int32Array(Math.max(this.#used, 2 * this.#words.length));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words.set(record, word);
    this.#size++;
    const mask = this.#slots.length - 1;
    let slot = spread(record[HASH]) & mask;
    while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
    this.#slots[slot] = word + 1;
  }

  /** Keeps the words that were looked up again, or none if these are more than half. */
  #forget(): void {
    const words = this.#words.subarray(0, this.#used);
    const kept: Int32Array[] = [];
    for (let word = 0; word < words.length;) {
      const end = word + HEAD + words[word + IDS] + words[word + UNITS];
      if (words[word + MET] > 0) kept.push(words.subarray(word, end));
      word = end;
    }
    this.#slots = new Int32Array(this.#slots.length);
    this.#words = new Int32Array(this.#words.length);
    this.#size = 0;
    this.#used = 0;
    if (2 * kept.length > this.#capacity) return;
    for (const record of kept) {
      record[MET] = 0;
      this.#put(record);
    }
  }
}

/** Mixes the high bits of a hash into the low ones, which choose the slot. */
function spread(hash: number): number {
  return hash ^ (hash >>> 16) ^ (hash >>> 7);
}

/**
 * A map that holds at most `2 * capacity` entries and forgets those that have not been used
 * for a long time.
 *
 * It has two generations. When the young one is full it becomes the old one, and the entries of the
 * former old one that were not used since then are dropped. A look-up costs one or two map
 * look-ups, and there is no list to reorder.
 */
export class WordCache<Value> {
  readonly #capacity: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /**
   * Makes an empty cache.
   *
   * @param capacity The most entries of a generation; with 0 no entry is kept.
   */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value of a key; undefined if it is not in the map. */
  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Sets the value of a key. */
  set(key: string, value: Value): void {
    if (this.#capacity === 0) return;
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** The number of entries in both generations. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
