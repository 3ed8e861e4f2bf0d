/** A set of digests of millions of texts, eight bytes each, to find duplicates. */
import { SpillFile } from "./spill_file.ts";

/** The number of 32-bit numbers in a digest. */
const WORDS = 2;

/**
 * A set of digests that is also kept in a file, so that a process that was stopped can continue. Each
 * takes 16 to 32 bytes of memory. Two different texts have the same eight bytes of SHA-256 with
 * probability 2^-64.
 */
export class DigestSet implements Disposable {
  readonly #file: SpillFile;
  /**
   * A hash table with open addressing. A digest of zeros marks a free slot. At most half of the slots
   * are taken.
   */
  #slots = new Uint32Array(WORDS * 2 ** 12);
  #size = 0;

  /**
   * Reads the first digests of a file, and appends to them. A missing file is created.
   *
   * @param count The number of digests to read. The rest of the file is removed.
   */
  constructor(path: string, count: number) {
    this.#file = new SpillFile(path, 4 * WORDS * count);
    for (const piece of this.#file.pieces(2 ** 16)) {
      const words = new Uint32Array(piece.buffer);
      for (let i = 0; i < words.length; i += WORDS) this.#insert(words[i], words[i + 1]);
    }
  }

  /** The number of digests. */
  get size(): number {
    return this.#size;
  }

  /** Adds a digest of two numbers of 32 bits; returns false if the set contains it already. */
  add(high: number, low: number): boolean {
    if (!this.#insert(high, low)) return false;
    this.#file.write(Uint32Array.of(high, low));
    return true;
  }

  /** Waits until everything is on disk. */
  save(): void {
    this.#file.sync();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Adds a digest to the table; returns false if the table contains it already. */
  #insert(high: number, low: number): boolean {
    if (2 * WORDS * (this.#size + 1) > this.#slots.length) this.#grow();
    if (!put(this.#slots, high, low)) return false;
    this.#size++;
    return true;
  }

  /** Doubles the table. */
  #grow(): void {
    const larger = new Uint32Array(2 * this.#slots.length);
    for (let slot = 0; slot < this.#slots.length; slot += WORDS) {
      const [high, low] = this.#slots.subarray(slot, slot + WORDS);
      if (high !== 0 || low !== 0) put(larger, high, low);
    }
    this.#slots = larger;
  }
}

/** Puts a digest into a free slot; returns false if the table contains it already. */
function put(slots: Uint32Array, high: number, low: number): boolean {
  const word = high === 0 && low === 0 ? 1 : low; // two zeros mark a free slot
  const mask = slots.length - 1;
  for (let slot = WORDS * (high ^ word) & mask;; slot = slot + WORDS & mask) {
    const foundHigh = slots[slot];
    const foundLow = slots[slot + 1];
    if (foundHigh === high && foundLow === word) return false;
    if (foundHigh !== 0 || foundLow !== 0) continue;
    slots[slot] = high;
    slots[slot + 1] = word;
    return true;
  }
}
