/**
 * Words that were cut before and their ids, found by the units of a text where they stand: no string
 * is made for a word, which would take longer than all the rest.
 */

/** Units of a word at most; longer ones are rare, or text in a script without spaces. */
const LONGEST = 64;

/** Fields of an entry: its hash, its units and ids with their numbers, and whether it was met again. */
const FIELDS = 6;
const [HASH, UNITS, LENGTH, IDS, COUNT, MET] = [0, 1, 2, 3, 4, 5];

/** The tokenizer's white space, by code unit. */
const SPACE = new Uint8Array(2 ** 16);
for (const char of "\t\n\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000") {
  SPACE[char.charCodeAt(0)] = 1;
}
for (let code = 0x2000; code <= 0x200a; code++) SPACE[code] = 1;

/** Cuts a word that is met for the first time. */
export type CutWord = (word: string) => readonly number[];

/**
 * A hash table of words with their ids, of bounded size: when it is full, it forgets the words that
 * were not met again.
 *
 * @example
 * ```ts
 * import { WordTable } from "bert/tokenizer/word_table.ts";
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
  /** The number of the entry in each slot, from 1; 0 is a free slot. At most half of them are taken. */
  #slots: Int32Array;
  #entries: Int32Array;
  #units = new Uint16Array(2 ** 10);
  #ids = new Int32Array(2 ** 10);
  #size = 0;
  #usedUnits = 0;
  #usedIds = 0;

  /**
   * An empty table.
   *
   * @param capacity Words that it holds; 0 keeps none.
   * @param cut Gives the ids of a word that it does not hold.
   */
  constructor(capacity: number, cut: CutWord) {
    this.#capacity = capacity;
    this.#cut = cut;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 1)));
    this.#entries = new Int32Array(FIELDS * capacity);
  }

  /** Adds the ids of the words of a text, between white space, to the end of `to`. */
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

  #appendWord(to: number[], text: string, start: number, end: number, hash: number): void {
    const entry = this.#find(text, start, end, hash);
    if (entry < 0) {
      const word = text.slice(start, end);
      const ids = this.#cut(word);
      for (let i = 0; i < ids.length; i++) to.push(ids[i]);
      if (end - start <= LONGEST && this.#capacity > 0) this.#add(word, ids, hash);
      return;
    }
    const entries = this.#entries;
    entries[entry + MET] = 1;
    const from = entries[entry + IDS];
    const until = from + entries[entry + COUNT];
    for (let i = from; i < until; i++) to.push(this.#ids[i]);
  }

  /** Where the entry of a word begins; -1 if there is none. */
  #find(text: string, start: number, end: number, hash: number): number {
    const entries = this.#entries;
    const mask = this.#slots.length - 1;
    for (let slot = spread(hash) & mask;; slot = slot + 1 & mask) {
      const entry = FIELDS * (this.#slots[slot] - 1);
      if (entry < 0) return -1;
      if (entries[entry + HASH] !== hash || entries[entry + LENGTH] !== end - start) continue;
      if (this.#isWord(text, start, end, entries[entry + UNITS])) return entry;
    }
  }

  #isWord(text: string, start: number, end: number, units: number): boolean {
    const known = this.#units;
    let at = units;
    for (let i = start; i < end; i++) if (text.charCodeAt(i) !== known[at++]) return false;
    return true;
  }

  #add(word: string, ids: readonly number[], hash: number): void {
    if (this.#size === this.#capacity) this.#forget();
    const units = new Uint16Array(word.length);
    for (let i = 0; i < word.length; i++) units[i] = word.charCodeAt(i);
    this.#put(hash, units, ids);
  }

  #put(hash: number, units: Uint16Array, ids: ArrayLike<number>): void {
    const [unitsAt, idsAt] = [this.#usedUnits, this.#usedIds];
    this.#usedUnits += units.length;
    this.#usedIds += ids.length;
    this.#units = withRoom(this.#units, this.#usedUnits);
    this.#ids = withRoom(this.#ids, this.#usedIds);
    this.#units.set(units, unitsAt);
    this.#ids.set(ids, idsAt);
    const fields = [hash, unitsAt, units.length, idsAt, ids.length, 0];
    this.#entries.set(fields, FIELDS * this.#size++);
    const mask = this.#slots.length - 1;
    let slot = spread(hash) & mask;
    while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
    this.#slots[slot] = this.#size;
  }

  /** Keeps the words that were met again, or none if these are more than half. */
  #forget(): void {
    const [entries, units, ids] = [this.#entries, this.#units, this.#ids];
    const kept: number[] = [];
    for (let entry = 0; entry < FIELDS * this.#size; entry += FIELDS) {
      if (entries[entry + MET] > 0) kept.push(entry);
    }
    this.#entries = new Int32Array(entries.length);
    this.#slots = new Int32Array(this.#slots.length);
    this.#units = new Uint16Array(units.length);
    this.#ids = new Int32Array(ids.length);
    [this.#size, this.#usedUnits, this.#usedIds] = [0, 0, 0];
    if (2 * kept.length > this.#capacity) return;
    for (const entry of kept) {
      const [unitsAt, idsAt] = [entries[entry + UNITS], entries[entry + IDS]];
      const word = units.subarray(unitsAt, unitsAt + entries[entry + LENGTH]);
      this.#put(entries[entry + HASH], word, ids.subarray(idsAt, idsAt + entries[entry + COUNT]));
    }
  }
}

/** The high bits of a hash mixed into the low ones, by which a slot is chosen. */
function spread(hash: number): number {
  return hash ^ (hash >>> 16) ^ (hash >>> 7);
}

/** An array with room for so many numbers: itself, or a copy of twice the size. */
function withRoom<A extends Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(
  array: A,
  needed: number,
): A {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(
    Math.max(needed, 2 * array.length),
  );
  larger.set(array);
  return larger;
}
